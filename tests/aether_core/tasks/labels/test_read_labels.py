"""Labels out of files: what is kept, what is dropped and counted, what is refused."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from aether_core.errors import InputError, NotFoundError
from aether_core.files.whole import sha256_of
from aether_core.simulate.osm_extract import packaged_extract
from aether_core.tasks.labels.read import NOT_A_PLACE, label_fields, labels_inside, read_labels
from tests.errors import fault

BOW_TIE = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
SQUARE = shapely.box(2, 2, 3, 3)


def written(path: Path, geometry: list[object], **columns: list[object]) -> Path:
    gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326").to_file(path)
    return path


def test_genuine_points_keep_their_class_as_text(shared: Path) -> None:
    file = shared / "real" / "alphaearth" / "sf_bay_urban_2024.csv"
    labels = read_labels(file)
    assert labels.field == "dw_label"
    assert len(labels) == 720
    assert labels.counts == {str(number): 80 for number in range(9)}
    assert labels.sha256 == sha256_of(file)
    assert set(shapely.get_type_id(labels.geometry)) == {shapely.GeometryType.POINT}
    west, south, east, north = shapely.total_bounds(labels.geometry)
    assert -123.5 < west < east < -121
    assert 36.5 < south < north < 39


def test_whole_numbers_lose_their_point_and_text_keeps_it(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("lon,lat,class\n1,1,6.0\n2,2,1.10\n3,3, park \n4,4,\n")
    labels = read_labels(table)
    assert labels.value.tolist() == ["6", "1.10", "park"]
    assert labels.dropped == {"no label": 1}
    floats = written(tmp_path / "floats.gpkg", [shapely.Point(1, 1)] * 2, label=[6.0, 2.5])
    assert read_labels(floats).value.tolist() == ["6", "2.5"]


def test_lines_and_empty_features_go_and_crossing_polygons_are_repaired(tmp_path: Path) -> None:
    flat = shapely.Polygon([(0, 0), (1, 1), (2, 2)])
    file = written(
        tmp_path / "mixed.geojson",
        [BOW_TIE, SQUARE, shapely.LineString([(0, 0), (1, 1)]), None, flat, SQUARE],
        zone=["a", "b", "a", "b", "a", None],
    )
    labels = read_labels(file)
    assert labels.value.tolist() == ["a", "b"]
    assert labels.repaired == 1
    assert labels.dropped == {
        "neither a point nor a polygon": 1,
        "no geometry": 1,
        "polygon with zero area": 1,
        "no label": 1,
    }
    assert shapely.is_valid(labels.geometry).all()
    # The two triangles of the bow-tie are half of its square.
    assert shapely.area(labels.geometry[0]) == pytest.approx(0.5)


def test_points_of_a_multipoint_are_labels_of_one_feature(tmp_path: Path) -> None:
    pair = shapely.MultiPoint([(0, 0), (1, 1)])
    file = written(
        tmp_path / "pairs.gpkg", [SQUARE, pair, shapely.Point(5, 5)], use=["a", "b", "c"]
    )
    labels = read_labels(file)
    assert labels.value.tolist() == ["a", "b", "b", "c"]
    assert labels.feature.tolist() == [0, 1, 1, 2]


def test_a_field_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    file = written(tmp_path / "a.geojson", [SQUARE], zone=["a"], owner=["b"])
    with pytest.raises(InputError, check=fault("no-such-field", "zona", "zone, owner")):
        read_labels(file, field="zona")


def test_a_file_without_a_usual_field_says_which_it_has(tmp_path: Path) -> None:
    file = written(tmp_path / "a.geojson", [SQUARE], colour=["a"], owner=["b"])
    with pytest.raises(InputError, check=fault("labels-without-class-field", "colour, owner")):
        read_labels(file)
    assert read_labels(file, field="owner").value.tolist() == ["b"]


def test_a_file_of_lines_is_refused(tmp_path: Path) -> None:
    line = shapely.LineString([(0, 0), (1, 1)])
    with pytest.raises(InputError, check=fault("no-usable-labels", f"1 x {NOT_A_PLACE}")):
        read_labels(written(tmp_path / "a.geojson", [line], zone=["a"]))


def test_a_missing_file_is_told() -> None:
    with pytest.raises(NotFoundError):
        read_labels("/nowhere/labels.geojson")


def test_another_crs_is_brought_to_degrees(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"class": ["a"]}, geometry=[shapely.Point(530000, 180000)], crs="EPSG:27700"
    )
    frame.to_file(tmp_path / "a.gpkg")
    point = read_labels(tmp_path / "a.gpkg").geometry[0]
    assert (point.x, point.y) == pytest.approx((-0.128, 51.504), abs=0.001)


def test_fields_are_listed_with_their_values(tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.gpkg",
        [shapely.Point(n, n) for n in range(5)],
        zone=["a", "b", "a", None, "a"],
        number=[1.0, 2.0, 3.0, 4.0, 5.0],
        empty=[None] * 5,
    )
    fields = {info.name: info for info in label_fields(file)}
    assert list(fields) == ["zone", "number"]
    assert fields["zone"].distinct == 2
    assert fields["zone"].examples == ("a", "b")
    assert fields["number"].examples[:2] == ("1", "2")


def test_an_osm_extract_gives_its_land_use() -> None:
    labels = read_labels(packaged_extract())
    assert labels.field == "land use"
    assert labels.counts["park"] > 10
    assert [info.name for info in label_fields(packaged_extract())] == ["land use"]


def test_labels_outside_the_city_are_refused_with_both_boxes(tmp_path: Path) -> None:
    labels = read_labels(written(tmp_path / "a.geojson", [SQUARE], zone=["a"]))
    with pytest.raises(
        InputError, check=fault("labels-outside-city", "2.0000,2.0000", "10.0000,10.0000")
    ):
        labels_inside(labels, shapely.box(10, 10, 11, 11))


def test_swapped_labels_are_told_so(tmp_path: Path) -> None:
    points = [shapely.Point(60.17 + n / 1e3, 24.94) for n in range(5)]
    labels = read_labels(written(tmp_path / "a.geojson", points, zone=list("abcde")))
    with pytest.raises(InputError, check=fault("coordinates-swapped")):
        labels_inside(labels, shapely.box(24.8, 60, 25.1, 60.3))


def test_labels_partly_outside_are_counted(tmp_path: Path) -> None:
    shapes = [shapely.Point(0.5, 0.5), shapely.Point(9, 9), shapely.box(0.9, 0.9, 5, 5)]
    labels = read_labels(written(tmp_path / "a.geojson", shapes, zone=["a", "b", "c"]))
    inside = labels_inside(labels, shapely.box(0, 0, 1, 1))
    assert inside.value.tolist() == ["a", "c"]
    assert inside.dropped == {"outside the city": 1}
    assert np.array_equal(inside.feature, [0, 2])
