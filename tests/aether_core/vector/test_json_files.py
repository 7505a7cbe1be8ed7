"""JSON is told apart by what it holds: each kind of map is read, and anything else is named."""

import gzip
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from aether_core.city.boundary import read_boundary
from aether_core.errors import InputError
from aether_core.poi.read import read_pois
from aether_core.vector import Limits, ReadOptions, VectorFile, read_vector
from aether_core.vector.json_files.stream import JsonStream, JsonSyntaxError
from aether_core.vector.limits import TooLargeError
from tests.errors import fault

BOX = [[24.9, 60.1], [24.9, 60.2], [25.0, 60.2], [25.0, 60.1], [24.9, 60.1]]  # clockwise
HOLE = [[24.94, 60.14], [24.96, 60.14], [24.96, 60.16], [24.94, 60.16], [24.94, 60.14]]


def saved(folder: Path, content: Any, name: str = "a.json") -> Path:
    path = folder / name
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def feature(properties: dict[str, Any], lonlat: tuple[float, float] = (24.9, 60.1)) -> dict:
    point = {"type": "Point", "coordinates": list(lonlat)}
    return {"type": "Feature", "properties": properties, "geometry": point}


def collection(*features: dict, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": list(features)}


def read(folder: Path, content: Any, **options: Any) -> VectorFile:
    return read_vector(saved(folder, content), ReadOptions(**options))


def refused(folder: Path, content: Any, code: str, *facts: object, **options: Any) -> None:
    with pytest.raises(InputError, check=fault(code, *facts)):
        read(folder, content, **options)


def rows(found: VectorFile) -> list[dict]:
    return found.frame.drop(columns="geometry").to_dict("records")


def test_escaped_letters_and_properties_called_crs_are_data(tmp_path: Path) -> None:
    linked = {"type": "link", "properties": {"href": "https://example.org"}}
    content = json.dumps(collection(feature({"name": "@x", "crs": linked, "n": {"crs": linked}})))
    found = read(tmp_path, content.replace("@", "\\u0060\\u0063rs\\u0022"))
    assert found.frame["name"].tolist() == ['`crs"x']
    assert json.loads(found.frame["crs"][0]) == linked
    assert found.report.crs == "EPSG:4326"


@pytest.mark.parametrize("where", ["top", "geometry", "after"])
def test_a_linked_crs_is_refused_wherever_it_is_heeded(tmp_path: Path, where: str) -> None:
    linked = {"type": "link", "properties": {"href": "http://127.0.0.1:1/crs"}}
    content = collection(feature({"name": "a"}))
    if where == "geometry":
        content["features"][0]["geometry"]["crs"] = linked
    elif where == "top":
        content = {"crs": linked, **content}
    else:
        content["crs"] = linked
    refused(tmp_path, content, "geojson-crs-elsewhere", "a.json", "--crs")
    found = read(tmp_path, content, crs="EPSG:4326")
    assert any("link" in note for note in found.report.notes)


@pytest.mark.parametrize(
    "crs",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3067"}},
        {"type": "EPSG", "properties": {"code": 3067}},
        "EPSG:3067",
    ],
)
def test_a_crs_is_heeded_after_the_features_too(tmp_path: Path, crs: object) -> None:
    metres = gpd.GeoSeries([shapely.Point(24.9, 60.1)], crs=4326).to_crs(3067)[0]
    content = collection(feature({}, (metres.x, metres.y)))
    content["crs"] = crs
    found = read(tmp_path, content)
    assert (found.frame.geometry[0].x, found.report.crs) == (pytest.approx(24.9), "EPSG:3067")


def test_shapes_that_state_different_crs_are_refused(tmp_path: Path) -> None:
    one, other = feature({}), feature({})
    one["geometry"]["crs"] = {"type": "name", "properties": {"name": "EPSG:4326"}}
    other["geometry"]["crs"] = {"type": "name", "properties": {"name": "EPSG:3067"}}
    refused(tmp_path, collection(one, other), "file-with-several-crs", "EPSG:3067")


SEQUENCES = {
    "lines": "{0}\n{1}\n",
    "record separators": "\x1e{0}\n\x1e{1}\n",
    "nothing between": "{0}{1}",
    "a list": "[{0},\n {1}]",
    "collections": '{{"type":"FeatureCollection","features":[{0}]}}\n'
    '{{"features":[{1}],"type":"FeatureCollection"}}',
}


