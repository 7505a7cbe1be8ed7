"""Evaluate: comparisons from the form to the verdict, text against truth, and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from aether_core.charts.words import SPLITS
from tests.app_fixtures import SLUG, CityFiles, Once
from tests.pages.visit import links, open_page, words
from tests.task_fixtures import GROUPS, TaskFiles
from workflows.cities.add import add_city
from workflows.evaluation.compare import Evaluation, evaluate_task, latest_evaluation
from workflows.home.store import Store
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest

pytestmark = pytest.mark.usefixtures("jobs_at_once")
QUICK = FitSettings(seeds=2, folds=3)
TEXT_TO_MAP = "Text to map"


def give(visit: AppTest, key: str, path: Path) -> None:
    """Give a file by its path on the server."""
    visit.get_by_key(f"{key}-way").set_value("Path on the server").run()
    visit.text_input(key=f"{key}-path").input(str(path)).run()


def charts(visit: AppTest) -> dict[str, dict[str, Any]]:
    """The page's charts by title."""
    specs = [json.loads(one.proto.spec) for one in visit.get("vega_lite_chart")]
    return {spec["title"]["text"]: spec for spec in specs}


@pytest.fixture
def compared(app_environment: Store, task_files: TaskFiles, once: Once) -> Evaluation:
    """A comparison that is there already, with its learning curve."""
    request = LandUseRequest(LabelRequest(task_files.points, "zone"), QUICK)
    names = ("alphaearth", "aether", "poi")
    return once(
        "comparison",
        app_environment,
        lambda store: evaluate_task(store, SLUG, request, names, with_curve=True),
    )


@pytest.mark.usefixtures("app_environment")
def test_before_a_comparison_the_page_says_what_is_needed() -> None:
    visit = open_page("evaluate")
    said = words(visit)
    assert "Does AETHER predict land use better" in said
    assert "Still needed: some known examples." in said
    assert visit.button(key="compare-go").disabled


def test_labels_are_compared_and_the_verdict_comes_first(
    app_environment: Store, task_files: TaskFiles
) -> None:
    visit = open_page("evaluate")
    give(visit, "compare-landuse-labels", task_files.points)
    field = next(one for one in visit.selectbox if one.label == "Class field")
    field.select("zone").run()
    visit.number_input(key="compare-landuse-seeds").set_value(2)
    visit.multiselect(key="landuse-representations").set_value(["alphaearth", "aether"]).run()
    assert not visit.button(key="compare-go").disabled
    visit.button(key="compare-go").click().run()
    assert not visit.error
    assert not visit.exception
    kept = latest_evaluation(app_environment, SLUG, "landuse")
    assert kept is not None
    assert {row["representation"] for row in kept.rows} == {"alphaearth", "aether"}
    assert {row["n_seeds"] for row in kept.rows} == {2}
    assert kept.verdict in words(visit)
    assert task_files.points.exists()


def test_nobody_wins_where_the_interval_holds_zero(compared: Evaluation) -> None:
    kept = compared
    said = words(open_page("evaluate"))
    spatial = [
        gain for gain in kept.gains if gain["split"] == "spatial" and gain["metric"] == "macro_f1"
    ]
    undecided = [one for one in spatial if one["ci95"][0] <= 0 <= one["ci95"][1]]
    assert len(spatial) == 2
    assert said.count("gray-badge") == len(undecided)
    assert said.count("trending_up") == sum(one["better"] is True for one in spatial)
    assert said.count("trending_down") == sum(one["better"] is False for one in spatial)


def test_the_last_comparison_is_there_on_arrival_with_every_figure(compared: Evaluation) -> None:
    kept = compared
    visit = open_page("evaluate")
    table = visit.dataframe[0].value
    assert table["Mean"].tolist() == [row["mean"] for row in kept.rows]
    assert set(table["Tested on"]) == {"random folds", "spatial blocks"}
    assert {"Score by representation", "Gain over AlphaEarth"} == set(charts(visit))
    visit.get_by_key("comparison-view").set_value("Folds and blocks").run()
    assert "Variogram of the labels" in charts(visit)
    assert visit.get("bidi_component")
    visit.get_by_key("comparison-view").set_value("Learning curve").run()
    assert "Learning curve" in charts(visit)
    assert not visit.exception


@pytest.mark.usefixtures("compared")
def test_the_measure_changes_what_is_drawn() -> None:
    visit = open_page("evaluate")
    visit.get_by_key("landuse-metric").set_value("accuracy").run()
    drawn = json.dumps(charts(visit)["Score by representation"])
    assert "Accuracy" in drawn
    assert "Macro-F1" not in drawn


@pytest.mark.usefixtures("app_environment")
def test_whole_districts_can_be_left_out(task_files: TaskFiles) -> None:
    visit = open_page("evaluate")
    give(visit, "compare-landuse-labels", task_files.points)
    visit.number_input(key="compare-landuse-seeds").set_value(1)
    give(visit, "landuse-districts", task_files.districts)
    visit.multiselect(key="landuse-representations").set_value(["alphaearth", "poi"]).run()
    visit.button(key="compare-go").click().run()
    assert not visit.error
    assert set(visit.dataframe[0].value["Tested on"]) == set(SPLITS.values()) - {SPLITS["blind"]}


