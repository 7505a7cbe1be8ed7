"""Which areas share a border."""

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array

from aether_core.spatial.plane import Plane

_WIDEST_GAP_M = 10.0
"""Borders that were simplified one area at a time, by 5 m each, lie up to this far apart."""
_GAP_OF_SIZE = 0.02
"""Part of an area's width that such a gap may have: small areas stand closer."""
_LEAST_BORDER = 4.0
"""Times the gap that a border is long; areas that touch at a corner share less."""


def neighbours_of(geometry: NDArray[np.object_]) -> csr_array:
    """Tell which areas share a border, not just a corner.

    Args:
        geometry: Valid Polygons and MultiPolygons, object `[m]`, WGS84; at least one.

    Returns:
        1.0 where two areas are neighbours, float64 `[m, m]`, symmetric, nothing on the diagonal.
    """
    shapes = Plane.of_shapes(geometry).shapes(geometry)
    gap = min(_WIDEST_GAP_M, _GAP_OF_SIZE * float(np.sqrt(np.median(shapely.area(shapes)))))
    first, second = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=gap)
    pair = first < second
    first, second = first[pair], second[pair]
    borders, reach = shapely.boundary(shapes), shapely.buffer(shapes, gap, quad_segs=2)
    shared = shapely.length(shapely.intersection(borders[first], reach[second]))
    long = shared > _LEAST_BORDER * gap
    first, second = first[long], second[long]
    rows, columns = np.concatenate([first, second]), np.concatenate([second, first])
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(shapes), len(shapes)))
