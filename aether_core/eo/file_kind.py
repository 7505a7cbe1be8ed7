"""The kinds of files that hold an embedding: rasters of pixels, tables of samples or of areas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from aether_core.eo.pooling.view import MAX_RADIUS_M, Shape, View
from aether_core.errors import InputError

FileKindName = Literal["raster", "table", "areas"]
UnitsName = Literal["h3", "areas"]
"""What a city is mapped on: a grid of H3 cells, or the areas that its embedding describes."""


@dataclass(frozen=True)
class FileKind:
    """What differs between rasters, tables of samples and tables of areas of an embedding.

    Attributes:
        name: In the store and JSON.
        several: Files of this kind, in words.
        unit: What holds one vector, in the plural.
        has_pixels: Whether vectors lie in a grid, so that windows and means over pixels exist.
        states_crs: Whether its files say their CRS, so that nobody else may.
        views_of: The base and the wide view of places, for a radius in metres.
        units: What a city made of it is mapped on.
        rows_are_units: Whether each row of a file is a unit of its city.
    """

    name: FileKindName
    several: str
    unit: str
    has_pixels: bool
    states_crs: bool
    views_of: Callable[[float], tuple[View, View]]
    units: UnitsName = "h3"
    rows_are_units: bool = False

    def views(self, radius_m: float) -> tuple[View, View]:
        """Return the two views every POI of a city is given: "base" and "wide".

        With pixels they are the published code's square windows, 4 and 9 pixels at the default
        `radius_m` of 100, scaled with it. With areas they are the area a POI lies in, and that area
        with its neighbours. With samples they are disks of `radius_m` and 2.25 (9 / 4) times that.

        Args:
            radius_m: Metres, above 0.

        Raises:
            InputError: `radius_m` is not positive or too large.
        """
        if not 0 < radius_m <= MAX_RADIUS_M:
            raise InputError(
                "the radius is out of range",
                radius_m,
                f"give one above 0 and up to {MAX_RADIUS_M:,.0f} metres",
                code="radius-out-of-range",
            )
        return self.views_of(radius_m)


def _squares(radius_m: float) -> tuple[View, View]:
    return _square("base", 4, radius_m), _square("wide", 9, radius_m)


def _square(name: str, pixels_at_100_m: int, radius_m: float) -> View:
    return View(name, Shape.SQUARE, radius_px=max(1, round(pixels_at_100_m * radius_m / 100)))


def _disks(radius_m: float) -> tuple[View, View]:
    wide = View("wide", Shape.DISK, radius_m=2.25 * radius_m)
    return View("base", Shape.DISK, radius_m=radius_m), wide


def _own_areas(radius_m: float) -> tuple[View, View]:
    del radius_m
    return View("base", Shape.AREA), View("wide", Shape.NEIGHBOURS)


RASTER: Final = FileKind(
    "raster", "rasters", "pixels", has_pixels=True, states_crs=True, views_of=_squares
)
TABLE: Final = FileKind(
    "table", "tables", "samples", has_pixels=False, states_crs=False, views_of=_disks
)
AREAS: Final = FileKind(
    "areas",
    "tables of areas",
    "areas",
    has_pixels=False,
    states_crs=False,
    views_of=_own_areas,
    units="areas",
    rows_are_units=True,
)
FILE_KINDS: Final[Mapping[str, FileKind]] = MappingProxyType(
    {kind.name: kind for kind in (RASTER, TABLE, AREAS)}
)
"""By name."""
