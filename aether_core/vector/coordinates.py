"""Bringing coordinates to WGS84, and noticing when longitude and latitude were swapped."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError

from aether_core.errors import InputError
from aether_core.vector.parsed import Parsed, ShapeArray

WGS84 = "EPSG:4326"
_SLACK = 1e-6  # degrees; exports round ±180 and ±90 in the last digit
_MOSTLY = 0.5


def user_crs(text: str) -> pyproj.CRS:
    """Return the CRS a user named, e.g. `EPSG:27700`.

    Raises:
        InputError: It is not the name of a CRS.
    """
    try:
        return pyproj.CRS.from_user_input(text)
    except CRSError as error:
        raise InputError(
            "this is not a coordinate reference system",
            text,
            "give a code such as EPSG:27700",
            code="no-such-crs",
        ) from error


def to_wgs84(parsed: Parsed, path: Path, crs: str | None) -> ShapeArray:
    """Return the geometries of a file in WGS84, longitude first.

    A CRS that the file states wins. `crs` serves where the file is silent and its format has no
    rule, and where the rule (WGS84 for GeoJSON and lon/lat tables) cannot hold because the numbers
    are no degrees.

    Args:
        parsed: The file as read.
        path: Its path, for messages.
        crs: What the user said about the CRS, or None.

    Returns:
        Geometries in WGS84. A row with impossible coordinates in a file of good ones becomes None.

    Raises:
        InputError: There is no CRS, or most coordinates are impossible (said so when swapping
            longitude and latitude would make them possible).
    """
    given = user_crs(crs) if crs is not None else None
    if parsed.crs is not None:
        source = parsed.crs
    elif parsed.wgs84_by_rule:
        source = given if given is not None and not _mostly_degrees(parsed.geometry) else WGS84
    elif given is not None:
        source = given
    else:
        raise InputError(
            "the file does not state its coordinate reference system",
            path.name,
            "specify it, e.g. EPSG:4326 (in commands: --crs EPSG:4326)",
            code="file-without-crs",
        )
    shapes, projected = _transform(parsed.geometry, source, path)
    return _possible(shapes, path, projected=projected)


def looks_swapped(points: ShapeArray | gpd.GeoSeries, boundary: shapely.Geometry) -> bool:
    """Say whether longitude and latitude of a file's points are probably swapped.

    Args:
        points: Shapely points in WGS84; None and empty ones are ignored.
        boundary: The place they should be in, WGS84.

    Returns:
        True when next to none (under 5 %) lies in the place but most would with the two swapped.
    """
    shapes = np.asarray(points, dtype=object)
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if len(shapes) == 0:
        return False
    lon, lat = shapely.get_coordinates(shapely.centroid(shapes)).T
    shapely.prepare(boundary)
    inside = shapely.intersects_xy(boundary, lon, lat).mean()
    swapped = shapely.intersects_xy(boundary, lat, lon).mean()
    return bool(inside < 0.05 and swapped > _MOSTLY)


def _transform(geometry: ShapeArray, source: object, path: Path) -> tuple[ShapeArray, bool]:
    """Reproject geometries to WGS84; say also whether they were in a projected CRS."""
    try:
        series = gpd.GeoSeries(geometry, crs=source)
    except CRSError as error:
        raise InputError(
            "the file's coordinate reference system is not supported",
            path.name,
            "save it in a CRS with an EPSG code",
            code="crs-not-understood",
        ) from error
    shapes: ShapeArray = series.to_crs(WGS84).to_numpy()
    return shapes, bool(series.crs.is_projected)


def _bounds(geometry: ShapeArray) -> npt.NDArray[np.float64]:
    """Bounds of the geometries that are there, as `[n, 4]` of west, south, east, north."""
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    bounds: npt.NDArray[np.float64] = shapely.bounds(geometry[present])
    return bounds


def _in_degrees(bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which bounds can be longitude and latitude. NaN and infinity cannot."""
    lon_ok = (np.abs(bounds[:, [0, 2]]) <= 180 + _SLACK).all(axis=1)
    lat_ok = (np.abs(bounds[:, [1, 3]]) <= 90 + _SLACK).all(axis=1)
    return np.logical_and(lon_ok, lat_ok)


def _mostly_degrees(geometry: ShapeArray) -> bool:
    bounds = _bounds(geometry)
    return len(bounds) == 0 or bool(_in_degrees(bounds).mean() > _MOSTLY)


def _possible(geometry: ShapeArray, path: Path, *, projected: bool) -> ShapeArray:
    """Drop single impossible geometries; refuse a file of them."""
    bounds = _bounds(geometry)
    fits = _in_degrees(bounds)
    if fits.all():
        return geometry
    if fits.mean() > _MOSTLY:
        cleaned = geometry.copy()
        present = np.flatnonzero(~(shapely.is_missing(geometry) | shapely.is_empty(geometry)))
        cleaned[present[~fits]] = None
        return cleaned
    first = bounds[~fits][0]
    if projected:
        raise InputError(
            "the coordinates do not fit the coordinate reference system",
            path.name,
            "check which system the file uses",
            code="coordinates-outside-crs",
        )
    shown = f"longitude {first[0]:.6g}, latitude {first[1]:.6g} in {path.name}"
    if _in_degrees(bounds[:, [1, 0, 3, 2]]).mean() > _MOSTLY:
        raise InputError(
            "longitude and latitude are probably swapped, latitudes lie outside ±90",
            shown,
            "swap the two columns or coordinates",
            code="coordinates-swapped",
        )
    raise InputError(
        "the coordinates are not degrees",
        shown,
        "specify their coordinate reference system (in commands: --crs EPSG:27700)",
        code="coordinates-not-degrees",
    )
