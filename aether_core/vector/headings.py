"""Headings of a table's columns: made tidy once, and found by the names people give them.

A heading is the same in composed and decomposed letters (NFC, NFD), with spaces around it, and in
capitals.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from aether_core.errors import InputError

_LISTED = 30
_NUMBERED = re.compile(r"(.*) \(column \d+\)")


def without_place(heading: str) -> str:
    """A heading that stands in a table twice, as both are spelled there."""
    match = _NUMBERED.fullmatch(heading)
    return match[1] if match else heading


def tidy_headings(headings: Iterable[object]) -> list[str]:
    """Return headings in composed letters and with single spaces, each once.

    One that is empty is called by its place, `column 3`. Those that are the same get their place
    behind them, `name (column 2)` and `name (column 5)`: neither is silently the first.
    """
    tidy = [" ".join(unicodedata.normalize("NFC", str(one)).split()) for one in headings]
    tidy = [name or f"column {place}" for place, name in enumerate(tidy, start=1)]
    times = Counter(tidy)
    return [
        f"{name} (column {place})" if times[name] > 1 else name
        for place, name in enumerate(tidy, start=1)
    ]


def heading_key(heading: object) -> str:
    """What is the same for two spellings of one heading."""
    return " ".join(unicodedata.normalize("NFC", str(heading)).split()).casefold()


def find_column(
    columns: Iterable[object],
    wanted: str,
    *,
    file: str,
    what: str = "field",
    code: str = "no-such-field",
) -> str:
    """Return the column that a user named.

    Args:
        columns: Headings of the table.
        wanted: What the user wrote.
        file: The file's name, for messages.
        what: What the column is called in messages.
        code: Of the error where there is none.

    Raises:
        InputError: There is no such column, with those there are; or several that differ in
            capitals only and none is spelled as wanted.
    """
    names = [str(column) for column in columns]
    if wanted in names:
        return wanted
    found = _alike(names, heading_key(wanted))
    if len(found) > 1:
        raise _of_one_name(found, file)
    if found:
        return found[0]
    listed = ", ".join(names[:_LISTED]) or "none"
    split = [name for name in names if "," in name and heading_key(wanted) in heading_key(name)]
    quoted = f"""; put one with a comma in quotes: '"{split[0]}"'""" if split else ""
    raise InputError(f"{file} has no such {what}", wanted, f"it has {listed}{quoted}", code=code)


def first_column(columns: Iterable[object], usual: Sequence[str], *, file: str) -> str | None:
    """Return the column with the first of the usual names that there is, whatever its spelling.

    Args:
        columns: Headings of the table.
        usual: Names, the most telling first.
        file: The file's name, for messages.

    Raises:
        InputError: Several columns have that name.
    """
    names = [str(column) for column in columns]
    by_key: dict[str, list[str]] = {}
    for name in names:
        by_key.setdefault(heading_key(without_place(name)), []).append(name)
    for one in usual:
        found = by_key.get(heading_key(one), [])
        if len(found) > 1:
            exact = [name for name in found if name == one]
            if len(exact) != 1:
                raise _of_one_name(found, file)
            return exact[0]
        if found:
            return found[0]
    return None


def _alike(names: Sequence[str], key: str) -> list[str]:
    """Columns of one key; those that stand twice are called by their place."""
    return [
        name
        for name in names
        if heading_key(name) == key
        or ((match := _NUMBERED.fullmatch(name)) and heading_key(match[1]) == key)
    ]


def _of_one_name(found: Sequence[str], file: str) -> InputError:
    return InputError(
        f"{file} has several columns of one name",
        ", ".join(f"{name!r}" for name in found),
        "rename one of them, or name the one you mean as it is written here",
        code="columns-of-one-name",
    )
