"""Answers of an Overpass server (`out:json`): nodes, ways and relations with their tags.

Language and answers: OpenStreetMap wiki, "Overpass API/Overpass QL". A way comes with `geometry`,
a `center`, or only the numbers of its nodes; a relation with those of its members.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from aether_core.vector.json_files.shapes import Position

_LINE_KEYS = frozenset({"highway", "barrier", "railway", "waterway", "aerialway", "power", "route"})
"""Keys whose ways are lines even where they end where they began; `area=yes` says otherwise."""
_AREA_KEYS = frozenset({"building", "landuse", "amenity", "leisure", "shop", "tourism"})
_AREA_RELATIONS = frozenset({"multipolygon", "boundary"})
KINDS = frozenset({"node", "way", "relation"})

_Element = dict[str, Any]


class Answer:
    """The elements of one answer.

    Args:
        elements: As the server gave them.
    """

    def __init__(self, elements: list[_Element]) -> None:
        self._by_id: dict[tuple[str, int], _Element] = {}
        for each in elements:
            key = (str(each.get("type")), int(each.get("id", -1 - len(self._by_id))))
            # The same node comes with its tags as a place, and without as a corner of a way.
            if key not in self._by_id or each.get("tags"):
                self._by_id[key] = {**self._by_id.get(key, {}), **each}
        tagged = [each for each in self._by_id.values() if each.get("tags")]
        self.features: list[_Element] = tagged or list(self._by_id.values())
        """Elements that are something: those with tags, where any has."""
        self.untagged = len(self._by_id) - len(self.features)

    def shape(self, element: _Element) -> shapely.Geometry | Position | None:
        """Build the shape of an element; None where the answer does not say where it is.

        Raises:
            ValueError: Its coordinates are no numbers; or another error that building raises.
        """
        whole = {"node": _point, "way": self._way, "relation": self._relation}
        shape = whole[str(element["type"])](element)
        if shape is not None:
            return shape
        if "center" in element:
            return _point(element["center"])
        bounds = element.get("bounds")
        if bounds is not None:
            sides = (float(bounds[side]) for side in ("minlon", "minlat", "maxlon", "maxlat"))
            return shapely.box(*sides).centroid
        return None

    def _way(self, way: _Element) -> shapely.Geometry | None:
        line = self._line(way)
        if line is None:
            return None
        closed = len(line) > 3 and bool((line[0] == line[-1]).all())
        return shapely.polygons(line) if closed and _is_area(way) else shapely.linestrings(line)

    def _line(self, way: Mapping[str, Any]) -> Any:  # noqa: ANN401 - float64 [n, 2] or None
        """Return where a way runs; corners that the answer leaves out are skipped."""
        corners = way.get("geometry")
        if corners is None:
            corners = [self._by_id.get(("node", int(node))) for node in way.get("nodes", ())]
        found = [(float(at["lon"]), float(at["lat"])) for at in corners if at and "lat" in at]
        return np.array(found) if len(found) > 1 else None

    def _relation(self, relation: _Element) -> shapely.Geometry | None:
        lines: dict[bool, list[shapely.Geometry]] = {True: [], False: []}
        for member in relation.get("members", ()):
            if member.get("type") != "way":
                continue
            way = member
            if "geometry" not in member:
                way = self._by_id.get(("way", int(member.get("ref", -1))), {})
            line = self._line(way)
            if line is not None:
                lines[member.get("role") == "inner"].append(shapely.linestrings(line))
        outer, inner = lines[False], lines[True]
        if not outer:
            return None
        if (relation.get("tags") or {}).get("type") in _AREA_RELATIONS:
            area = _area(outer)
            if not area.is_empty:
                return shapely.difference(area, _area(inner)) if inner else area
        return shapely.multilinestrings(outer)


def columns_of(element: _Element) -> dict[str, Any]:
    """Return an element's tags, and its kind and number as `@id`, such as `node/123`."""
    return {"@id": f"{element.get('type')}/{element.get('id')}", **(element.get("tags") or {})}


def _point(at: Mapping[str, Any]) -> Position | None:
    if "lat" not in at or "lon" not in at:
        return None
    return float(at["lon"]), float(at["lat"])


def _is_area(way: _Element) -> bool:
    tags = way.get("tags") or {}
    if "area" in tags:
        return str(tags["area"]) != "no"
    lines = _LINE_KEYS.intersection(tags) or tags.get("natural") == "coastline"
    return not lines or bool(_AREA_KEYS.intersection(tags))


def _area(lines: list[shapely.Geometry]) -> shapely.Geometry:
    """Return what lines enclose; they may be cut anywhere along a ring."""
    return shapely.union_all(shapely.get_parts(shapely.polygonize([shapely.union_all(lines)])))
