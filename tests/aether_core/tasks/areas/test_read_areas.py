"""Areas out of files: real shares, counts, and every way a file can be wrong."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.tasks.areas.read import NOT_AN_AREA, Areas, read_areas
from tests.errors import fault

NS_SEC = [f"ns_sec_{number}" for number in range(1, 10)]
SQUARES = [shapely.box(0.01 * n, 50, 0.01 * n + 0.01, 50.01) for n in range(5)]


def read(path: Path, table: dict[str, list[object]], **how: object) -> Areas:
    """Write squares side by side with the table's columns, and read them."""
    geometry = table.pop("geometry", SQUARES[: len(next(iter(table.values())))])
    frame = gpd.GeoDataFrame(table, geometry=geometry, crs="EPSG:4326")
    frame.to_file(path / "areas.gpkg")
    return read_areas(path / "areas.gpkg", **({"fields": ["a", "b"]} | how))


def read_text(path: Path, rows: list[str], **how: object) -> Areas:
    """Write squares as a table of text with columns code, a, b, and read it."""
    lines = [f'{row},"{square.wkt}"' for row, square in zip(rows, SQUARES, strict=False)]
    (path / "areas.csv").write_text("\n".join(["code,a,b,wkt", *lines]))
    return read_areas(path / "areas.csv", **({"fields": ["a", "b"]} | how))


def test_london_is_read_whole(shared: Path) -> None:
    file = shared / "real" / "london" / "lsoa_ns_sec.gpkg"
    areas = read_areas(file, fields=NS_SEC)
    assert len(areas) == 4994
    assert areas.given == "shares"
    assert areas.dropped == {}
    assert areas.fields == tuple(NS_SEC)
    assert areas.sha256 == sha256_of(file)
    assert areas.code[0] == "E01000001"
    assert np.isnan(areas.count).all()
    assert np.allclose(areas.shares.sum(axis=1), 1)
    table = pyogrio.read_dataframe(file, read_geometry=False)
    assert np.allclose(areas.shares, table[NS_SEC], atol=1e-3)
    west, south, east, north = shapely.total_bounds(areas.geometry)
    assert (west, south) == pytest.approx((-0.51, 51.29), abs=0.01)
    assert (east, north) == pytest.approx((0.33, 51.69), abs=0.01)


def test_some_of_the_fields_are_shares_among_them(shared: Path) -> None:
    areas = read_areas(shared / "real" / "london" / "lsoa_ns_sec.gpkg", fields=NS_SEC[:3])
    assert areas.given == "shares"
    assert areas.dropped == {}
    assert np.allclose(areas.shares.sum(axis=1), 1)


def test_counts_become_shares_and_small_areas_go(tmp_path: Path) -> None:
    areas = read(
        tmp_path, {"id": list("pqrst"), "a": [150, 30, 60, 0, 99], "b": [50, 70, 30, 0, 0]}
    )
    assert areas.given == "counts"
    assert areas.code.tolist() == ["p", "q"]
    assert areas.shares.tolist() == [[0.75, 0.25], [0.3, 0.7]]
    assert areas.count.tolist() == [200, 100]
    assert areas.dropped == {"fewer than 100 people": 2, "population of zero": 1}


def test_the_smallest_count_can_be_set(tmp_path: Path) -> None:
    table = {"id": ["p", "q"], "a": [15, 3], "b": [5, 1]}
    areas = read(tmp_path, dict(table), minimum_count=10, given="counts")
    assert areas.dropped == {"fewer than 10 people": 1}
    assert areas.minimum_count == 10
    with pytest.raises(InputError, check=fault("no-usable-areas", "2 x", "100 people")):
        read(tmp_path, dict(table), given="counts")


def test_percentages_are_told_from_counts(tmp_path: Path) -> None:
    areas = read(tmp_path, {"a": [25.0, 60.1], "b": [75.0, 39.8]})
    assert areas.given == "percent"
    assert areas.shares[0].tolist() == [0.25, 0.75]
    assert np.isnan(areas.count).all()


def test_a_single_row_of_shares_that_misses_one_goes(tmp_path: Path) -> None:
    squares = [shapely.box(0.01 * n, 50, 0.01 * n + 0.01, 50.01) for n in range(20)]
    first = [0.5] * 19 + [0.3]
    areas = read(tmp_path, {"a": first, "b": [0.5] * 20, "geometry": squares})
    assert len(areas) == 19
    assert areas.dropped == {"shares that do not sum to 1": 1}


def test_rows_that_sum_to_zero_go(tmp_path: Path) -> None:
    areas = read(tmp_path, {"a": [0.5, 0.0], "b": [0.5, 0.0]})
    assert areas.dropped == {"population of zero": 1}


def test_suppressed_values_drop_the_row(tmp_path: Path) -> None:
    areas = read_text(tmp_path, ["p,150,50", "q,..,50", "r,c,1", "s,*,*", "t,,3"])
    assert areas.code.tolist() == ["p"]
    assert areas.dropped == {
        "withheld value '..'": 1,
        "withheld value 'c'": 1,
        "withheld value '*'": 1,
        "missing value": 1,
    }


def test_missing_numbers_drop_the_row(tmp_path: Path) -> None:
    areas = read(tmp_path, {"a": [0.5, np.nan], "b": [0.5, 0.5]})
    assert areas.dropped == {"missing value": 1}


def test_numbers_as_offices_write_them(tmp_path: Path) -> None:
    counts = read_text(tmp_path, ['p,"1,500",500', "q,600,400"])
    assert counts.shares[0].tolist() == [0.75, 0.25]
    percent = read_text(tmp_path, ["p,25 %,75%", "q,50%,50%"])
    assert percent.given == "percent"