@pytest.mark.parametrize("way", SEQUENCES)
@pytest.mark.parametrize("name", ["a.json", "a.geojson", "a.ndjson", "a.geojsonl"])
def test_features_in_sequence_are_read(tmp_path: Path, way: str, name: str) -> None:
    features = [json.dumps(feature({"n": n}, (24 + n, 60)), indent=n) for n in range(2)]
    path = saved(tmp_path, SEQUENCES[way].format(*features), name)
    found = read_vector(path)
    assert (found.frame["n"].tolist(), found.frame.geometry.x.tolist()) == ([0, 1], [24.0, 25.0])
    assert found.report.format == ("GeoJSON" if way == "a list" else "GeoJSONSeq")


def test_a_bare_geometry_and_a_lone_feature_are_read(tmp_path: Path) -> None:
    outline = {"type": "Polygon", "coordinates": [BOX, HOLE]}
    assert read_boundary(saved(tmp_path, outline)).area == pytest.approx(0.01 - 0.0004)
    assert read(tmp_path, outline).report.format == "GeoJSON geometry"
    alone = {"geometry": outline, "properties": {"name": "x"}, "type": "Feature"}
    assert rows(read(tmp_path, alone)) == [{"name": "x"}]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_json_with_a_byte_order_mark_is_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(collection(feature({"n": "é駅"})), ensure_ascii=False), encoding)
    assert read_vector(path).frame["n"].tolist() == ["é駅"]


def test_json_in_another_encoding_needs_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(collection(feature({"n": "é"})), ensure_ascii=False), "cp1252")
    with pytest.raises(InputError, check=fault("json-not-utf8", "--encoding", "0xe9")):
        read_vector(path)
    assert read_vector(path, ReadOptions(encoding="cp1252")).frame["n"].tolist() == ["é"]


def test_types_of_columns(tmp_path: Path) -> None:
    large = 2**53 + 1
    found = read(
        tmp_path,
        collection(
            feature({"code": large, "n": 1, "f": 1, "mix": 7, "b": True, "list": ["x", "y"]}),
            feature({"code": None, "n": 2, "f": 2.5, "mix": "a", "b": False, "list": ["z"]}),
            feature({"n": 3, "o": {"k": [1]}, "mix": [1], "b": True}),
        ),
    ).frame
    assert found["code"].tolist()[0] == large
    assert found["code"].isna().tolist() == [False, True, True]
    assert (found["n"].dtype, found["b"].dtype, found["f"].dtype) == (int, bool, float)
    assert found["mix"].tolist() == ["7", "a", "[1]"]
    assert found["o"][2] == '{"k": [1]}'
    assert list(found["list"][0]) == ["x", "y"]


def test_tags_become_columns_and_other_objects_text(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        collection(
            feature({"id": "n/1", "tags": {"name": "A", "amenity": "pub", "id": "inner"}}),
            feature({"id": "n/2", "tags": {"shop": "books"}}),
        ),
    )
    assert list(found.frame.columns[:4]) == ["name", "amenity", "id", "shop"]
    assert found.frame.iloc[0, :3].tolist() == ["A", "pub", "n/1"]
    pois = read_pois(tmp_path / "a.json").frame
    assert pois[["name", "category"]].values.tolist() == [["A", "pub"], ["", "books"]]


def overpass(*elements: dict, **members: Any) -> dict[str, Any]:
    return {"version": 0.6, "generator": "Overpass API", "elements": list(elements), **members}


CORNERS = [
    {"type": "node", "id": n, "lon": lon, "lat": lat} for n, (lon, lat) in enumerate(BOX[:4])
]


def test_overpass_nodes_ways_and_relations_are_read(tmp_path: Path) -> None:
    at = [{"lon": lon, "lat": lat} for lon, lat in HOLE]
    refs = [0, 1, 2, 3, 0]
    found = read(
        tmp_path,
        overpass(
            {"type": "node", "id": 9, "lon": 24.9, "lat": 60.1, "tags": {"amenity": "pub"}},
            {"type": "way", "id": 1, "nodes": refs, "tags": {"building": "yes"}},
            {"type": "way", "id": 2, "nodes": refs, "tags": {"highway": "service"}},
            {
                "type": "way",
                "id": 3,
                "nodes": [7],
                "center": {"lon": 1, "lat": 2},
                "tags": {"a": "b"},
            },
            {
                "type": "relation",
                "id": 4,
                "tags": {"type": "multipolygon", "landuse": "forest"},
                "members": [
                    {"type": "way", "ref": 1, "role": "outer"},
                    {"type": "way", "ref": 8, "role": "inner", "geometry": at},
                ],
            },
            *CORNERS,
            remark="runtime error: Query timed out",
        ),
    )
    assert found.report.format == "Overpass JSON"
    assert found.frame.geom_type.tolist() == ["Point", "Polygon", "LineString", "Point", "Polygon"]
    assert found.frame["@id"].tolist() == ["node/9", "way/1", "way/2", "way/3", "relation/4"]
    assert found.frame.geometry[4].area == pytest.approx(0.01 - 0.0004)
    notes = " ".join(found.report.notes)
    assert "timed out" in notes
    assert "4 elements without tags" in notes


