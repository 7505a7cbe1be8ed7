"""Search: in words, by chip, by example; what it refuses; what stays."""

import json

import h3
import numpy as np
import pytest
from sqlalchemy import text

from tests.app_fixtures import SLUG
from tests.pages.visit import deck, layer, links, open_page, words
from workflows.home.store import Store
from workflows.layers.layers import list_layers
from workflows.search.search import search_cells

QUERY = "a night out"


@pytest.mark.usefixtures("app_environment")
def test_before_a_question_the_page_says_what_to_do() -> None:
    visit = open_page("search")
    assert "Search the city" in words(visit)
    cells = layer(deck(visit), "targets")["data"]
    assert len({cell["h"] for cell in cells}) == len(cells) > 1000


def test_a_question_colours_every_cell_as_it_scores(app_environment: Store) -> None:
    visit = open_page("search")
    visit.text_input(key="q").input(QUERY).run()
    drawn = {cell["h"]: cell["t"] for cell in layer(deck(visit), "cells")["data"]}
    scores = search_cells(app_environment, SLUG, QUERY)
    expected = {
        h3.int_to_str(int(cell)): f"percentile {value:.3g}"
        for cell, value in zip(scores.h3, scores.percentile, strict=True)
    }
    assert drawn == expected
    assert "top 1 %" in words(visit)
    assert "percentile of the city" in words(visit)


def test_the_best_tenth_alone(app_environment: Store) -> None:
    visit = open_page("search", q=QUERY)
    visit.get_by_key("share").set_value("10 %").run()
    kept = len(layer(deck(visit), "cells")["data"])
    percentile = search_cells(app_environment, SLUG, QUERY).percentile
    assert kept == np.count_nonzero(percentile >= 90)


@pytest.mark.usefixtures("app_environment")
def test_a_question_the_city_cannot_answer_paints_nothing() -> None:
    visit = open_page("search", q="asdfghjkl qwerty")
    assert "The city cannot answer this" in words(visit)
    assert "No kind of place here is described like this" in words(visit)
    assert "It does know" in words(visit)
    assert not any(one["id"].startswith("cells") for one in deck(visit)["layers"])
    assert not visit.exception


@pytest.mark.usefixtures("app_environment")
def test_but_not_changes_the_answer() -> None:
    visit = open_page("search", q=QUERY)
    before = layer(deck(visit), "cells")["data"]
    visit.text_input(key="not").input("school").run()
    assert layer(deck(visit), "cells")["data"] != before
    assert f"{QUERY} without school" in words(visit)


def test_a_chip_asks_a_category_of_the_city(app_environment: Store) -> None:
    visit = open_page("search")
    with app_environment.session() as session:
        known = set(session.scalars(text("SELECT category FROM poi")).all())
    chips = [option.content for option in visit.get_by_key("chip").proto.options]
    own = [chip for chip in chips if chip in known]
    assert len(own) >= 4
    visit.get_by_key("chip").set_value(own[0]).run()
    assert visit.text_input(key="q").value == own[0]
    assert layer(deck(visit), "cells")["data"]


def test_pointing_at_a_cell_finds_the_same_cell_first(app_environment: Store) -> None:
    lon, lat = search_cells(app_environment, SLUG, QUERY).lonlat[100]
    visit = open_page("search", at=f"{lon:.6f},{lat:.6f}")
    best = layer(deck(visit), "marks")["data"]
    assert best[0]["t"] == "The place you clicked"
    assert best[1]["p"] == pytest.approx([lon, lat], abs=2e-6)
    visit.button(key="back").click().run()
    assert "Search the city" in words(visit)


@pytest.mark.usefixtures("app_environment")
def test_a_point_outside_the_city_is_a_plain_box() -> None:
    visit = open_page("search", at="0,0")
    assert "is not in any cell of the city" in visit.error[0].value
    assert deck(visit)["layers"]


@pytest.mark.usefixtures("app_environment")
def test_places_are_listed_and_marked() -> None:
    visit = open_page("search", q=QUERY)
    visit.get_by_key("list").set_value("Places").run()
    marks = layer(deck(visit), "marks")["data"]
    assert len(marks) == 20
    assert all(mark["t"] in words(visit) for mark in marks)


def test_an_answer_is_kept_as_a_layer(app_environment: Store) -> None:
    visit = open_page("search", q=QUERY)
    visit.get_by_key(f"title-{QUERY}").input("Evenings").run()
    visit.button(key="keep").click().run()
    assert "Kept as Evenings" in visit.success[0].value
    (kept,) = list_layers(app_environment, SLUG)
    assert kept.title == "Evenings"
    assert kept.parameters["query"] == QUERY


@pytest.mark.parametrize(
    ("query", "says"),
    [("x " * 5000, "9,999 characters"), ("   ", "Search the city")],
    ids=["long", "blank"],
)
@pytest.mark.usefixtures("app_environment")
def test_queries_that_cannot_be_asked(query: str, says: str) -> None:
    visit = open_page("search")
    visit.text_input(key="q").input(query).run()
    assert says in words(visit)
    assert not visit.exception


@pytest.mark.usefixtures("app_environment")
def test_a_query_is_shown_as_text_not_as_markup() -> None:
    visit = open_page("search", q="<script>alert(1)</script> **bars**")
    assert "<script>alert" not in words(visit)


def test_a_city_without_a_model_is_sent_to_training(app_environment: Store) -> None:
    with app_environment.session() as session:
        session.execute(text("DELETE FROM model"))
    visit = open_page("search")
    assert "This city has no model yet" in words(visit)
    assert links(visit)["Train its model"] == "train"
    assert visit.text_input(key="q").disabled


@pytest.mark.usefixtures("empty_environment")
def test_without_a_city_the_page_says_so() -> None:
    assert "There is no city yet" in words(open_page("search"))


@pytest.mark.usefixtures("app_environment")
def test_the_map_asks_no_server_for_a_background() -> None:
    spec = deck(open_page("search"))
    assert spec["mapStyle"] == [{"version": 8, "sources": {}, "layers": []}]
    assert "http" not in json.dumps(spec)


@pytest.mark.usefixtures("app_environment")
def test_a_style_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AETHER_BASEMAP_STYLE", "https://tiles.example.org/style.json?key=k")
    assert deck(open_page("search"))["mapStyle"] == "https://tiles.example.org/style.json?key=k"


@pytest.mark.usefixtures("app_environment")
def test_a_map_is_drawn_without_a_style_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AETHER_BASEMAP_STYLE", "missing.json")
    page = open_page("search")
    assert not page.error
    assert any("missing.json" in one.value for one in page.caption)
    assert deck(page)["mapStyle"] == [{"version": 8, "sources": {}, "layers": []}]
