"""Which kind of JSON a file holds, and its rows and shapes."""

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aether_core.errors import InputError
from aether_core.vector.json_files.esri import esri_crs, esri_shape
from aether_core.vector.json_files.overpass import KINDS, Answer, columns_of
from aether_core.vector.json_files.rows import RowTable
from aether_core.vector.json_files.shapes import GEOMETRY_TYPES, ShapeList, geojson_place
from aether_core.vector.json_files.stream import JsonStream, JsonSyntaxError
from aether_core.vector.json_files.topology import Topology
from aether_core.vector.kinds import kind_of
from aether_core.vector.layers import chosen_layer
from aether_core.vector.limits import Limits
from aether_core.vector.options import ReadOptions
from aether_core.vector.parsed import Parsed
from aether_core.vector.report import ReadingReport
from aether_core.vector.tables import with_geometry

JSON_SUFFIXES = frozenset(
    {
        ".geojson",
        ".json",
        ".geojsonl",
        ".geojsons",
        ".geojsonseq",
        ".ndjson",
        ".jsonl",
        ".topojson",
    }
)

_BLANK = b" \t\r\n\x1e"
_BOMS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_LISTS = frozenset({"features", "elements"})
"""Members that are read one entry at a time."""
_SHOWN = 8
_LINKED = frozenset({"link", "url"})
_WGS84 = re.compile(r"(^|:)(CRS:?84|EPSG:[\d.]*:?4326|4326)$", re.IGNORECASE)
_RECORD = "record"


@dataclass
class _Document:
    """One value at the top of a file, its long list taken out."""

    members: dict[str, Any] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)


class _Reading:
    """What was found in a file so far."""

    def __init__(self, path: Path, options: ReadOptions, limits: Limits) -> None:
        self.path, self.options = path, options
        self.rows, self.shapes = RowTable(path, limits), ShapeList(path, limits)
        self.kinds: dict[str, None] = {}
        self.records: list[dict[str, Any]] = []
        self.elements: list[dict[str, Any]] = []
        self.crs: dict[str, Any] = {}
        self.notes: list[str] = []
        self.layer: str | None = None

    def entry(self, value: Any, within: str) -> None:  # noqa: ANN401 - any JSON
        """Take one entry of a list, or a whole value of a sequence."""
        if not isinstance(value, dict):
            raise self.other(f"its {within} hold {_named(value)}")
        if value.get("type") == "Feature":
            self._feature(value)
        elif isinstance(value.get("attributes"), dict) and "properties" not in value:
            self.kinds["Esri JSON"] = None
            geometry = value.get("geometry")
            if isinstance(geometry, dict) and "spatialReference" in geometry:
                self.crs.setdefault("spatialReference", geometry["spatialReference"])
            self.rows.add(value["attributes"])
            self.shapes.add(geometry, esri_shape)
        elif value.get("type") in GEOMETRY_TYPES:
            self.kinds["GeoJSON geometry"] = None
            self._stated(value)
            self.rows.add({})
            self.shapes.add(value, geojson_place)
        elif within == "elements" and value.get("type") in KINDS:
            self.elements.append(value)
        elif within != "features":
            self.kinds[_RECORD] = None
            self.records.append(value)
        else:
            raise self.other(f"its {within} hold objects with {_listed(value)}")

    def document(self, found: _Document) -> None:
        """Judge a whole object by its members, after the entries of its long list."""
        members = found.members
        kind = members.get("type")
        self._stated(members)
        if "spatialReference" in members:
            self.crs["spatialReference"] = members["spatialReference"]
        if "elements" in found.lists:
            self._overpass(members)
        elif "features" in found.lists:
            self._collection(members)
        elif kind == "Topology":
            self._topology(members)
        elif kind == "Feature" or kind in GEOMETRY_TYPES:
            self.entry(members, "values")
        elif "error" in members:
            raise InputError(
                f"{self.path.name} is a server's error message, not a map",
                _short(members["error"]),
                "ask the server again, and look at what it answers before saving it",
                code="server-error-saved",
            )
        else:
            self.entry(members, "values")

    def _feature(self, feature: dict[str, Any]) -> None:
        self.kinds["GeoJSON"] = None
        properties, geometry = feature.get("properties"), feature.get("geometry")
        if not isinstance(properties, dict):
            properties = {}
        if isinstance(feature.get("id"), str) and "id" not in properties:
            properties = {"id": feature["id"], **properties}
        if isinstance(geometry, dict):
            self._stated(geometry)
        self.rows.add(properties)
        self.shapes.add(geometry, geojson_place)

    def _stated(self, members: dict[str, Any]) -> None:
        """Keep the first `crs` member that is there: of the file, or of a geometry in it."""
        crs = next((members[name] for name in members if name.lower() == "crs"), None)
        if crs is not None and self.crs.setdefault("crs", crs) != crs:
            raise InputError(
                f"the shapes of {self.path.name} state different coordinate reference systems",
                f"{_short(self.crs['crs'])} and {_short(crs)}",
                "bring them to one CRS in a GIS",
                code="file-with-several-crs",
            )

    def _collection(self, members: dict[str, Any]) -> None:
        if not self.kinds:
            esri = "geometryType" in members or "spatialReference" in members
            self.kinds["Esri JSON" if esri else "GeoJSON"] = None
        if members.get("exceededTransferLimit") or (members.get("properties") or {}).get(
            "exceededTransferLimit"
        ):
            self.notes.append(
                "The server says that it has more rows than it gave: the file is only a part."
            )

    def _overpass(self, members: dict[str, Any]) -> None:
        self.kinds["Overpass JSON"] = None
        answer = Answer(self.elements)
        for element in answer.features:
            self.rows.add(columns_of(element))
            self.shapes.add(element, answer.shape)
        if answer.untagged:
            self.notes.append(
                f"{answer.untagged:,} elements without tags, which only shape others, "
                "are no rows of their own."
            )
        if members.get("remark"):
            self.notes.append(
                f"The server said: {_short(members['remark'])}. The file may be incomplete."
            )
        nowhere = self.shapes.missing
        if nowhere and nowhere == len(answer.features):
            raise InputError(
                f"{self.path.name} is an Overpass answer without coordinates",
                f"{nowhere:,} elements",
                "ask with `out center;` or `out geom;`",
                code="overpass-without-coordinates",
            )
        if nowhere:
            self.notes.append(
                f"{nowhere:,} elements came without coordinates; "
                "ask with `out center;` or `out geom;` to have them."
            )

    def _topology(self, members: dict[str, Any]) -> None:
        self.kinds["TopoJSON"] = None
        topology = Topology(members)
        names = list(topology.objects)
        self.layer = chosen_layer(self.path, names, self.options.layer) or ""
        for member in topology.members(self.layer):
            properties = member.get("properties")
            row = properties if isinstance(properties, dict) else {}
            if isinstance(member.get("id"), str) and "id" not in row:
                row = {"id": member["id"], **row}
            self.rows.add(row)
            self.shapes.add(member, topology.shape)

    def other(self, what: str) -> InputError:
        """JSON, but no map."""
        return InputError(
            f"{self.path.name} is JSON, but not a map that can be read",
            what,
            "give GeoJSON, or Esri JSON, TopoJSON or Overpass JSON",
            code="json-of-another-kind",
        )


