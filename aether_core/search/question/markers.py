"""The words of a question that relate others: near, not near, not, in, and, or, how much."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from aether_core.language import mark
from aether_core.search.question.distance_words import Measures

Role = Literal[
    "relation",
    "after",
    "and",
    "or",
    "comma",
    "stop",
    "but",
    "with",
    "weight",
    "times",
    "unmapped",
    "unmapped_object",
    "softener",
    "adposition",
]
"""What a marker does: `relation` begins a criterion, `after` ends one ("a school nearby"); an
`adposition` may stand on either side of its words, which their endings tell."""


@dataclass(frozen=True)
class Marker:
    """Words that relate others.

    Attributes:
        role: What they do.
        text: The words.
        kind: Kind of the criterion that a relation makes.
        distance_m: Its distance, where they say one.
        stated: Whether that distance was said as a number.
        weight: Of the criterion after it.
        note: What to tell of how they were read.
        object: What it relates to, where one word says both ("keskustassa", in the centre).
        behind: Of an adposition, a pattern of the words that it stands behind.
        before: Of an adposition, a pattern of the words that it stands before.
        closed: Whether the language tells where the list of what it relates to ends.
    """

    role: Role
    text: str
    kind: str = ""
    distance_m: float | None = None
    stated: bool = False
    weight: float = 1.0
    note: str = ""
    object: str = ""
    behind: str = ""
    before: str = ""
    closed: bool = False


@dataclass(frozen=True)
class Words:
    """Words between two markers."""

    text: str


Token = Marker | Words
Make = Callable[[re.Match[str]], Marker]
"""Makes a marker of the words its pattern has found."""
Markers = Sequence[tuple[re.Pattern[str], Make]]
"""The markers of a language; the first that fits is taken."""

NO_TIMES = mark("opening hours are not in the city's data")
NO_PRICES = mark("prices and rents are not in the city's data")
NO_RIDES = mark("time by car, bike or public transport is not known here; give metres")
NO_BLOCKS = mark("a block has no fixed length; give metres")
NO_UNIT = mark("a distance needs a unit, such as m, km, miles or minutes' walk")
NO_DIRECTIONS = mark("compass directions are not understood; give an area")
NO_RING = mark("two distances at once; write “at least 200 m from it and within 500 m of it”")


def relation(
    measures: Measures,
    kind: str,
    default: float | None = None,
    *,
    note: str = "",
    role: Role = "relation",
    behind: str = "",
    before: str = "",
    about: str = "",
) -> Make:
    """A relation of a kind, with the distance its words state, else a usual one.

    Args:
        measures: How the language says distances.
        kind: Of the criterion.
        default: Metres where the words state none.
        note: What to tell of how they were read.
        role: `relation`, `after` or `adposition`.
        behind: Of an adposition, as in `Marker`.
        before: Likewise.
        about: What it relates to, where the words hold it.
    """

    def make(found: re.Match[str]) -> Marker:
        distance = measures.stated(found)
        metres, stated = (distance.metres, True) if distance is not None else (default, False)
        return Marker(
            role,
            found[0],
            kind,
            metres,
            stated,
            note=note,
            object=about,
            behind=behind,
            before=before,
        )

    return make


def plain(role: Role) -> Make:
    """Words that only say how others are joined."""
    return lambda found: Marker(role, found[0])


def weight(weight: float) -> Make:
    """How much the criteria after it count."""
    return lambda found: Marker("weight", found[0], weight=weight)


def times(found: re.Match[str]) -> Marker:
    """A weight in digits."""
    return Marker("times", found[0], weight=float(found["times"].replace(",", ".")))


def unmapped(note: str, role: Role = "unmapped", *, behind: str = "", before: str = "") -> Make:
    """What no criterion can be made of."""
    return lambda found: Marker(role, found[0], note=note, behind=behind, before=before)


TIMES = r"\(?[x×*] ?(?P<times>\d+(?:[.,]\d+)?)\)?"
"""A weight in digits, which is written the same in all languages."""


def compiled(patterns: Sequence[tuple[str, Make]]) -> Markers:
    """Markers of a language, of patterns that begin at a word's first letter and end at a word."""
    return tuple(
        (re.compile(rf"(?:{pattern})(?![\w-])", re.IGNORECASE), make) for pattern, make in patterns
    )


def marker_at(markers: Markers, text: str, at: int) -> tuple[Marker, int] | None:
    """The marker that begins at a word's first letter, and where it ends; None where none does."""
    for pattern, make in markers:
        found = pattern.match(text, at)
        if found is not None:
            return make(found), found.end()
    return None
