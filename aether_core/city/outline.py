"""Whether an outline can be a city's: what is refused before anything is asked of a server."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely

from aether_core.city.boundary import BOUNDARY_LIMITS, polygons_of, read_outlines
from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.spatial.longitudes import extent_of, followed, within_180
from aether_core.vector import NO_OPTIONS, Limits, ReadOptions

SOUTHMOST, NORTHMOST = -80.0, 84.0
"""Latitudes between which UTM zones, and so the embedding's tiles, are defined."""

_ELLIPSOID = pyproj.Geod(ellps="WGS84")
_SMALLEST_M2 = 10_000.0
_WIDEST_KM = 500.0
_AGREES = 0.01  # share of the area by which two ways of reading an outline may differ
_WIDEST_ACROSS = 90.0  # degrees; a box across the 180th meridian
_SLACK = 1e-6  # degrees; exports round ±180 in the last digit


def check_city_boundary(
    geometry: shapely.Geometry | None, *, limit_km2: float
) -> shapely.MultiPolygon:
    """Return an outline as one valid MultiPolygon when a city can have it.

    A ring that touches or overlaps itself a little is repaired when all readings of it agree on the
    area to 1 %. An outline that truly crosses itself is refused: which side is inside is a guess.

    Across the 180th meridian it is cut there, whether its longitudes run on or jump.

    Args:
        geometry: Polygon or MultiPolygon in WGS84, longitude first; a height is dropped.
        limit_km2: Largest area of one city, in square kilometres on the ellipsoid.

    Raises:
        InputError: It is no area, empty, not in degrees (said so when longitude and latitude look
            swapped), crosses itself, leaves 80° S to 84° N, is under a hectare or above the limit,
            or its parts lie more than 500 km apart.
    """
    shape = _polygonal(geometry)
    _check_degrees(shape)
    whole = _within_180(repaired_outline(followed(shape)))
    _check_latitudes(whole)
    _check_size(whole, limit_km2)
    return whole


@in_own_process
def read_city_boundary(
    path: str | Path,
    options: ReadOptions = NO_OPTIONS,
    *,
    limit_km2: float,
    limits: Limits = BOUNDARY_LIMITS,
) -> shapely.MultiPolygon:
    """Read a boundary file and check each outline, then all of them together.

    Args:
        path: A vector file, see `aether_core.vector.read_vector`.
        options: What the user says about the file.
        limit_km2: Largest area of one city, in square kilometres.
        limits: Upper bounds on the file.

    Raises:
        InputError: See `read_boundary` and `check_city_boundary`.
    """
    read = read_outlines(path, options, limits=limits)
    shapes = [repaired_outline(_polygonal(shape)) for shape in read.shapes]
    return check_city_boundary(shapely.union_all(shapes), limit_km2=limit_km2)


def box_boundary(west: float, south: float, east: float, north: float) -> shapely.MultiPolygon:
    """Return a box in longitude and latitude as a boundary; only its corners are checked.

    A west beyond the east means a box across the 180th meridian (RFC 7946, section 5.2), as does an
    edge beyond 180 degrees; it comes in two parts.

    Args:
        west: Western edge, degrees.
        south: Southern edge, degrees.
        east: Eastern edge, degrees.
        north: Northern edge, degrees.

    Raises:
        InputError: A corner is no place on Earth, or the edges are out of order.
    """
    edges = (west, south, east, north)
    shown = ", ".join(f"{edge:g}" for edge in edges)
    order = "give west, south, east, north in degrees"
    if not all(math.isfinite(edge) for edge in edges):
        raise InputError("a box needs four numbers", shown, order, code="box-not-four-numbers")
    if abs(south) > 90 or abs(north) > 90:
        swapped = max(abs(west), abs(east)) <= 90 and max(abs(south), abs(north)) <= 180
        hint = "longitude and latitude are probably swapped; " if swapped else ""
        raise InputError(
            "a latitude of the box lies outside ±90",
            shown,
            hint + order,
            code="coordinates-swapped" if swapped else "box-latitude-out-of-range",
        )
    if abs(west) > 360 or abs(east) > 360:
        raise InputError(
            "a longitude of the box lies outside ±180",
            shown,
            order,
            code="box-longitude-out-of-range",
        )
    if west == east or south >= north:
        raise InputError("the box has no area", shown, order, code="box-without-area")
    if west > east:
        east += 360
        if east - west > _WIDEST_ACROSS:
            raise InputError(
                "west and east of the box are probably swapped: from west to east it would reach"
                f" over {east - west:g} degrees",
                shown,
                order + "; a west beyond the east means a box across the 180th meridian",
                code="box-edges-swapped",
            )
    return _within_180(shapely.MultiPolygon([shapely.box(west, south, east, north)]))


def area_km2(boundary: shapely.Geometry) -> float:
    """Return the area of polygons in WGS84 on the ellipsoid, in square kilometres."""
    # Orientation decides the sign; `geometry_area_perimeter` wants counter-clockwise shells.
    area, _ = _ELLIPSOID.geometry_area_perimeter(shapely.orient_polygons(boundary))
    return float(abs(area)) / 1e6


