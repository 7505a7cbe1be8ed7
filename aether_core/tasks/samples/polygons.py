"""The shapes of label and area files: polygons made valid, and counted where they had to be."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.boundary import polygons_of

POLYGON_TYPES = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True)
class ValidPolygons:
    """Polygons that can be measured.

    Attributes:
        geometry: Object `[n]`: valid Polygons and MultiPolygons as given or repaired; None where
            nothing with an area is left.
        repaired: How many were invalid and have an area after repair.
    """

    geometry: NDArray[np.object_]
    repaired: int


def is_polygon(geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which shapes are Polygons or MultiPolygons, bool `[n]`; None and empty ones are not."""
    there = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    return np.asarray(there & np.isin(shapely.get_type_id(geometry), POLYGON_TYPES))


def valid_polygons(geometry: NDArray[np.object_]) -> ValidPolygons:
    """Repair polygons that cross themselves, and drop those without an area.

    A bow-tie becomes its two triangles; spikes and lines that a repair leaves over are cut off.

    Args:
        geometry: Polygons and MultiPolygons, object `[n]`.
    """
    shapes = np.array(geometry, dtype=object)
    invalid = np.flatnonzero(~shapely.is_valid(shapes))
    for row, mended in zip(invalid, shapely.make_valid(shapes[invalid]), strict=True):
        shapes[row] = polygons_of(mended)
    flat = ~(shapely.area(shapes) > 0)
    shapes[flat] = None
    return ValidPolygons(shapes, int(np.count_nonzero(~flat[invalid])))
