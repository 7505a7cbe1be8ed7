"""Layers: found again, drawn, taken away, compared, removed."""

from typing import Any
from xml.etree import ElementTree as ET

import pytest
import streamlit as st
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from aether_core.tasks.kinds.classes import ClassFindings
from tests.app_fixtures import SLUG, Once
from tests.pages.visit import deck, layer, links, open_page, open_popover, words
from tests.task_fixtures import GROUPS, TaskFiles
from ui.maps import take_away
from workflows.home.store import Store
from workflows.jobs.job import list_jobs, remove_job
from workflows.jobs.outputs import output_file
from workflows.layers import file_kinds
from workflows.layers.file_kinds import LAYER_FILE
from workflows.layers.layers import keep_layer, list_layers, remove_layer
from workflows.layers.package import CITY_PACKAGE
from workflows.reports.job_kind import REPORT
from workflows.search.search import search_cells
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic

COMPARE = "Compare two"
pytestmark = pytest.mark.usefixtures("jobs_at_once")


@pytest.fixture
def mapped(app_environment: Store, task_files: TaskFiles, once: Once) -> Store:
    """Land use as two representations see it."""
    labels = LabelRequest(task_files.points, "zone")

    def fit(store: Store) -> None:
        for name in ("alphaearth", "aether"):
            settings = FitSettings(name, seeds=1, folds=3)
            land_use(store, SLUG, LandUseRequest(labels, settings))

    once("land use as two see it", app_environment, fit)
    return app_environment


def compare(view: str = "Swipe") -> AppTest:
    visit = open_page("layers")
    visit.get_by_key("layers-view").set_value(COMPARE).run()
    if view != "Swipe":
        visit.get_by_key("difference-view").set_value(view).run()
    assert not visit.exception
    return visit


def test_layers_are_listed_newest_first_with_their_lineage(kept: Store) -> None:
    visit = open_page("layers")
    assert visit.radio[0].options == ["school", "a night out"]
    said = words(visit)
    assert "tinytown-1" in said
    assert "2024, made up (demo)" in said
    assert list_layers(kept, SLUG)[0].view in said


def test_the_chosen_layer_is_drawn_by_the_chosen_field(kept: Store) -> None:
    visit = open_page("layers")
    by_percentile = layer(deck(visit), "cells")["data"]
    switch = next(one for one in visit.segmented_control if one.options == ["Score", "Rank"])
    switch.set_value("score").run()
    by_score = layer(deck(visit), "cells")["data"]
    assert by_percentile[0]["t"].startswith("ranks above ")
    assert by_score[0]["t"].startswith("score ")
    assert len(by_score) == len(by_percentile) == list_layers(kept, SLUG)[0].features


def test_land_use_is_drawn_by_its_classes(mapped: Store) -> None:
    visit = open_page("layers")
    cells = layer(deck(visit), "cells")["data"]
    chosen = list_layers(mapped, SLUG)[0]
    assert len(cells) == chosen.features
    assert "AETHER" in words(visit)
    classes = chosen.measured(ClassFindings).outcomes
    assert all(any(name in cell["t"] for name in classes) for cell in cells)


def test_layers_lie_on_each_other_and_stand_in_the_address(kept: Store) -> None:
    top, below = list_layers(kept, SLUG)
    visit = open_page("layers")
    visit.multiselect(key="with").set_value([below.layer]).run()
    assert not visit.exception
    assert visit.query_params["with"] == below.layer
    shown = deck(visit)
    movable = [one for one in shown["layers"] if one.get("movable")]
    assert [one["group"] for one in movable] == [below.title, top.title]  # lowest first
    assert [one["of"] for one in shown["legends"]] == [one["id"] for one in movable]
    assert movable[0]["data"] != movable[1]["data"]
    linked = open_page("layers", **{"with": f"{below.layer},no-such-layer"})
    assert linked.multiselect(key="with").value == [below.layer]
    assert ["no-such-layer" in str(box.value) for box in linked.warning] == [True]
    linked.multiselect(key="with").set_value([]).run()
    assert not linked.warning
    linked.multiselect(key="with").set_value([below.layer]).run()
    linked.radio[0].set_value(below.layer).run()  # a layer does not lie under itself
    assert linked.multiselect(key="with").value == []


