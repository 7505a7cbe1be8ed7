"""Areas laid over a city: how much of each cell every area covers, and which places lie in it."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.spatial.longitudes import extent_of
from aether_core.spatial.plane import Plane
from aether_core.tasks.areas.overlap import measure_overlaps, unit_sizes

_SLIVER_M2 = 1.0
"""Outlines that only touch a cell share less with it than this, by rounding."""
_FARTHEST_M = 9e6
"""No area of a city reaches as far as this."""
_SHARED_PART = 0.005
"""Part of the ground that may lie in several areas: simplified boundaries overlap in slivers."""


@dataclass(frozen=True, eq=False)
class Ground:
    """Areas of a city, and the city itself as the last row of `shared`.

    Attributes:
        name: Object `[a]`.
        geometry: Polygons, WGS84, object `[a]`.
        km2: Size of each area, float64 `[a]`.
        covered: Part of its ground that lies in the city's cells, above 0 to 1, float64 `[a]`.
        cells: How many cells each shares ground with, int64 `[a]`.
        shared: Square metres that each area, and in the last row the city, shares with each cell,
            float64 `[a + 1, m]`.
        units: The city's, m, which are called cells here.
        outside: Names of the areas that share no ground with the city and were left out.
        overlapping: Part of the ground of all areas that lies in more than one; 0 where only
            slivers do.
    """

    name: NDArray[np.object_]
    geometry: NDArray[np.object_]
    km2: NDArray[np.float64]
    covered: NDArray[np.float64]
    cells: NDArray[np.int64]
    shared: csr_array
    units: Units
    outside: tuple[str, ...]
    overlapping: float

    def __len__(self) -> int:
        return len(self.name)

    @property
    def covered_km2(self) -> NDArray[np.float64]:
        """Ground in the city's cells, of each area and, last, of the city, float64 `[a + 1]`."""
        return np.asarray(self.shared.sum(axis=1)).reshape(-1) / 1e6

    @property
    def cell_m2(self) -> NDArray[np.float64]:
        """Size of each cell, float64 `[m]`."""
        return np.asarray(self.shared[[len(self)]].toarray()).reshape(-1)

    @property
    def city_km2(self) -> float:
        """Ground of all the city's cells."""
        return float(self.covered_km2[-1])


def lay_over(
    name: NDArray[np.object_],
    geometry: NDArray[np.object_],
    units: Units,
    progress: Progress = silent,
    *,
    cell_m2: NDArray[np.float64] | None = None,
) -> Ground:
    """Measure what areas share with a city's cells, on the equal-area plane around the city.

    Args:
        name: Of the areas, object `[a]` of str.
        geometry: Valid polygons, object `[a]`, WGS84; at least one.
        units: The city's; at least one.
        progress: Told as areas are done.
        cell_m2: What `unit_sizes` says of these units, where it is known already; float64 `[m]`.

    Raises:
        InputError: No area shares ground with the city; the message says where both lie.
    """
    lonlat = units.lonlat
    plane = Plane(lonlat)
    flat = plane.shapes(geometry)
    # On the far side of the earth the plane tears: a box there would become a ring round it all.
    near = np.flatnonzero((np.abs(shapely.bounds(flat)) < _FARTHEST_M).all(axis=1))
    inside = np.zeros(len(name), dtype=bool)
    found = None
    if len(near):
        around = units.near(geometry[near])  # outlines are made of these alone
        some = units.take(around)
        found = measure_overlaps(geometry[near], some, plane=plane, progress=progress)
        real = found.square_metres >= np.minimum(
            _SLIVER_M2, shapely.area(flat[near])[found.area] / 2
        )
        inside[near[found.area[real]]] = True
    if found is None or not inside.any():
        raise _outside(geometry, lonlat)
    row = np.full(len(name), -1, dtype=np.int64)
    row[inside] = np.arange(inside.sum())
    area = row[near[found.area[real]]]
    cell, square_metres = around[found.cell[real]], found.square_metres[real]
    whole_m2 = unit_sizes(units) if cell_m2 is None else cell_m2
    count, m = int(inside.sum()), len(units)
    everything = np.arange(m, dtype=np.int64)
    shared = csr_array(
        (
            np.concatenate([square_metres, whole_m2]),
            (
                np.concatenate([area, np.full(m, count, dtype=np.int64)]),
                np.concatenate([cell, everything]),
            ),
        ),
        shape=(count + 1, m),
    )
    size = shapely.area(flat[inside])
    in_cells = np.bincount(area, weights=square_metres, minlength=count)
    return Ground(
        name=name[inside],
        geometry=geometry[inside],
        km2=size / 1e6,
        covered=np.clip(in_cells / size, 0, 1),
        cells=np.bincount(area, minlength=count).astype(np.int64),
        shared=shared,
        units=units,
        outside=tuple(name[~inside].tolist()),
        overlapping=_overlapping(flat[inside], size),
    )


def place_tree(units: Units, lonlat: NDArray[np.float64]) -> shapely.STRtree:
    """A tree of a city's places, WGS84, float64 `[p, 2]`, on the plane around its units."""
    if not len(lonlat):
        return shapely.STRtree(np.empty(0, dtype=object))
    return shapely.STRtree(shapely.points(Plane(units.lonlat).points(lonlat)))


def places_in(ground: Ground, tree: shapely.STRtree) -> csr_array:
    """Tell which places lie in which area.

    Args:
        ground: The areas.
        tree: The city's p places, from `place_tree`.

    Returns:
        1.0 where a place lies in an area or, in the last row, in the city, float64 `[a + 1, p]`.
    """
    count, p = len(ground), len(tree)
    shapes = shapely.make_valid(Plane(ground.units.lonlat).shapes(ground.geometry))
    area, place = tree.query(shapes, predicate="intersects")
    rows = np.concatenate([area, np.full(p, count)])
    columns = np.concatenate([place, np.arange(p)])
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(count + 1, p))


def _overlapping(flat: NDArray[np.object_], size: NDArray[np.float64]) -> float:
    """Part of the ground that lies in more than one area."""
    if len(flat) < 2:
        return 0.0
    whole = float(shapely.area(shapely.union_all(shapely.make_valid(flat))))
    part = 1 - whole / float(size.sum())
    return part if part > _SHARED_PART else 0.0


def _outside(geometry: NDArray[np.object_], lonlat: NDArray[np.float64]) -> InputError:
    west, south, east, north = extent_of(geometry)
    city = extent_of(shapely.points(lonlat))
    return InputError(
        "no area shares ground with the city",
        f"they lie from {west:.4f}, {south:.4f} to {east:.4f}, {north:.4f}",
        f"the city lies from {city[0]:.4f}, {city[1]:.4f} to {city[2]:.4f}, {city[3]:.4f}; check "
        "the areas, and their CRS",
        code="area-outside-city",
    )
