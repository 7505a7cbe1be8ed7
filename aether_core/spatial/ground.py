"""The ground that areas cover together."""

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.spatial.longitudes import within_180
from aether_core.spatial.plane import Plane

_CLOSED_M = 10.0
"""Half as wide as the gaps between simplified borders that are no gaps on the ground."""
_CLOSED_OF_SIZE = 0.02


def ground_of_areas(geometry: NDArray[np.object_]) -> shapely.Geometry:
    """Return the outline of areas that lie side by side, without the slivers between them.

    Args:
        geometry: Valid Polygons and MultiPolygons, object `[m]`, WGS84; at least one.

    Returns:
        A Polygon or MultiPolygon, WGS84, within ±180 degrees.
    """
    plane = Plane.of_shapes(geometry)
    shapes = plane.shapes(geometry)
    reach = min(_CLOSED_M, _CLOSED_OF_SIZE * float(np.sqrt(np.median(shapely.area(shapes)))))
    wide = shapely.union_all(shapely.buffer(shapes, reach, join_style="mitre"))
    outline = plane.degrees(np.array([shapely.buffer(wide, -reach, join_style="mitre")]))
    return within_180(outline).shapes[0]
