"""Codes of two files laid side by side: the same, or the same once written alike."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_MOST = 0.5
"""Part of the codes that their last characters must find where not one is found as written."""

_POINT_ZERO = re.compile(r"(\d+)\.0+")

Rewrite = Callable[[str], str]


@dataclass(frozen=True)
class Match:
    """How the codes of two columns are brought together.

    Attributes:
        left, right: What is done to the codes of each side.
        found: How many different codes of the left side the right one has.
        note: What was done, a sentence; empty where the codes are the same as written.
    """

    left: Rewrite
    right: Rewrite
    found: int
    note: str


def code_texts(column: "pd.Series[object]") -> list[str]:
    """Return codes as text: leading zeros kept, whole numbers without a point, "" where empty."""
    return [_text(value) for value in column]


def matched(left: Iterable[str], right: Iterable[str]) -> Match:
    """Bring codes together: as written, or written alike if then all of one side are found.

    By their last characters half of one side is enough, where none is found as written.
    Tried in turn are capitals, zeros that a spreadsheet took from the front, and the last
    characters of the longer codes, as `1400000US36001000100` ends in the code of a tract.

    Args:
        left: Codes of the rows that look for a partner; empty ones do not count.
        right: Codes of the partners.
    """
    rows, partners = {one for one in left if one}, {one for one in right if one}
    plain = Match(_as_it_is, _as_it_is, len(rows & partners), "")
    if not rows or not partners or plain.found == min(len(rows), len(partners)):
        return plain
    best = plain
    for note, one, other, least in _ways(rows, partners):
        ours, theirs = set(map(one, rows)), set(map(other, partners))
        if (len(ours), len(theirs)) != (len(rows), len(partners)):
            continue  # two codes would become one
        found = len(ours & theirs)
        if found > plain.found and found in (len(rows), len(partners)):
            return Match(one, other, found, note)
        if found > best.found and found >= least * min(len(rows), len(partners)):
            best = Match(one, other, found, note)
    return plain if plain.found else best


def _ways(rows: set[str], partners: set[str]) -> list[tuple[str, Rewrite, Rewrite, float]]:
    """Ways to write codes alike: what is said of it, for either side, and the part it must find."""
    ways: list[tuple[str, Rewrite, Rewrite, float]] = [
        ("Codes were compared without regard to capitals.", str.casefold, str.casefold, 1.0)
    ]
    widths = [sorted(map(len, codes)) for codes in (rows, partners)]
    if all(code.isdecimal() for code in rows | partners):
        widest = max(widths[0][-1], widths[1][-1])
        note = f"Codes were filled with zeros in front to {widest} digits: some had lost theirs."
        ways.append((note, _filled(widest), _filled(widest), 1.0))
    shortest, longest = sorted((widths[0], widths[1]))
    if shortest[0] == shortest[-1] < longest[0] == longest[-1]:
        last = _last(shortest[0])
        note = f"The longer codes were compared by their last {shortest[0]} characters."
        ways.append((note, last, last, _MOST))
    return ways


def shown(codes: Sequence[str], most: int = 3) -> str:
    """Some codes for a message."""
    some = [code for code in dict.fromkeys(codes) if code][:most]
    return ", ".join(some) or "none"


def _as_it_is(code: str) -> str:
    return code


def _filled(width: int) -> Rewrite:
    return lambda code: code.zfill(width)


def _last(width: int) -> Rewrite:
    return lambda code: code[-width:]


def _text(value: object) -> str:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = unicodedata.normalize("NFC", str(value)).strip()
    whole = _POINT_ZERO.fullmatch(text)
    return whole[1] if whole else text
