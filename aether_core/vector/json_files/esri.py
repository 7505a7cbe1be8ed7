"""Esri JSON, as ArcGIS servers answer: a feature set with `attributes` and their own geometries."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from aether_core.vector.json_files.shapes import Position, lines_of, points_of


def esri_shape(geometry: dict[str, Any]) -> shapely.Geometry | Position | None:
    """Build a point, multipoint, polyline, polygon or envelope; None of an empty one.

    Raises:
        ValueError: It is of another kind (curves are), or broken.
    """
    if not geometry:
        return None
    build = next((build for member, build in _BUILDERS.items() if member in geometry), None)
    if build is None:
        raise ValueError(sorted(geometry))
    return build(geometry)


def esri_crs(reference: object) -> str | None:
    """Return what a `spatialReference` says, for pyproj; None where it says nothing."""
    if not isinstance(reference, dict):
        return None
    for name in ("latestWkid", "wkid"):
        code = reference.get(name)
        if isinstance(code, int):
            for authority in ("EPSG", "ESRI"):
                try:
                    pyproj.CRS.from_authority(authority, code)
                except CRSError:
                    continue
                return f"{authority}:{code}"
            return f"EPSG:{code}"
    text = reference.get("wkt") or reference.get("wkt2")
    return str(text) if text else None


def _polygons(rings: list[NDArray[np.float64]]) -> shapely.Geometry:
    """Put rings together: clockwise ones are outlines, the others holes of one that holds them."""
    if not rings:
        return shapely.Polygon()
    built = np.array([shapely.linearrings(ring) for ring in rings], dtype=object)
    hole = shapely.is_ccw(built)
    hole &= not hole.all()  # some writers turn every ring the wrong way
    outer, inner = built[~hole], built[hole]
    within: dict[int, list[shapely.Geometry]] = {}
    alone = np.ones(len(inner), dtype=bool)
    inside = shapely.point_on_surface(shapely.polygons(inner))
    for at, outline in shapely.STRtree(shapely.polygons(outer)).query(inside, "intersects").T:
        if alone[at]:
            within.setdefault(int(outline), []).append(inner[at])
            alone[at] = False
    parts = [shapely.polygons(ring, within.get(n)) for n, ring in enumerate(outer)]
    parts += list(shapely.polygons(inner[alone]))
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)


def _point(geometry: dict[str, Any]) -> Position | None:
    x, y = geometry["x"], geometry["y"]
    return None if None in (x, y) or "NaN" in (x, y) else (float(x), float(y))


def _envelope(geometry: dict[str, Any]) -> shapely.Geometry:
    return shapely.box(*(float(geometry[side]) for side in ("xmin", "ymin", "xmax", "ymax")))


_BUILDERS: dict[str, Callable[[dict[str, Any]], shapely.Geometry | Position | None]] = {
    "x": _point,
    "points": lambda geometry: shapely.multipoints(points_of(geometry["points"])),
    "paths": lambda geometry: lines_of(geometry["paths"]),
    "rings": lambda geometry: _polygons([points_of(ring) for ring in geometry["rings"] if ring]),
    "xmin": _envelope,
}