def read_json(path: Path, options: ReadOptions, limits: Limits) -> Parsed:
    """Read a map in JSON, whatever its ending says of the kind.

    GeoJSON (a collection, a feature, a geometry, a list or a sequence of them), Esri JSON,
    TopoJSON, an Overpass answer, or a list of objects with coordinates.

    Args:
        path: A plain local file.
        options: What the user says about the file.
        limits: Upper bounds, checked as rows are read.

    Raises:
        InputError: It is no JSON, ends too early, is JSON of another kind (says which members it
            has), refers to an address for its coordinates, or exceeds the limits.
    """
    encoding = _encoding(path, options)
    reading = _Reading(path, options, limits)
    try:
        with path.open(encoding=encoding) as file:
            values = _read_values(JsonStream(file), reading)
    except (JsonSyntaxError, UnicodeDecodeError) as error:
        raise _broken(path, encoding, error) from error
    except (TypeError, KeyError, AttributeError, IndexError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        kind = next(iter(reading.kinds), "JSON")
        raise InputError(
            f"{path.name} is not built as {kind} must be",
            f"{type(error).__name__}: {error}",
            "export it again, or as a GeoPackage",
            code="vector-file-unreadable",
        ) from error
    return _parsed(reading, values, limits)


def _read_values(stream: JsonStream, reading: _Reading) -> int:
    """Read every value at the top of a file, and count them."""
    values = 0
    while first := stream.peek():
        values += 1
        if first == "[":
            for entry in stream.items():
                reading.entry(entry, "entries")
        elif first == "{":
            found = _Document()
            for name in stream.members():
                if name in _LISTS and stream.peek() == "[":
                    found.lists.add(name)
                    for entry in stream.items():
                        reading.entry(entry, name)
                else:
                    found.members[name] = stream.value()
            reading.document(found)
        else:
            raise reading.other(f"its value {values:,} is {_named(stream.value())}")
    return values


def _parsed(reading: _Reading, values: int, limits: Limits) -> Parsed:
    """Put together what was read."""
    kinds = list(reading.kinds)
    if len(kinds) > 1:
        raise reading.other(f"it mixes {', '.join(kinds)}")
    kind = kinds[0] if kinds else "GeoJSON"
    if kind == _RECORD:
        return _records(reading, limits)
    frame = reading.rows.frame()
    report = ReadingReport(
        reading.path.name, _format(kind, values, reading), layer=reading.layer
    ).noted(*reading.notes, *reading.rows.notes, *reading.shapes.notes())
    crs, notes = _crs(reading)
    by_rule = crs is None and kind != "Esri JSON"
    return Parsed(
        frame, reading.shapes.array(), crs, wgs84_by_rule=by_rule, report=report.noted(*notes)
    )


def _format(kind: str, values: int, reading: _Reading) -> str:
    if kind == "GeoJSON" and values > 1:
        return "GeoJSONSeq"
    return kind if len(reading.shapes) or kind != "GeoJSON geometry" else "GeoJSON"


def _records(reading: _Reading, limits: Limits) -> Parsed:
    """Read objects that are no map objects as rows of a table, if they have coordinates."""
    for record in reading.records:
        reading.rows.add(record)
    frame = reading.rows.frame()
    report = ReadingReport(reading.path.name, "JSON records").noted(*reading.rows.notes)
    try:
        return with_geometry(frame, reading.path, report, limits, options=reading.options)
    except InputError as error:
        if error.code != "table-without-coordinates":
            raise
        what = f"it holds {len(frame):,} objects with {_listed(reading.records[0])}"
        raise reading.other(what) from error


def _crs(reading: _Reading) -> tuple[object, list[str]]:
    """Return what a file states; None where that is nothing, or WGS84.

    Raises:
        InputError: It is a link, which is never followed, and the user says nothing else.
    """
    if "spatialReference" in reading.crs:
        return esri_crs(reading.crs["spatialReference"]), []
    crs = reading.crs.get("crs")
    name = crs if isinstance(crs, str) else None
    if isinstance(crs, dict):
        kind, properties = str(crs.get("type")).lower(), crs.get("properties")
        about = properties if isinstance(properties, dict) else {}
        name = about.get("name") if kind != "epsg" else f"EPSG:{about.get('code')}"
        if kind in _LINKED or not isinstance(name, str):
            if reading.options.crs is not None:
                return None, ["Its crs member is a link, which was not followed."]
            raise InputError(
                "the GeoJSON refers to another file or address for its coordinates",
                f"{reading.path.name}: crs {_short(crs)}",
                "name the CRS (in commands: --crs EPSG:4326), or remove its crs member: "
                "GeoJSON is WGS84",
                code="geojson-crs-elsewhere",
            )
    return (None if name is None or _WGS84.search(name) else name), []


def _encoding(path: Path, options: ReadOptions) -> str:
    """Return the encoding of a JSON file; refuse what does not begin like one."""
    with path.open("rb") as file:
        head = file.read(4096)
    for bom, name in _BOMS.items():
        if head.startswith(bom):
            return name
    start = head.lstrip(_BLANK)[:1]
    if start not in {b"{", b"["} and head.strip(_BLANK):
        raise InputError(
            "this is not JSON, despite its ending",
            f"{path.name} is {kind_of(path)}",
            "give it the ending of what it is, or export it again as GeoJSON",
            code="file-of-another-format",
        )
    return options.encoding or "utf-8"


def _broken(path: Path, encoding: str, error: Exception) -> InputError:
    if isinstance(error, UnicodeDecodeError):
        return InputError(
            f"the texts of {path.name} are not {encoding.upper()}",
            f"byte {error.object[error.start]:#04x}",
            "name the encoding (in commands: --encoding latin-1), or save it as UTF-8",
            code="json-not-utf8",
        )
    return InputError(
        f"{path.name} cannot be read as JSON",
        error,
        "export or download it again",
        code="vector-file-unreadable",
    )


def _named(value: object) -> str:
    """Name a JSON value that is no object."""
    names: dict[type, str] = {list: "lists", str: "texts", bool: "true or false", int: "numbers"}
    return names.get(type(value), "numbers" if isinstance(value, float) else "nothing")


def _listed(value: dict[str, Any]) -> str:
    kind = f"type {value['type']!r} and " if isinstance(value.get("type"), str) else ""
    return kind + "the members " + (", ".join(list(value)[:_SHOWN]) or "none")


def _short(value: object) -> str:
    return " ".join(str(value).split())[:200].rstrip(".")
