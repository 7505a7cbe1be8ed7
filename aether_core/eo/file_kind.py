"""The two kinds of files that hold an embedding: rasters of pixels, and tables of samples."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from aether_core.eo.pooling.view import MAX_RADIUS_M, Shape, View
from aether_core.errors import InputError

FileKindName = Literal["raster", "table"]


@dataclass(frozen=True)
class FileKind:
    """What differs between rasters and tables of an embedding.

    Attributes:
        name: In the store and JSON.
        unit: What holds one vector, in the plural.
        has_pixels: Whether vectors lie in a grid, so that windows and means over pixels exist.
        states_crs: Whether its files say their CRS, so that nobody else may.
    """

    name: FileKindName
    unit: str
    has_pixels: bool
    states_crs: bool

    def views(self, radius_m: float) -> tuple[View, View]:
        """Return the two views every POI of a city is given: "base" and "wide".

        With pixels they are the published code's square windows, 4 and 9 pixels at the default
        `radius_m` of 100, scaled with it; else disks of `radius_m` and 2.25 (9 / 4) times that.

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
        if self.has_pixels:
            return _square("base", 4, radius_m), _square("wide", 9, radius_m)
        return View("base", Shape.DISK, radius_m=radius_m), View(
            "wide", Shape.DISK, radius_m=2.25 * radius_m
        )


def _square(name: str, pixels_at_100_m: int, radius_m: float) -> View:
    return View(name, Shape.SQUARE, radius_px=max(1, round(pixels_at_100_m * radius_m / 100)))


RASTER: Final = FileKind("raster", "pixels", has_pixels=True, states_crs=True)
TABLE: Final = FileKind("table", "samples", has_pixels=False, states_crs=False)
FILE_KINDS: Final[Mapping[str, FileKind]] = MappingProxyType(
    {kind.name: kind for kind in (RASTER, TABLE)}
)
"""By name."""
