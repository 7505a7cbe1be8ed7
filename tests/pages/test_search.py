"""Search: a whole question, its chips, its card; by example; what it refuses; what stays."""

import json
from pathlib import Path

import geopandas as gpd
import h3
import numpy as np
import pytest
import shapely
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from aether_core.search.question.criteria import Criterion, FileSource
from tests.app_fixtures import SLUG
from tests.pages.visit import deck, layer, links, open_page, open_popover, popovers, words
from ui.jobs.links import link_to
from ui.shell.text import plain
from workflows.home.map_style import OPENFREEMAP
from workflows.home.store import Store
from workflows.jobs.job import list_jobs
from workflows.layers import file_kinds
from workflows.layers.file_kinds import ANSWER_FILE
from workflows.layers.layers import layer_values, list_layers
from workflows.search.ask import Answer, ask
from workflows.search.criteria_file import criteria_in_link, link_of
from workflows.search.search import search_cells

QUERY = "a night out"
WHOLE = "parks within 300 m of a school but at least 50 m from bars"
KINDS = ("like:", "not like:", "near:", "not near:", "in:")


def chips(visit: AppTest) -> list[str]:
    """What the chips of criteria say."""
    return [label for label in popovers(visit) if label.startswith(KINDS)]


def drawn(visit: AppTest) -> dict[str, str]:
    """The coloured cells and what their tooltips say."""
    return {cell["h"]: cell["t"] for cell in layer(deck(visit), "cells")["data"]}


def reported(answer: Answer) -> dict[str, str]:
    """The ranked cells of an answer and what their tooltips have to say."""
    return {
        h3.int_to_str(int(cell)): f"ranks above {value:.3g} % of the city"
        for cell, value in zip(answer.units.keys, answer.percentile, strict=True)
        if np.isfinite(value)
    }


def submit(visit: AppTest, key: str) -> None:
    """Send the form in a chip."""
    form = f"{key}-form"
    (button,) = [one for one in visit.button if one.form_id == form]
    button.click().run()
    assert not visit.exception, visit.exception


@pytest.mark.usefixtures("app_environment")
def test_before_a_question_the_page_says_what_to_do() -> None:
    visit = open_page("search")
    assert "Ask the city" in words(visit)
    assert deck(visit)["clickable"]


def test_a_question_colours_every_cell_as_it_scores(app_environment: Store) -> None:
    visit = open_page("search")
    visit.text_input(key="q").input(QUERY).run()
    assert drawn(visit) == reported(ask(app_environment, SLUG, QUERY))
    assert "top 1 %" in words(visit)
    assert "share of the city that ranks lower" in words(visit)


def test_the_best_tenth_alone(app_environment: Store) -> None:
    visit = open_page("search", q=QUERY)
    visit.get_by_key("share").set_value("10 %").run()
    percentile = ask(app_environment, SLUG, QUERY).percentile
    assert len(drawn(visit)) == np.count_nonzero(percentile >= 90)
    visit.get_by_key("ask-view").set_value("How sure").run()
    assert len(drawn(visit)) == np.count_nonzero(percentile >= 90)


def test_a_whole_question_stands_as_chips_that_can_be_edited(app_environment: Store) -> None:
    visit = open_page("search", q=WHOLE)
    first, *rest = chips(visit)
    assert first.startswith("like: parks · ")
    assert rest == ["near: school, 300 m", "not near: bars, 50 m"]
    assert "Distances are straight lines" in words(visit)
    best = ask(app_environment, SLUG, WHOLE).best(1)[0]
    assert f"near school: {best['metres']['near_school']:,.0f} m" in words(visit)

    key = open_popover(visit, "near: school")
    visit.number_input(key=f"{key}-distance").set_value(500)
    visit.number_input(key=f"{key}-weight").set_value(2)
    submit(visit, key)
    assert chips(visit)[1:] == ["near: school, 500 m ×2", "not near: bars, 50 m"]
    linked = visit.query_params["c"]
    like, near, far = criteria_in_link(linked)
    assert (near.distance_m, near.stated, near.weight) == (500, True, 2)
    expected = reported(ask(app_environment, SLUG, "", [like, near, far]))
    assert drawn(visit) == expected
    assert drawn(open_page("search", q=WHOLE, c=linked)) == expected

    open_popover(visit, "not near: bars")
    next(one for one in visit.button if one.label == "Remove").click().run()
    key = open_popover(visit, "Add")
    visit.selectbox(key=f"{key}-kind").set_value("not_near")
    visit.text_input(key=f"{key}-words").input("playground")
    submit(visit, key)
    assert chips(visit)[1:] == ["near: school, 500 m ×2", "not near: playground, 200 m"]
    visit.get_by_key("ask-mode").set_value("add").run()
    assert visit.query_params["mode"] == "add"
    now = criteria_in_link(visit.query_params["c"])
    assert [one.stated for one in now] == [False, True, False]
    assert drawn(visit) == reported(ask(app_environment, SLUG, "", now, mode="add"))

    visit.button(key="reread").click().run()
    assert chips(visit)[1:] == rest
    visit.text_input(key="q").input("cafe").run()
    assert [label.partition(" ·")[0] for label in chips(visit)] == ["like: cafe"]


