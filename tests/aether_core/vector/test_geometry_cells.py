"""Geometries in cells and collections, GeoParquet in its kinds, whole numbers kept whole."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from aether_core.city.boundary import read_boundary
from aether_core.city.outline import read_city_boundary
from aether_core.errors import InputError
from aether_core.tasks.areas.read import read_areas
from aether_core.tasks.labels.read import read_labels
from aether_core.vector import ReadOptions, read_vector
from aether_core.vector.shapes.cells import holds_shapes
from aether_core.vector.shapes.collections import without_collections
from tests.errors import fault

POINT = shapely.Point(24.9, 60.1)
METRES = gpd.GeoSeries([POINT], crs=4326).to_crs(3067)[0]
BOX = shapely.box(24.9, 60.1, 25.0, 60.2)
LARGE = 2**53 + 1


def ewkb(shape: shapely.Geometry, srid: int) -> bytes:
    return bytes(shapely.to_wkb(shapely.set_srid(shape, srid), include_srid=True))


@pytest.mark.parametrize("heading", ["geom", "Where it is", "WKB_GEOMETRY", "location"])
@pytest.mark.parametrize(
    ("cell", "crs"),
    [
        (shapely.to_wkb(POINT, hex=True), "EPSG:4326"),
        ("\\x" + shapely.to_wkb(POINT, hex=True).lower(), "EPSG:4326"),
        (shapely.to_wkb(POINT, hex=True, byte_order=0), "EPSG:4326"),
        (ewkb(METRES, 3067).hex(), "EPSG:3067"),
        (f"SRID=3067;POINT({METRES.x!r} {METRES.y!r})", "EPSG:3067"),
        ("srid=4326; POINT Z (24.9 60.1 7)", "EPSG:4326"),
        ("MULTIPOINT ((24.9 60.1))", "EPSG:4326"),
        ('{"type":"Point","coordinates":[24.9,60.1]}', "EPSG:4326"),
    ],
)
def test_geometries_of_postgis_are_read_out_of_a_csv(
    tmp_path: Path, heading: str, cell: str, crs: str
) -> None:
    path = tmp_path / "a.csv"
    pd.DataFrame({"name": ["a", "b"], heading: [cell, None]}).to_csv(path, index=False)
    found = read_vector(path)
    at = shapely.get_coordinates(found.frame.geometry[0])[0]
    assert np.allclose(at, (24.9, 60.1), atol=1e-9)
    assert found.frame.geometry[1] is None
    assert found.report.crs == crs
    assert found.report.columns == {"geometry": heading}
    assert list(found.frame.columns) == ["name", "geometry"]


def test_cells_in_two_systems_are_refused_and_others_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"geom\n{ewkb(POINT, 4326).hex()}\n{ewkb(METRES, 3067).hex()}\n")
    with pytest.raises(InputError, check=fault("file-with-several-crs", "3067", "4326")):
        read_vector(path)
    path.write_text("geom,n\nPOINT (24.9 60.1),a\nnowhere,b\n")
    found = read_vector(path)
    assert any(note.startswith("1 cells of geom") for note in found.report.notes)


@pytest.mark.parametrize("name", ["geometry", "shape", "GEOM"])
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.string()])
def test_parquet_without_metadata_is_read_by_its_cells(
    tmp_path: Path, name: str, kind: pa.DataType
) -> None:
    as_text = pa.types.is_string(kind)
    cells = [shapely.to_wkt(POINT) if as_text else ewkb(POINT, 4326), None]
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"n": [1, 2], name: pa.array(cells, kind)}), path)
    found = read_vector(path)
    assert found.frame.geometry[0].equals(POINT)
    assert (found.report.format, found.report.columns) == ("Parquet", {"geometry": name})


class _Geometry(pa.ExtensionType):  # type: ignore[misc]
    """What Arrow writes as Parquet's own type."""

    def __init__(self, about: bytes = b"{}") -> None:
        self._about = about
        super().__init__(pa.binary(), "geoarrow.wkb")

    def __arrow_ext_serialize__(self) -> bytes:
        return self._about

    @classmethod
    def __arrow_ext_deserialize__(cls, _: pa.DataType, about: bytes) -> "_Geometry":
        return cls(about)


NATIVE = {
    "nothing": ({}, POINT, "OGC:CRS84"),
    "geography": ({"edges": "spherical"}, POINT, "OGC:CRS84"),
    "code": ({"crs": "EPSG:3067"}, METRES, "EPSG:3067"),
    "srid": ({"crs": "3067", "crs_type": "srid"}, METRES, "EPSG:3067"),
    "projjson": ({"crs": gpd.GeoSeries(crs=3067).crs.to_json_dict()}, METRES, "EPSG:3067"),
}


@pytest.mark.parametrize("reported", NATIVE)
def test_parquets_own_geometry_types_are_read(tmp_path: Path, reported: str) -> None:
    about, shape, crs = NATIVE[reported]
    pa.register_extension_type(_Geometry())
    try:
        kind = _Geometry(json.dumps(about).encode())
        stored = pa.array([shapely.to_wkb(shape), None], pa.binary())
        shapes = pa.ExtensionArray.from_storage(kind, stored)
        path = tmp_path / "a.parquet"
        pq.write_table(pa.table({"n": ["a", "b"], "g": shapes}), path, store_schema=False)
    finally:
        pa.unregister_extension_type("geoarrow.wkb")
    found = read_vector(path)
    assert (found.report.format, found.report.crs) == ("Parquet with geometry", crs)
    assert found.frame.geometry[0].distance(POINT) < 1e-8


