"""Outlines of H3 cells."""

from itertools import chain
from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray


def cell_polygons(indexes: NDArray[np.uint64]) -> NDArray[Any]:
    """Return the outlines of cells.

    Args:
        indexes: uint64 `[m]` H3 indexes.

    Returns:
        Object `[m]` of shapely Polygons, WGS84, counter-clockwise. A cell across the antimeridian
        has longitudes over 180, so that its outline stays small.
    """
    outlines = [h3.cell_to_boundary(index) for index in indexes.tolist()]
    if not outlines:
        return np.empty(0, dtype=object)
    corners = np.fromiter(map(len, outlines), np.int64, len(outlines))
    numbers = chain.from_iterable(chain.from_iterable(outlines))
    latlon = np.fromiter(numbers, np.float64, 2 * int(corners.sum())).reshape(-1, 2)
    latitude, longitude = latlon[:, 0], latlon[:, 1]
    starts = np.concatenate([[0], np.cumsum(corners)[:-1]])
    width = np.maximum.reduceat(longitude, starts) - np.minimum.reduceat(longitude, starts)
    longitude = np.where(
        np.repeat(width > 180, corners) & (longitude < 0), longitude + 360, longitude
    )
    ring = np.repeat(np.arange(len(corners)), corners)
    rings = shapely.linearrings(np.column_stack([longitude, latitude]), indices=ring)
    polygons: NDArray[Any] = shapely.polygons(rings)
    return polygons