def test_an_older_link_keeps_its_but_not(app_environment: Store) -> None:
    visit = open_page("search", q=QUERY, **{"not": "school"})
    assert [label.partition(" ·")[0] for label in chips(visit)] == [
        "like: night out",
        "not like: school",
    ]
    asked = [Criterion("like", "night out"), Criterion("not_like", "school", clause=1)]
    assert drawn(visit) == reported(ask(app_environment, SLUG, "", asked))


@pytest.mark.usefixtures("app_environment")
def test_what_no_place_is_like_paints_no_map_but_offers_what_is_known() -> None:
    visit = open_page("search", q="asdfghjkl qwerty")
    assert chips(visit) == ["like: asdfghjkl qwerty · unknown here"]
    assert "The city cannot answer this" in words(visit)
    assert "No kind of place here is described like this" in words(visit)
    assert deck(visit)["clickable"]
    assert not any(one["id"].startswith("cells") for one in deck(visit)["layers"])
    offer = next(one for one in visit.button if str(one.key).startswith("offer-"))
    offer.click().run()
    assert visit.text_input(key="q").value == offer.label
    assert drawn(visit)


def test_the_first_result_opens_a_card_that_says_why(app_environment: Store) -> None:
    visit = open_page("search", q=WHOLE)
    next(one for one in visit.button if str(one.key).startswith("spot-")).click().run()
    best = ask(app_environment, SLUG, WHOLE).best(1)[0]
    said = words(visit)
    assert visit.query_params["cell"] == best["cell"]
    assert "rank **1** of" in said
    assert f"{best['lat']:.5f}, {best['lon']:.5f}" in said
    assert f"Nearest: {best['nearest']['near_school']}, {best['metres']['near_school']:,.0f} m" in (
        said
    )
    assert "Such places nearby:" in said
    assert "How sure:" in said

    visit.button(key="like-this").click().run()
    marks = [mark["t"] for mark in layer(deck(visit), "marks")["data"]]
    assert marks[0] == "The place you clicked"
    assert "rank **1** of" in words(visit)
    visit.button(key="back").click().run()
    assert chips(visit)[1:] == ["near: school, 300 m", "not near: bars, 50 m"]


def test_best_spots_among_equals_are_not_all_in_one_corner(app_environment: Store) -> None:
    question = "within 1500 m of a school"  # all of it is: the first cells by number are neighbours
    answer = ask(app_environment, SLUG, question)
    equal = np.isfinite(answer.percentile) & (answer.score == np.nanmax(answer.score))
    assert equal.sum() > 1000
    visit = open_page("search", q=question)
    spots = [str(one.key)[5:] for one in visit.button if str(one.key).startswith("spot-")]
    at = np.array([answer.units.middle_of(spot) for spot in spots])
    assert len(set(spots)) == len(spots) > 3
    assert (np.ptp(at, axis=0) > np.ptp(answer.lonlat, axis=0) / 3).all()
    again = open_page("search", q=question)
    assert spots == [str(one.key)[5:] for one in again.button if str(one.key).startswith("spot-")]


