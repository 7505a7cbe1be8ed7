"""Grids: rasters of one CRS whose pixels line up act as one mosaic.

A grid counts its pixels from its north-west corner, rows to the south and columns to the east,
whatever way each file stores its rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.crs import CRS
from rasterio.transform import Affine
from shapely.geometry.base import BaseGeometry

from aether_core.eo.raster.file import RasterFile
from aether_core.spatial.earth import ECCENTRICITY_SQUARED, SEMI_MAJOR_M
from aether_core.spatial.longitudes import within_180

_SAME_SIZE = 1e-6
_SAME_PHASE = 1e-3
_TRUE_SCALE = 0.005
_EDGE_POINTS = 32


@dataclass(frozen=True)
class PlacedFile:
    """A raster and where it lies in its grid.

    Args:
        file: The raster.
        row: Grid row of its northern edge.
        column: Grid column of its western edge.
        rows_run_north: Its first stored row is the southern one (bottom-up).
        columns_run_west: Its first stored column is the eastern one.
    """

    file: RasterFile
    row: int
    column: int
    rows_run_north: bool
    columns_run_west: bool


@dataclass(frozen=True)
class Grid:
    """A mosaic of aligned rasters.

    Args:
        crs: The CRS of all its files.
        west: CRS x of the western edge of column 0.
        north: CRS y of the northern edge of row 0.
        pixel_width: CRS units, positive.
        pixel_height: CRS units, positive.
        files: In the order given; where files overlap the first with data counts.
    """

    crs: CRS
    west: float
    north: float
    pixel_width: float
    pixel_height: float
    files: tuple[PlacedFile, ...]

    @property
    def bands(self) -> int:
        """How many numbers a pixel of its files has."""
        return self.files[0].file.bands

    @property
    def quantised(self) -> bool:
        """Every file holds the dataset's int8."""
        return all(placed.file.dtype == "int8" for placed in self.files)

    def locate(
        self, lonlat: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return fractional grid (rows, columns) of WGS84 points `[n, 2]`; inf where undefined."""
        to_grid = Transformer.from_crs("EPSG:4326", self.crs.to_wkt(), always_xy=True)
        x, y = to_grid.transform(lonlat[:, 0], lonlat[:, 1])
        rows = (self.north - np.asarray(y, dtype=np.float64)) / self.pixel_height
        columns = (np.asarray(x, dtype=np.float64) - self.west) / self.pixel_width
        return np.nan_to_num(rows, nan=np.inf), np.nan_to_num(columns, nan=np.inf)

    def metric(
        self, rows: NDArray[np.float64], columns: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return how pixel steps measure in metres at each place.

        Where the CRS's own metres are true to half a per cent (UTM always is) they are taken as
        they are; elsewhere (degrees, Web Mercator, equal-area) the ground's metres are.

        Args:
            rows: `[n]` fractional grid rows.
            columns: `[n]` fractional grid columns.

        Returns:
            `(cc, cr, rr)`, each `[n]`: a step of c columns and r rows is
            `sqrt(cc * c**2 + 2 * cr * c * r + rr * r**2)` metres long.
        """
        to_wgs84 = Transformer.from_crs(self.crs.to_wkt(), "EPSG:4326", always_xy=True)
        x = self.west + columns * self.pixel_width
        y = self.north - rows * self.pixel_height
        latitude = np.radians(to_wgs84.transform(x, y)[1])
        curvature = 1 - ECCENTRICITY_SQUARED * np.sin(latitude) ** 2
        per_degree_east = np.radians(SEMI_MAJOR_M * np.cos(latitude) / np.sqrt(curvature))
        per_degree_north = np.radians(SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / curvature**1.5)

        def step(dx: float, dy: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
            lon_before, lat_before = to_wgs84.transform(x - dx / 2, y - dy / 2)
            lon_after, lat_after = to_wgs84.transform(x + dx / 2, y + dy / 2)
            turn = (lon_after - lon_before + 180) % 360 - 180
            return turn * per_degree_east, (lat_after - lat_before) * per_degree_north

        east_c, north_c = step(self.pixel_width, 0)
        east_r, north_r = step(0, -self.pixel_height)
        return self._own_metres_where_true(
            east_c**2 + north_c**2, east_c * east_r + north_c * north_r, east_r**2 + north_r**2
        )

    def _own_metres_where_true(
        self, cc: NDArray[np.float64], cr: NDArray[np.float64], rr: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Replace a metric that differs from the CRS's own metres by less than half a per cent."""
        if not self.crs.is_projected or self.crs.linear_units_factor[1] != 1:
            return cc, cr, rr
        own_c, own_r = self.pixel_width, self.pixel_height
        true = (
            (np.abs(np.sqrt(cc) / own_c - 1) < _TRUE_SCALE)
            & (np.abs(np.sqrt(rr) / own_r - 1) < _TRUE_SCALE)
            & (np.abs(cr) / (own_c * own_r) < _TRUE_SCALE)
        )
        return np.where(true, own_c**2, cc), np.where(true, 0.0, cr), np.where(true, own_r**2, rr)

    def covers(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Bool `[n]`: the grid pixel lies in one of the files, with data or without."""
        return self.near(rows, columns, reach=0)

    def near(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], *, reach: int
    ) -> NDArray[np.bool_]:
        """Bool `[n]`: one of the files lies within `reach` pixels of the grid pixel."""
        hit = np.zeros(rows.shape, dtype=bool)
        for placed in self.files:
            hit |= (
                (rows >= placed.row - reach)
                & (rows < placed.row + placed.file.height + reach)
                & (columns >= placed.column - reach)
                & (columns < placed.column + placed.file.width + reach)
            )
        return hit


def footprint(file: RasterFile) -> BaseGeometry:
    """Return the area a raster covers in WGS84, its edges bent as the CRS bends them.

    Across the 180th meridian it is cut there.
    """
    return outline(file.crs, file.transform, file.width, file.height)


def outline(crs: CRS, transform: Affine, width: int, height: int) -> BaseGeometry:
    """Return the area of a rectangle of pixels in WGS84, as `footprint`.

    Args:
        crs: Of the pixels.
        transform: From pixels of the rectangle to CRS coordinates.
        width: Pixels across.
        height: Pixels down.
    """
    steps = np.linspace(0, 1, _EDGE_POINTS + 1)[:-1]
    columns = np.concatenate([steps, np.ones_like(steps), 1 - steps, np.zeros_like(steps)])
    rows = np.concatenate([np.zeros_like(steps), steps, np.ones_like(steps), 1 - steps])
    x = transform.c + transform.a * columns * width
    y = transform.f + transform.e * rows * height
    to_wgs84 = Transformer.from_crs(crs.to_wkt(), "EPSG:4326", always_xy=True)
    edge = shapely.Polygon(np.column_stack(to_wgs84.transform(x, y)))
    return shapely.make_valid(within_180(np.array([edge], dtype=object)).shapes[0])


def group_into_grids(files: Sequence[RasterFile]) -> tuple[Grid, ...]:
    """Join the rasters that share a CRS, a pixel size and a pixel lattice into mosaics.

    Returns:
        Grids in the order their first file was given.
    """
    groups: list[list[RasterFile]] = []
    for file in files:
        for group in groups:
            if _aligned(group[0], file):
                group.append(file)
                break
        else:
            groups.append([file])
    return tuple(_mosaic(group) for group in groups)


def _edges(file: RasterFile) -> tuple[float, float]:
    """Return CRS (west, north) of a raster."""
    transform = file.transform
    west = min(transform.c, transform.c + transform.a * file.width)
    north = max(transform.f, transform.f + transform.e * file.height)
    return west, north


def _aligned(first: RasterFile, other: RasterFile) -> bool:
    """Whether two rasters have their pixels on one lattice."""
    if first.crs != other.crs:
        return False
    width, height = abs(first.transform.a), abs(first.transform.e)
    same_width = abs(abs(other.transform.a) / width - 1) < _SAME_SIZE
    same_height = abs(abs(other.transform.e) / height - 1) < _SAME_SIZE
    west, north = _edges(first)
    other_west, other_north = _edges(other)
    columns, rows = (other_west - west) / width, (north - other_north) / height
    return bool(
        same_width
        and same_height
        and abs(columns - round(columns)) < _SAME_PHASE
        and abs(rows - round(rows)) < _SAME_PHASE
    )


def _mosaic(files: Sequence[RasterFile]) -> Grid:
    width, height = abs(files[0].transform.a), abs(files[0].transform.e)
    west, north = _edges(files[0])
    west -= max(round((west - _edges(file)[0]) / width) for file in files) * width
    north += max(round((_edges(file)[1] - north) / height) for file in files) * height
    placed = tuple(
        PlacedFile(
            file=file,
            row=round((north - _edges(file)[1]) / height),
            column=round((_edges(file)[0] - west) / width),
            rows_run_north=file.transform.e > 0,
            columns_run_west=file.transform.a < 0,
        )
        for file in files
    )
    return Grid(files[0].crs, west, north, width, height, placed)
