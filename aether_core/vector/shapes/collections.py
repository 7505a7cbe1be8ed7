"""What a GeometryCollection is about: one rule for labels, areas, places and boundaries."""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.vector.parsed import ShapeArray

_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.LINEARRING,
    shapely.GeometryType.MULTILINESTRING,
)
_MOST_NESTED = 20


@dataclass(frozen=True)
class Plain:
    """Geometries without collections.

    Attributes:
        geometry: Object `[n]`.
        notes: What was done; empty where there were none.
    """

    geometry: ShapeArray
    notes: tuple[str, ...]


def without_collections(geometry: ShapeArray) -> Plain:
    """Bring each GeometryCollection to the shapes it is about.

    Where it holds polygons, it is those, and lines and points beside them are left out; else where
    it holds lines, it is those; else it is its points. Polygons that touch or overlap are joined.
    An empty collection stays empty.

    Args:
        geometry: Object `[n]`, None where missing.
    """
    rows = np.flatnonzero(shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION)
    rows = rows[~shapely.is_empty(geometry[rows])]
    if not len(rows):
        return Plain(geometry, ())
    plain = geometry.copy()
    lost = 0
    for row in rows:
        plain[row], left_out = _about(_parts(geometry[row]))
        lost += left_out
    beside = f" In {lost:,} of them other shapes were left out." if lost else ""
    note = (
        f"Of {len(rows):,} geometry collections the polygons were used, or where there are none, "
        f"the lines, or else the points.{beside}"
    )
    return Plain(plain, (note,))


def _about(parts: NDArray[np.object_]) -> tuple[shapely.Geometry, bool]:
    """Return the shape of simple parts, and whether others were left out."""
    kind = shapely.get_type_id(parts)
    polygons, lines = np.isin(kind, _POLYGONS), np.isin(kind, _LINES)
    if polygons.any():
        found = parts[polygons]
        whole = found[0] if len(found) == 1 else _together(found)
        return whole, not polygons.all()
    if lines.any():
        found = parts[lines]
        return found[0] if len(found) == 1 else shapely.multilinestrings(found), not lines.all()
    return parts[0] if len(parts) == 1 else shapely.multipoints(parts), False


def _together(polygons: NDArray[np.object_]) -> shapely.Geometry:
    """Return polygons as one; broken ones are kept as they are, for whoever repairs them."""
    if shapely.is_valid(polygons).all():
        return shapely.union_all(polygons)
    return shapely.multipolygons(polygons)


def _parts(shape: shapely.Geometry) -> NDArray[np.object_]:
    """Return the simple parts of a collection that are not empty, whatever it is nested in."""
    parts: NDArray[np.object_] = np.array([shape], dtype=object)
    for _ in range(_MOST_NESTED):
        parts = shapely.get_parts(parts)
        if (shapely.get_type_id(parts) < shapely.GeometryType.MULTIPOINT).all():
            break
    simple = shapely.get_type_id(parts) < shapely.GeometryType.MULTIPOINT
    found: NDArray[np.object_] = parts[simple & ~shapely.is_empty(parts)]
    return found
