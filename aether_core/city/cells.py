"""Cells: the H3 hexagons a city is mapped on (Uber H3, resolutions 8 to 12 are 1 km to 20 m)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import h3.api.numpy_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from aether_core.city.units import H3_CELLS
from aether_core.errors import InputError
from aether_core.spatial.hexagons import cell_polygons
from aether_core.spatial.plane import Plane

COARSEST = 8
FINEST = 12
MAX_CELLS = 250_000

_MARGIN = 1.25
"""Cells of one resolution differ in area; within this factor of the limit they are counted."""


_REACH = 1.5
"""Edge lengths from a cell's centre that hold all of it, however H3 bends it."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a city, by rising H3 index; see `aether_core.city.units.Units`.

    Args:
        resolution: H3 resolution.
        h3: uint64 `[m]` H3 indexes.
        lonlat: float64 `[m, 2]` of their centres, WGS84.
    """

    resolution: int
    h3: NDArray[np.uint64]
    lonlat: NDArray[np.float64]

    kind = H3_CELLS

    @cached_property
    def _flat(self) -> tuple[Plane, NDArray[np.float64]]:
        """The plane around all cells, and their centres on it, float64 `[m, 2]`."""
        plane = Plane(self.lonlat)
        return plane, plane.points(self.lonlat)

    def __len__(self) -> int:
        return len(self.h3)

    @property
    def keys(self) -> NDArray[np.uint64]:
        """The H3 indexes."""
        return self.h3

    @property
    def hexagons(self) -> NDArray[np.uint64]:
        """The H3 indexes."""
        return self.h3

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> "Cells":
        """See `Units`."""
        return Cells(self.resolution, self.h3[rows], self.lonlat[rows])

    def polygons(self, rows: NDArray[np.integer] | None = None) -> NDArray[np.object_]:
        """See `Units`."""
        return cell_polygons(self.h3 if rows is None else self.h3[rows])

    def code(self, row: int) -> str:
        """The H3 index in hexadecimal."""
        return f"{int(self.h3[row]):x}"

    def name(self, row: int) -> str:  # noqa: ARG002 - of areas
        """Cells have none."""
        return ""

    def codes(self) -> list[str]:
        """See `Units`."""
        return [f"{cell:x}" for cell in self.h3.tolist()]

    def names(self) -> Sequence[str] | None:
        """Cells have none."""
        return None

    def row_of(self, code: str) -> int | None:
        """See `Units`."""
        if not h3.is_valid_cell(number := _number_of(code)):
            return None
        row = int(np.searchsorted(self.h3, np.uint64(number)))
        return row if row < len(self.h3) and self.h3[row] == np.uint64(number) else None

    def middle_of(self, code: str) -> tuple[float, float] | None:
        """See `Units`."""
        if not h3.is_valid_cell(number := _number_of(code)):
            return None
        lat, lon = h3.cell_to_latlng(number)
        return float(lon), float(lat)

    def rows_at(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """See `Units`."""
        found = np.array([cell_at(lon, lat, self.resolution) for lon, lat in lonlat], np.uint64)
        row = np.searchsorted(self.h3, found).clip(max=len(self.h3) - 1)
        return np.where(self.h3[row] == found, row, -1).astype(np.int64)

    def near(self, shapes: NDArray[np.object_]) -> NDArray[np.int64]:
        """See `Units`; without making all outlines."""
        plane, points = self._flat
        reach = _REACH * h3.average_hexagon_edge_length(self.resolution, unit="m")
        flat = plane.shapes(shapes)
        low, high = shapely.total_bounds(flat).reshape(2, 2)
        around = np.flatnonzero(((points >= low - reach) & (points <= high + reach)).all(axis=1))
        centres = shapely.STRtree(shapely.points(points[around]))
        found = centres.query(flat, "dwithin", distance=reach)[1]
        rows: NDArray[np.int64] = around[np.unique(found)].astype(np.int64)
        return rows


def cells_with(resolution: int, indexes: NDArray[np.uint64]) -> Cells:
    """Return cells by their H3 indexes.

    Args:
        resolution: Theirs.
        indexes: uint64 `[m]`, rising.
    """
    return Cells(resolution, indexes, cell_centres(indexes))


def _number_of(code: str) -> int:
    try:
        return int(code, 16)
    except ValueError:
        return 0


def choose_resolution(
    boundary: BaseGeometry,
    *,
    limit: int = MAX_CELLS,
    coarsest: int = COARSEST,
    finest: int = FINEST,
) -> int:
    """Return the finest resolution that keeps a city within `limit` cells.

    Args:
        boundary: Polygon or MultiPolygon, WGS84.
        limit: Most cells wanted.
        coarsest: Lowest resolution to try.
        finest: Highest resolution to try.

    Raises:
        InputError: Even the coarsest resolution has more cells than that.
    """
    for resolution in range(finest, coarsest - 1, -1):
        expected = expected_cells(boundary, resolution)
        if expected > limit * _MARGIN:
            continue
        if expected * _MARGIN < limit or len(_indexes(boundary, resolution)) <= limit:
            return resolution
    raise InputError(
        "the boundary is too large for a city",
        f"{_square_metres(boundary) / 1e6:,.0f} square kilometres",
        f"give one with at most {limit:,} H3 cells of resolution {coarsest}",
        code="boundary-too-large",
    )


def expected_cells(boundary: BaseGeometry, resolution: int) -> float:
    """Return about how many H3 cells a city has, from its area and the cell at its middle.

    Args:
        boundary: Polygon or MultiPolygon, WGS84.
        resolution: H3 resolution, 0 to 15.
    """
    centre = boundary.representative_point()
    cell = h3.cell_area(h3.latlng_to_cell(centre.y, centre.x, resolution), unit="m^2")
    return _square_metres(boundary) / float(cell)


def cells_of(boundary: BaseGeometry, resolution: int) -> Cells:
    """Return the H3 cells whose centre lies in a boundary.

    Args:
        boundary: Polygon or MultiPolygon, WGS84; holes are left out.
        resolution: H3 resolution, 0 to 15.

    Raises:
        InputError: No cell has its centre in the boundary, or there is no such resolution.
    """
    if not 0 <= resolution <= 15:
        raise InputError(
            "unsupported H3 resolution",
            resolution,
            "give one from 8 to 12",
            code="cell-resolution-out-of-range",
        )
    indexes = _indexes(boundary, resolution)
    if not len(indexes):
        raise InputError(
            "the boundary is smaller than a cell",
            f"H3 resolution {resolution}",
            "use a finer cell resolution or a larger boundary",
            code="boundary-smaller-than-cell",
        )
    return cells_with(resolution, indexes)


def cell_centres(indexes: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return the centres of cells.

    Args:
        indexes: uint64 `[m]` H3 indexes.

    Returns:
        float64 `[m, 2]` longitude and latitude, WGS84.
    """
    centres = [h3.cell_to_latlng(index) for index in indexes.tolist()]
    return np.ascontiguousarray(np.array(centres, dtype=np.float64).reshape(-1, 2)[:, ::-1])


