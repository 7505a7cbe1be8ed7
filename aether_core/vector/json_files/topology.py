"""TopoJSON: shapes that share their borders, put together again."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.vector.json_files.shapes import geojson_shape

_Arc = NDArray[np.float64]
_MOST_NESTED = 20
_ARC_DEPTH = {"LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2}


class Topology:
    """The arcs of a TopoJSON file and its objects.

    Args:
        document: The whole file.

    Raises:
        ValueError: It is not built as TopoJSON must be; or `TypeError`, `KeyError`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        transform = document.get("transform")
        self._scale = np.array(transform["scale"], float) if transform else None
        self._shift = np.array(transform["translate"], float) if transform else None
        self._arcs = [self._arc(arc) for arc in document.get("arcs") or []]
        self.objects: dict[str, Any] = dict(document["objects"])
        """Its layers by name."""

    def members(self, layer: str) -> list[dict[str, Any]]:
        """Return the shapes of one object as TopoJSON has them, with their `properties`."""
        found = self.objects[layer]
        single = found.get("type") != "GeometryCollection"
        return [found] if single else list(found["geometries"])

    def shape(self, member: dict[str, Any]) -> shapely.Geometry | None:
        """Build one of them.

        Raises:
            ValueError: It is broken; or another error that building a shape raises.
        """
        geometry = self._geometry(member)
        return None if geometry is None else geojson_shape(geometry)

    def _geometry(self, shape: Mapping[str, Any], nested: int = 0) -> dict[str, Any] | None:
        kind = shape.get("type")
        if kind is None or nested > _MOST_NESTED:
            return None
        if kind == "GeometryCollection":
            parts = [self._geometry(one, nested + 1) for one in shape["geometries"]]
            return {"type": kind, "geometries": [part for part in parts if part is not None]}
        if kind in {"Point", "MultiPoint"}:
            given = shape["coordinates"]
            points = [self._position(one) for one in ([given] if kind == "Point" else given)]
            return {"type": kind, "coordinates": points[0] if kind == "Point" else points}
        return {"type": kind, "coordinates": self._lines(shape["arcs"], _ARC_DEPTH[kind])}

    def _lines(self, arcs: Sequence[Any], depth: int) -> Any:  # noqa: ANN401 - nested as arcs are
        """Return lines in lists nested as deep as the numbers of their arcs are."""
        if not depth:
            return self._line(arcs)
        return [self._lines(one, depth - 1) for one in arcs]

    def _arc(self, arc: Sequence[Sequence[float]]) -> _Arc:
        points = np.array([position[:2] for position in arc], dtype=np.float64).reshape(-1, 2)
        if self._scale is None:
            return points
        moved: _Arc = np.cumsum(points, axis=0) * self._scale + self._shift
        return moved

    def _position(self, position: Sequence[float]) -> Sequence[float]:
        if self._scale is None or self._shift is None:
            return position
        moved: list[float] = (np.array(position[:2], float) * self._scale + self._shift).tolist()
        return moved

    def _line(self, indices: Sequence[int]) -> _Arc:
        """Join arcs; one counted from the end runs backwards, and joints are there once."""
        parts: list[_Arc] = []
        for at in indices:
            points = self._arcs[at] if at >= 0 else self._arcs[~at][::-1]
            parts.append(points[1:] if parts else points)
        return np.concatenate(parts) if parts else np.empty((0, 2))
