"""Layers: found again, drawn, taken away, removed."""

import pytest
from sqlalchemy import text

from tests.app_fixtures import SLUG
from tests.pages.visit import deck, layer, links, open_page, words
from workflows.layers import keep_layer, list_layers, remove_layer
from workflows.search import search_cells
from workflows.store import Store


@pytest.fixture
def kept(app_environment: Store) -> Store:
    for query in ("a night out", "school"):
        keep_layer(app_environment, search_cells(app_environment, SLUG, query))
    return app_environment


def test_layers_are_listed_newest_first_with_their_lineage(kept: Store) -> None:
    visit = open_page("layers")
    assert visit.radio[0].options == ["school", "a night out"]
    said = words(visit)
    assert "tinytown-1" in said
    assert "2024, simulated" in said
    assert list_layers(kept, SLUG)[0].view in said


def test_the_chosen_layer_is_drawn_by_the_chosen_field(kept: Store) -> None:
    visit = open_page("layers")
    by_percentile = layer(deck(visit), "cells")["data"]
    name = list_layers(kept, SLUG)[0].layer
    visit.get_by_key(f"field-{name}").set_value("score").run()
    by_score = layer(deck(visit), "cells")["data"]
    assert by_percentile[0]["t"].startswith("percentile ")
    assert by_score[0]["t"].startswith("score ")
    assert len(by_score) == len(by_percentile) == list_layers(kept, SLUG)[0].features


def test_removing_takes_a_second_word(kept: Store) -> None:
    visit = open_page("layers")
    gone = list_layers(kept, SLUG)[0].layer
    visit.button(key=f"remove-{gone}").click().run()
    assert [one.layer for one in list_layers(kept, SLUG)] != [gone]
    assert visit.radio[0].options == ["a night out"]


@pytest.mark.usefixtures("app_environment")
def test_without_layers_the_page_points_to_search() -> None:
    visit = open_page("layers")
    assert "No layer has been kept yet" in words(visit)
    assert links(visit)["Search this city"] == "search"


def test_a_layer_that_someone_else_removed_is_no_error(kept: Store) -> None:
    visit = open_page("layers")
    gone = list_layers(kept, SLUG)[0].layer
    remove_layer(kept, SLUG, gone)
    visit.button(key=f"remove-{gone}").click().run()
    assert not visit.exception
    assert not visit.error
    assert visit.radio[0].options == ["a night out"]


def test_a_layer_without_numbers_is_a_plain_box(kept: Store) -> None:
    with kept.session() as session:
        session.execute(
            text("UPDATE layer_feature SET properties = properties || '{\"score\": null}'")
        )
    name = list_layers(kept, SLUG)[0].layer
    visit = open_page("layers")
    visit.get_by_key(f"field-{name}").set_value("score").run()
    assert "no value to draw" in visit.error[0].value
    assert "Traceback" not in words(visit)
