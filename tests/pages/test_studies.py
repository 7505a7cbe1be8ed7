"""Evaluate, studies: asked for by a form, read as a sentence, a chart and a table."""

import pytest
from streamlit.testing.v1 import AppTest

from aether_core.study.words import in_words
from db.schema import Study
from tests.app_fixtures import SLUG, CityFiles
from tests.pages.visit import open_page, words
from tests.task_fixtures import TaskFiles
from ui.shell.text import plain
from workflows.cities.add import add_city
from workflows.evaluation.studies import (
    StudyRequest,
    StudySummary,
    add_study,
    list_studies,
    remove_study,
    seeds_from,
    show_study,
)
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.tasks.labels import LabelRequest

pytestmark = pytest.mark.usefixtures("no_worker")


def open_studies() -> AppTest:
    visit = open_page("evaluate")
    visit.get_by_key("task").set_value("Studies").run()
    assert not visit.exception
    return visit


def queued(store: Store, labels: LabelRequest | None = None) -> Study:
    request = StudyRequest(
        "seeds", settings={"epochs": "2"}, seeds=seeds_from(42, 2), labels=labels
    )
    return add_study(store, SLUG, request)


def finished(store: Store, labels: LabelRequest | None = None) -> StudySummary:
    study = queued(store, labels)
    carry_out(store, study.job_id)
    return show_study(store, study.id)


@pytest.mark.usefixtures("app_environment")
def test_before_the_first_study_the_page_says_what_it_answers_and_what_it_costs() -> None:
    visit = open_studies()
    said = words(visit)
    assert "No studies yet" in said
    assert "How much worse is the model without one of its parts?" in said
    assert "Labels from a land-use map would add two metrics" in said
    assert "based on the last training run" in said
    visit.selectbox(key="study-kind").set_value("sparsity").run()
    assert "How many places does the model need?" in words(visit)


def test_a_study_is_asked_for_and_can_be_stopped(app_environment: Store) -> None:
    visit = open_studies()
    visit.selectbox(key="study-kind").set_value("seeds").run()
    visit.slider(key="study-seeds").set_value(3).run()
    visit.number_input(key="study-epochs-aether").set_value(2000).run()
    visit.button(key="study-go").click().run()
    assert not visit.error
    (found,) = list_studies(app_environment, SLUG)
    assert (found.kind, found.seeds) == ("seeds", (42, 43, 44))
    assert found.settings == {"epochs": "2000"}
    assert "Chance" in words(visit)
    visit.button(key=f"study-stop-{found.job}").click().run()
    assert show_study(app_environment, found.id).state == "cancelled"


def test_what_was_found_is_a_sentence_a_chart_and_a_table(
    app_environment: Store, task_files: TaskFiles
) -> None:
    found = finished(app_environment, LabelRequest(task_files.points, "zone"))
    assert found.result is not None
    visit = open_studies()
    assert plain(in_words(found.result, "mrr")) in words(visit)
    assert len(visit.get("vega_lite_chart")) == 1
    table = visit.dataframe[0].value
    mrr = [one for one in found.result.summaries if one.metric == "mrr"]
    assert table["Mean"].tolist() == [one.mean for one in mrr]
    assert "Spread" in table.columns
    assert "Difference" not in table.columns  # chance has no baseline
    visit.get_by_key(f"study-metric-{found.id}").set_value("macro_f1").run()
    assert plain(in_words(found.result, "macro_f1")) in words(visit)
    labels = [one.proto.label for one in visit.get("download_button")]
    assert labels == ["Table (CSV)", "All figures (JSON)", "Chart (SVG)"]
    assert "based on the last study" not in words(visit)
    visit.selectbox(key="study-kind").set_value("seeds").run()
    assert "based on the last study" in words(visit)


def test_an_older_study_can_be_looked_at_and_removed(app_environment: Store) -> None:
    older, newer = finished(app_environment), finished(app_environment)
    visit = open_studies()
    assert visit.selectbox(key="study").value == newer.id
    visit.selectbox(key="study").set_value(older.id).run()
    visit.button(key=f"study-remove-{older.id}").click().run()
    assert not visit.exception
    assert [one.id for one in list_studies(app_environment, SLUG)] == [newer.id]


def test_a_study_removed_meanwhile_is_a_box(app_environment: Store) -> None:
    found = finished(app_environment)
    visit = open_studies()
    remove_study(app_environment, found.id)
    visit.button(key=f"study-remove-{found.id}").click().run()
    assert not visit.exception
    assert "No studies yet" in words(visit)


def test_what_went_wrong_is_told(app_environment: Store, task_files: TaskFiles) -> None:
    study = queued(app_environment, LabelRequest(task_files.points, "zone"))
    with app_environment.session() as session:
        session.connection().exec_driver_sql("DELETE FROM label_set")
    carry_out(app_environment, study.job_id)
    visit = open_studies()
    assert "no such labels" in visit.error[0].value
    assert "Traceback" not in words(visit)


def test_transfer_is_offered_with_a_second_city(
    app_environment: Store, city_files: CityFiles
) -> None:
    assert "Transfer" not in open_studies().selectbox(key="study-kind").options
    add_city(app_environment, city_files.request("othertown", name="Othertown"))
    visit = open_studies()
    assert "Transfer" in visit.selectbox(key="study-kind").options
    visit.selectbox(key="study-kind").set_value("transfer").run()
    names = {"Tinytown", "Othertown"}
    (here,) = (name for name in names if f"Evaluate: {name}" in words(visit))
    assert visit.selectbox(key="study-source").options == [*(names - {here})]
