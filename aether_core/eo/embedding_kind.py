"""Which embedding files hold: AlphaEarth's, or another one by its name.

Of AlphaEarth everything is known. Of any other embedding only what its user and its files say: its
name, whom it is owed to, and as many numbers a pixel as there are bands. Its vectors may have any
length; means are taken of them as they are and brought to length 1 afterwards.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from aether_core.eo.alphaearth import check_year
from aether_core.errors import InputError

ALPHAEARTH = "alphaearth"
UNNAMED = "unnamed"
"""Stands for an embedding of which neither user nor file says what it is."""
FIRST_YEAR, LAST_YEAR = 1972, 2100
"""Years any embedding may describe: from the first Landsat on."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?")
_TITLES: Mapping[str, str] = MappingProxyType(
    {
        ALPHAEARTH: "AlphaEarth Foundations",
        "aether": "AETHER",
        "clay": "Clay",
        "prithvi": "Prithvi-EO",
        "tessera": "TESSERA",
        UNNAMED: "unnamed embedding",
    }
)


def checked_kind(name: str) -> str:
    """Return the name of an embedding as it is stored: in lower case.

    Raises:
        InputError: It is no name.
    """
    kind = name.strip().lower()
    if not _NAME.fullmatch(kind):
        raise InputError(
            "the embedding name cannot be used",
            name,
            "give its name in 1 to 40 letters, digits, dots, hyphens and underscores, such as"
            " tessera",
            code="embedding-kind-unusable",
        )
    return kind


def kind_of_tag(tag: str) -> str:
    """Return the name of an embedding that a file tells in its own words."""
    kind = re.sub(r"[^a-z0-9._-]+", "-", tag.lower())[:40].strip("-._")
    return kind or UNNAMED


def kind_title(kind: str) -> str:
    """What an embedding is called in a sentence."""
    return _TITLES.get(kind, kind)


def short_title(kind: str) -> str:
    """What an embedding is called in tables, charts and lists."""
    return "AlphaEarth" if kind == ALPHAEARTH else kind_title(kind)


def kind_notice(kind: str, dim: int) -> str:
    """The sentence that stands beside everything made from an embedding other than AlphaEarth."""
    return f"Embedding: {kind_title(kind)}, {dim} values a pixel."


def check_kind_year(kind: str, year: int) -> int:
    """Return `year` when there can be an embedding of it.

    Raises:
        InputError: AlphaEarth does not cover it, or nothing could.
    """
    if kind == ALPHAEARTH:
        return check_year(year)
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(
            "no embedding can exist for this year",
            year,
            f"give one from {FIRST_YEAR} to {LAST_YEAR}",
            code="embedding-year-out-of-range",
        )
    return year
