"""Areas to be profiled, read from files as people have them."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.search.profile import read as reading
from aether_core.search.profile.read import read_named_areas
from tests.errors import fault

BOXES = [shapely.box(24 + k / 10, 60, 24.1 + k / 10, 60.1) for k in range(3)]
BOW = shapely.Polygon([(24, 60), (24.1, 60.1), (24.1, 60), (24, 60.1), (24, 60)])


def written(
    folder: Path, shapes: list[shapely.Geometry], crs: str = "EPSG:4326", **columns: list[object]
) -> Path:
    file = folder / ("areas.geojson" if crs == "EPSG:4326" else "areas.gpkg")
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4326")
    frame.to_crs(crs).to_file(file)
    return file


def test_names_come_from_the_column_that_is_called_so(tmp_path: Path) -> None:
    file = written(
        tmp_path, BOXES, "EPSG:3067", code=["x", "y", "z"], Name=["Kallio", "Töölö", "Vallila"]
    )
    read = read_named_areas(file)
    assert read.name.tolist() == ["Kallio", "Töölö", "Vallila"]
    assert read.report.columns["name"] == "Name"
    assert read.report.crs == "EPSG:3067"
    for one, box in zip(read.geometry, BOXES, strict=True):
        assert shapely.symmetric_difference(one, box).area < 1e-6
    assert read_named_areas(file, name_field="code").name.tolist() == ["x", "y", "z"]
    with pytest.raises(InputError, check=fault("no-such-field", "ward", "code, Name")):
        read_named_areas(file, name_field="ward")


def test_a_name_that_could_be_one_of_several_is_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path, BOXES, ward=["a", "b", "c"], label=["x", "y", "z"], n=[1, 2, 3])
    assert read_named_areas(file).name.tolist() == ["a", "b", "c"]
    file = written(tmp_path, BOXES, one=["a", "b", "c"], label=["x", "y", "z"])
    with pytest.raises(InputError, check=fault("area-name-unclear", "one, label")):
        read_named_areas(file)
    file = written(tmp_path, BOXES, district=["A", "A", "B"], quarter=["x", "y", "z"])
    with pytest.raises(InputError, check=fault("area-name-unclear", "district, quarter")):
        read_named_areas(file)
    file = written(tmp_path, BOXES, kind=["A", "A", "B"], quarter=["x", "y", "z"])
    assert read_named_areas(file).name.tolist() == ["x", "y", "z"]


def test_rows_of_one_name_are_one_area_and_rows_without_are_numbered(tmp_path: Path) -> None:
    file = written(tmp_path, [BOXES[0], BOXES[2], BOXES[1]], name=["Isles", "Isles", None])
    read = read_named_areas(file)
    assert read.name.tolist() == ["Isles", "Area 3"]
    assert shapely.area(read.geometry).round(6).tolist() == [0.02, 0.01]
    assert any("parts of one area" in note for note in read.report.notes)
    read = read_named_areas(written(tmp_path, BOXES, people=[5, 6, 7]))
    assert read.name.tolist() == ["Area 1", "Area 2", "Area 3"]
    assert any("numbered" in note for note in read.report.notes)


def test_what_is_no_area_is_left_out_and_said(tmp_path: Path) -> None:
    touching = shapely.Polygon([(24, 60), (24.1, 60), (24.1, 60.1), (24.1, 60), (24, 60)])
    shapes = [BOXES[0], BOW, shapely.Point(24, 60), None, touching]
    names = ["good", "crossed", "spot", "empty", "flat"]
    read = read_named_areas(written(tmp_path, shapes, name=names))
    assert read.name.tolist() == ["good"]
    assert read.report.left_out == {
        "outline that crosses itself": 1,
        "not a polygon": 1,
        "no geometry": 1,
        "polygon with zero area": 1,
    }
    assert any("crossed" in note for note in read.report.notes)
    with pytest.raises(InputError, check=fault("boundary-crosses-itself", "the area lasso")):
        read_named_areas(written(tmp_path, [BOW], name=["lasso"]))
    with pytest.raises(InputError, check=fault("area-not-a-polygon", "1 x not a polygon")):
        read_named_areas(written(tmp_path, [shapely.Point(24, 60)], name=["spot"]))


def test_more_areas_than_anyone_reads_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_AREAS", 2)
    with pytest.raises(InputError, check=fault("too-many-areas", "has 3")):
        read_named_areas(written(tmp_path, BOXES, name=list("abc")))


def test_an_area_across_the_180th_meridian_is_one(tmp_path: Path) -> None:
    across = shapely.box(179.9, -17, 180.1, -16.9)
    read = read_named_areas(written(tmp_path, [across], name=["Taveuni"]))
    west, _, east, _ = np.array(shapely.total_bounds(read.geometry)).round(6)
    assert (west, east) == (-180, 180)
    assert shapely.area(read.geometry[0]) == pytest.approx(0.02)
