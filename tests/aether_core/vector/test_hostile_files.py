"""Files made to break whoever reads them are refused, and cost the program that asked nothing."""

import csv
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
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
from aether_core.poi.read import read_pois
from aether_core.reading import ReadingLimits, UnreadableFileError, set_reading_limits
from aether_core.vector import Limits, read_vector
from aether_core.vector.geopackage import ComputedLayerError
from aether_core.vector.limits import TooLargeError

LONG_TEXT = 40_000_000
MOST_MEGABYTES = 60.0


@pytest.fixture
def little_memory() -> Iterator[None]:
    set_reading_limits(ReadingLimits(memory_bytes=20 * 1024**2))
    yield
    set_reading_limits(ReadingLimits())


def refusal(read: Callable[..., object], path: Path, **options: object) -> InputError:
    """Return the error of reading a file, which cost this process next to no memory."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak()
    with pytest.raises(InputError) as error:
        read(path, **options)
    assert peak() - before < MOST_MEGABYTES
    assert path.name in str(error.value)
    return error.value


def peak() -> float:
    """Most megabytes this process had in memory since the peak began."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def limit_of(path: Path, read: Callable[..., object] = read_vector, **options: object) -> str:
    error = refusal(read, path, **options)
    assert isinstance(error, TooLargeError)
    return error.limit


def computed_layer(path: Path) -> str:
    error = refusal(read_vector, path)
    assert isinstance(error, ComputedLayerError)
    return error.layer


def places(folder: Path, name: str = "places.gpkg") -> Path:
    frame = gpd.GeoDataFrame(
        {"name": ["a", "b", "c"]},
        geometry=gpd.points_from_xy([24.94, 24.95, 24.96], [60.17, 60.18, 60.16]),
        crs="EPSG:4326",
    )
    path = folder / name
    frame.to_file(path)
    return path


def altered(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    return path


AS_LAYER = (
    "UPDATE gpkg_contents SET table_name = 'made', identifier = 'made'",
    "PRAGMA foreign_keys = OFF",
    "UPDATE gpkg_geometry_columns SET table_name = 'made'",
)
LONG = f"printf('%.*c', {LONG_TEXT}, 'x')"
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"
LONG_VIEW = f"CREATE VIEW made AS SELECT fid, geom, {LONG} AS name FROM places"  # noqa: S608
COLUMNS = "fid INTEGER PRIMARY KEY, geom BLOB, name TEXT"
MADE = {
    "long texts": [LONG_VIEW],
    "without an end": [f"CREATE VIEW made AS {ENDLESS} i AS fid, geom, 'x' AS name FROM n, places"],
    "computed column": [
        f"CREATE TABLE made ({COLUMNS} GENERATED ALWAYS AS ({LONG}) VIRTUAL)",
        "INSERT INTO made (fid, geom) SELECT fid, geom FROM places",
    ],
    "virtual table": ["CREATE VIRTUAL TABLE made USING fts5(name, geom)"],
}


@pytest.mark.parametrize("made", MADE)
def test_a_layer_that_is_computed_is_refused_before_gdal_opens_it(
    tmp_path: Path, made: str
) -> None:
    path = altered(places(tmp_path), *MADE[made], *AS_LAYER)
    assert path.stat().st_size < 140_000
    assert computed_layer(path) == "made"


@pytest.mark.parametrize(
    "list_of_layers", ["gpkg_contents", "gpkg_geometry_columns", "gpkg_spatial_ref_sys"]
)
def test_a_list_of_layers_without_an_end_is_refused(tmp_path: Path, list_of_layers: str) -> None:
    path = altered(
        places(tmp_path),
        "PRAGMA foreign_keys = OFF",
        f"ALTER TABLE {list_of_layers} RENAME TO hidden",
        f"CREATE VIEW {list_of_layers} AS {ENDLESS} hidden.* FROM n, hidden",
    )
    assert computed_layer(path) == list_of_layers


def test_a_view_that_no_list_has_is_not_read(tmp_path: Path) -> None:
    path = altered(places(tmp_path), LONG_VIEW)
    assert len(read_vector(path).frame) == 3
    altered(path, "DELETE FROM gpkg_contents")
    refusal(read_vector, path)


def test_an_honest_geopackage_is_read(tmp_path: Path) -> None:
    path = altered(
        places(tmp_path, "Straßen & Wege #1%20.gpkg"),
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY, styleQML TEXT)",
        "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('layer_styles', 'attributes')",
    )
    assert read_vector(path).frame["name"].tolist() == ["a", "b", "c"]


def test_a_geopackage_another_program_has_open_is_read(tmp_path: Path) -> None:
    path = places(tmp_path)
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("DELETE FROM places WHERE name = 'a'")
        database.commit()
        assert path.with_name("places.gpkg-wal").exists()
        assert read_vector(path).frame["name"].tolist() == ["b", "c"]


@pytest.mark.parametrize("content", [b"SQLite format 3\x00" + bytes(5000), b"SQLite format 3\x00"])
def test_a_damaged_geopackage_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.gpkg"
    path.write_bytes(content)
    refusal(read_vector, path)


def test_two_million_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lon,lat," + ",".join(f"c{n}" for n in range(2_000_000)) + "\n24.9,60.1\n")
    assert limit_of(path) == "columns"


@pytest.mark.parametrize("suffix", [".parquet", ".fgb", ".gpkg"])
def test_many_columns_are_refused_in_other_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    frame = gpd.GeoDataFrame(
        {f"c{n}": [n] for n in range(60)}, geometry=[shapely.Point(24.9, 60.1)], crs="EPSG:4326"
    )
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path)
    assert limit_of(path, limits=Limits(columns=50)) == "columns"
    assert len(read_vector(path, limits=Limits(columns=100)).frame.columns) == 61