def _polygonal(geometry: shapely.Geometry | None) -> shapely.Geometry:
    if geometry is None or geometry.is_empty:
        raise InputError(
            "the boundary is empty",
            "no outline",
            "draw or upload one polygon",
            code="boundary-empty",
        )
    if geometry.geom_type not in {"Polygon", "MultiPolygon"}:
        kind = {"LineString": "line", "MultiLineString": "line", "LinearRing": "line"}.get(
            geometry.geom_type, geometry.geom_type
        )
        raise InputError(
            "the boundary must be a polygon",
            f"a {kind}",
            "give the city's outline as a polygon",
            code="boundary-not-an-area",
        )
    return shapely.force_2d(geometry)


def _check_degrees(shape: shapely.Geometry) -> None:
    points = shapely.get_coordinates(shape)
    remedy = "give longitude and latitude in degrees, longitude first"
    if not np.isfinite(points).all():
        raise InputError(
            "the boundary has a vertex that is not a number",
            "nan or infinity",
            remedy,
            code="boundary-corner-not-finite",
        )
    bounds = _shown(shape)
    largest = np.abs(points).max(axis=0)
    if largest[1] <= 90 + _SLACK and largest[0] <= 360 + _SLACK:
        return
    if largest[0] <= 90 and largest[1] <= 180:
        raise InputError(
            "longitude and latitude of the boundary are probably swapped",
            bounds,
            remedy,
            code="coordinates-swapped",
        )
    raise InputError(
        "the boundary is not in degrees", bounds, remedy, code="coordinates-not-degrees"
    )


def _within_180(shape: shapely.MultiPolygon) -> shapely.MultiPolygon:
    """Cut an outline at the 180th meridian where it lies across it."""
    (whole,) = within_180(np.array([shape], dtype=object)).shapes
    return polygons_of(whole)


def _check_latitudes(shape: shapely.Geometry) -> None:
    _, south, _, north = shape.bounds
    if south < SOUTHMOST or north > NORTHMOST:
        raise InputError(
            f"the boundary extends beyond the latitudes with data, "
            f"{-SOUTHMOST:g}° S to {NORTHMOST:g}° N",
            _shown(shape),
            "give a boundary between them",
            code="boundary-outside-data-latitudes",
        )


def _check_size(shape: shapely.MultiPolygon, limit_km2: float) -> None:
    area = area_km2(shape)
    if area * 1e6 < _SMALLEST_M2:
        raise InputError(
            "the boundary covers less than one hectare",
            f"{area * 1e6:,.0f} m²",
            "give a larger one",
            code="boundary-too-small",
        )
    if area > limit_km2:
        raise InputError(
            f"the boundary is larger than the limit for one city, which is {limit_km2:,.0f} km²",
            f"{area:,.0f} km²",
            f"split it into at least {math.ceil(area / limit_km2)} cities and fetch them as a "
            "batch, one table row per city",
            code="boundary-too-large",
        )
    west, south, east, north = extent_of(shape)
    _, _, across_m = _ELLIPSOID.inv(west, south, east, north)
    if across_m / 1000 > _WIDEST_KM or east - west > 180:  # the shortest line goes the other way
        raise InputError(
            f"the parts of the boundary lie more than {_WIDEST_KM:g} km apart",
            f"{across_m / 1000:,.0f} km from corner to corner",
            "make each part a separate city; a batch fetches them one at a time",
            code="boundary-parts-too-far-apart",
        )


def repaired_outline(shape: shapely.Geometry, what: str = "the boundary") -> shapely.MultiPolygon:
    """Return polygons as a valid MultiPolygon when all readings of them agree on the area to 1 %.

    Args:
        shape: Polygon or MultiPolygon.
        what: What the message calls it.

    Raises:
        InputError: An outline truly crosses itself, or nothing with an area is left.
    """
    whole = shape
    if not shape.is_valid:
        parts = shapely.get_parts(shape)
        whole = shapely.union_all([_repaired_part(part, what) for part in parts])
    whole = polygons_of(whole)
    if whole.is_empty or whole.area == 0:
        raise InputError(
            f"{what} has no area",
            _shown(shape),
            "give an outline with an area",
            code="boundary-without-area",
        )
    return whole


def _repaired_part(part: shapely.Polygon, what: str) -> shapely.MultiPolygon:
    repaired = polygons_of(shapely.make_valid(part))
    # The shoelace sum counts what a crossing turns round as negative; a repair does not.
    if abs(part.area - repaired.area) > _AGREES * repaired.area:
        raise InputError(
            f"the outline of {what} crosses itself",
            _where_crossed(part),
            "draw it again without crossing, or repair it in a GIS",
            code="boundary-crosses-itself",
        )
    return repaired


def _where_crossed(part: shapely.Polygon) -> str:
    """Name one point of a crossing, from GEOS's words: "Self-intersection[lon lat]"."""
    lon, lat = map(float, shapely.is_valid_reason(part).partition("[")[2].rstrip("]").split())
    return f"at longitude {lon:.5f}, latitude {lat:.5f}"


def _shown(shape: shapely.Geometry) -> str:
    bounds: tuple[Any, ...] = shape.bounds
    return "west {:.4g}, south {:.4g}, east {:.4g}, north {:.4g}".format(*bounds)