def test_uncertain_cells_are_greyed(app_environment: Store) -> None:
    visit = open_page("search", q=QUERY)
    visit.get_by_key("ask-view").set_value("How sure").run()
    assert "area of applicability" in words(visit)
    (tested,) = [one for one in visit.expander if one.label == "How was this tested?"]
    assert any("area of applicability" in one.value for one in tested.caption)
    colours = {tuple(cell["c"]) for cell in layer(deck(visit), "cells")["data"]}
    visit.slider(key="ask-sure").set_value(90).run()
    after = [tuple(cell["c"]) for cell in layer(deck(visit), "cells")["data"]]
    (grey,) = set(after) - colours
    assert "unreliable" in words(visit)
    assert 0 < after.count(grey) <= ask(app_environment, SLUG, QUERY).ranked
    visit.get_by_key("ask-view").set_value("Where").run()
    assert grey in {tuple(cell["c"]) for cell in layer(deck(visit), "cells")["data"]}


def test_results_are_limited_to_districts_of_a_file(app_environment: Store, tmp_path: Path) -> None:
    lonlat = ask(app_environment, SLUG, QUERY).lonlat
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    middle = (west + east) / 2
    halves = [shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)]
    file = tmp_path / "halves.geojson"
    gpd.GeoDataFrame({"name": ["West", "East"]}, geometry=halves, crs=4326).to_file(file)

    visit = open_page("search", q=QUERY)
    open_popover(visit, "Limit to an area")
    visit.get_by_key("ask-area-way").set_value("Path on the server").run()
    visit.text_input(key="ask-area-path").input(str(file)).run()
    assert any("halves.geojson was read" in one.label for one in visit.expander)
    visit.selectbox(key="ask-area-halves.geojson-field").set_value("name").run()
    visit.multiselect(key="ask-area-halves.geojson-name").set_value(["West"]).run()
    visit.button(key="limit-to-file").click().run()
    source = FileSource(file, field="name", value="West")
    expected = ask(app_environment, SLUG, QUERY, [Criterion("in", "West", source=source)])
    assert drawn(visit) == reported(expected)
    inside = np.isfinite(expected.score)
    assert inside.any()
    assert lonlat[inside, 0].max() <= middle
    assert "c" not in visit.query_params

    next(one for one in visit.button if one.label == "in\\: West").click().run()
    assert drawn(visit) == reported(ask(app_environment, SLUG, QUERY))


def test_a_chip_asks_a_category_of_the_city(app_environment: Store) -> None:
    visit = open_page("search")
    with app_environment.session() as session:
        known = set(session.scalars(text("SELECT category FROM poi")).all())
    offered = [option.content for option in visit.get_by_key("chip").proto.options]
    own = [chip for chip in offered if chip in known]
    assert len(own) >= 4
    visit.get_by_key("chip").set_value(own[0]).run()
    assert visit.text_input(key="q").value == own[0]
    assert drawn(visit)


def test_pointing_at_a_cell_finds_the_same_cell_first(app_environment: Store) -> None:
    lon, lat = search_cells(app_environment, SLUG, QUERY).lonlat[100]
    visit = open_page("search", at=f"{lon:.6f},{lat:.6f}")
    best = layer(deck(visit), "marks")["data"]
    assert best[0]["t"] == "The place you clicked"
    assert best[1]["p"] == pytest.approx([lon, lat], abs=2e-6)
    visit.button(key="back").click().run()
    assert "Ask the city" in words(visit)


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


def test_an_answer_is_kept_as_a_layer_with_its_parts(app_environment: Store) -> None:
    visit = open_page("search", q=WHOLE)
    open_popover(visit, "Save to Maps")
    visit.get_by_key(f"title-{WHOLE}").input("Playing out").run()
    visit.button(key="keep").click().run()
    assert "Kept as Playing out" in visit.success[0].value
    (kept,) = list_layers(app_environment, SLUG)
    assert (kept.kind, kept.title, kept.parameters["question"]) == ("ask", "Playing out", WHOLE)
    answer = ask(app_environment, SLUG, WHOLE)
    values = layer_values(app_environment, SLUG, kept.layer).set_index("cell")
    cells = [h3.int_to_str(int(cell)) for cell in answer.units.keys]
    np.testing.assert_array_equal(values.loc[cells, "score"].astype(np.float32), answer.score)
    near = answer.parts[1]
    assert near.metres is not None
    np.testing.assert_allclose(values.loc[cells, "near_school_m"], near.metres, rtol=1e-6)
    assert "answer to a question" in words(open_page("layers"))


