"""Numbers written as text: one reading for a column and its file, or a question."""

import numpy as np
import pandas as pd
import pytest

from aether_core.errors import InputError
from aether_core.vector import ReadOptions
from aether_core.vector.cells.numbers import Numbers, number_columns, read_numbers, typed_columns
from aether_core.vector.cells.withheld import is_placeholder, is_withheld
from tests.errors import fault


def read(*columns: list[str | None], beside: list[str] | None = None, **how: object) -> Numbers:
    """Read columns of text, beside another one that is not asked for."""
    table = pd.DataFrame(
        {f"c{place}": pd.Series(cells, dtype="str") for place, cells in enumerate(columns)}
    )
    fields = list(table.columns)
    if beside is not None:
        table["beside"] = pd.Series(beside, dtype="str")
    return read_numbers(table, fields, file="x.csv", **how)


@pytest.mark.parametrize(
    ("cells", "values", "shown"),
    [
        (["1.234.567", "1.874", "980"], [1234567, 1874, 980], "1.234"),
        (["12.340", "1.874", "980"], [12340, 1874, 980], "1.234"),
        (["1.874,50", "980"], [1874.5, 980], "1.234,5"),
        (["33,333", "12,5", "40"], [33.333, 12.5, 40], "1234,5"),
        (["0,250", "1,874"], [0.25, 1.874], "1234,5"),
        (["1,234,567.8", "12"], [1234567.8, 12], "1,234.5"),
        (["12,34,567", "980"], [1234567, 980], "1,234"),
        (["1 874", "980"], [1874, 980], "1 234"),
        (["1\u00a0874,5", "2\u202f310"], [1874.5, 2310], "1 234,5"),
        (["1’874.5", "2'310"], [1874.5, 2310], "1'234.5"),
        (["12.5%", "3.25 %"], [12.5, 3.25], "1234.5"),
        (["12,5 %", "100 %"], [12.5, 100], "1234,5"),
        (["1.2e3", "+5", "\u22123", ".5"], [1200, 5, -3, 0.5], "1234.5"),
        (["٣٫٥", "２"], [3.5, 2], "1234.5"),
        (["980", "12345"], [980, 12345], None),
        (["15.0004", "1.874"], [15.0004, 1.874], "1234.5"),
    ],
)
def test_a_column_proves_how_it_is_read(
    cells: list[str], values: list[float], shown: str | None
) -> None:
    found = read(cells)
    assert found.values[:, 0].tolist() == values
    assert found.shown == shown


@pytest.mark.parametrize("cells", [["1.874", "2.311"], ["33,333", "40", "26,667"], ["1,234"]])
def test_what_can_be_read_in_two_ways_is_asked(cells: list[str]) -> None:
    digits = cells[0].replace(",", ".")
    facts = (cells[0], digits, digits.replace(".", ""), "--decimal", "--thousands")
    with pytest.raises(InputError, check=fault("numbers-of-two-readings", "c0", *facts)):
        read(cells)


@pytest.mark.parametrize(
    ("first", "second"),
    [(["9,86"], ["9.5"]), (["9,86", "9.5"], ["1"]), (["1 874", "1.874"], ["1"])],
)
def test_two_ways_of_writing_are_refused_with_one_of_each(
    first: list[str], second: list[str]
) -> None:
    two = [*first, *second][:2]
    with pytest.raises(InputError, check=fault("numbers-mixed", *two, "--decimal")):
        read(first, second)


def test_the_users_word_wins() -> None:
    assert read(["1.874"], options=ReadOptions(decimal=".")).values[0, 0] == 1.874
    assert read(["1.874"], options=ReadOptions(decimal=",")).values[0, 0] == 1874
    assert read(["1.874"], options=ReadOptions(thousands=".")).values[0, 0] == 1874
    reported = read(["1.5", "2,5"], options=ReadOptions(decimal=","))
    assert reported.text[:, 0].tolist() == ["1.5", ""]
    with pytest.raises(InputError, check=fault("decimal-is-thousands", ",")):
        read(["1"], options=ReadOptions(decimal=",", thousands=","))


