"""Colours of charts and classes that colour-blind readers can tell apart.

Series take the colours of Okabe and Ito ("Color universal design", 2008), the orange darkened so
that it stands out on white: each has a contrast of 3 on the light page and on the dark one.

Classes of a map take the colour their name asks for where it is free: water is blue, parks are
green. The twelve were moved from such first choices until the two most alike differ by 21.5 in
CIELAB to normal sight and under full protanopia, deuteranopia and tritanopia (Machado et al. 2009,
doi 10.1109/TVCG.2009.113), and each by 16 or more from the map's bare land and its grey of what is
not to be trusted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from aether_core.language import mark
from aether_core.tasks.testing.splits import BLIND, DISTRICT, RANDOM, SPATIAL

BLUE: Final = "#0072b2"
AMBER: Final = "#c77f00"
GREEN: Final = "#009e73"
VERMILION: Final = "#d55e00"
PURPLE: Final = "#cc79a7"
SKY: Final = "#4a9cc9"

QUIET: Final = "#7f8b95"
"""Rules, labels and bounds: readable on a white page and on a dark one."""

REPRESENTATION_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "alphaearth": BLUE,
        "aether": VERMILION,
        "poi": GREEN,
        "concat": PURPLE,
        "mix": AMBER,
        "concat-mix": SKY,
        "best": QUIET,
    }
)
SPLIT_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {RANDOM.name: AMBER, SPATIAL.name: BLUE, BLIND.name: PURPLE, DISTRICT.name: GREEN}
)
SPLIT_SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        RANDOM.name: "circle",
        SPATIAL.name: "square",
        BLIND.name: "diamond",
        DISTRICT.name: "triangle-up",
    }
)
VALUE_RAMP: Final = (
    "#f2ec99",
    "#b7db8b",
    "#75c88b",
    "#0eb294",
    "#019296",
    "#01748e",
    "#005687",
    "#213575",
    "#281755",
)
"""Pale to deep, the ramp of values on maps, in reports and in QGIS.

Placed by us in OKLCH: lightness falls in even steps from 0.93 to 0.27 while the hue turns from
yellow over green to violet. Order can be read from lightness alone, so it survives every kind of
colour blindness and a grey print.
"""
SHARE_RAMP: Final = VALUE_RAMP[::2]
"""The same in five steps."""
CHANGE_RAMP: Final = ("#9e5206", "#db8c36", "#f3cd98", "#ffffff", "#a5cbec", "#488fcc", "#104e94")
"""Away from something, within noise, towards it: brown over white to blue, which
colour-blind readers can tell apart."""


@dataclass(frozen=True)
class Ramp:
    """Colours from low to high that a reader of maps can choose.

    Attributes:
        title: What it is called.
        colours: Lowest first, nine or fewer; those between them are mixed.
        about_middle: Pale in the middle, so that neither end is more.
    """

    title: str
    colours: tuple[str, ...]
    about_middle: bool = False


DEFAULT_RAMP: Final = "yellow-violet"
MIDDLE_RAMP: Final = "brown-blue"
RAMPS: Final[Mapping[str, Ramp]] = MappingProxyType(
    {
        DEFAULT_RAMP: Ramp(mark("Yellow to violet"), VALUE_RAMP),
        "blue": Ramp(
            mark("Blues"),
            (
                "#d4edf7",
                "#a7d5ec",
                "#7bbce1",
                "#4ea2d7",
                "#1687cd",
                "#166caf",
                "#135291",
                "#0e3973",
                "#082256",
            ),
        ),
        "red": Ramp(
            mark("Reds"),
            (
                "#fae5c3",
                "#f0c58f",
                "#e7a25c",
                "#df7c20",
                "#c95c03",
                "#af3f02",
                "#90260f",
                "#6d1516",
                "#4c0613",
            ),
        ),
        "purple": Ramp(
            mark("Purples"),
            (
                "#f7e1ee",
                "#e9bede",
                "#d79bd1",
                "#c27ac7",
                "#ab58be",
                "#8946a5",
                "#69338b",
                "#4c2171",
                "#310e57",
            ),
        ),
        "grey": Ramp(
            mark("Greys, for print"),
            (
                "#e6e8ea",
                "#cbcdd0",
                "#b0b3b6",
                "#96999d",
                "#7d8185",
                "#65696d",
                "#4d5256",
                "#383c40",
                "#23272b",
            ),
        ),
        MIDDLE_RAMP: Ramp(
            mark("Brown to blue, pale in the middle"), CHANGE_RAMP, about_middle=True
        ),
    }
)
"""What can be chosen for the numbers of a kept map; placed in OKLCH as `VALUE_RAMP` is, but for the
last, so that deeper is more in each."""
GROUND_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"water": "#c9dde8", "green": "#dde8d3", "building": "#e2ded7", "road": "#b4bcc3"}
)
"""What lies under the data where others draw it: as on the light page, streets darker, since they
may lie on white."""
CITY_EDGE: Final = "#54626e"
"""A city's boundary."""
