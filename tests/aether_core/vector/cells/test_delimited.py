"""Rows of text tables: where the table begins, and which rows are whole."""

import re
from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.vector import Limits, VectorFile, read_vector
from aether_core.vector.cells.delimited import FEWER_CELLS, MORE_CELLS
from tests.errors import fault


def read(folder: Path, text: str, name: str = "a.csv", **how: object) -> VectorFile:
    (folder / name).write_text(text, encoding="utf-8", newline="")
    return read_vector(folder / name, typed=False, **how)


def rows(count: int) -> str:
    return "".join(f"place {n},24.9,60.1\n" for n in range(count))


@pytest.mark.parametrize(
    ("text", "skipped"),
    [
        ("name,lon,lat\nx,24.9,60.1\n", 0),
        ("sep=;\nname;lon;lat\nx;24.9;60.1\n", 1),
        ('"sep=|"\r\nname|lon|lat\r\nx|24.9|60.1\r\n', 1),
        ("# made today, by me, for you\nname,lon,lat\nx,24.9,60.1\n", 1),
        ("// a, b, c\n// d\nname,lon,lat\nx,24.9,60.1\n", 2),
        ("Places of the town\nSource: its office, 2024\n\nname,lon,lat\nx,24.9,60.1\n", 3),
        ("Places of the town;;\n;;\nname;lon;lat\nx;24,9;60,1\n", 2),
        ("name,lon,lat\nx,24.9,60.1,\n", 0),
        ("name,lon,lat,\nx,24.9,60.1\n", 0),
        ("name;lon;lat\nx;24,9;60,1\n", 0),
        ("name\tlon\tlat\rx\t24.9\t60.1\r", 0),
        ("name,lon,lat\n\n\nx,24.9,60.1\n   \n", 0),
    ],
)
def test_where_a_table_begins(tmp_path: Path, text: str, skipped: int) -> None:
    found = read(tmp_path, text)
    assert found.frame["name"].tolist() == ["x"]
    assert (found.frame.geometry[0].x, found.frame.geometry[0].y) == (24.9, 60.1)
    numbers = [int(number) for note in found.report.notes for number in re.findall(r"\d+", note)]
    assert numbers == [skipped] * bool(skipped)


def test_headings_that_begin_like_a_comment_are_headings(tmp_path: Path) -> None:
    assert read(tmp_path, "#name,lon,lat\nx,24.9,60.1\n").report.headings == ("#name",)


@pytest.mark.parametrize("place", [0, 1, 40])
def test_a_row_that_is_too_wide_shifts_no_other(tmp_path: Path, place: int) -> None:
    lines = rows(60).splitlines()
    lines.insert(place, "Smith, Jones & Co,24.8,60.2")
    found = read(tmp_path, "\n".join(["name,lon,lat", *lines]))
    assert len(found.frame) == 60
    assert set(found.frame.geometry.x) == {24.9}
    assert found.report.left_out == {MORE_CELLS: 1}
    assert (found.report.rows, found.report.used) == (61, 60)
    assert any(f"line {place + 2} has 4" in note for note in found.report.notes)


def test_a_footer_is_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, f"name,lon,lat\n{rows(5)}Source: the town\n")
    assert found.report.left_out == {FEWER_CELLS: 1}


def test_many_rows_of_another_width_are_refused(tmp_path: Path) -> None:
    text = f"name,lon,lat\n{rows(100)}" + "Smith, Jo,24.9,60.1\n" * 4
    with pytest.raises(
        InputError, check=fault("rows-of-another-width", "4 of 104", "line 102", "Smith", "quotes")
    ):
        read(tmp_path, text)
    with pytest.raises(InputError, check=fault("rows-of-another-width", "2 of 2", "line 2")):
        read(tmp_path, "name,lon,lat\nSmith, Jo,24.9,60.1\nDoe, Al,24.9,60.1\n")


def test_an_open_quote_swallows_no_rows(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("quote-not-closed", "line 2")):
        read(tmp_path, f'name,lon,lat\n"place,24.9,60.1\n{rows(5)}')
    found = read(tmp_path, 'name,lon,lat\n"a\nb\nc",24.9,60.1\nJoe "the" Bar,24.9,60.1\n')
    assert found.frame["name"].tolist() == ["a\nb\nc", 'Joe "the" Bar']


def test_a_row_of_very_many_cells_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("file-too-large")):
        read(tmp_path, f"name,lon,lat\n{rows(9)}" + "x," * 50, limits=Limits(columns=20))


def test_trials(shared: Path) -> None:
    def names(file: str) -> tuple[list[str], dict[str, int]]:
        found = read_vector(shared / "trials" / file, typed=False)
        return found.frame["name"].tolist()[:2], dict(found.report.left_out)

    second = ["River Elm Machine Workshop", "River River Scrap Yard"]
    assert names("p_shift.csv") == (second, {MORE_CELLS: 3})
    assert names("p_unquoted1.csv") == (second, {MORE_CELLS: 1})
    for file in ("p_sep.csv", "p_comment.csv"):
        assert names(file) == (["Castle North Boating Lake", second[0]], {})
