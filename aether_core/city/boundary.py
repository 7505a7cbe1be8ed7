"""The outline of a city: one MultiPolygon in WGS84."""

from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.spatial.longitudes import extent_of, middle_of
from aether_core.vector import NO_OPTIONS, Limits, ReadOptions, read_vector

BOUNDARY_LIMITS = Limits(vertices=200_000, feature_vertices=200_000)
"""A boundary is kept with its city and drawn on every map. A coast with a corner point every five
metres needs as many over a thousand kilometres."""


@in_own_process
def read_boundary(
    path: str | Path, options: ReadOptions = NO_OPTIONS, *, limits: Limits = BOUNDARY_LIMITS
) -> shapely.MultiPolygon:
    """Read a city's boundary: all polygons of a vector file as one, repaired where broken.

    Args:
        path: A vector file, see `aether_core.vector.read_vector`.
        options: What the user says about the file.
        limits: Upper bounds on the file.

    Returns:
        A valid, non-empty MultiPolygon in WGS84, cut at the 180th meridian where it lies across it.

    Raises:
        InputError: The file cannot be read, holds anything but polygons, or they have no area.
    """
    shapes = read_outlines(path, options, limits=limits)
    boundary = polygons_of(shapely.union_all(shapely.make_valid(shapes)))
    if boundary.is_empty:
        raise InputError(
            "the boundary has no area",
            Path(path).name,
            "give the outline of the city as a polygon",
            code="boundary-without-area",
        )
    return boundary


@in_own_process
def read_outlines(
    path: str | Path, options: ReadOptions = NO_OPTIONS, *, limits: Limits = BOUNDARY_LIMITS
) -> NDArray[np.object_]:
    """Read the polygons of a vector file as they are.

    Args:
        path: A vector file, see `aether_core.vector.read_vector`.
        options: What the user says about the file.
        limits: Upper bounds on the file.

    Returns:
        Polygons and MultiPolygons in WGS84, broken ones included; missing and empty ones left out.

    Raises:
        InputError: The file cannot be read or holds anything but polygons.
    """
    shapes: NDArray[np.object_] = read_vector(
        path, options, limits=limits
    ).frame.geometry.to_numpy()
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    kinds = {shape.geom_type for shape in shapes}
    if not kinds <= {"Polygon", "MultiPolygon"}:
        raise InputError(
            "the boundary may contain only polygons",
            f"{Path(path).name} holds {', '.join(sorted(kinds))}",
            "give the outline of the city as a polygon",
            code="boundary-not-an-area",
        )
    return shapes


def polygons_of(geometry: shapely.Geometry) -> shapely.MultiPolygon:
    """Return the polygons of a geometry as one MultiPolygon; lines and points are left out."""
    parts = shapely.get_parts(shapely.get_parts(np.array([geometry], dtype=object)))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def working_crs(geometry: shapely.Geometry) -> str:
    """Return the UTM zone of a place, for measuring in metres.

    Args:
        geometry: Any geometry in WGS84.

    Returns:
        `EPSG:326xx` north or `EPSG:327xx` south of the equator, by the middle of its extent, also
        where that lies across the 180th meridian.
    """
    lon, lat = middle_of(extent_of(geometry))
    zone = int(np.clip(lon // 6 + 31, 1, 60))
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"