def test_other_columns_tell() -> None:
    assert read(["1.874"], ["9,86"]).values[0].tolist() == [1874, 9.86]
    assert read(["1.874", "2.310"], ["980", "12"]).values[:, 0].tolist() == [1874, 2310]
    assert read(["1.874", "2.311"], beside=["12.5", "3.25"]).values[0, 0] == 1.874
    assert read(["1.874", "2.311"], beside=["12,5", "3,25"]).values[0, 0] == 1874


def test_what_looks_like_thousands_is_no_decimal_on_another_columns_word() -> None:
    with pytest.raises(InputError, check=fault("numbers-of-two-readings", "1.874")):
        read(["1.874", "980"], beside=["12.5", "3.25"])


def test_a_sound_reading_is_taken() -> None:
    found = read(
        ["33,333", "1"], ["66,667", "99"], sense=lambda v: bool((v.sum(axis=1) == 100).all())
    )
    assert found.values[0].tolist() == [33.333, 66.667]


def test_codes_of_other_columns_prove_nothing() -> None:
    with pytest.raises(InputError, check=fault("numbers-of-two-readings", "1.874")):
        read(["1.874", "2.311"], beside=["01.001", "02.014"])


def test_a_mistake_far_down_is_found() -> None:
    cells = [f"{n / 100:.2f}" for n in range(5_000)]
    assert np.array_equal(read(cells).values[:, 0], np.arange(5_000) / 100)
    with pytest.raises(InputError, check=fault("numbers-mixed", "12,5")):
        read([*cells, "12,5"])
    assert read([*cells, "n/a"]).text[-1, 0] == "n/a"


def test_a_column_of_numbers_is_never_touched() -> None:
    table = pd.DataFrame({"a": [1.874, np.nan], "b": ["1.234.567", None]})
    found = read_numbers(table, ["a", "b"], file="x.gpkg")
    assert found.values[0].tolist() == [1.874, 1234567]
    assert np.isnan(found.values[1]).all()


def test_codes_and_open_columns_stay_text() -> None:
    table = pd.DataFrame({"code": ["007"], "open": ["1.874"], "n": ["25"], "p": ["5 %"]})
    done, shown = typed_columns(table, ReadOptions(), file="x.csv")
    assert done.iloc[0].tolist() == ["007", "1.874", 25, "5 %"]
    assert shown is None
    done, shown = typed_columns(pd.DataFrame({"n": ["2,5"]}), ReadOptions(), file="x.csv")
    assert (done["n"][0], shown) == (2.5, "1234,5")


def test_columns_of_numbers_are_listed_in_any_writing() -> None:
    table = pd.DataFrame(
        {"a": ["1.874", "S"], "b": ["9,86 %", "<5"], "c": ["x", "y"], "d": [True, False]}
    )
    assert number_columns(table, 0.5) == ["a", "b"]


@pytest.mark.parametrize(
    "mark", ["", "S", "(D)", "<5", "1-9", "***", "#", "null", "..", "c", "N/A", ":", "–", "≤ 10"]
)
def test_marks_of_withheld_numbers(mark: str) -> None:
    assert is_withheld(mark)


@pytest.mark.parametrize("text", ["many", "12 of 30", "(12)", "1_000", "5", "12.5"])
def test_words_and_numbers_are_no_marks(text: str) -> None:
    assert not is_withheld(text)


def test_placeholders_are_told_by_what_stands_beside_them() -> None:
    values = np.array([[120.0, -666666666], [999999999, 80], [-99999, 7], [99, -5]])
    assert is_placeholder(values).tolist() == [
        [False, True],
        [True, False],
        [True, False],
        [False, False],
    ]
    assert not is_placeholder(np.array([[99999.0, 88000.0]])).any()
    assert is_placeholder(np.array([[-3.4028234663852886e38, 1.0]]))[0, 0]