def test_a_layer_is_renamed_and_a_title_too_long_is_said(kept: Store) -> None:
    visit = open_page("layers")
    chosen = list_layers(kept, SLUG)[0].layer
    visit.text_input(key=f"title-{chosen}").set_value("  Schools   of 2024 ")
    visit.button(key=f"rename-{chosen}").click().run()
    assert visit.radio[0].options == ["Schools of 2024", "a night out"]
    assert list_layers(kept, SLUG)[0].layer == chosen
    visit.text_input(key=f"title-{chosen}").set_value(" ")
    visit.button(key=f"rename-{chosen}").click().run()
    assert "1 to 200 characters" in visit.error[0].value
    assert list_layers(kept, SLUG)[0].title == "Schools of 2024"


def test_own_colours_and_limits_are_kept_for_everybody_and_taken_back(kept: Store) -> None:
    visit = open_page("layers")
    before = deck(visit)
    name = open_popover(visit, "Colours")
    visit.selectbox(key=f"{name}-ramp").set_value("red").run()
    visit.selectbox(key=f"{name}-way").set_value("typed").run()
    visit.text_input(key=f"{name}-limits").set_value("80, 40").run()
    assert "40 after 80" in visit.error[0].value
    assert f"{name}-apply" not in {one.key for one in visit.button}
    visit.text_input(key=f"{name}-limits").set_value("40, 80").run()
    visit.button(key=f"{name}-apply").click().run()
    assert not visit.exception
    another = deck(open_page("layers"))
    names = [one["name"] for one in another["legends"][0]["entries"]]
    assert names == ["0 to 40", "40 to 80", "80 to 100"]
    assert another["legends"] == deck(visit)["legends"] != before["legends"]
    chosen = list_layers(kept, SLUG)[0]
    assert chosen.own_classes["percentile"].ramp == "red"
    name = open_popover(visit, "Colours")
    visit.button(key=f"{name}-reset").click().run()
    assert deck(visit)["legends"] == before["legends"]
    assert list_layers(kept, SLUG)[0].own_classes == {}


def test_removing_takes_a_second_word(kept: Store) -> None:
    visit = open_page("layers")
    gone = list_layers(kept, SLUG)[0].layer
    visit.button(key=f"remove-{gone}").click().run()
    assert [one.layer for one in list_layers(kept, SLUG)] != [gone]
    ((_, said),) = visit.session_state["notices"]  # the router draws them
    assert said == "The layer was removed."
    assert visit.radio[0].options == ["a night out"]


@pytest.mark.usefixtures("app_environment")
def test_without_layers_the_page_points_to_search() -> None:
    visit = open_page("layers")
    assert "No saved maps yet" in words(visit)
    assert links(visit)["Ask this city"] == "search"


def test_a_layer_that_someone_else_removed_is_no_error(kept: Store) -> None:
    visit = open_page("layers")
    gone = list_layers(kept, SLUG)[0].layer
    remove_layer(kept, SLUG, gone)
    visit.button(key=f"remove-{gone}").click().run()
    assert not visit.exception
    assert not visit.error
    assert visit.radio[0].options == ["a night out"]


def test_a_layer_without_numbers_is_a_plain_box(kept: Store) -> None:
    st.cache_resource.clear()  # layers never change, but this one does: other tests have read it
    with kept.session() as session:
        session.execute(
            text(
                "UPDATE layer_column SET numbers = "
                "array_fill('NaN'::float8, ARRAY[cardinality(numbers)]) WHERE position = 1"
            )
        )
    visit = open_page("layers")
    chosen = [one for one in visit.segmented_control if "percentile" in one.options]
    if chosen and "score" in chosen[0].options:
        chosen[0].set_value("score").run()
        assert "no value to draw" in visit.error[0].value
    assert "Traceback" not in words(visit)