def test_a_first_row_of_more_cells_than_the_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lon,lat,name\n24.9,60.1," + "x," * 1_000_000 + "\n")
    assert limit_of(path) == "columns"


def test_many_commas_in_one_cell_are_no_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    ring = ",".join(f"{24.9 + n / 1e5:.5f} 60.1" for n in range(20_000))
    path.write_text(f'name,wkt\na,"POLYGON(({ring},25.3 60.2,24.9 60.1))"\n')
    assert len(read_vector(path).frame) == 1


def test_a_line_that_does_not_end_is_refused_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lon,lat,name\n24.9,60.1,a\n24.9,60.1," + "x" * 3_000_000 + "\n")
    assert limit_of(path, limits=Limits(line_bytes=2_000_000)) == "line_bytes"
    path.write_text("x" * 3_000_000)
    assert limit_of(path, limits=Limits(line_bytes=2_000_000)) == "line_bytes"


def long_text_in(folder: Path, suffix: str, text: str) -> Path:
    path = folder / f"a{suffix}"
    frame = gpd.GeoDataFrame(
        {"name": ["a", text]}, geometry=gpd.points_from_xy([24.9, 24.8], [60.1, 60.2]), crs=4326
    )
    if suffix == ".parquet":
        frame.to_parquet(path)
    elif suffix == ".csv":
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(
                [["lon", "lat", "name"], [24.9, 60.1, "a"], [24.8, 60, text]]
            )
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("suffix", [".csv", ".geojson", ".gpkg", ".fgb", ".parquet"])
def test_a_long_text_is_refused(tmp_path: Path, suffix: str) -> None:
    # With line breaks, so that no single line of the CSV is long.
    path = long_text_in(tmp_path, suffix, "harmless\n" * 120_000)
    assert limit_of(path) == "cell_bytes"
    assert limit_of(path, read_pois) == "cell_bytes"


def test_one_long_text_in_every_row_of_a_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = 1_000_000
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), ["x" * 2_000_000])
    lon = pa.array(np.full(rows, 24.9))
    pq.write_table(pa.table({"lon": lon, "lat": pa.array(np.full(rows, 60.1)), "n": names}), path)
    assert path.stat().st_size < 1_000_000
    assert limit_of(path) == "cell_bytes"


def test_what_pandas_noted_in_a_parquet_file_may_be_damaged(tmp_path: Path) -> None:
    table = pa.table({"lon": [24.9], "lat": [60.1]}).replace_schema_metadata({"pandas": b"{\xda"})
    pq.write_table(table, tmp_path / "a.parquet")
    assert len(read_vector(tmp_path / "a.parquet").frame) == 1


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".fgb", ".parquet", ".csv"])
def test_what_takes_too_much_memory_is_given_up(tmp_path: Path, suffix: str) -> None:
    rows = 4_000
    lon = np.linspace(24.9, 25.0, rows)
    names = [f"{row:09}" * 1_000 for row in range(rows)]  # 36 MB
    path = tmp_path / f"a{suffix}"
    if suffix in {".csv", ".parquet"}:
        frame = pd.DataFrame({"lon": lon, "lat": 60.1, "name": names})
        frame.to_csv(path) if suffix == ".csv" else frame.to_parquet(path)
    else:
        geometry = gpd.points_from_xy(lon, np.full(rows, 60.1))
        gpd.GeoDataFrame({"name": names}, geometry=geometry, crs="EPSG:4326").to_file(path)
    del names
    error = refusal(read_vector, path)
    assert isinstance(error, UnreadableFileError)
    assert error.reason == "memory"


@pytest.mark.parametrize("where", ["properties", "crs", "geometry"])
def test_json_nested_without_end_is_refused_or_read_without_harm(
    tmp_path: Path, where: str
) -> None:
    deep = "[" * 500_000 + "]" * 500_000
    parts = {
        "properties": '{"name": "a"}',
        "geometry": '{"type": "Point", "coordinates": [24, 60]}',
    }
    parts["crs"] = '{"type": "name"}'
    parts[where] = {
        "properties": f'{{"name": {deep}}}',
        "geometry": f'{{"type": "Polygon", "coordinates": {deep}}}',
        "crs": f'{{"type": {deep}}}',
    }[where]
    path = tmp_path / "a.geojson"
    path.write_text(
        f'{{"type": "FeatureCollection", "crs": {parts["crs"]}, "features": [{{"type": "Feature",'
        f' "properties": {parts["properties"]}, "geometry": {parts["geometry"]}}}]}}'
    )
    refusal(read_vector, path)


def outline(folder: Path, corners: int) -> Path:
    around = np.linspace(0, 2 * np.pi, corners)
    points = np.column_stack([24.94 + np.cos(around) * 0.1, 60.17 + np.sin(around) * 0.05])
    path = folder / "outline.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.Polygon(points)], crs="EPSG:4326").to_file(path)
    return path


def test_a_boundary_has_fewer_corners_than_other_shapes(tmp_path: Path) -> None:
    path = outline(tmp_path, 300_000)
    assert limit_of(path, read_boundary) == "vertices"
    assert limit_of(path, read_city_boundary, limit_km2=20_000) == "vertices"
    assert limit_of(path, limits=Limits(feature_vertices=250_000)) == "feature_vertices"
    assert len(read_vector(path).frame) == 1


def test_a_detailed_outline_is_a_boundary(tmp_path: Path) -> None:
    boundary = read_boundary(outline(tmp_path, 150_000)).shape
    assert shapely.get_num_coordinates(boundary) > 140_000
