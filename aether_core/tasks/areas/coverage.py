"""Areas as weighted means of cells, with how much of each area cells cover at all."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from aether_core.progress import Progress, silent
from aether_core.spatial.plane import Plane
from aether_core.tasks.areas.overlap import measure_overlaps


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
    geometry: NDArray[np.object_], cell_h3: NDArray[np.uint64], progress: Progress = silent
) -> AreaCells:
    """Lay areas over cells.

    Args:
        geometry: Valid polygons, object `[a]`, WGS84; at least one.
        cell_h3: H3 indexes, uint64 `[m]`; each once.
        progress: Told as areas are done.
    """
    found = measure_overlaps(geometry, cell_h3, progress=progress)
    shared = np.bincount(found.area, weights=found.square_metres, minlength=len(geometry))
    size = shapely.area(Plane.of_shapes(geometry).shapes(geometry))
    weights = csr_array(
        (found.square_metres / shared[found.area], (found.area, found.cell)),
        shape=(len(geometry), len(cell_h3)),
    )
    return AreaCells(weights, np.clip(shared / size, 0, 1), size)
