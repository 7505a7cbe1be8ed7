"""What a city may be called, and whether its short name is free."""

import re
import unicodedata

from aether_core.errors import ConflictError, InputError
from db.cities import cities as city_rows
from workflows.home.store import Store

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


def check_city_words(slug: str, name: str, *, radius_m: float, cell_resolution: int | None) -> None:
    """Check what a user calls a city and how it is to be pooled.

    Raises:
        InputError: A value cannot be used.
    """
    if not SLUG.fullmatch(slug):
        raise InputError(
            "the city's short name cannot be used",
            slug,
            "use 1 to 40 lower-case letters, digits and hyphens, such as greater-london",
            code="slug-unusable",
        )
    if not name.strip() or len(name) > 200:
        raise InputError(
            "the city's name must have 1 to 200 characters",
            name,
            "give a display name",
            code="city-name-wrong-length",
        )
    check_characters("the city's name", name)
    if not 5 <= radius_m <= 10_000:
        raise InputError(
            "the radius must lie between 5 and 10000 metres",
            radius_m,
            "try 100",
            code="radius-out-of-range",
        )
    if cell_resolution is not None and not 8 <= cell_resolution <= 12:
        raise InputError(
            "the cell resolution must lie between 8 and 12",
            cell_resolution,
            "leave it out",
            code="cell-resolution-out-of-range",
        )


def check_characters(what: str, words: str) -> None:
    """Refuse characters that belong in no name and that the database takes in no text.

    Raises:
        InputError: There is a control character; line breaks and tabs count as spaces.
    """
    if any(unicodedata.category(one) in {"Cc", "Cs"} and not one.isspace() for one in words):
        raise InputError(
            f"{what} contains a control character",
            repr(words),
            "leave it out",
            code="text-with-control-character",
        )


def checked_line(what: str, words: str, most: int, remedy: str, *, code: str) -> str:
    """Words on one line with single spaces.

    Args:
        what: What they are, such as `a layer's title`.
        words: As given.
        most: Characters they may have.
        remedy: What to do about too many, or none.
        code: What is wrong then, for programs.

    Raises:
        InputError: They are empty, longer than that, or hold a control character.
    """
    check_characters(what, words)
    line = " ".join(words.split())
    if not 1 <= len(line) <= most:
        raise InputError(f"{what} must have 1 to {most} characters", line, remedy, code=code)
    return line


def check_slug_free(store: Store, slug: str) -> None:
    """Check that no city has a short name.

    Raises:
        ConflictError: One has.
    """
    with store.session() as session:
        if not city_rows.is_taken(session, slug):
            return
    raise ConflictError(
        "a city with this short name already exists",
        slug,
        "choose another, or remove that city first",
        code="city-exists",
    )
