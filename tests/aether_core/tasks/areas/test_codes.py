"""Which rows are one area: codes, parts, and columns that only look like a code."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from aether_core.errors import InputError
from aether_core.tasks.areas.codes import Codes, area_codes
from aether_core.tasks.areas.read import read_areas
from tests.errors import fault

PARTS = ["owner", "social", "private", "other", "shared", "free"]
RNG = np.random.default_rng(3)


def municipalities(count: int = 20, islands: int = 30) -> pd.DataFrame:
    """Municipalities in rows of one part each, mixed, with the same people in each part."""
    people = RNG.integers(100, 5000, (count, 3))
    which = RNG.permutation([*range(count), *RNG.integers(0, count, islands)])
    table = pd.DataFrame(people[which], columns=["a", "b", "c"])
    return table.assign(kommun=[f"K{number:03}" for number in which])


def codes_of(table: pd.DataFrame, code_field: str | None = None) -> Codes:
    fields = ["a", "b", "c"]
    values = table[fields].to_numpy(dtype=float)
    return area_codes(table, fields, values, np.ones(len(table), dtype=bool), code_field)


def test_parts_in_two_rows_each_are_one_area(shared: Path) -> None:
    base = read_areas(shared / "trials" / "a_base.csv", fields=PARTS)
    twice = read_areas(shared / "trials" / "a_twice.geojson", fields=PARTS)
    assert len(twice) == len(base) == 46
    assert np.allclose(twice.shares, base.shares)
    assert np.allclose(twice.count, base.count)
    assert twice.report is not None
    assert "92 rows are 46 areas" in " ".join(twice.report.notes)
    assert (twice.report.rows, twice.report.used) == (92, 92)
    assert np.allclose(shapely.area(twice.geometry), shapely.area(base.geometry), rtol=1e-3)


def test_feature_ids_never_win_over_a_geoid(shared: Path) -> None:
    fields = [f"share_{number}" for number in range(1, 7)]
    areas = read_areas(shared / "trials" / "a_featid.geojson", fields=fields)
    assert areas.code[0] == "036001"
    assert areas.report is not None
    assert areas.report.columns["code"] == "GEOID"


def test_islands_apart_are_a_multipolygon_counted_once(tmp_path: Path) -> None:
    squares = [shapely.box(0.02 * n, 50, 0.02 * n + 0.01, 50.01) for n in range(4)]
    table = {"nuts_id": ["A", "B", "A", "A"], "x": [700, 150, 700, 700], "y": [300, 450, 300, 300]}
    file = tmp_path / "islands.gpkg"
    gpd.GeoDataFrame(table, geometry=squares, crs="EPSG:4326").to_file(file)
    areas = read_areas(file, fields=["x", "y"])
    assert areas.code.tolist() == ["A", "B"]
    assert areas.count.tolist() == [1000, 600]
    assert shapely.get_num_geometries(areas.geometry).tolist() == [3, 1]


@pytest.mark.parametrize(
    "heading", ["kommunkod", "GEOID20", "municipality_id", "codigo_ine", "市町村コード", "name"]
)
def test_a_column_of_parts_is_the_code_whatever_its_language(heading: str) -> None:
    table = municipalities().rename(columns={"kommun": heading})
    found = codes_of(table.assign(fid=range(1, 51), objectid=range(50)))
    assert found.field == heading
    assert len(set(found.code)) == 20
    assert "50 rows are 20 areas" in found.notes[0]


def test_a_count_of_parts_does_not_win_over_their_code() -> None:
    table = municipalities().rename(columns={"kommun": "lau_code"})
    assert codes_of(table.assign(part_id=range(50))).field == "lau_code"
    shuffled = RNG.permutation(np.arange(500, 550))
    assert codes_of(table.assign(part_id=shuffled)).field == "lau_code"


def test_two_codes_that_divide_the_rows_differently_are_asked_for() -> None:
    table = municipalities().rename(columns={"kommun": "lau_code"})
    table["polygon_code"] = [f"P{row}" for row in range(50)]
    with pytest.raises(InputError, check=fault("area-code-unclear", "lau_code", "polygon_code")):
        codes_of(table)
    assert len(set(codes_of(table, "lau_code").code)) == 20
    assert len(set(codes_of(table, "polygon_code").code)) == 50


def test_a_parent_code_is_passed_over_and_said() -> None:
    table = pd.DataFrame(RNG.integers(100, 900, (30, 3)), columns=["a", "b", "c"])
    table["lad22cd"] = [f"E{row // 10}" for row in range(30)]
    table["name"] = [f"Ward {row}" for row in range(30)]
    found = codes_of(table)
    assert found.field == "name"
    assert "lad22cd cannot be the code" in found.notes[0]


def test_a_parent_code_beside_feature_ids_alone_is_asked_for() -> None:
    table = pd.DataFrame(RNG.integers(100, 900, (30, 3)), columns=["a", "b", "c"])
    table["lad22cd"] = [f"E{row // 10}" for row in range(30)]
    table["fid"] = range(30)
    with pytest.raises(InputError, check=fault("area-code-unclear", "lad22cd", "fid")):
        codes_of(table)
    assert codes_of(table, "fid").code[0] == "0"


def test_a_table_of_several_years_is_refused_with_both_rows() -> None:
    table = pd.DataFrame(RNG.integers(100, 900, (20, 3)), columns=["a", "b", "c"])
    table["GEOID"] = [f"{36001 + row % 10:06}" for row in range(20)]
    with pytest.raises(InputError, check=fault("area-codes-repeated", "036001", "rows 1 and 11")):
        codes_of(table)


def test_codes_of_64_bits_beside_an_empty_cell_keep_their_digits() -> None:
    table = pd.DataFrame(RNG.integers(100, 900, (12, 3)), columns=["a", "b", "c"])
    digits = pd.array([360010001000123450 + row for row in range(12)], dtype="Int64")
    digits[5] = pd.NA
    found = codes_of(table.assign(block_code=digits))
    assert found.field == "block_code"
    assert found.code[:2].tolist() == ["360010001000123450", "360010001000123451"]
    assert found.code[5] == ""


def test_several_spellings_of_one_code_take_the_most_telling() -> None:
    table = pd.DataFrame(RNG.integers(100, 900, (12, 3)), columns=["a", "b", "c"])
    table["id"] = range(12)
    table["NAME"] = [f"Tract {row}" for row in range(12)]
    table["TRACTCE"] = [f"{row:06}" for row in range(12)]
    table["GEOID"] = [f"36001{row:06}" for row in range(12)]
    assert codes_of(table).field == "TRACTCE"
    assert codes_of(table.drop(columns=["TRACTCE", "GEOID"])).field == "NAME"


def test_without_a_code_rows_are_numbered_and_twins_said() -> None:
    table = municipalities().drop(columns="kommun")
    found = codes_of(table.assign(total=table.sum(axis=1)))
    assert found.field is None
    assert found.code[:2].tolist() == ["1", "2"]
    assert "numbered in order" in found.notes[0]
    assert "same numbers as another row" in found.notes[1]


def test_parts_with_rounded_shares_are_not_dropped_for_an_id() -> None:
    shares = np.round(RNG.dirichlet([9, 9, 9], 30), 1)
    which = RNG.permutation([*range(30), *range(30)])
    table = pd.DataFrame(shares[which], columns=["a", "b", "c"])
    table["GEOID"] = [f"G{number}" for number in which]
    table["shape_id"] = RNG.permutation(np.arange(700, 760))
    assert codes_of(table).field == "GEOID"


def test_areas_that_all_say_the_same_prove_no_parts() -> None:
    table = pd.DataFrame({"a": 0.5, "b": 0.3, "c": 0.2, "lad22cd": list("xxyyzz")})
    assert codes_of(table.assign(lsoa21cd=list("pqrstu"))).field == "lsoa21cd"
    assert codes_of(table.assign(name=list("pqrstu"))).field == "name"
