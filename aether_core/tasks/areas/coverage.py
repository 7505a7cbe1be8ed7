"""Areas as weighted means of cells, with how much of each area cells cover at all."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from aether_core.city.units import Units
from aether_core.progress import Progress, silent
from aether_core.spatial.plane import Plane
from aether_core.tasks.areas.overlap import measure_overlaps

_THE_SAME = 0.99
"""Part of either's ground that an area and a unit share where they are one and the same."""


@dataclass(frozen=True, eq=False)
class AreaCells:
    """The cells under areas.

    Attributes:
        weights: Part of what cells cover of an area that each cell covers, float64 `[a, m]`; rows
            sum to 1, or hold nothing where no cell overlaps the area.
        covered: Part of the area's ground that lies in cells, 0 to 1, float64 `[a]`.
        square_metres: Size of each area, float64 `[a]`.
    """

    weights: csr_array
    covered: NDArray[np.float64]
    square_metres: NDArray[np.float64]


def cells_under(
    geometry: NDArray[np.object_], units: Units, progress: Progress = silent
) -> AreaCells:
    """Lay areas over cells, or over the areas that are the units of a city.

    An area that is one of the units, but for how its border is drawn, is that unit alone.

    Args:
        geometry: Valid polygons, object `[a]`, WGS84; at least one.
        units: Of the city, m.
        progress: Told as areas are done.
    """
    found = measure_overlaps(geometry, units, progress=progress)
    size = shapely.area(Plane.of_shapes(geometry).shapes(geometry))
    ground = found.square_metres
    same = ground > _THE_SAME * np.maximum(size[found.area], found.cell_m2[found.cell])
    is_unit = np.zeros(len(geometry), dtype=bool)
    is_unit[found.area[same]] = True
    ground = np.where(is_unit[found.area] & ~same, 0.0, ground)
    shared = np.bincount(found.area, weights=ground, minlength=len(geometry))
    weights = csr_array(
        (ground / shared[found.area], (found.area, found.cell)),
        shape=(len(geometry), len(units)),
    )
    weights.eliminate_zeros()
    return AreaCells(weights, np.clip(shared / size, 0, 1), size)