def cell_at(lon: float, lat: float, resolution: int) -> int:
    """Return the H3 index of the cell that holds a WGS84 point.

    Raises:
        InputError: The coordinates are not degrees.
    """
    check_degrees(lon, lat)
    return int(h3.latlng_to_cell(lat, lon, resolution))


def check_degrees(lon: float, lat: float) -> None:
    """Check that numbers are a WGS84 point.

    Raises:
        InputError: They are not.
    """
    if not (np.isfinite(lon) and np.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):
        raise InputError(
            "this is not a valid location",
            f"{lon}, {lat}",
            "give longitude (±180) then latitude (±90)",
            code="coordinates-not-degrees",
        )


def _square_metres(boundary: BaseGeometry) -> float:
    return float(abs(Geod(ellps="WGS84").geometry_area_perimeter(boundary)[0]))


def _indexes(boundary: BaseGeometry, resolution: int) -> NDArray[np.uint64]:
    """Return the sorted H3 indexes of the cells whose centre lies in a (Multi)Polygon."""
    if boundary.geom_type not in ("Polygon", "MultiPolygon") or boundary.is_empty:
        raise InputError(
            "a boundary must be a polygon",
            boundary.geom_type,
            "give a Polygon or MultiPolygon",
            code="boundary-not-an-area",
        )
    found = h3.h3shape_to_cells(h3.geo_to_h3shape(shapely.force_2d(boundary)), resolution)
    return np.unique(np.asarray(found, dtype=np.uint64))
