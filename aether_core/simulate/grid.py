"""The pixel grid of a simulated raster and its finer drawing grid."""

from dataclasses import dataclass

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import Polygon
from shapely.geometry import box

Mirror = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Row and column of the pixel to copy from, for every pixel of a grid."""


@dataclass(frozen=True)
class Grid:
    """A north-up grid of square pixels in a metric CRS.

    Attributes:
        west: Left edge in metres.
        north: Upper edge in metres.
        width: Columns.
        height: Rows.
        pixel_m: Edge of a pixel in metres.
        crs: For example `EPSG:32635`.
    """

    west: float
    north: float
    width: int
    height: int
    pixel_m: float
    crs: str

    @property
    def transform(self) -> Affine:
        """Pixel corner to CRS coordinates, row 0 in the north."""
        return Affine(self.pixel_m, 0, self.west, 0, -self.pixel_m, self.north)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def outline(self) -> Polygon:
        """The rectangle the grid covers, in its CRS."""
        south = self.north - self.height * self.pixel_m
        return box(self.west, south, self.west + self.width * self.pixel_m, self.north)

    def finer(self, factor: int) -> "Grid":
        """The same rectangle with each pixel cut into `factor` times `factor`."""
        return Grid(
            self.west,
            self.north,
            self.width * factor,
            self.height * factor,
            self.pixel_m / factor,
            self.crs,
        )

    def centres(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Easting and northing of every pixel centre, each float64 `[height, width]`."""
        x = self.west + (np.arange(self.width) + 0.5) * self.pixel_m
        y = self.north - (np.arange(self.height) + 0.5) * self.pixel_m
        east, north = np.meshgrid(x, y)
        return east, north

    def lonlat(self) -> NDArray[np.float64]:
        """WGS84 longitude and latitude of every pixel centre, float64 `[height, width, 2]`."""
        to_degrees = Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True)
        return np.stack(to_degrees.transform(*self.centres()), axis=-1)

    def index_of(
        self, east: NDArray[np.float64], north: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of the pixel that holds each point; unclipped."""
        column = np.floor((east - self.west) / self.pixel_m).astype(np.int64)
        row = np.floor((self.north - north) / self.pixel_m).astype(np.int64)
        return row, column


def grid_around(
    bounds: tuple[float, float, float, float], *, margin_m: float, pixel_m: float, crs: str
) -> Grid:
    """The grid on whole multiples of the pixel that covers bounds and a margin.

    Args:
        bounds: West, south, east, north in the CRS, metres.
        margin_m: Added on every side.
        pixel_m: Edge of a pixel.
        crs: A metric CRS.
    """
    west = np.floor((bounds[0] - margin_m) / pixel_m) * pixel_m
    south = np.floor((bounds[1] - margin_m) / pixel_m) * pixel_m
    east = np.ceil((bounds[2] + margin_m) / pixel_m) * pixel_m
    north = np.ceil((bounds[3] + margin_m) / pixel_m) * pixel_m
    return Grid(
        west=float(west),
        north=float(north),
        width=round((east - west) / pixel_m),
        height=round((north - south) / pixel_m),
        pixel_m=pixel_m,
        crs=crs,
    )


def mirror_beyond(grid: Grid, box_lonlat: tuple[float, float, float, float]) -> Mirror:
    """For every pixel the one to copy: itself inside the box, its mirror image outside.

    The embedding must go on beyond the extract, because windows at its edge need whole
    neighbourhoods. A mirrored city has the textures and the mixture of the real one.

    Args:
        grid: The grid to fill.
        box_lonlat: West, south, east, north of what is known, WGS84 degrees.

    Returns:
        Row and column to copy from, each int64 `[height, width]`: `canvas[mirror]` is the canvas
        with its surroundings filled.
    """
    lonlat = grid.lonlat()
    west, south, east, north = box_lonlat
    lon = _fold(lonlat[..., 0], west, east)
    lat = _fold(lonlat[..., 1], south, north)
    to_metres = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
    row, column = grid.index_of(*to_metres.transform(lon, lat))
    return row.clip(0, grid.height - 1), column.clip(0, grid.width - 1)


def _fold(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Reflect values at both ends of an interval, at most once."""
    # A hair inside, so that a pixel on the very edge never copies from beyond it.
    hair = (high - low) * 1e-3
    inside = np.where(values < low, 2 * low - values, values)
    inside = np.where(inside > high, 2 * high - inside, inside)
    return inside.clip(low + hair, high - hair)
