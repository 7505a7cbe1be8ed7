"""Totals among the parts, and what numbers are: shares, percentages, counts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest

from aether_core.errors import InputError
from aether_core.tasks.areas.columns import area_columns
from aether_core.tasks.areas.given import given_notes, has_percent_signs, what_is_given
from aether_core.tasks.areas.read import read_areas
from aether_core.tasks.areas.totals import refuse_totals, rows_of_totals, totals_among
from tests.errors import fault

PARTS = ["owner", "social", "private", "other", "shared", "free"]
PERCENT = ["pct_owner", "pct_social", "pct_private"]
RNG = np.random.default_rng(5)


def people(rows: int = 30, fields: int = 4) -> np.ndarray:
    return RNG.gamma(1.5, 300, (rows, fields)).round()


def test_a_total_among_the_parts_is_refused_by_name(shared: Path) -> None:
    file = shared / "trials" / "a_total.geojson"
    with pytest.raises(InputError, check=fault("area-total-among-parts", "total is the total of")):
        read_areas(file, fields=[*PARTS, "total"])
    base = read_areas(shared / "trials" / "a_base.csv", fields=PARTS)
    assert np.allclose(read_areas(file, fields=PARTS).shares, base.shares)
    found = area_columns(file)
    assert found.numbers == PARTS
    assert found.totals == {"total": tuple(PARTS)}


@pytest.mark.parametrize("at", [0, 2, 4])
def test_a_total_is_found_wherever_it_stands_and_whatever_it_is_called(at: int) -> None:
    parts = people()
    values = np.insert(parts, at, parts.sum(axis=1), axis=1)
    names = ["p", "q", "r", "s"]
    names.insert(at, "v0")
    assert totals_among(values, names) == {"v0": ("p", "q", "r", "s")}


def test_subtotals_and_the_total_of_them_are_found() -> None:
    parts = people()
    men, women = parts[:, :2].sum(axis=1), parts[:, 2:].sum(axis=1)
    values = np.column_stack([men + women, men, parts[:, :2], women, parts[:, 2:]])
    names = ["T", "M", "m1", "m2", "F", "f1", "f2"]
    found = totals_among(values, names)
    assert set(found) == {"T", "M", "F"}
    assert found["M"] == ("m1", "m2")
    with pytest.raises(InputError, check=fault("area-total-among-parts", "T", "M", "F")):
        refuse_totals(values, names)


def test_a_total_that_offices_disturbed_and_rows_that_withhold_are_found() -> None:
    parts = people(60)
    total = parts.sum(axis=1) + RNG.integers(-2, 3, 60)
    total[:4] += 400
    values = np.column_stack([parts, total])
    values[5:9, 1] = np.nan
    assert list(totals_among(values, ["p", "q", "r", "s", "t"])) == ["t"]


@pytest.mark.parametrize("name", ["Population", "Gesamt", "total_hh", "总人口", "всего", "Totale"])
def test_a_whole_with_a_part_left_out_is_known_by_its_name(name: str) -> None:
    parts = people(12)
    values = np.column_stack([parts.sum(axis=1), parts[:, :3]])
    assert list(totals_among(values, [name, "p", "q", "r"])) == [name]
    assert totals_among(values, ["v", "p", "q", "r"]) == {}


def test_a_hundred_per_cent_beside_some_of_its_parts_is_a_total() -> None:
    parts = people(20)
    some = (100 * parts / parts.sum(axis=1, keepdims=True)).round(1)[:, :3]
    values = np.column_stack([some, np.full(20, 100.0)])
    assert list(totals_among(values, ["p", "q", "r", "all"])) == ["all"]


def test_among_many_fields_a_run_of_parts_is_found() -> None:
    parts = people(80, 40)
    values = np.column_stack([parts[:, :20], parts[:, 5:20].sum(axis=1), parts[:, 20:]])
    names = [f"v{k}" for k in range(41)]
    assert totals_among(values, names) == {"v20": tuple(names[5:20])}


def test_parts_alone_hold_no_total() -> None:
    for seed in range(40):
        rng = np.random.default_rng(seed)
        rows, fields = int(rng.integers(2, 40)), int(rng.integers(2, 10))
        counts = rng.poisson(rng.gamma(1, 8, (1, fields)), (rows, fields)).astype(float)
        assert totals_among(counts, [f"v{k}" for k in range(fields)]) == {}
    half = np.column_stack([np.full(9, 0.5), np.full(9, 0.25), np.full(9, 0.25)])
    assert totals_among(half, ["p", "q", "r"]) == {}


@pytest.mark.parametrize("name", ["a_partpct.gpkg", "a_partpctstr.gpkg"])
def test_some_of_the_percentages_are_no_people(shared: Path, name: str) -> None:
    areas = read_areas(shared / "trials" / name, fields=PERCENT)
    table = pyogrio.read_dataframe(shared / "trials" / name, read_geometry=False)[PERCENT]
    percent = table.astype(str).apply(lambda column: column.str.rstrip("%").astype(float))
    among = percent.to_numpy() / percent.to_numpy().sum(axis=1, keepdims=True)
    assert areas.given == "percent"
    assert len(areas) == 46
    assert np.isnan(areas.count).all()
    assert np.allclose(areas.shares, among)
    assert areas.report is not None
    assert "of a larger whole" in " ".join(areas.report.notes)


def test_numbers_below_a_hundred_are_told_or_asked_for() -> None:
    percent = (100 * people() / people().sum(axis=1, keepdims=True) / 4).round(1)
    assert what_is_given(percent) == "percent"
    assert what_is_given(percent / 100) == "shares"
    assert what_is_given(people() * 10) == "counts"
    whole = np.array([[12.0, 30], [7, 60], [33, 41]])
    with pytest.raises(InputError, check=fault("area-percent-or-counts", "42", "74")):
        what_is_given(whole)
    assert what_is_given(whole, percent_signs=True) == "percent"
    assert what_is_given(whole, said="counts") == "counts"


def test_percentages_that_overlap_are_refused() -> None:
    overlapping = np.array([[62.5, 80.1], [70.2, 55.0], [81.0, 44.4]])
    with pytest.raises(InputError, check=fault("area-percent-or-counts")):
        what_is_given(overlapping)
    with pytest.raises(InputError, check=fault("area-numbers-exceed-whole", "percent")):
        what_is_given(overlapping, percent_signs=True)


def test_per_cent_is_known_by_signs_and_headings() -> None:
    table = pd.DataFrame({"a": ["12 %", None], "b": ["3", "4"], "Prozent": [1, 2], "c": [1, 2]})
    assert has_percent_signs(table, ["a", "b"])
    assert has_percent_signs(table, ["Prozent", "b"])
    assert not has_percent_signs(table, ["b", "c"])


def test_what_was_decided_is_said() -> None:
    some = np.array([[0.2, 0.1], [0.25, 0.05]])
    assert "30%" in given_notes(some, "shares", ["p", "q"])[0]
    assert "p, q" in given_notes(some, "shares", ["p", "q"])[0]
    assert "counts" in given_notes(some, "counts", ["p", "q"])[0]


def test_columns_of_a_file_are_told_apart(tmp_path: Path) -> None:
    parts = people(12, 3).astype(int)
    table = pd.DataFrame(parts, columns=["p", "q", "r"])
    table["all_of_them"] = parts.sum(axis=1)
    table.insert(0, "zone", [f"{row:05}" for row in range(12)])
    table.insert(0, "big", [36001000100 + 7 * row for row in range(12)])
    table["Shape_Area"] = RNG.uniform(1e3, 1e6, 12)
    table["lon"], table["lat"] = np.linspace(1, 2, 12), 50.0
    table.to_csv(tmp_path / "columns.csv", index=False)
    found = area_columns(tmp_path / "columns.csv")
    assert found.numbers == ["p", "q", "r"]
    assert found.codes == ["big", "zone"]
    assert found.sizes == ["Shape_Area"]
    assert list(found.totals) == ["all_of_them"]
    assert found.needs_shapes


def test_a_row_that_is_the_sum_of_all_others_is_no_area() -> None:
    values = people(12, 3)
    whole = np.vstack([values[:5], values.sum(axis=0), values[5:]])
    assert np.flatnonzero(rows_of_totals(whole)).tolist() == [5]
    assert not rows_of_totals(values).any()
    assert not rows_of_totals(np.array([[5.0, 3.0], [2.0, 1.0], [3.0, 2.0]])).any()
