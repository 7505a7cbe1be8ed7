"""Colours of charts and classes that colour-blind readers can tell apart.

Series take the colours of Okabe and Ito ("Color universal design", 2008), the orange darkened so
that it stands out on white: each has a contrast of 3 on the light page and on the dark one.

Classes of a map take the colour their name asks for where it is free: water is blue, parks are
green. The twelve were moved from such first choices until the two most alike differ by 21.5 in
CIELAB to normal sight and under full protanopia, deuteranopia and tritanopia (Machado et al. 2009,
doi 10.1109/TVCG.2009.113), and each by 16 or more from the map's bare land and its grey of what is
not to be trusted.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

BLUE: Final = "#0072b2"
AMBER: Final = "#c77f00"
GREEN: Final = "#009e73"
VERMILION: Final = "#d55e00"
PURPLE: Final = "#cc79a7"

QUIET: Final = "#7f8b95"
"""Rules, labels and bounds: readable on a white page and on a dark one."""

REPRESENTATION_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"alphaearth": BLUE, "aether": VERMILION, "poi": GREEN, "concat": PURPLE}
)
SPLIT_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"random": AMBER, "spatial": BLUE, "district": GREEN}
)
SHARE_RAMP: Final = ("#f2ec99", "#75c88b", "#019296", "#005687", "#281755")
"""Pale to deep, the app's ramp of values: order can be read from lightness alone."""

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
