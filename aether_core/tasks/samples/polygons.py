"""The shapes of label and area files: polygons made valid, and counted where they had to be."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.boundary import polygons_of

_MOST_CORNERS: Final = 500
"""Of a piece: laying a cell over a polygon takes as long as the polygon has corners."""
_SMALLEST_PIECE: Final = 1e-7
"""Degrees, about a centimetre: corners that lie closer cannot be told apart."""

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


def cut_up(
    geometry: NDArray[np.object_], most_corners: int = _MOST_CORNERS
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Cut polygons of many corners into pieces that together are the same ground.

    A network of streets drawn as one polygon has half a million corners, and all of them would be
    looked at for each cell along it.

    Args:
        geometry: Valid polygons, object `[n]`.
        most_corners: Of a piece.

    Returns:
        The pieces, object `[p]`, and the row of the polygon each is of, int64 `[p]`.
    """
    pieces: list[shapely.Geometry] = []
    rows: list[int] = []
    waiting = list(enumerate(geometry))
    while waiting:
        row, shape = waiting.pop()
        west, south, east, north = shape.bounds
        if (
            shapely.get_num_coordinates(shape) <= most_corners
            or max(east - west, north - south) < _SMALLEST_PIECE
        ):
            pieces.append(shape)
            rows.append(row)
            continue
        halves = [polygons_of(shapely.make_valid(half)) for half in _halves(shape)]
        waiting += [(row, half) for half in halves if half is not None and not half.is_empty]
    order = np.argsort(rows, kind="stable")
    found = np.empty(len(pieces), dtype=object)
    found[:] = pieces
    return found[order], np.array(rows, dtype=np.int64)[order]


def _halves(shape: shapely.Geometry) -> list[shapely.Geometry]:
    """The two halves of a shape, cut across its longer side."""
    west, south, east, north = shape.bounds
    if east - west >= north - south:
        middle = (west + east) / 2
        boxes = [(west, south, middle, north), (middle, south, east, north)]
    else:
        middle = (south + north) / 2
        boxes = [(west, south, east, middle), (west, middle, east, north)]
    return [shapely.clip_by_rect(shape, *box) for box in boxes]
