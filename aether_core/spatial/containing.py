"""Which of some areas a point lies in."""

import numpy as np
import shapely
from numpy.typing import NDArray

NOWHERE = -1


class AreaIndex:
    """Areas made ready for being asked what lies in them.

    Args:
        geometry: Polygons and MultiPolygons, object `[m]`, WGS84, within ±180 degrees.
    """

    def __init__(self, geometry: NDArray[np.object_]) -> None:
        self._tree = shapely.STRtree(geometry)

    def rows_at(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the row of the area each point lies in, int64 `[n]`, `NOWHERE` outside all.

        A point on a border, or where simplified borders overlap, is in the first of the areas.

        Args:
            lonlat: float64 `[n, 2]`, WGS84 degrees; what is no number lies nowhere.
        """
        rows = np.full(len(lonlat), NOWHERE, dtype=np.int64)
        known = np.flatnonzero(np.isfinite(lonlat).all(axis=1))
        point, area = self._tree.query(shapely.points(lonlat[known]), predicate="intersects")
        order = np.lexsort((area, point))
        first, at = np.unique(point[order], return_index=True)
        rows[known[first]] = area[order][at]
        return rows