def test_an_overpass_answer_without_coordinates_says_how_to_ask(tmp_path: Path) -> None:
    way = {"type": "way", "id": 1, "nodes": [1, 2], "tags": {"shop": "books"}}
    refused(tmp_path, overpass(way), "overpass-without-coordinates", "out center")
    node = {"type": "node", "id": 9, "lon": 24.9, "lat": 60.1, "tags": {"amenity": "pub"}}
    found = read(tmp_path, overpass(way, node))
    assert any("out center" in note for note in found.report.notes)


def test_overpass_places_are_described_by_their_tags(tmp_path: Path) -> None:
    node = {"type": "node", "id": 9, "lon": 24.9, "lat": 60.1}
    node["tags"] = {"amenity": "pub", "name": "Ale"}
    pois = read_pois(saved(tmp_path, overpass(node))).frame
    assert pois[["name", "category", "source_id"]].values.tolist() == [["Ale", "pub", "node/9"]]


def esri(geometry: dict, wkid: dict, **attributes: Any) -> dict[str, Any]:
    return {
        "geometryType": "esriGeometryPolygon",
        "spatialReference": wkid,
        "features": [{"attributes": {"OBJECTID": 1, **attributes}, "geometry": geometry}],
    }


def test_esri_rings_are_read_with_holes_and_islands(tmp_path: Path) -> None:
    island = [[x + 1, y] for x, y in BOX]
    found = read(tmp_path, esri({"rings": [BOX, HOLE, island]}, {"wkid": 4326}, name="x"))
    assert rows(found) == [{"OBJECTID": 1, "name": "x"}]
    assert found.frame.geometry[0].area == pytest.approx(2 * 0.01 - 0.0004)
    assert (found.report.format, found.report.crs) == ("Esri JSON", "EPSG:4326")


def test_esri_codes_of_crs_are_understood(tmp_path: Path) -> None:
    metres = gpd.GeoSeries([shapely.Point(24.9, 60.1)], crs=4326).to_crs(3857)[0]
    point = {"x": metres.x, "y": metres.y, "z": 3}
    for wkid in ({"wkid": 102100, "latestWkid": 3857}, {"wkid": 102100}):
        found = read(tmp_path, esri(point, wkid))
        assert found.frame.geometry[0].x == pytest.approx(24.9)
    refused(tmp_path, esri(point, {}), "file-without-crs")
    part = {**esri(point, {"wkid": 3857}), "exceededTransferLimit": True}
    assert any("only a part" in note for note in read(tmp_path, part).report.notes)


def topology(**objects: Any) -> dict[str, Any]:
    return {
        "type": "Topology",
        "transform": {"scale": [0.1, 0.1], "translate": [24, 60]},
        "arcs": [[[0, 0], [10, 0], [0, 10]], [[10, 10], [-10, 0], [0, -10]]],
        "objects": objects,
    }


def test_topologies_are_put_together_and_layers_chosen(tmp_path: Path) -> None:
    square = {"type": "Polygon", "arcs": [[0, 1]], "id": "s", "properties": {"n": 1}}
    backwards = {"type": "MultiPolygon", "arcs": [[[-2, -1]]]}
    areas = {"type": "GeometryCollection", "geometries": [square, backwards, {"type": None}]}
    one = topology(areas=areas)
    found = read(tmp_path, one)
    assert shapely.area(found.frame.geometry.to_numpy()[:2]).tolist() == pytest.approx([1, 1])
    assert found.frame.geometry[2] is None
    assert rows(found)[0] == {"id": "s", "n": 1}
    assert (found.report.format, found.report.layer) == ("TopoJSON", "areas")
    both = topology(areas=areas, spots={"type": "Point", "coordinates": [5, 5]})
    refused(tmp_path, both, "file-with-several-layers", "areas, spots")
    assert read(tmp_path, both, layer="spots").frame.geometry[0].equals(shapely.Point(24.5, 60.5))
    refused(tmp_path, both, "no-such-layer-in-file", "x", "areas, spots", layer="x")


