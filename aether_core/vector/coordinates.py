"""Bringing coordinates to WGS84, and noticing when longitude and latitude were swapped."""

from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from pyproj.exceptions import CRSError, ProjError

from aether_core.errors import InputError
from aether_core.spatial.longitudes import within_180
from aether_core.vector.options import ReadOptions
from aether_core.vector.parsed import Parsed, ShapeArray
from aether_core.vector.report import CRS_BY_RULE, CRS_GIVEN, CRS_STATED, ReadingReport

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


def to_wgs84(parsed: Parsed, path: Path, options: ReadOptions) -> tuple[ShapeArray, ReadingReport]:
    """Return the geometries of a file in WGS84, longitude first.

    The user's word wins over what the file states, and that over the rule of its format (WGS84 for
    GeoJSON and lon/lat tables).

    Args:
        parsed: The file as read.
        path: Its path, for messages.
        options: What the user said about the CRS.

    Returns:
        Geometries in WGS84, and the report with their CRS and where it comes from. A row with
        impossible coordinates in a file of good ones becomes None.

    Raises:
        InputError: There is no CRS, or most coordinates are impossible (said so when swapping
            longitude and latitude would make them possible).
    """
    stated = None if parsed.crs is None else _stated_crs(parsed.crs, path)
    unstated = options.crs_if_unstated
    if options.crs is not None:
        source, came_from = user_crs(options.crs), CRS_GIVEN
    elif stated is not None:
        source, came_from = stated, CRS_STATED
    elif parsed.wgs84_by_rule and (unstated is None or _mostly_degrees(parsed.geometry)):
        source, came_from = user_crs(WGS84), CRS_BY_RULE
    elif unstated is not None:
        source, came_from = user_crs(unstated), CRS_GIVEN
    else:
        raise InputError(
            "the file does not state its coordinate reference system",
            path.name,
            "specify it, e.g. EPSG:4326 (in commands: --crs EPSG:4326)",
            code="file-without-crs",
        )
    _check_unit(parsed.geometry, source, path)
    shapes = _in_wgs84(parsed.geometry, source, path)
    report = replace(parsed.report, crs=crs_name(source), crs_from=came_from)
    if came_from == CRS_GIVEN and stated is not None and not stated.equals(source):
        report = report.noted(f"The file states {crs_name(stated)}; yours was used instead.")
    shapes = _possible(shapes, path, source, stated if came_from == CRS_GIVEN else None)
    wrapped = within_180(shapes)
    if wrapped.moved:
        report = report.noted("Longitudes beyond ±180 were brought to -180 to 180.")
    if wrapped.cut:
        report = report.noted(f"Shapes cut at the 180th meridian: {wrapped.cut:,}.")
    return wrapped.shapes, report


def crs_name(crs: pyproj.CRS) -> str:
    """A CRS as people name it: its code where it has one, such as `EPSG:27700`."""
    authority = crs.to_authority(min_confidence=70)
    return ":".join(authority) if authority else str(crs.name)


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


def _stated_crs(stated: object, path: Path) -> pyproj.CRS:
    """What a file states, understood."""
    try:
        return pyproj.CRS.from_user_input(stated)
    except CRSError as error:
        raise _not_understood(path) from error


def _in_wgs84(geometry: ShapeArray, source: pyproj.CRS, path: Path) -> ShapeArray:
    """Bring shapes to WGS84."""
    try:
        shapes: ShapeArray = gpd.GeoSeries(geometry, crs=source).to_crs(WGS84).to_numpy()
    except ProjError as error:  # a CRS that can be read, with a unit that nobody knows
        raise _not_understood(path) from error
    return shapes


def _not_understood(path: Path) -> InputError:
    return InputError(
        "the file's coordinate reference system is not supported",
        path.name,
        "save it in a CRS with an EPSG code, or specify it (in commands: --crs)",
        code="crs-not-understood",
    )


def _bounds(geometry: ShapeArray) -> npt.NDArray[np.float64]:
    """Bounds of the geometries that are there, as `[n, 4]` of west, south, east, north."""
    present = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    bounds: npt.NDArray[np.float64] = shapely.bounds(geometry[present])
    return bounds


def _in_degrees(bounds: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tell which bounds can be longitude and latitude. NaN and infinity cannot.

    Longitudes may run on over ±180, up to a whole turn.
    """
    lon_ok = (np.abs(bounds[:, [0, 2]]) <= 360 + _SLACK).all(axis=1)
    lat_ok = (np.abs(bounds[:, [1, 3]]) <= 90 + _SLACK).all(axis=1)
    return np.logical_and(lon_ok, lat_ok)


def _mostly_degrees(geometry: ShapeArray) -> bool:
    bounds = _bounds(geometry)
    return len(bounds) == 0 or bool(_in_degrees(bounds).mean() > _MOSTLY)


def _check_unit(geometry: ShapeArray, source: pyproj.CRS, path: Path) -> None:
    """Refuse degrees in a CRS of metres: nothing lies within 180 m of its origin."""
    bounds = _bounds(geometry)
    if source.is_projected and len(bounds) and _mostly_degrees(geometry):
        raise InputError(
            f"the coordinates look like degrees, but {crs_name(source)} counts in "
            f"{source.axis_info[0].unit_name}s",
            f"first {bounds[0][0]:.6g}, {bounds[0][1]:.6g} in {path.name}",
            "specify the CRS of the numbers, e.g. EPSG:4326 (in commands: --crs EPSG:4326)",
            code="coordinates-are-degrees",
        )


def _possible(
    geometry: ShapeArray, path: Path, source: pyproj.CRS, overruled: pyproj.CRS | None
) -> ShapeArray:
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
    if source.is_projected or overruled is not None:
        stated = f", the file states {crs_name(overruled)}" if overruled is not None else ""
        raise InputError(
            f"the coordinates do not fit {crs_name(source)}",
            f"{path.name}{stated}",
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
