"""Longitudes on a circle: the middle and extent of places on both sides of the 180th meridian.

Stored geometry lies within -180 to 180 degrees, and shapes across the meridian are cut at it (RFC
7946, section 3.1.9). What needs one picture of a place takes its extent, whose east may lie beyond
180, and longitudes that run on over the meridian.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Bounds = tuple[float, float, float, float]

_SLACK = 1e-6  # degrees; exports round ±180 in the last digit
_WIDEST_ACROSS = 90.0
"""A ring whose corners jump over the meridian is one across it where it then is narrower."""


def extent_of(geometry: Any) -> Bounds:  # noqa: ANN401 - one shapely geometry or an array of them
    """Return the smallest box around shapes: west, south, east, north.

    Args:
        geometry: A shapely geometry or an array of them, WGS84; missing and empty ones are left
            out. Each part lies on one side of the meridian or runs on over 180.

    Returns:
        West in -180 to 180; east is larger than west, and over 180 where the meridian lies between.
        NaN where there is nothing.
    """
    parts = shapely.get_parts(np.atleast_1d(np.asarray(geometry, dtype=object)))
    bounds = shapely.bounds(parts)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return (float("nan"),) * 4
    west, east = _smallest_arc(bounds[:, 0], bounds[:, 2])
    return west, float(bounds[:, 1].min()), east, float(bounds[:, 3].max())


def boxes_of(bounds: Bounds) -> tuple[Bounds, ...]:
    """Return a box as it is asked of others, within -180 to 180: two where it lies across 180.

    Args:
        bounds: What `extent_of` found; longitudes may run on over the meridian to either side.
    """
    west, south, east, north = bounds
    if west < -180:
        west, east = west + 360, east + 360
    if east <= 180:
        return (bounds,)
    if west >= 180:
        return ((west - 360, south, east - 360, north),)
    return ((west, south, 180.0, north), (-180.0, south, east - 360, north))


def middle_of(bounds: Bounds) -> tuple[float, float]:
    """Return the middle of a box as longitude, in -180 to 180, and latitude."""
    west, south, east, north = bounds
    return _turned((west + east) / 2), (south + north) / 2


def running_on(lon: NDArray[np.float64], bounds: Bounds) -> NDArray[np.float64]:
    """Return longitudes as they run on over the meridian in a box.

    Args:
        lon: Degrees, float64 `[n]`.
        bounds: What `extent_of` found.

    Returns:
        Each within half a turn of the box's middle.
    """
    west, _, east, _ = bounds
    turns = np.round(((west + east) / 2 - lon) / 360)
    return np.where(turns == 0, lon, lon + 360 * turns)


def shapes_running_on(shapes: NDArray[np.object_], bounds: Bounds) -> NDArray[Any]:
    """Return shapes, each part moved as a whole to where it lies in a box that runs on over 180."""
    if bounds[2] <= 180 + _SLACK:
        return shapes

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        # A corner at 180 belongs to the part's own side: the part decides, not the corner.
        middle = (points[:, 0].min() + points[:, 0].max()) / 2
        turn = 360 * np.round(((bounds[0] + bounds[2]) / 2 - middle) / 360)
        return np.column_stack([points[:, 0] + turn, points[:, 1]])

    result = shapes.copy()
    for at in np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes))):
        parts = [shapely.transform(part, moved) for part in shapely.get_parts(shapes[at])]
        result[at] = parts[0] if len(parts) == 1 else shapely.union_all(parts)
    return result


def joined_across_180(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape for one picture: parts that meet at the 180th meridian joined, running on."""
    (joined,) = shapes_running_on(np.array([shape], dtype=object), extent_of(shape))
    return joined


@dataclass(frozen=True)
class Within180:
    """Shapes within -180 to 180 degrees.

    Attributes:
        shapes: Object `[n]`.
        moved: How many had longitudes outside that range.
        cut: How many lay across the meridian and were cut at it.
    """

    shapes: NDArray[np.object_]
    moved: int
    cut: int


