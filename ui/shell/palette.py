"""Colours of the map's ground, for light and dark pages."""

from dataclasses import dataclass
from typing import Final

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Ground:
    """What lies under the data: quiet, so that the data speak."""

    land: Rgb
    water: Rgb
    green: Rgb
    road: Rgb
    building: Rgb
    boundary: Rgb
    place: Rgb
    ring: Rgb
    name: Rgb


LIGHT: Final = Ground(
    land=(243, 242, 238),
    water=(201, 221, 232),
    green=(221, 232, 211),
    road=(255, 255, 255),
    building=(226, 222, 215),
    boundary=(84, 98, 110),
    place=(186, 82, 28),
    ring=(255, 255, 255),
    name=(74, 84, 94),
)
DARK: Final = Ground(
    land=(26, 33, 39),
    water=(17, 43, 58),
    green=(29, 46, 38),
    road=(52, 62, 70),
    building=(40, 48, 55),
    boundary=(150, 164, 176),
    place=(244, 152, 96),
    ring=(18, 24, 29),
    name=(188, 200, 210),
)


def ground(*, dark: bool) -> Ground:
    """The ground colours of the page's theme."""
    return DARK if dark else LIGHT