def test_records_with_coordinates_are_a_table(tmp_path: Path) -> None:
    found = read(tmp_path, [{"name": "a", "lat": 60.1, "lon": 24.9}, {"name": "b", "lat": None}])
    assert found.frame["name"].tolist() == ["a", "b"]
    assert found.report.format == "JSON records"
    assert found.report.columns == {"longitude": "lon", "latitude": "lat"}


@pytest.mark.parametrize(
    ("content", "code", "fact"),
    [
        ('{"type": "CityJSON", "CityObjects": {}}', "json-of-another-kind", "CityJSON"),
        ('[{"a": 1}]', "json-of-another-kind", "members a"),
        ("[1, 2]", "json-of-another-kind", "numbers"),
        ('{"features": [{"name": "x"}]}', "json-of-another-kind", "members name"),
        ('{"error": {"code": 498, "message": "Invalid Token"}}', "server-error-saved", "Token"),
        ('{"type": "FeatureCollection", "features": [{"type"', "vector-file-unreadable", "ends"),
        ("{'type': 'FeatureCollection'}", "vector-file-unreadable", "character 2"),
        ('{"features": [1 2]}', "json-of-another-kind", "numbers"),
        ("name,lon,lat\na,1,2\n", "file-of-another-format", "text that begins 'name,lon,lat'"),
        ("<html><body>404", "file-of-another-format", "web page"),
        ("<?xml version='1.0'?><kml/>", "file-of-another-format", "XML (kml)"),
    ],
)
def test_other_json_is_named_for_what_it_is(
    tmp_path: Path, content: str, code: str, fact: str
) -> None:
    refused(tmp_path, content, code, fact)


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (gzip.compress(b"{}", mtime=0), "gzip"),
        (b"PK\x05\x06" + bytes(18), "zip"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_binary_files_called_json_are_named(tmp_path: Path, content: bytes, fact: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    with pytest.raises(InputError, check=fault("file-of-another-format", fact)):
        read_vector(path)


def test_broken_geometries_lose_their_shape_and_are_counted(tmp_path: Path) -> None:
    bad = feature({"n": 2})
    bad["geometry"] = {"type": "Polygon", "coordinates": [[1, 2], 3]}
    found = read(tmp_path, collection(feature({"n": 1}), bad))
    assert shapely.is_missing(found.frame.geometry.to_numpy()).tolist() == [False, True]
    assert any(note.startswith("1 geometries") for note in found.report.notes)


def test_limits_hold_while_json_is_read(tmp_path: Path) -> None:
    path = saved(tmp_path, collection(*[feature({f"c{n}": n}) for n in range(50)]))
    for limits in (Limits(columns=40), Limits(features=40), Limits(vertices=40)):
        with pytest.raises(TooLargeError):
            read_vector(path, limits=limits)


class Pieces:
    """A text that comes a few characters at a time."""

    def __init__(self, text: str, size: int) -> None:
        self._text, self._size = text, size

    def read(self, _: int) -> str:
        piece, self._text = self._text[: self._size], self._text[self._size :]
        return piece


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_a_stream_reads_the_same_however_it_is_cut(size: int) -> None:
    values = [{"a": [1.5e-7, True, None, 'x"\\u00e9\n]}', -12]}, 345, "end"]
    stream = JsonStream(Pieces("\n".join(map(json.dumps, values)), size))  # type: ignore[arg-type]
    found = []
    while stream.peek():
        found.append(stream.value())
    assert found == values
    broken = JsonStream(Pieces('{"a": [1, 2', size))  # type: ignore[arg-type]
    with pytest.raises(JsonSyntaxError, match="ends after 11 characters"):
        broken.value()


def test_coordinates_of_many_features_stay_in_their_order(tmp_path: Path) -> None:
    lon = np.linspace(24, 25, 3_000)
    content = collection(*[feature({"n": n, "pad": "x" * 500}, (x, 60)) for n, x in enumerate(lon)])
    found = read(tmp_path, content).frame
    assert found["n"].tolist() == list(range(3_000))
    assert np.allclose(found.geometry.x, lon)