def within_180(shapes: NDArray[np.object_]) -> Within180:
    """Bring shapes in degrees to -180 to 180, cut at the meridian where they lie across it.

    A shape lies across it where its longitudes leave that range, or where its corners jump from one
    side to the other and it is narrow when they are followed.

    Args:
        shapes: Object `[n]` in WGS84 with longitudes of at most ±540; None where missing.
    """
    bounds = shapely.bounds(shapes)
    outside = (bounds[:, 0] < -180 - _SLACK) | (bounds[:, 2] > 180 + _SLACK)
    points = shapely.get_type_id(shapes) == shapely.GeometryType.POINT
    wide = (bounds[:, 2] - bounds[:, 0] > 180) & ~points
    if not (outside | wide).any():
        return Within180(shapes, 0, 0)
    result = shapes.copy()
    lonely = outside & points
    result[lonely] = shapely.transform(shapes[lonely], _turned_points)
    cut = 0
    for at in np.flatnonzero((outside | wide) & ~points):
        whole = followed(shapes[at])
        parts = _cut(whole)
        pieces = len(shapely.get_parts(whole))
        if outside[at] or whole is not shapes[at]:
            result[at] = parts
            cut += len(shapely.get_parts(parts)) > pieces
    return Within180(result, int(outside.sum()), cut)


def _turned(lon: float) -> float:
    return lon if -180 <= lon <= 180 else (lon + 180) % 360 - 180


def _turned_points(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([(points[:, 0] + 180) % 360 - 180, points[:, 1]])


def _smallest_arc(west: NDArray[np.float64], east: NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest arc that holds all of some arcs: what is left of the widest gap."""
    turns = 360 * np.floor((west + 180) / 360)
    west, east = west - turns, east - turns
    order = np.argsort(west, kind="stable")
    west, reach = west[order], np.maximum.accumulate(east[order])
    # Arcs that run on over 180 cover the beginning of the next turn.
    start = np.append(west[1:], west[0] + 360)
    gaps = start - np.maximum(reach, reach[-1] - 360)
    widest = int(np.argmax(gaps))
    if gaps[widest] <= 0:
        return -180.0, 180.0
    if widest == len(west) - 1:
        return float(west[0]), float(reach[-1])
    return float(west[widest + 1]), float(max(reach[-1], reach[widest] + 360))


def followed(shape: shapely.Geometry) -> shapely.Geometry:
    """Return a shape whose corners run on over the meridian instead of jumping back across it.

    The shape itself where none jumps, or where it is no narrower so.
    """
    parts = shapely.get_parts(shape)
    whole = [_followed_part(part) for part in parts]
    if all(new is old for new, old in zip(whole, parts, strict=True)):
        return shape
    return whole[0] if len(whole) == 1 else type(shape)(whole)


def _followed_part(part: shapely.Geometry) -> shapely.Geometry:
    if part.geom_type == "Polygon":
        shell = _followed_line(part.exterior)
        if shell is None:
            return part
        middle = (shell[:, 0].min() + shell[:, 0].max()) / 2
        holes = []
        for ring in part.interiors:
            hole = _followed_line(ring)
            line = shapely.get_coordinates(ring) if hole is None else hole
            turn = 360 * np.round((middle - line[:, 0].mean()) / 360)
            holes.append(line + np.array([turn, 0.0]))
        return shapely.Polygon(shell, holes)
    if part.geom_type in {"LineString", "LinearRing"}:
        line = _followed_line(part)
        return part if line is None else shapely.LineString(line)
    return part


def _followed_line(line: shapely.Geometry) -> NDArray[np.float64] | None:
    """Corners that run on over the meridian; None where none jumps across it."""
    points = shapely.get_coordinates(line)
    lon = np.unwrap(points[:, 0], period=360)
    width = np.ptp(lon)
    closed = not line.is_closed or abs(lon[0] - lon[-1]) < _SLACK
    if np.array_equal(lon, points[:, 0]) or not closed or not 0 < width < _WIDEST_ACROSS:
        return None
    return np.column_stack([lon, points[:, 1]])


def _cut(shape: shapely.Geometry) -> shapely.Geometry:
    """Cut a shape at the meridian and bring its parts to -180 to 180."""
    whole = shape if shape.is_valid else shapely.make_valid(shape)
    dimension = shapely.get_dimensions(shape)
    parts = []
    for turn in (-360.0, 0.0, 360.0):
        piece = shapely.intersection(whole, shapely.box(turn - 180, -90, turn + 180, 90))
        turned = shapely.transform(piece, lambda points, turn=turn: points - np.array([turn, 0.0]))
        parts += [
            part
            for part in shapely.get_parts(turned)
            if shapely.get_dimensions(part) == dimension and not shapely.is_empty(part)
        ]
    if len(parts) == 1:
        return parts[0]
    return _collected(parts)


def _collected(parts: list[shapely.Geometry]) -> shapely.Geometry:
    kinds = {part.geom_type for part in parts}
    if kinds == {"Polygon"}:
        return shapely.MultiPolygon(parts)
    if kinds == {"Point"}:
        return shapely.MultiPoint(parts)
    return shapely.MultiLineString(parts)
