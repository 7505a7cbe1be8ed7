"""Geometries of JSON as shapely's, in two dimensions."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.vector.limits import Limits
from aether_core.vector.parsed import ShapeArray

GEOMETRY_TYPES = frozenset(
    {
        "Point",
        "MultiPoint",
        "LineString",
        "MultiLineString",
        "Polygon",
        "MultiPolygon",
        "GeometryCollection",
    }
)
_VERTEX_BYTES = 16
_WRONG = (ValueError, TypeError, KeyError, IndexError, AttributeError, shapely.errors.ShapelyError)
"""What building a shape from something else raises."""

Position = tuple[float, float]
Shaper = Callable[[Any], shapely.Geometry | Position | None]
"""Makes a geometry; of a point its position, since a million points are built at once."""


class ShapeList:
    """Collects one geometry a row.

    Args:
        path: The file, for messages.
        limits: Upper bound on vertices, checked as shapes come.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self._shapes: list[shapely.Geometry | None] = []
        self._points: dict[int, Position] = {}
        self._vertices = 0
        self.broken = 0
        """Geometries that were there but could not be built; they are None."""

    def add(self, geometry: object, shaper: Shaper) -> None:
        """Add what `shaper` makes of a geometry; None where there is none, or a broken one."""
        shape = None
        if geometry is not None:
            try:
                shape = shaper(geometry)
            except _WRONG:
                self.broken += 1
        if isinstance(shape, tuple):
            self._points[len(self._shapes)] = shape
            self._vertices += 1
            shape = None
        elif shape is not None:
            self._vertices += int(shapely.get_num_coordinates(shape))
        if self._vertices > self._limits.vertices:
            self._limits.check_geometry_bytes(self._vertices * _VERTEX_BYTES, self._path)
        self._shapes.append(shape)

    def __len__(self) -> int:
        return len(self._shapes)

    @property
    def missing(self) -> int:
        """How many rows have no geometry."""
        return self._shapes.count(None) - len(self._points)

    def array(self) -> ShapeArray:
        """Return the geometries, object `[n]`."""
        found = np.full(len(self._shapes), None, dtype=object)
        found[:] = self._shapes
        if self._points:
            found[list(self._points)] = shapely.points(list(self._points.values()))
        return found

    def notes(self) -> list[str]:
        """Say how many geometries were broken, if any."""
        if not self.broken:
            return []
        return [
            f"{self.broken:,} geometries are not built as their kind must be, and were not read."
        ]


def geojson_place(geometry: dict[str, Any]) -> shapely.Geometry | Position:
    """Build a GeoJSON geometry object; of a point its position.

    Raises:
        ValueError: It is none, or broken; or another error of `_WRONG`.
    """
    if geometry["type"] == "Point" and len(geometry["coordinates"]):
        lon, lat = geometry["coordinates"][:2]
        return float(lon), float(lat)
    return geojson_shape(geometry)


def geojson_shape(geometry: dict[str, Any]) -> shapely.Geometry:
    """Build a GeoJSON geometry object.

    Raises:
        ValueError: It is none, or broken; or another error of `_WRONG`.
    """
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return shapely.GeometryCollection([geojson_shape(one) for one in geometry["geometries"]])
    return _BUILDERS[kind](geometry["coordinates"])


def points_of(
    coordinates: Sequence[Sequence[float]] | NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return positions as float64 `[n, 2]`; heights and measures are cut off.

    Raises:
        ValueError: They are no list of positions.
    """
    if isinstance(coordinates, np.ndarray):
        return coordinates
    if not len(coordinates):
        return np.empty((0, 2))
    flat = [(position[0], position[1]) for position in coordinates]
    return np.array(flat, dtype=np.float64)


def polygon_of(rings: Sequence[Sequence[Sequence[float]]]) -> shapely.Polygon:
    """Build a polygon of its rings, the shell first; rings are closed where they are not."""
    if not len(rings):
        return shapely.Polygon()
    shell, *holes = (shapely.linearrings(points_of(ring)) for ring in rings)
    return shapely.polygons(shell, holes or None)


def lines_of(parts: Sequence[Sequence[Sequence[float]]]) -> shapely.MultiLineString:
    """Build lines, one a part."""
    return shapely.multilinestrings([shapely.linestrings(points_of(part)) for part in parts])


def _point(position: Sequence[float]) -> shapely.Point:
    if not len(position):
        return shapely.Point()
    return shapely.points(float(position[0]), float(position[1]))


_BUILDERS: dict[str, Callable[[Any], shapely.Geometry]] = {
    "Point": _point,
    "MultiPoint": lambda parts: shapely.multipoints(points_of(parts)),
    "LineString": lambda parts: shapely.linestrings(points_of(parts)),
    "MultiLineString": lines_of,
    "Polygon": polygon_of,
    "MultiPolygon": lambda parts: shapely.multipolygons([polygon_of(one) for one in parts]),
}
