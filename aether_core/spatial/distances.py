"""How far points are from the nearest of many points, lines and polygons, on the ground."""

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.spatial.plane import Plane

_LONGEST_EDGE = 0.05
"""Degrees; an edge is straight in longitude and latitude, and on a plane only where it is short."""


def nearest_shape(
    lonlat: NDArray[np.float64], shapes: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Measure to the nearest of some shapes, on a plane that touches the earth at the points.

    Within 0.5 % of the geodesic where points and shapes lie within 1,000 km of the middle of the
    points (0.02 % within 250 km), in every UTM zone and across the 180th meridian.

    Args:
        lonlat: Points to measure from, WGS84, float64 `[m, 2]`, finite, at least one.
        shapes: Points, lines and polygons in WGS84, object `[n]`; None and empty ones count for
            nothing. Those across the 180th meridian may be cut there or run on beyond it.

    Returns:
        Metres to the nearest shape, 0 inside one, float64 `[m]`; and its row, int64 `[m]`.

    Raises:
        InputError: No shape is left to measure to.
    """
    usable = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    if not len(usable):
        raise InputError(
            "there is nothing to measure to",
            f"{len(shapes)} shapes",
            "give at least one that has a place",
            code="nothing-to-measure-to",
        )
    plane = Plane(lonlat)
    flat = plane.shapes(shapely.segmentize(shapely.force_2d(shapes[usable]), _LONGEST_EDGE))
    broken = ~shapely.is_valid(flat)
    flat[broken] = shapely.make_valid(flat[broken])
    points = shapely.points(plane.points(lonlat))
    pairs, metres = shapely.STRtree(flat).query_nearest(
        points, all_matches=False, return_distance=True
    )
    order = np.argsort(pairs[0], kind="stable")
    return metres[order], usable[pairs[1][order]].astype(np.int64)