@pytest.mark.usefixtures("jobs_at_once")
def test_a_large_answer_is_prepared_by_a_job_and_found_again_from_its_link(
    app_environment: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = open_page("search", q=WHOLE)
    open_popover(visit, "Download")
    assert visit.get_by_key("search-download")
    monkeypatch.setitem(file_kinds.DIRECT, "cell", 0)
    visit.run()
    visit.selectbox(key="search-format").set_value(".csv").run()
    visit.button(key="search-file-make").click().run()
    assert not visit.error
    (job,) = list_jobs(app_environment, SLUG, kinds=[ANSWER_FILE.name])
    later = open_page("search", **{**link_to(job).address, "city": SLUG})
    open_popover(later, "Download")
    assert later.get_by_key("search-file-download")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("x " * 5000, "9,999 characters"),
        ("   ", "Ask the city"),
        ("near a park not near a park", "contradicts itself"),
        ("near a zeppelin hangar", "no places of this kind"),
    ],
    ids=["long", "blank", "contradiction", "not in the city"],
)
@pytest.mark.usefixtures("app_environment")
def test_queries_that_cannot_be_asked(query: str, says: str) -> None:
    visit = open_page("search")
    visit.text_input(key="q").input(query).run()
    assert says in words(visit)
    assert not visit.exception


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("{", "holds no criteria"),
        ('[{"kind": "beside", "words": "x"}]', "the kinds are"),
        ('[{"kind": "in", "words": "x", "source": {"file": "/etc/passwd"}}]', "cannot name a file"),
        ('[{"kind": "near", "words": "school", "distance_m": 1000000}]', "must lie between"),
    ],
    ids=["no JSON", "unknown kind", "a file", "too far"],
)
@pytest.mark.usefixtures("app_environment")
def test_links_that_cannot_be_followed(link: str, says: str) -> None:
    visit = open_page("search", q="cafe", c=link)
    assert says in visit.error[0].value


@pytest.mark.usefixtures("app_environment")
def test_a_year_that_is_gone_is_said() -> None:
    visit = open_page("search", year="1999")
    assert "1999" in visit.warning[0].value


def test_a_link_holds_all_of_a_criterion() -> None:
    asked = (
        Criterion("like", "night out", weight=0.5),
        Criterion("near", "school", 200.0, stated=True, clause=1),
        Criterion("near", "park", 300.0, clause=1, option=1),
    )
    assert criteria_in_link(link_of(asked)) == asked


@pytest.mark.usefixtures("app_environment")
def test_a_query_is_shown_as_text_not_as_markup() -> None:
    visit = open_page("search", q="<script>alert(1)</script> **bars**")
    marked = [one.body for one in visit.html] + [str(one.value) for one in visit.markdown]
    assert not any("<script>alert" in one for one in marked)


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
def test_a_map_without_a_style_asks_no_server_for_a_background() -> None:
    spec = deck(open_page("search"))
    assert spec["style"] is None
    assert "http" not in json.dumps({**spec, "credits": []})


@pytest.mark.usefixtures("app_environment")
def test_streets_of_openstreetmap_lie_below_where_nothing_else_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AETHER_BASEMAP_STYLE")
    assert deck(open_page("search"))["style"] == OPENFREEMAP.light


@pytest.mark.usefixtures("app_environment")
def test_a_style_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AETHER_BASEMAP_STYLE", "https://tiles.example.org/style.json?key=k")
    assert deck(open_page("search"))["style"] == "https://tiles.example.org/style.json?key=k"


@pytest.mark.usefixtures("app_environment")
def test_a_map_is_drawn_without_a_style_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AETHER_BASEMAP_STYLE", "missing.json")
    page = open_page("search")
    assert not page.error
    assert any("missing.json" in one.value for one in page.caption)
    assert deck(page)["style"] is None


def test_what_would_be_taken_for_another_answer_is_said_above_the_map(
    app_environment: Store,
) -> None:
    question = "places like this park, no school within 40 km"
    visit = open_page("search", q=question)
    remarks = ask(app_environment, SLUG, question).remarks
    assert len(remarks) == 2
    assert all(plain(note[1:]) in words(visit) for note in remarks)
