"""How much of each area every cell covers: exact polygon intersections, in square metres."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.units import Units
from aether_core.progress import Progress, silent
from aether_core.spatial.plane import Plane

_AREAS_AT_ONCE = 500


@dataclass(frozen=True)
class Overlaps:
    """The pairs of an area and a cell that share ground.

    Attributes:
        area: int64 `[p]`, row of the area.
        cell: int64 `[p]`, row of the cell.
        square_metres: float64 `[p]`, what they share, above 0.
        cell_m2: float64 `[m]`, size of each cell.
    """

    area: NDArray[np.int64]
    cell: NDArray[np.int64]
    square_metres: NDArray[np.float64]
    cell_m2: NDArray[np.float64]


def measure_overlaps(
    geometry: NDArray[np.object_],
    units: Units,
    *,
    plane: Plane | None = None,
    progress: Progress = silent,
) -> Overlaps:
    """Measure what areas and cells share, in an equal-area plane.

    Args:
        geometry: Valid polygons, object `[a]`, WGS84; at least one.
        units: Of a city, m.
        plane: Where it is measured; around the areas when None.
        progress: Told as areas are done.

    Returns:
        Pairs by rising area, then cell.
    """
    plane = plane or Plane.of_shapes(geometry)
    areas = shapely.make_valid(plane.shapes(geometry))
    cells = plane.shapes(units.polygons())
    cell_m2: NDArray[np.float64] = shapely.area(cells)
    tree = shapely.STRtree(cells)
    pairs = []
    for start in range(0, len(areas), _AREAS_AT_ONCE):
        progress("weighting cells by area", start, len(areas))
        pairs.append(_measured(areas[start : start + _AREAS_AT_ONCE], cells, cell_m2, tree, start))
    progress("weighting cells by area", len(areas), len(areas))
    area, cell, shared = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    order = np.lexsort((cell, area))
    return Overlaps(area[order], cell[order], shared[order], cell_m2)


def unit_sizes(units: Units) -> NDArray[np.float64]:
    """Size of each unit on the equal-area plane around all of them, m2, float64 `[m]`."""
    size: NDArray[np.float64] = shapely.area(Plane(units.lonlat).shapes(units.polygons()))
    return size


def _measured(
    areas: NDArray[np.object_],
    cells: NDArray[np.object_],
    cell_m2: NDArray[np.float64],
    tree: shapely.STRtree,
    start: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return (area row, cell row, square metres) of some areas; `start` is the first one's row."""
    area, cell = tree.query(areas, predicate="intersects")
    # Most cells lie wholly in one area: telling so is far cheaper than cutting them.
    whole_area, whole_cell = tree.query(areas, predicate="covers")
    key, whole = area * len(cells) + cell, whole_area * len(cells) + whole_cell
    inside = np.isin(key, whole)
    shared = np.where(inside, cell_m2[cell], 0.0)
    shared[~inside] = shapely.area(shapely.intersection(areas[area[~inside]], cells[cell[~inside]]))
    real = shared > 0
    return (area[real] + start).astype(np.int64), cell[real].astype(np.int64), shared[real]
