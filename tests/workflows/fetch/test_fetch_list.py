"""Tables of cities: every row is checked, and told by its line, before anything is queued."""

from pathlib import Path

import pytest

from aether_core.errors import InputError, NotFoundError
from tests.db.city_data import add_small_city
from tests.errors import fault
from workflows.fetch.fetches import list_fetches
from workflows.fetch.many import batch_name, start_many
from workflows.fetch.table import read_list
from workflows.home.store import Store


def table(folder: Path, *rows: str, header: str = "slug,name,year,bbox,place,country,pois") -> Path:
    path = folder / "cities.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return path


GOOD = 'alpha,Alpha,2024 2018,"23.975,60.15,24.025,60.175",,,both'


def test_rows_become_requests(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, GOOD, "", "reykjavik,Reykjavík,2023,,Reykjavík,Iceland,")
    listed = read_list(store, path)
    assert not listed.problems
    first, second = listed.requests
    assert (first.slug, first.years, first.pois) == ("alpha", (2024, 2018), "both")
    assert first.boundary.bounds == pytest.approx((23.975, 60.15, 24.025, 60.175))
    assert (second.name, second.pois) == ("Reykjavík", "overture")
    assert second.boundary.centroid.x == pytest.approx(-21.9, abs=0.1)
    assert "GeoNames" in second.credits[0]


def test_every_bad_row_is_told_by_its_line(store: Store, tmp_path: Path) -> None:
    with store.session() as session:
        add_small_city(session, slug="taken")
    rows = [
        GOOD,
        GOOD,
        'Bad Slug,Beta,2024,"23,60,23.1,60.1",,,',
        'gamma,Gamma,soon,"23,60,23.1,60.1",,,',
        "delta,Delta,2024,,,,",
        'epsilon,Epsilon,2024,"23,60",,,',
        "zeta,Zeta,2024,,Springfield,,",
        'eta,Eta,2024,"23,60,23.1,60.1",,,google',
        'taken,Taken,2024,"23,60,23.1,60.1",,,',
    ]
    listed = read_list(store, table(tmp_path, *rows))
    assert [request.slug for request in listed.requests] == ["alpha"]
    reasons = {problem.line: problem.reason for problem in listed.problems}
    assert list(reasons) == [3, 4, 5, 6, 7, 8, 9, 10]
    words = ["twice", "short name", "numbers", "one way", "W,S,E,N", "places", "source", "exists"]
    for line, word in zip(reasons, words, strict=True):
        assert word in reasons[line]
    with pytest.raises(InputError, check=fault("table-rows-unusable", 8)):
        start_many(store, listed, batch_name(tmp_path / "cities.csv"))
    assert not list_fetches(store)


def test_a_table_of_a_page_names_no_file_of_the_server(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, "a,A,2024,/etc/passwd", header="slug,name,year,boundary")
    (problem,) = read_list(store, path, allow_files=False).problems
    assert "may not refer to files" in problem.reason


@pytest.mark.parametrize(
    ("header", "code", "column"),
    [
        ("slug,name", "table-lacks-columns", "year"),
        ("slug,name,year,colour", "table-with-unknown-columns", "colour"),
    ],
)
def test_a_table_of_other_columns_is_refused(
    store: Store, tmp_path: Path, header: str, code: str, column: str
) -> None:
    with pytest.raises(InputError, check=fault(code, column)):
        read_list(store, table(tmp_path, "a,A", header=header))


def test_a_table_that_is_none_is_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_list(store, tmp_path / "none.csv")
    with pytest.raises(InputError, check=fault("table-wrong-row-count")):
        read_list(store, table(tmp_path))
    (tmp_path / "cities.csv").write_bytes(b"slug,name,year\n\xff\xfe,b,c\n")
    with pytest.raises(InputError, check=fault("table-unreadable", "cities.csv")):
        read_list(store, tmp_path / "cities.csv")
