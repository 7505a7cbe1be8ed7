"""What readers understand beyond the plain case, and genuine files."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.vector import ReadOptions, read_vector

LONLAT = [(24.94, 60.17), (24.95, 60.18)]


def coordinates(frame: gpd.GeoDataFrame) -> list[tuple[float, float]]:
    return [tuple(c) for c in shapely.get_coordinates(frame.geometry.to_numpy())]


@pytest.mark.parametrize(
    "text",
    [
        "lon,lat\n24.94,60.17\n24.95,60.18\n",
        "Longitude , Latitude\n24.94,60.17\n24.95,60.18\n",
        "lat;lng\n60,17;24,94\n60,18;24,95\n",
        "y\tx\n60.17\t24.94\n60.18\t24.95\n",
        "\ufeffLAT,LON\n60.17,24.94\n60.18,24.95\n",
        'id,WKT\n1,POINT (24.94 60.17)\n2,"POINT Z (24.95 60.18 7)"\n',
        (
            'id;.geo\n1;{"type":"Point","coordinates":[24.94,60.17]}\n'
            '2;{"type":"Point","coordinates":[24.95,60.18]}\n'
        ),
    ],
)
def test_ways_to_say_where(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    assert coordinates(read_vector(path).frame) == LONLAT


def test_named_coordinate_columns_and_eastings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n24.94,60.17\n24.95,60.18\n")
    assert coordinates(read_vector(path, lon_field="a", lat_field="b").frame) == LONLAT
    metres = gpd.GeoSeries(gpd.points_from_xy(*zip(*LONLAT, strict=True)), crs=4326).to_crs(3067)
    pd.DataFrame({"Easting": metres.x, "Northing": metres.y}).to_csv(path, index=False)
    assert np.allclose(
        coordinates(read_vector(path, options=ReadOptions(crs="EPSG:3067")).frame),
        LONLAT,
        atol=1e-9,
    )


def test_numbers_are_typed_only_when_asked_and_only_when_all_are(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("lon,lat,n,code,word\n24.9,60.1,1.50,007,NA\n24.9,60.1,,010,Null\n")
    typed = read_vector(path).frame
    assert typed["n"].dtype == np.float64
    assert np.isnan(typed["n"][1])
    assert list(typed["code"]) == ["007", "010"]
    assert list(typed["word"]) == ["NA", "Null"]
    assert read_vector(path, typed=False).frame["n"][0] == "1.50"


def test_dates_and_numbers_in_names_stay_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    frame = gpd.GeoDataFrame({"name": ["2020/01/01", "1.10"]}, geometry=[shapely.Point(1, 2)] * 2)
    frame.set_crs(4326).to_file(path)
    assert list(read_vector(path).frame["name"]) == ["2020/01/01", "1.10"]


def test_a_geojson_with_an_attribute_called_crs_is_read(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"crs": ["EPSG:3067"]}, geometry=[shapely.Point(1, 2)], crs=4326)
    frame.to_file(tmp_path / "a.geojson")
    assert list(read_vector(tmp_path / "a.geojson").frame["crs"]) == ["EPSG:3067"]


def test_heights_and_measures_are_left_out(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 2, 3)], crs=4326)
    for suffix in (".gpkg", ".parquet", ".fgb"):
        path = tmp_path / f"a{suffix}"
        frame.to_parquet(path) if suffix == ".parquet" else frame.to_file(path)
        assert not read_vector(path).frame.has_z.any()


def test_genuine_lsoas_come_out_in_london(shared: Path) -> None:
    areas = read_vector(shared / "real" / "london" / "lsoa_ns_sec.gpkg").frame
    assert len(areas) == 4994
    west, south, east, north = areas.total_bounds
    assert -0.52 < west < east < 0.34
    assert 51.28 < south < north < 51.70
    assert areas["ns_sec_1"].dtype == np.float64


def test_a_genuine_earth_engine_table_is_read_by_its_columns(shared: Path) -> None:
    frame = read_vector(shared / "real" / "alphaearth" / "sf_bay_urban_2024.csv").frame
    assert len(frame) == 720
    assert frame["A00"].dtype == np.float64
    assert -124 < frame.total_bounds[0] < frame.total_bounds[2] < -121
