"""KML: placemarks with their attributes. Network links and pictures are never followed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.json_files.rows import RowTable
from aether_core.vector.json_files.shapes import ShapeList
from aether_core.vector.limits import Limits
from aether_core.vector.markup.xml_events import local_name, not_this, read_xml
from aether_core.vector.parsed import Parsed
from aether_core.vector.report import ReadingReport

KML_SUFFIXES = frozenset({".kml"})

_ROOTS = frozenset({"kml", "Document", "Folder", "Placemark"})
_TEXTS = {
    "name": "Name",
    "description": "Description",
    "address": "address",
    "phoneNumber": "phoneNumber",
    "when": "when",
    "begin": "begin",
    "end": "end",
}
"""Elements of a placemark that become columns; the first two are called as GDAL calls them."""
_SHAPES = frozenset({"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track"})
_HELD = frozenset({"value", "SimpleData", "coordinates", "coord", "href", *_TEXTS})
_FOLDER = "folder"
_MOST_TEXT = 256 * 1024**2  # characters of one element

_Part = tuple[str, Any]


def read_kml(path: Path, limits: Limits) -> Parsed:
    """Read the placemarks of a KML file, of all its folders.

    Columns are `Name`, `Description`, what stands in `ExtendedData`, and, where there are several
    folders, `folder`. Every attribute is text.

    Args:
        path: A plain local file.
        limits: Upper bounds, checked as placemarks are read.

    Raises:
        InputError: It is no KML, only links to another one, or exceeds the limits.
    """
    handler = _Placemarks(path, limits)
    read_xml(path, handler, "KML")
    if not len(handler.rows) and handler.links:
        raise InputError(
            f"{path.name} holds no places, only a link to another file or address",
            handler.links[0],
            "open it in Google Earth and save its places as KML",
            code="kml-is-a-link",
        )
    notes = list(handler.shapes.notes())
    if handler.links:
        notes.append(f"{len(handler.links)} network links were not followed.")
    attributes = handler.rows.frame()
    if _FOLDER in attributes.columns and attributes[_FOLDER].nunique(dropna=False) < 2:
        attributes = attributes.drop(columns=_FOLDER)
    return Parsed(
        attributes,
        handler.shapes.array(),
        None,
        wgs84_by_rule=True,
        report=ReadingReport(path.name, "KML").noted(*notes),
    )


class _Placemarks(ContentHandler):
    """Collects placemarks while a file is read; only the one at hand is held."""

    def __init__(self, path: Path, limits: Limits) -> None:
        super().__init__()
        self._path, self._limits = path, limits
        self.rows, self.shapes = RowTable(path, limits), ShapeList(path, limits)
        self.links: list[str] = []
        self._open: list[str] = []
        self._folders: list[str] = []
        self._row: dict[str, Any] | None = None
        self._data_name: str | None = None
        self._shapes: list[list[_Part]] = []
        self._kinds: list[str] = []
        self._shape: _Part | None = None
        self._text: list[str] = []
        self._length = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        tag = local_name(name)
        if not self._open and tag not in _ROOTS:
            raise not_this(self._path, "KML", tag)
        self._open.append(tag)
        self._text, self._length = [], 0
        if tag == "Placemark":
            self._row, self._shape = {}, None
            self._shapes, self._kinds = [], []
        elif tag == "Folder":
            self._folders.append("")
        elif tag in {"Data", "SimpleData"}:
            self._data_name = attrs.get("name")
        elif tag in _SHAPES and self._row is not None:
            self._shapes.append([])
            self._kinds.append(tag)
        elif tag in {"innerBoundaryIs", "outerBoundaryIs"} and self._shapes:
            self._shapes[-1].append((tag, None))

    def characters(self, content: str) -> None:
        if self._open and self._open[-1] in _HELD:
            self._text.append(content)
            self._length += len(content)
            if self._length > _MOST_TEXT:
                self._limits.check_cells(self._open[-1], self._length, self._path)

    def endElement(self, name: str) -> None:  # noqa: N802
        tag = local_name(name)
        self._open.pop()
        above = self._open[-1] if self._open else ""
        text = "".join(self._text).strip()
        self._text, self._length = [], 0
        if tag == "Placemark" and self._row is not None:
            self._finish(self._row)
        elif tag == "Folder":
            self._folders.pop()
        elif tag == "name" and above == "Folder":
            self._folders[-1] = text
        elif tag == "href" and "NetworkLink" in self._open:
            self.links.append(text)
        elif tag == "NetworkLink" and len(self.links) == 0:
            self.links.append("without an address")
        elif self._row is not None:
            self._inside(tag, above, text)

    def _inside(self, tag: str, above: str, text: str) -> None:
        """Take an element of a placemark."""
        row = self._row if self._row is not None else {}
        if tag in {"value", "SimpleData"} and self._data_name:
            row.setdefault(self._data_name, text or None)
        elif tag in {"coordinates", "coord"} and self._shapes:
            self._shapes[-1].append((tag, text))
        elif tag in _SHAPES and self._shapes:
            whole = (self._kinds.pop(), self._shapes.pop())
            if self._shapes:
                self._shapes[-1].append(whole)
            elif self._shape is None:
                self._shape = whole
        elif tag in _TEXTS and above in {"Placemark", "TimeStamp", "TimeSpan"}:
            row.setdefault(_TEXTS[tag], text or None)

    def _finish(self, row: dict[str, Any]) -> None:
        folder = "/".join(name for name in self._folders if name)
        self.rows.add({**row, **({_FOLDER: folder} if folder and _FOLDER not in row else {})})
        self.shapes.add(self._shape, _shape)
        self._row = None


def _shape(part: _Part) -> shapely.Geometry:
    """Build a geometry of what was collected of it.

    Raises:
        ValueError: Its coordinates are no numbers, or too few.
    """
    kind, parts = part
    return _BUILDERS[kind](parts)


def _point(parts: list[_Part]) -> shapely.Geometry:
    at = _coordinates(parts)
    return shapely.points(at[0]) if len(at) else shapely.Point()


def _polygon(parts: list[_Part]) -> shapely.Geometry:
    shells: list[shapely.Geometry] = []
    holes: list[shapely.Geometry] = []
    hole = False
    for kind, inner in parts:
        if kind in {"innerBoundaryIs", "outerBoundaryIs"}:
            hole = kind == "innerBoundaryIs"
        elif kind == "LinearRing":
            (holes if hole else shells).append(shapely.linearrings(_coordinates(inner)))
    return shapely.polygons(shells[0], holes or None) if shells else shapely.Polygon()


def _several(parts: list[_Part]) -> shapely.Geometry:
    """Build a MultiGeometry, as a shape of one kind where its parts are."""
    found = [_shape(part) for part in parts if part[0] in _BUILDERS]
    kinds = {shape.geom_type for shape in found}
    together = {
        "Point": shapely.multipoints,
        "LineString": shapely.multilinestrings,
        "Polygon": shapely.multipolygons,
    }
    make = together.get(next(iter(kinds))) if len(kinds) == 1 else None
    return make(found) if make else shapely.GeometryCollection(found)


def _coordinates(parts: list[_Part]) -> NDArray[np.float64]:
    """Return `lon,lat[,height]` positions as float64 `[n, 2]`; tracks separate by blanks."""
    found: list[tuple[float, float]] = []
    for kind, text in parts:
        if kind == "coord":
            lon, lat, *_ = text.split()
            found.append((float(lon), float(lat)))
        elif kind == "coordinates":
            # Some writers put a blank behind the comma.
            tuples = ",".join(piece.strip() for piece in text.split(",")).split()
            for one in tuples:
                lon, lat, *_ = one.split(",")
                found.append((float(lon), float(lat)))
    return np.array(found, dtype=np.float64).reshape(-1, 2)


_BUILDERS: dict[str, Callable[[list[_Part]], shapely.Geometry]] = {
    "Point": _point,
    "LineString": lambda parts: shapely.linestrings(_coordinates(parts)),
    "LinearRing": lambda parts: shapely.polygons(shapely.linearrings(_coordinates(parts))),
    "Polygon": _polygon,
    "MultiGeometry": _several,
    "Track": lambda parts: shapely.linestrings(_coordinates(parts)),
}
