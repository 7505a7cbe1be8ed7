"""Shares out of numbers as offices write them: the same as from plain ones, or a question."""

import gzip
from pathlib import Path

import numpy as np
import pytest
import shapely

from aether_core.eo.table.samples import read_samples
from aether_core.errors import InputError
from aether_core.tasks.areas.columns import area_columns
from aether_core.tasks.areas.read import Areas, read_areas
from aether_core.vector import ReadOptions
from tests.errors import fault

FIELDS = ("owner", "social", "private", "other", "shared", "free")


def read(folder: Path, rows: list[str], **options: str) -> Areas:
    """Write squares as a semicolon table of code, a, b, and read it."""
    squares = [shapely.box(0.01 * n, 50, 0.01 * n + 0.01, 50.01).wkt for n in range(len(rows))]
    lines = [f"{row};{square}" for row, square in zip(rows, squares, strict=True)]
    (folder / "a.csv").write_text("\n".join(["code;a;b;wkt", *lines]), encoding="utf-8")
    return read_areas(folder / "a.csv", fields=["a", "b"], options=ReadOptions(**options))


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        (["p;1.500;500", "q;1.874;126"], "1.234"),
        (["p;1 500;500", "q;1 874;126"], "1 234"),
        (["p;1'500;500", "q;1'874;126"], "1'234"),
        (["p;75,000;25,000", "q;93,700;6,300"], "1234,5"),
        (["p;75.0%;25.0%", "q;93.7%;6.3%"], "1234.5"),
        (["p;0,75;0,25", "q;0,937;0,063"], "1234,5"),
        (["p;1.5e3;5e2", "q;1.874e3;1.26e2"], "1234.5"),
    ],
)
def test_one_table_in_many_writings(tmp_path: Path, rows: list[str], shown: str) -> None:
    areas = read(tmp_path, rows)
    assert areas.shares == pytest.approx(np.array([[0.75, 0.25], [0.937, 0.063]]), abs=1e-9)
    assert areas.report is not None
    assert areas.report.numbers == shown


def test_rows_that_sum_to_the_whole_tell_decimals(tmp_path: Path) -> None:
    areas = read(tmp_path, ["p;33,333;66,667", "q;12,125;87,875", "r;40;60"])
    assert areas.shares[2].tolist() == [0.4, 0.6]
    assert areas.shares[0] == pytest.approx([0.33333, 0.66667])
    by_hand = read(tmp_path, ["p;12.340;87.660", "q;50;50", "r;40;60"])
    assert by_hand.shares[0] == pytest.approx([0.1234, 0.8766])


def test_two_readings_are_asked_and_an_option_decides(tmp_path: Path) -> None:
    rows = ["p;1.874;1.125", "q;2.311;1.333"]
    with pytest.raises(InputError, check=fault("numbers-of-two-readings", "1.874", "1874")):
        read(tmp_path, rows)
    assert read(tmp_path, rows, thousands=".").count.tolist() == [2999, 3644]


def test_withheld_values_go_one_by_one_and_by_their_mark(tmp_path: Path) -> None:
    marks = ["S", "(D)", "<5", "1-9", "***", "#", "null", "-666666666", "-99999", "999999999"]
    areas = read(tmp_path, ["p;150;50", *(f"q{n};{m};50" for n, m in enumerate(marks))])
    assert areas.code.tolist() == ["p"]
    assert areas.dropped == {f"withheld value {mark!r}": 1 for mark in marks}
    assert areas.report is not None
    assert areas.report.left_out == areas.dropped


def test_trials_are_their_sound_twin(shared: Path) -> None:
    trials = shared / "trials"
    base = read_areas(trials / "a_base.csv", fields=FIELDS)
    sound = dict(zip(base.code, base.shares.tolist(), strict=True))
    for file in ("a_th_dot.csv", "a_th_dot.gpkg"):
        areas = read_areas(trials / file, fields=FIELDS)
        assert dict(zip(areas.code, areas.shares.tolist(), strict=True)) == sound
        assert set(FIELDS) <= set(area_columns(trials / file).numbers)
    decimals = read_areas(trials / "a_dec2.csv", fields=FIELDS)
    assert decimals.shares[0] == pytest.approx([0.0986, 0.7395, 0.1229, 0.0079, 0.0041, 0.027])
    for mark, file in {"S": "S", "<5": "lt5", "-666666666": "neg", "null": "null"}.items():
        areas = read_areas(trials / f"a_s_{file}.csv", fields=FIELDS)
        assert areas.dropped == {f"withheld value {mark!r}": 2}
        assert all(sound[c] == s for c, s in zip(areas.code, areas.shares.tolist(), strict=True))


def test_an_embedding_with_decimal_commas(shared: Path, tmp_path: Path) -> None:
    file = tmp_path / "ee.csv"
    file.write_bytes(gzip.decompress((shared / "trials" / "ee_deccomma.csv.gz").read_bytes()))
    found = read_samples(file)
    lonlat, vectors = found.lonlat, found.vectors
    assert vectors.shape[1] == 64
    assert vectors[0, :2] == pytest.approx([0.16611643, 0.07525615])
    assert lonlat[0] == pytest.approx([15.0007688, 40.6508115])
