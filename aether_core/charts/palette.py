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
from types import MappingProxyType
from typing import Final

from aether_core.tasks.testing.splits import DISTRICT, RANDOM, SPATIAL

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
    }
)
SPLIT_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {RANDOM.name: AMBER, SPATIAL.name: BLUE, DISTRICT.name: GREEN}
)
SPLIT_SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {RANDOM.name: "circle", SPATIAL.name: "square", DISTRICT.name: "triangle-up"}
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
GROUND_COLOURS: Final[Mapping[str, str]] = MappingProxyType(
    {"water": "#c9dde8", "green": "#dde8d3", "building": "#e2ded7", "road": "#b4bcc3"}
)
"""What lies under the data where others draw it: as on the light page, streets darker, since they
may lie on white."""
CITY_EDGE: Final = "#54626e"
"""A city's boundary."""