@pytest.mark.parametrize(("suffix", "start"), [(".pdf", b"%PDF"), (".html", b"<!")])
def test_a_report_is_made_and_then_offered(mapped: Store, suffix: str, start: bytes) -> None:
    visit = open_page("layers")
    visit.get_by_key("report-format").set_value(suffix).run()
    assert not offered(visit, "report-download")
    visit.button(key="report-make").click().run()
    assert not visit.error
    assert offered(visit, "report-download")
    (job,) = list_jobs(mapped, SLUG, kinds=[REPORT.name])
    path = output_file(mapped, job)
    assert path.name == f"{SLUG}-{list_layers(mapped, SLUG)[0].layer}{suffix}"
    assert path.read_bytes().lstrip()[:4].lower().startswith(start.lower())
    later = open_page("layers")  # after a reload it is still there
    later.get_by_key("report-format").set_value(suffix).run()
    assert offered(later, "report-download")
    later.button(key="report-again").click().run()
    (again,) = list_jobs(mapped, SLUG, kinds=[REPORT.name])
    assert again.job != job.job
    assert not path.exists()
    other = list_layers(mapped, SLUG)[1].layer
    later.radio[0].set_value(other).run()
    assert not offered(later, "report-download")


def test_a_large_layer_is_prepared_by_a_job_and_found_again(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert offered(open_page("layers"), "layer-download")  # a small one is written at once
    monkeypatch.setitem(file_kinds.DIRECT, "cell", 0)
    visit = open_page("layers")
    assert not offered(visit, "layer-download")
    visit.selectbox(key="layer-format").set_value(".csv").run()
    visit.button(key="layer-file-make").click().run()
    assert not visit.error
    assert offered(visit, "layer-file-download")
    (job,) = list_jobs(kept, SLUG, kinds=[LAYER_FILE.name])
    later = open_page("layers")  # after a reload: in the format that was asked for
    assert offered(later, "layer-file-download")
    later.selectbox(key="layer-format").set_value(".tif").run()
    assert not offered(later, "layer-file-download")
    later.selectbox(key="layer-format").set_value(".csv").run()
    assert offered(later, "layer-file-download")
    remove_job(kept, job.job)  # as when its time is over
    later.run()
    assert not later.exception
    assert not offered(later, "layer-file-download")
    later.button(key="layer-file-make").click().run()
    assert offered(later, "layer-file-download")


def test_all_maps_go_into_qgis_and_one_into_a_report(
    kept: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = open_page("layers")
    assert offered(visit, "qgis-project")
    assert links(visit)["Own title, words and districts"] == "reports"
    monkeypatch.setitem(file_kinds.DIRECT, "cell", 1)
    visit.radio(key="qgis-package").set_value(".zip").run()
    assert not offered(visit, "qgis-project")
    visit.button(key="qgis-make").click().run()
    assert not visit.error
    assert offered(visit, "qgis-download")
    (job,) = list_jobs(kept, SLUG, kinds=[CITY_PACKAGE.name])
    assert output_file(kept, job).suffix == ".zip"
    visit.radio(key="qgis-package").set_value(".qgz").run()
    assert offered(visit, "qgis-project")  # it holds no data, so it is written at once


def offered(visit: AppTest, key: str) -> bool:
    return any(one.key == key for one in visit.get("download_button"))


def test_the_style_of_a_layer_has_a_colour_for_each_class(mapped: Store) -> None:
    assert offered(open_page("layers"), "qgis-style")
    chosen = list_layers(mapped, SLUG)[0]
    style = ET.fromstring(take_away.style(mapped, SLUG, chosen))  # noqa: S314 - our own file
    found = {one.get("value") for one in style.iter("category")}
    assert set(chosen.measured(ClassFindings).outcomes) <= found


@pytest.mark.usefixtures("mapped")
def test_two_layers_lie_under_one_line() -> None:
    visit = compare()
    shown = deck(visit)
    left, right = (one for one in shown["layers"] if one.get("side"))
    assert (left["side"], right["side"]) == ("left", "right")
    assert "AETHER" in left["group"]
    assert "AlphaEarth" in right["group"]
    assert left["data"] != right["data"]
    named = [{cell["t"]: cell["c"] for cell in one["data"]} for one in (left, right)]
    both = named[0].keys() & named[1].keys()
    assert both
    assert all(named[0][name] == named[1][name] for name in both)  # a class has one colour
    same = next(one.value for one in visit.metric if one.label == "Same class")
    assert 0 < float(same.split("\N{NO-BREAK SPACE}")[0]) <= 100


def test_layers_of_one_title_are_told_apart(mapped: Store) -> None:
    visit = open_page("layers")
    title = list_layers(mapped, SLUG)[0].title
    assert visit.radio[0].options == [f"{title} \\(2\\)", title]
    visit.radio[0].set_value(list_layers(mapped, SLUG)[1].layer).run()
    assert "none needed" in words(visit)


def test_where_two_maps_differ_is_drawn(mapped: Store) -> None:
    cells = layer(deck(compare("Difference")), "cells")["data"]
    assert len(cells) == list_layers(mapped, SLUG)[0].features
    differ = [cell for cell in cells if "→" in cell["t"]]
    assert 0 < len(differ) < len(cells)
    assert {tuple(cell["c"]) for cell in differ}.isdisjoint(
        {tuple(cell["c"]) for cell in cells if "→" not in cell["t"]}
    )


def test_who_says_what_counts_every_cell_once(mapped: Store) -> None:
    table = compare("Table").dataframe[0].value
    assert table.to_numpy().sum() == list_layers(mapped, SLUG)[0].features
    assert table.index.name is not None


def test_numbers_are_compared_by_their_difference(kept: Store) -> None:
    visit = compare("Difference")
    cells: list[dict[str, Any]] = layer(deck(visit), "cells")["data"]
    assert {cell["t"][0] for cell in cells} <= {"+", "-"}
    assert any(one.label == "Correlation" for one in visit.metric)
    assert len(cells) == list_layers(kept, SLUG)[0].features


def test_areas_are_compared_with_areas(app_environment: Store, task_files: TaskFiles) -> None:
    for seed in (1, 2):
        fit = FitSettings("alphaearth", seeds=1, folds=3, seed=seed)
        areas = AreaRequest(task_files.areas, tuple(GROUPS))
        socioeconomic(app_environment, SLUG, SocioeconomicRequest(areas, fit))
    visit = compare("Difference")
    assert not visit.error
    first = visit.selectbox(key="compare-a").value
    second = visit.selectbox(key="compare-b").value
    kinds = {one.layer: one.kind for one in list_layers(app_environment, SLUG)}
    assert kinds[first] == kinds[second] == "socioeconomic areas"
    (shapes,) = [one for one in deck(visit)["layers"] if one["id"].startswith("areas")]
    assert len(shapes["data"]["features"]) > 50


def test_one_layer_cannot_be_compared(app_environment: Store) -> None:
    keep_layer(app_environment, search_cells(app_environment, SLUG, "school"))
    visit = compare()
    assert "You need two layers" in visit.info[0].value


def test_a_layer_removed_while_it_is_compared_is_no_crash(kept: Store) -> None:
    visit = compare()
    remove_layer(kept, SLUG, list_layers(kept, SLUG)[0].layer)
    visit.run()
    assert not visit.exception
    assert "You need two layers" in visit.info[0].value
