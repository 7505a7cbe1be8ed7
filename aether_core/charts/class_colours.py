"""Colours of classes: the same on pages, in exports and in reports.

Twelve colours from the hues of Okabe and Ito ("Color universal design", 2008), darkened or
lightened so that they also differ in lightness. A class takes the one its name asks for where it is
free: water is blue, parks are green.
"""

import re
from collections.abc import Sequence
from typing import Final

_CLASS_COLOURS: Final = (
    "#d7831d",  # amber
    "#0c71ca",  # blue
    "#b9280d",  # red
    "#70d593",  # green
    "#672578",  # violet
    "#bddbfe",  # pale blue
    "#8b7e4d",  # brown
    "#bd75b6",  # pink
    "#075433",  # deep green
    "#ede21d",  # yellow
    "#57566a",  # slate
    "#bbb0b8",  # stone
)
_ASKED_FOR: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("#0c71ca", ("water", "river", "lake", "sea", "basin", "reservoir", "harbour", "dock")),
    ("#075433", ("forest", "tree", "wood")),
    ("#70d593", ("park", "green", "grass", "garden", "recreation", "leisure", "open space")),
    ("#ede21d", ("crop", "farm", "agric", "arable", "allotment", "meadow")),
    ("#672578", ("industr", "warehouse", "business 2", "manufactur", "storage")),
    ("#b9280d", ("commerc", "retail", "shop", "office", "business", "hotel")),
    ("#d7831d", ("resid", "dwelling", "housing", "built", "urban fabric", "living")),
    ("#57566a", ("transport", "road", "rail", "parking", "airport", "utilit", "garage")),
    ("#bd75b6", ("educat", "school", "health", "civic", "communit", "institution", "hospital")),
    ("#8b7e4d", ("bare", "quarry", "construct", "brownfield", "mineral", "scrub", "shrub")),
    ("#bddbfe", ("wetland", "marsh", "flood", "snow", "sport")),
    ("#bbb0b8", ("other", "vacant", "unclassified", "unknown", "mixed")),
)


def class_colours(names: Sequence[str]) -> tuple[str, ...]:
    """Choose one colour for each class, the same for the same names in the same order.

    Args:
        names: Class names, distinct.

    Returns:
        `#rrggbb` of each class. The first 12 differ in hue or lightness for every kind of colour
        blindness; further ones are paler and then darker variants and need their legend.
    """
    free = list(_CLASS_COLOURS)
    chosen: dict[str, str] = {}
    for name in names:
        wanted = _asked_for(name)
        if wanted in free:
            free.remove(wanted)
            chosen[name] = wanted
    rest = [name for name in names if name not in chosen]
    for number, name in enumerate(rest):
        chosen[name] = free[number] if number < len(free) else _variant(number - len(free))
    return tuple(chosen[name] for name in names)


def rgb(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, 0 to 255, of `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _asked_for(name: str) -> str:
    """The colour of the first telling word of a name, or nothing."""
    lowered = name.casefold()
    found = [
        (match.start(), colour)
        for colour, words in _ASKED_FOR
        if (match := re.search(rf"\b({'|'.join(words)})", lowered))
    ]
    return min(found)[1] if found else ""


def _variant(number: int) -> str:
    """A colour beyond the twelve: each round mixes them further with white, then with black."""
    turn, place = divmod(number, len(_CLASS_COLOURS))
    towards = 255 if turn % 2 == 0 else 0
    part = 0.45 / (1 + turn // 2)
    mixed = (round(v + (towards - v) * part) for v in rgb(_CLASS_COLOURS[place]))
    return "#" + "".join(f"{value:02x}" for value in mixed)
