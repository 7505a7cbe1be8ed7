"""Columns are found by the names people give them."""

import unicodedata
from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.tasks.areas.read import read_areas
from aether_core.tasks.labels.read import read_labels
from aether_core.vector import read_vector
from aether_core.vector.headings import find_column, first_column, tidy_headings
from cli.maps.task_options import names_in
from tests.errors import fault

NFD = unicodedata.normalize("NFD", "Quartière")


def test_a_heading_is_found_in_any_spelling() -> None:
    columns = tidy_headings([f"{NFD} ", " Owner,  occupied", "Name\nof place"])
    assert columns == ["Quartière", "Owner, occupied", "Name of place"]
    for wanted, found in [
        (NFD, 0),
        ("QUARTIÈRE", 0),
        ("owner, occupied ", 1),
        ("name of place", 2),
    ]:
        assert find_column(columns, wanted, file="a.csv") == columns[found]


def test_one_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InputError, check=fault("no-such-field", "Owner", '"Owner, occupied"')):
        find_column(["Owner, occupied", "Social"], "Owner", file="a.csv")


def test_headings_that_are_the_same_are_refused_with_both() -> None:
    columns = tidy_headings(["name", "lon", "name "])
    assert columns == ["name (column 1)", "lon", "name (column 3)"]
    for look in (find_column, lambda c, n, file: first_column(c, [n], file=file)):
        with pytest.raises(
            InputError, check=fault("columns-of-one-name", "name (column 1)", "name (column 3)")
        ):
            look(columns, "name", file="a.csv")
    with pytest.raises(InputError, check=fault("columns-of-one-name", "'Name', 'NAME'")):
        find_column(["Name", "NAME"], "name", file="a.csv")
    assert find_column(["Name", "NAME"], "NAME", file="a.csv") == "NAME"


def test_names_with_commas_stand_in_quotes() -> None:
    assert names_in('"Owner, occupied", Social ,') == ("Owner, occupied", "Social")
    assert names_in("") == ()


def test_a_file_of_such_headings(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    square = '"POLYGON ((24 60, 24.01 60, 24.01 60.01, 24 60))"'
    path.write_text(f'{NFD},"Owned, outright ",Rented\t,wkt\np,150,50,{square}\n', encoding="utf-8")
    areas = read_areas(path, fields=["owned, outright", "RENTED"], code_field="Quartière")
    assert areas.shares.tolist() == [[0.75, 0.25]]
    assert areas.fields == ("Owned, outright", "Rented")
    assert areas.code.tolist() == ["p"]


def test_trials(shared: Path) -> None:
    trials = shared / "trials"
    fields = names_in('"Tenure: Owned, outright",Tenure: Social,Tenure; Other ')
    areas = read_areas(trials / "a_fnames.csv", fields=fields)
    whole = read_areas(trials / "a_base.csv", fields=["owner", "social", "private"])
    assert areas.shares.tolist() == whole.shares.tolist()
    assert read_labels(trials / "l_space.csv").field == "landuse"
    assert read_vector(trials / "l_space.csv").report.headings == ("landuse",)