def test_labels_of_one_class_are_refused_in_a_box(app_environment: Store, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    lines = [f"{24.93 + k / 10_000},60.11,homes" for k in range(40)]
    path.write_text("\n".join(["lon,lat,zone", *lines]) + "\n")
    visit = open_page("evaluate")
    give(visit, "compare-landuse-labels", path)
    if not visit.button(key="compare-go").disabled:
        visit.button(key="compare-go").click().run()
    assert visit.error
    assert "Traceback" not in words(visit)
    assert latest_evaluation(app_environment, SLUG, "landuse") is None


def test_shares_of_areas_have_a_comparison_of_their_own(
    app_environment: Store, task_files: TaskFiles
) -> None:
    request = SocioeconomicRequest(AreaRequest(task_files.areas, tuple(GROUPS)), QUICK)
    kept = evaluate_task(app_environment, SLUG, request, ("alphaearth", "aether"))
    visit = open_page("evaluate")
    assert "Still needed: some known examples." in words(visit)
    visit.get_by_key("task").set_value("Population and housing").run()
    said = words(visit)
    assert kept.verdict in said
    assert ", ".join(GROUPS) in said


def ask_by_file(visit: AppTest, files: TaskFiles, queries: Path) -> None:
    visit.get_by_key("task").set_value(TEXT_TO_MAP).run()
    give(visit, "truth-labels", files.zones)
    visit.get_by_key("queries-how").set_value("From a file").run()
    give(visit, "queries", queries)
    visit.button(key="retrieval-go").click().run()


@pytest.mark.usefixtures("app_environment")
def test_queries_are_held_against_truth(task_files: TaskFiles) -> None:
    visit = open_page("evaluate")
    ask_by_file(visit, task_files, task_files.queries)
    assert not visit.error
    table = visit.dataframe[0].value
    given = json.loads(task_files.queries.read_text())
    tested = {query for query, classes in given.items() if classes != ["offices"]}
    assert set(table["Query"]) == tested
    assert f"Not tested:** {', '.join(set(given) - tested)}" in words(visit)
    assert table["Area under the ROC curve"].str.fullmatch(r"[01]\.\d\d.*").all()
    assert "Area under the ROC curve" in charts(visit)
    visit.get_by_key("retrieval-metric").set_value("precision_at_5").run()
    assert "Precision in the top 5 %" in charts(visit)


@pytest.mark.usefixtures("app_environment")
def test_queries_typed_in_begin_with_the_classes(task_files: TaskFiles) -> None:
    visit = open_page("evaluate")
    visit.get_by_key("task").set_value(TEXT_TO_MAP).run()
    assert "Add labels first" in words(visit)
    give(visit, "truth-labels", task_files.zones)
    rows = next(one.value for one in visit.dataframe if list(one.value.columns)[:1] == ["query"])
    assert "park" in rows["class"].tolist()
    visit.button(key="retrieval-go").click().run()
    assert not visit.error
    assert "park" in visit.dataframe[0].value["Query"].tolist()


@pytest.mark.usefixtures("app_environment")
def test_a_class_the_truth_lacks_is_named_in_a_box(task_files: TaskFiles, tmp_path: Path) -> None:
    path = tmp_path / "queries.csv"
    path.write_text("query,class\nold walls,castle\n")
    visit = open_page("evaluate")
    ask_by_file(visit, task_files, path)
    assert "castle" in visit.error[0].value
    assert "Traceback" not in words(visit)


@pytest.mark.usefixtures("app_environment")
def test_queries_of_another_form_are_a_box(task_files: TaskFiles, tmp_path: Path) -> None:
    path = tmp_path / "queries.csv"
    path.write_text("a,b\n1,2\n")
    visit = open_page("evaluate")
    visit.get_by_key("task").set_value(TEXT_TO_MAP).run()
    give(visit, "truth-labels", task_files.zones)
    visit.get_by_key("queries-how").set_value("From a file").run()
    give(visit, "queries", path)
    assert "queries cannot be read" in visit.error[0].value


def test_without_a_model_aether_is_not_offered(
    empty_environment: Store, city_files: CityFiles
) -> None:
    add_city(empty_environment, city_files.request())
    visit = open_page("evaluate")
    assert visit.multiselect(key="landuse-representations").value == ["alphaearth", "poi"]
    assert links(visit)["Train its model"] == "train"
    visit.get_by_key("task").set_value(TEXT_TO_MAP).run()
    assert "This city has no model yet" in words(visit)


@pytest.mark.usefixtures("empty_environment")
def test_without_a_city_the_page_says_how_to_begin() -> None:
    assert "There is no city yet" in words(open_page("evaluate"))
