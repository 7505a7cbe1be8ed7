"""Change: what is missing, the map with its white noise, both years, what stays."""

import json

import h3
import pytest

from aether_core.search.question.parse import parse
from tests.app_fixtures import SLUG, YEAR
from tests.map_data import fetched
from tests.pages.visit import deck, layer, links, open_page, words
from tests.year_fixtures import OTHER
from ui.ask import when
from workflows.home.store import Store
from workflows.layers.layers import list_layers
from workflows.search.change import change_cells

QUERY = "a park"
pytestmark = pytest.mark.usefixtures("jobs_at_once")


@pytest.mark.usefixtures("app_environment")
def test_a_city_of_one_year_says_how_to_get_another() -> None:
    visit = open_page("change")
    assert f"This city has one year only, {YEAR}" in words(visit)
    assert f"./aether city add-year {SLUG}" in visit.code[0].value
    assert links(visit)["Add a city with several years"] == "city"


def test_a_change_is_mapped_with_its_noise_in_white(two_years_environment: Store) -> None:
    visit = open_page("change", what=QUERY)
    found = change_cells(two_years_environment, SLUG, QUERY, OTHER, YEAR)
    drawn = {cell["h"]: cell for cell in layer(deck(visit), "cells")["data"]}
    white = {name for name, cell in drawn.items() if cell["c"][:3] == [255, 255, 255]}
    cells = [h3.int_to_str(int(cell)) for cell in found.units.keys]
    assert set(drawn) == set(cells)
    assert white == {name for name, far in zip(cells, found.beyond_noise, strict=True) if not far}
    said = words(visit)
    assert f"{found.towards:,} moved towards the query" in said
    assert "within noise" in said
    assert visit.metric[0].value == f"{100 * found.share_below_noise:.1f}\N{NO-BREAK SPACE}%"
    assert len(visit.get("vega_lite_chart")) == 1
    finnish = open_page("change", what="puistoja", lang="fi")
    assert not finnish.error
    assert "”puistoja” kysytään näin\\: parks" in words(finnish)
    arabic = open_page("change", what="الحدائق")
    assert not arabic.error
    assert "“الحدائق” is asked as\\: parks" in words(arabic)
    marks = layer(deck(finnish), "marks")["data"]
    assert marks
    assert all(one["t"].endswith(" suomeksi") for one in marks)
    findable = json.loads(fetched(deck(finnish)["found"][0]))
    assert all(one["t"] == f"{one['o'][0]} suomeksi" for one in findable)


def test_years_can_be_turned_round_seen_side_by_side_and_kept(
    two_years_environment: Store,
) -> None:
    visit = open_page("change", **{"what": QUERY, "from": str(YEAR), "to": "1999"})
    assert [visit.selectbox(key=key).value for key in ("from", "to")] == [YEAR, OTHER]
    assert [f"This is {OTHER}" in str(box.value) for box in visit.warning] == [True]  # not of 1999
    visit.get_by_key("change-view").set_value("Two years").run()
    shown = deck(visit)
    sides = {one["side"]: one for one in shown["layers"] if one.get("side")}
    assert sides["left"]["group"] == str(YEAR)
    assert sides["right"]["group"] == str(OTHER)
    assert sides["left"]["shown"]["palette"] == sides["right"]["shown"]["palette"]
    assert sides["left"]["data"] != sides["right"]["data"]
    (key,) = shown["legends"]  # one scale
    assert key["title"] == f"{YEAR} | {OTHER}"
    visit.button(key="keep-change").click().run()
    assert not visit.error
    assert "Kept as" in words(visit)
    assert links(visit)["See it under Maps"] == "layers"
    (kept,) = list_layers(two_years_environment, SLUG)
    assert (kept.kind, kept.parameters["from"], kept.parameters["to"]) == ("change", YEAR, OTHER)
    layers = open_page("layers")
    assert "change between two years" in layers.radio[0].proto.captions[0]
    assert "within noise" in words(layers)


@pytest.mark.usefixtures("two_years_environment")
def test_what_cannot_be_read_is_said_in_a_box_and_nothing_is_asked_at_first() -> None:
    visit = open_page("change")
    assert "Ask what has changed" in words(visit)
    visit.text_input(key="what").input("y" * 301).run()
    assert "301 characters" in visit.error[0].value
    assert deck(visit)["layers"]


def test_a_question_goes_over_to_its_change_to_another_year_and_back(
    two_years_environment: Store,
) -> None:
    assert two_years_environment
    asked = "a park near a school but not a night out"
    visit = open_page("search", q=asked)
    visit.get_by_key(f"when-{YEAR}").set_value("Change").run()
    assert not visit.exception
    assert visit.text_input(key="what").value == "park"
    assert visit.text_input(key="without").value == "night out"
    visit.get_by_key("when-Change").set_value(str(YEAR)).run()
    assert not visit.exception
    assert visit.text_input(key="q").value == asked


@pytest.mark.usefixtures("two_years_environment")
def test_a_link_asks_of_another_year_and_one_the_city_lacks_is_its_own() -> None:
    said = f"Model\\: {SLUG}-1"
    assert f"{said}, on {OTHER}." in words(open_page("search", q=QUERY, year=str(OTHER)))
    assert f"{said}." in words(open_page("search", q=QUERY, year="1999"))


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("a park", ("park", "")),
        ("a park but not a school", ("park", "school")),
        ("homes near a park and a school, away from main roads", ("homes", "")),
        ("within 300 m of a station", ("", "")),
    ],
)
def test_only_likenesses_can_have_changed(question: str, expected: tuple[str, str]) -> None:
    assert when.compared(parse(question).criteria) == expected