def test_geoparquet_without_types_and_version_is_read(tmp_path: Path) -> None:
    geo = {"primary_column": "g", "columns": {"g": {"encoding": "wkb"}, "h": {}}}
    wkb = pa.array([shapely.to_wkb(POINT)], pa.binary())
    table = pa.table({"n": ["a"], "g": wkb, "h": wkb})
    path = tmp_path / "a.parquet"
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    found = read_vector(path)
    assert found.frame.geometry[0].equals(POINT)
    assert (found.report.format, found.report.crs) == ("GeoParquet", "OGC:CRS84")
    assert any("not read: h" in note for note in found.report.notes)
    geo["primary_column"] = "gone"
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    with pytest.raises(InputError, check=fault("no-such-column", "gone", "n, g, h")):
        read_vector(path)


def test_geoarrow_encodings_and_an_index_are_read(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"n": [1]}, geometry=[POINT], crs=4326, index=["036001"])
    frame.index.name = "GEOID"
    frame.to_parquet(tmp_path / "a.parquet", geometry_encoding="geoarrow")
    found = read_vector(tmp_path / "a.parquet").frame
    assert found.geometry[0].equals(POINT)
    assert found["GEOID"].tolist() == ["036001"]


def test_a_parquet_ending_on_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_text("lon,lat\n1,2\n")
    with pytest.raises(InputError, check=fault("file-of-another-format", "lon,lat")):
        read_vector(path)


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".parquet", ".geojson", "plain.parquet"])
def test_whole_numbers_stay_whole_where_a_cell_is_empty(tmp_path: Path, suffix: str) -> None:
    numbers = pd.DataFrame(
        {
            "code": pd.array([LARGE, None, -LARGE], "Int64"),
            "small": pd.array([1, None, 3], "Int32"),
            "full": [1, 2, 3],
        }
    )
    path = tmp_path / f"a{suffix}"
    if suffix == "plain.parquet":
        numbers.assign(lon=24.9, lat=60.1).to_parquet(path)
    else:
        frame = gpd.GeoDataFrame(numbers, geometry=[POINT] * 3, crs=4326)
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path)
    found = read_vector(path).frame.sort_values("full")
    assert found["code"].dropna().tolist() == [LARGE, -LARGE]
    assert found["code"].isna().tolist() == [False, True, False]
    assert found["small"].dropna().tolist() == [1, 3]
    assert pd.api.types.is_integer_dtype(found["full"].dtype)


AREA = shapely.box(24.9, 60.1, 24.95, 60.15)
ISLAND = shapely.box(24.96, 60.1, 24.97, 60.11)
LINE = shapely.LineString([(24.9, 60.1), (24.95, 60.15)])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([AREA, POINT], AREA),
        ([LINE, AREA, ISLAND], shapely.MultiPolygon([AREA, ISLAND])),
        ([shapely.MultiPolygon([AREA, ISLAND]), LINE], shapely.MultiPolygon([AREA, ISLAND])),
        ([shapely.GeometryCollection([shapely.GeometryCollection([AREA]), POINT])], AREA),
        ([LINE, POINT], LINE),
        ([POINT, shapely.Point(1, 2)], shapely.MultiPoint([POINT, (1, 2)])),
        ([shapely.Polygon(), POINT], POINT),
    ],
)
def test_a_collection_is_its_polygons_else_lines_else_points(
    parts: list[shapely.Geometry], expected: shapely.Geometry
) -> None:
    given = np.array([shapely.GeometryCollection(parts), None, POINT], dtype=object)
    plain = without_collections(given)
    assert plain.geometry[0].equals(expected)
    assert "GeometryCollection" not in plain.geometry[0].geom_type
    assert plain.geometry[1] is None
    assert len(plain.notes) == 1
    assert without_collections(given[1:]).notes == ()


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".fgb"])
def test_collections_are_labels_areas_and_boundaries(tmp_path: Path, suffix: str) -> None:
    frame = gpd.GeoDataFrame(
        {"code": ["A", "B"], "landuse": ["x", "y"], "p": [300, 100], "q": [100, 300]},
        geometry=[
            shapely.GeometryCollection([AREA, POINT]),
            shapely.GeometryCollection([LINE, ISLAND]),
        ],
        crs=4326,
    )
    path = tmp_path / f"a{suffix}"
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path)
    labels = read_labels(path)
    assert (len(labels), labels.dropped) == (2, {})
    areas = read_areas(path, fields=["p", "q"])
    assert sorted(areas.code) == ["A", "B"]
    for boundary in (read_boundary(path).shape, read_city_boundary(path, limit_km2=1000)):
        assert boundary.area == pytest.approx(AREA.area + ISLAND.area)
    assert any("polygons" in note for note in areas.report.notes)


def test_a_layer_named_where_there_is_one_is_said_to_be_needless(tmp_path: Path) -> None:
    path = tmp_path / "a.fgb"
    gpd.GeoDataFrame({"n": [1]}, geometry=[POINT], crs=4326).to_file(path)
    found = read_vector(path, ReadOptions(layer="pois"))
    assert any("pois was not needed" in note for note in found.report.notes)


@pytest.mark.parametrize("code", ["01085781000", "010857810001", "001234567890123456", "01" * 21])
def test_codes_of_hexadecimal_digits_are_no_geometries(code: str) -> None:
    assert not holds_shapes(pd.Series([code] * 5))