@pytest.mark.parametrize("value", ["many", "(12)", "1_000", "inf", "12 of 30"])
def test_text_that_is_no_number_is_refused_with_field_value_and_area(
    tmp_path: Path, value: str
) -> None:
    with pytest.raises(
        InputError, check=fault("area-value-not-a-number", "field a", repr(value), "area q")
    ):
        read_text(tmp_path, ["p,150,50", f"q,{value},50"])


def test_negative_counts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("area-number-negative", "field b", -5, "area q")):
        read(tmp_path, {"code": ["p", "q"], "a": [150, 200], "b": [50, -5]})


def test_a_missing_field_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("no-such-field", "c", "code, a, b")):
        read(tmp_path, {"code": ["p"], "a": [1], "b": [1]}, fields=["a", "c"])


@pytest.mark.parametrize("fields", [[], ["a"], ["a", "a"]])
def test_fewer_than_two_fields_are_refused(tmp_path: Path, fields: list[str]) -> None:
    with pytest.raises(InputError, check=fault("too-few-share-fields")):
        read(tmp_path, {"a": [1], "b": [1]}, fields=fields)


def test_overlapping_areas_are_refused_with_their_codes(tmp_path: Path) -> None:
    shifted = [SQUARES[0], SQUARES[2], shapely.box(0.004, 50, 0.014, 50.01)]
    table = {"code": ["p", "q", "r"], "a": [0.5] * 3, "b": [0.5] * 3, "geometry": shifted}
    with pytest.raises(InputError, check=fault("areas-overlap", "p and r", "60 %")):
        read(tmp_path, table)


def test_an_area_inside_another_is_refused(tmp_path: Path) -> None:
    inner = shapely.box(0.004, 50.004, 0.006, 50.006)
    table = {"code": ["p", "q"], "a": [0.5] * 2, "b": [0.5] * 2, "geometry": [SQUARES[0], inner]}
    with pytest.raises(InputError, check=fault("areas-overlap", "p and q", "100 %")):
        read(tmp_path, table)


def test_slivers_of_simplified_boundaries_are_fine(tmp_path: Path) -> None:
    sliver = shapely.box(0.0097, 50, 0.02, 50.01)
    table = {"a": [0.5] * 2, "b": [0.5] * 2, "geometry": [SQUARES[0], sliver]}
    assert len(read(tmp_path, table)) == 2


def test_crossing_polygons_are_repaired_and_other_shapes_dropped(tmp_path: Path) -> None:
    bow_tie = shapely.Polygon([(0, 50), (0.01, 50.01), (0.01, 50), (0, 50.01)])
    flat = shapely.Polygon([(1, 1), (2, 2), (3, 3)])
    shapes = [bow_tie, SQUARES[2], shapely.Point(5, 5), None, flat]
    areas = read(tmp_path, {"a": [0.5] * 5, "b": [0.5] * 5, "geometry": shapes})
    assert areas.repaired == 1
    assert len(areas) == 2
    assert shapely.is_valid(areas.geometry).all()
    assert areas.dropped == {"not a polygon": 1, "no geometry": 1, "polygon with zero area": 1}


def test_points_are_refused(tmp_path: Path) -> None:
    shapes = [shapely.Point(0, 0), shapely.Point(1, 1)]
    with pytest.raises(InputError, check=fault("no-usable-areas", f"2 x {NOT_AN_AREA}")):
        read(tmp_path, {"a": [1, 2], "b": [1, 2], "geometry": shapes})


def test_a_code_whose_rows_differ_is_refused_with_both_rows(tmp_path: Path) -> None:
    table = {"ward": ["p", "p", "q"], "a": [150, 160, 180], "b": [50, 50, 50]}
    said = fault("area-codes-repeated", "p of ward", "rows 1 and 2", "a 150 and 160")
    with pytest.raises(InputError, check=said):
        read(tmp_path, dict(table), code_field="ward")
    # Nobody said that wards were codes: the rows are numbered then.
    assert read(tmp_path, dict(table)).code.tolist() == ["1", "2", "3"]


def test_twins_in_a_code_column_are_refused(tmp_path: Path) -> None:
    squares = [shapely.box(0.01 * n, 50, 0.01 * n + 0.01, 50.01) for n in range(20)]
    codes = [f"E{n:02d}" for n in range(19)] + ["E00"]
    table = {"oa21cd": codes, "a": range(200, 220), "b": [50] * 20, "geometry": squares}
    with pytest.raises(InputError, check=fault("area-codes-repeated", "E00", "rows 1 and 20")):
        read(tmp_path, table)


def test_a_code_field_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("no-such-field", "ward", "a, b")):
        read(tmp_path, {"a": [1], "b": [1]}, code_field="ward")


def test_codes_are_taken_from_the_column_that_has_them(tmp_path: Path) -> None:
    table = {
        "borough": ["x", "x", "y"],
        "lad22cd": ["E1", "E1", "E2"],
        "name": ["p", "q", "r"],
        "lsoa21cd": ["E01", "E02", "E03"],
        "a": [0.5] * 3,
        "b": [0.5] * 3,
    }
    assert read(tmp_path, dict(table)).code.tolist() == ["E01", "E02", "E03"]
    del table["lsoa21cd"]
    assert read(tmp_path, dict(table)).code.tolist() == ["p", "q", "r"]
    assert read(tmp_path, dict(table), code_field="name").code.tolist() == ["p", "q", "r"]
