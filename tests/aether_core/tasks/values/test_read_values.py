"""Numbers of places as files have them, and what is refused."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.errors import InputError, NotFoundError
from aether_core.tasks.values.read import (
    MISSING,
    NO_GEOMETRY,
    NOT_A_PLACE,
    PER_KM2,
    TWICE,
    read_values,
    value_columns,
)
from tests.errors import fault

SQUARES = [shapely.box(24.9 + k / 100, 60.1, 24.91 + k / 100, 60.105) for k in range(6)]


def saved(tmp_path: Path, geometry: list[Any], **columns: list[Any]) -> Path:
    path = tmp_path / "places.geojson"
    gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326").to_file(path, driver="GeoJSON")
    return path


def table(tmp_path: Path, **columns: list[Any]) -> Path:
    path = tmp_path / "table.csv"
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_areas_and_points_have_their_number(tmp_path: Path) -> None:
    shapes = [*SQUARES[:2], shapely.Point(24.95, 60.11)]
    read = read_values(saved(tmp_path, shapes, rent=[10, 12.5, 9]), field="rent")
    assert read.value.tolist() == [10, 12.5, 9]
    assert (read.field, read.unit, read.dropped) == ("rent", "", {})
    assert read.report.document()["columns"] == {"value": "rent"}


def test_numbers_may_be_texts_in_the_format_of_the_file(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        lon=[24.9, 24.91, 24.92],
        lat=[60.1, 60.11, 60.12],
        price=["1.234,5", "2.345,6", "987,0"],
    )
    assert read_values(path, field="price").value.tolist() == [1234.5, 2345.6, 987]


def test_what_counts_is_divided_by_the_size_of_its_area(tmp_path: Path) -> None:
    read = read_values(saved(tmp_path, SQUARES, people=[100] * 5 + [200]), field="people",
                       per_km2=True)  # fmt: skip
    metres = gpd.GeoSeries(SQUARES, crs=4326).to_crs("EPSG:3067").area.to_numpy()
    assert read.value == pytest.approx(np.array([100] * 5 + [200]) / metres * 1e6, rel=2e-3)
    assert read.unit == PER_KM2


def test_a_multipoint_is_a_place_for_each_point(tmp_path: Path) -> None:
    shapes = [shapely.MultiPoint([(24.9, 60.1), (24.91, 60.1)]), shapely.Point(24.92, 60.1)]
    read = read_values(saved(tmp_path, shapes, y=[1, 2]), field="y")
    assert read.value.tolist() == [1, 1, 2]


def test_rows_that_say_nothing_are_counted_by_reason(tmp_path: Path) -> None:
    line = shapely.LineString([(24.9, 60.1), (24.91, 60.1)])
    shapes = [*SQUARES, SQUARES[0], None, line]
    read = read_values(
        saved(tmp_path, shapes, y=["1", "2", "3", "4", "", "..", "1", "7", "8"]), field="y"
    )
    assert read.value.tolist() == [1, 2, 3, 4]
    assert read.dropped == {
        MISSING: 1,
        "withheld value '..'": 1,
        TWICE: 1,
        NO_GEOMETRY: 1,
        NOT_A_PLACE: 1,
    }


def test_several_measurements_at_a_point_may_differ_but_an_area_has_one_number(
    tmp_path: Path,
) -> None:
    spot = shapely.Point(24.9, 60.1)
    assert len(read_values(saved(tmp_path, [spot, spot], y=[1, 2]), field="y")) == 2
    with pytest.raises(InputError, check=fault("area-with-two-values", 1, 2)):
        read_values(saved(tmp_path, [SQUARES[0], SQUARES[0].reverse()], y=[1, 2]), field="y")


@pytest.mark.parametrize(
    ("numbers", "code", "facts"),
    [
        (["1", "2", "many", "4", "5", "6"], "value-not-a-number", ("y", "many")),
        ([1, 2, 3, 4, 5, float("inf")], "value-not-a-number", ("y", "inf")),
        ([1, None, None, None, None, 6], "values-mostly-missing", ("y", "4 of 6")),
    ],
)
def test_a_field_that_is_no_number_is_refused(
    tmp_path: Path, numbers: list[Any], code: str, facts: tuple[str, ...]
) -> None:
    path = tmp_path / "areas.parquet"
    gpd.GeoDataFrame({"y": numbers}, geometry=SQUARES, crs=4326).to_parquet(path)
    with pytest.raises(InputError, check=fault(code, *facts)):
        read_values(path, field="y")


def test_a_placeholder_of_a_statistical_office_is_no_number(tmp_path: Path) -> None:
    path = saved(tmp_path, SQUARES, income=[52_000, 61_000, -666_666_666, 48_000, 70_000, 39_000])
    read = read_values(path, field="income")
    assert len(read) == 5
    assert list(read.dropped) == ["withheld value '-666666666'"]


def test_temperatures_below_0_are_numbers(tmp_path: Path) -> None:
    read = read_values(saved(tmp_path, SQUARES, t=[-3.5, -1, 0, 2, 4, 5.5]), field="t")
    assert read.value.min() == -3.5


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path, [shapely.Point(24.9, 60.1)], y=[1])
    with pytest.raises(InputError, check=fault("no-such-field", "rent", "y")):
        read_values(path, field="rent")
    with pytest.raises(InputError, check=fault("points-have-no-size", "1 of 1")):
        read_values(path, field="y", per_km2=True)
    with pytest.raises(NotFoundError):
        read_values(tmp_path / "none.gpkg", field="y")


def test_fields_of_numbers_are_told_from_others(tmp_path: Path) -> None:
    found = value_columns(saved(tmp_path, SQUARES, y=[1] * 6, name=list("abcdef")))
    assert (found.rows, found.numbers, found.others) == (6, ["y"], ["name"])
    assert not found.needs_shapes
    assert value_columns(table(tmp_path, code=["a1", "a2"], y=[1, 2])).needs_shapes
