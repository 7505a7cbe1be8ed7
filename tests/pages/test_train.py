"""Train: what a run was, what it meant, what is refused."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from aether_core.errors import DiskFullError
from aether_core.model.recipes import recipe
from db.jobs import jobs as job_rows
from tests.app_fixtures import SLUG
from tests.pages.visit import open_page, words
from ui.shell.text import plain
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import follow_job
from workflows.training.models import list_models
from workflows.training.runs import cancel_run, list_runs, show_run
from workflows.training.train import add_run


def bars(visit: AppTest) -> list[str]:
    """What stands on the page's bars."""
    return [bar.proto.text for bar in visit.get("progress")]


@pytest.mark.usefixtures("app_environment")
def test_a_finished_run_is_told_in_plain_words() -> None:
    visit = open_page("train")
    said = words(visit)
    assert "Results of run 1" in said
    assert "chance" in said
    assert "held out in whole blocks" in said
    assert len(visit.get("vega_lite_chart")) == 2


def test_a_place_never_seen_is_said_only_of_blocks_that_chose_nothing(
    app_environment: Store,
) -> None:
    metrics = list_runs(app_environment, SLUG)[0].metrics
    assert metrics["validated_on"] == "apart"
    assert 0 < metrics["chose_epoch"] < metrics["held_out"]
    assert metrics["validation"]["candidates"] == metrics["held_out"] - metrics["chose_epoch"]
    said = words(open_page("train"))
    assert "a place it has never seen" in said
    assert f"{metrics['chose_epoch']:,} of them to choose the epoch" in said
    for change in ('metrics || \'{"validated_on": "choice"}\'', "metrics - 'validated_on'"):
        with app_environment.session() as session:
            session.execute(text(f"UPDATE run SET metrics = {change}"))  # noqa: S608
        said = words(open_page("train"))
        assert "never seen" not in said
        assert "also used to select the epoch" in said


@pytest.mark.usefixtures("app_environment")
def test_every_setting_has_plain_help() -> None:
    visit = open_page("train")
    fields = [*visit.text_input, *visit.selectbox]
    settings = [field for field in fields if (field.key or "").startswith("set-")]
    assert len(settings) >= 8
    assert all(field.help for field in settings)


@pytest.mark.usefixtures("no_worker")
def test_only_changed_settings_reach_the_run(app_environment: Store) -> None:
    visit = open_page("train")
    visit.text_input(key="set-epochs").input("3")
    next(button for button in visit.button if button.label == "Start training").click().run()
    assert not visit.error
    run = list_runs(app_environment, SLUG)[0]
    assert {key: int(value) for key, value in run.settings.items()} == {"epochs": 3}
    assert "Run 2 is waiting" in words(visit)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("set-batch_size", "5000", "batch"),
        ("set-epochs", "0", "pochs is out of range"),
        ("set-learning_rate", "fast", "is not a number"),
    ],
)
def test_settings_that_cannot_be_used(
    app_environment: Store, key: str, value: str, says: str
) -> None:
    visit = open_page("train")
    visit.text_input(key=key).input(value)
    next(button for button in visit.button if button.label == "Start training").click().run()
    assert says in visit.error[0].value.replace("\\", "")
    assert len(list_runs(app_environment, SLUG)) == 1


def test_too_few_places_are_refused(app_environment: Store) -> None:
    with app_environment.session() as session:
        session.execute(text("DELETE FROM poi WHERE id NOT IN (SELECT id FROM poi LIMIT 60)"))
    visit = open_page("train")
    next(button for button in visit.button if button.label == "Start training").click().run()
    assert "too few usable places" in visit.error[0].value
    assert "64" in visit.error[0].value


def test_a_failed_run_says_why(app_environment: Store) -> None:
    run = add_run(app_environment, SLUG)
    with app_environment.session() as session:
        session.execute(
            text("UPDATE job SET state = 'failed', error = 'disk full' WHERE id = :id"),
            {"id": run.job_id},
        )
    visit = open_page("train")
    assert "disk full" in visit.error[0].value


@pytest.mark.usefixtures("no_worker")
def test_a_stopped_run_says_so(app_environment: Store) -> None:
    run = add_run(app_environment, SLUG)
    cancel_run(app_environment, run.id)
    visit = open_page("train")
    assert "was stopped before the first epoch finished" in visit.info[0].value
    assert not [button for button in visit.button if button.key == f"resume-{run.id}"]
    visit.button(key=f"again-{run.id}").click().run()
    assert not visit.error
    newest = list_runs(app_environment, SLUG)[0]
    assert newest.id == run.id + 1
    assert not newest.is_finished


@pytest.fixture
def cut_off(app_environment: Store) -> int:
    """A run that failed after its second epoch, with its checkpoint."""
    from db.jobs import runs as run_rows

    run = add_run(app_environment, SLUG, settings={"epochs": "4"})
    keep = run_rows.add_epoch

    def failing(session: Session, number: int, entry: Mapping[str, Any]) -> None:
        if entry["epoch"] == 3:
            raise DiskFullError("disk full while writing; free some space and try again")
        keep(session, number, entry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_rows, "add_epoch", failing)
        carry_out(app_environment, run.job_id)
    return run.id


def test_a_run_that_was_cut_off_goes_on_by_a_button(app_environment: Store, cut_off: int) -> None:
    visit = open_page("train")
    assert "disk full" in visit.error[0].value
    visit.button(key=f"resume-{cut_off}").click().run()
    assert not visit.error
    assert follow_job(app_environment, show_run(app_environment, cut_off).job).state == "done"
    assert "resumed from epoch" in words(open_page("train"))


def test_a_run_whose_city_has_changed_says_so_and_offers_a_new_one(
    app_environment: Store, cut_off: int
) -> None:
    with app_environment.session() as session:
        session.execute(text("UPDATE poi SET geom = ST_Translate(geom, 0.0001, 0)"))
    visit = open_page("train")
    visit.button(key=f"resume-{cut_off}").click().run()
    said = " ".join(error.value for error in visit.error).replace("\\", "")
    assert "changed: the places" in said
    assert [button for button in visit.button if button.key == f"again-{cut_off}"]


@pytest.mark.usefixtures("app_environment")
def test_another_recipe_shows_its_summary_and_settings() -> None:
    visit = open_page("train")
    assert plain(recipe("aether").summary) in words(visit)
    visit.text_input(key="set-epochs").input("3")
    visit.selectbox(key="recipe").select("aether-v1").run()
    assert plain(recipe("aether-v1").summary) in words(visit)
    assert visit.text_input(key="set-lam").value == "0"
    assert visit.text_input(key="set-epochs").value == "100"


def test_the_model_in_use_can_be_changed(app_environment: Store) -> None:
    run = add_run(app_environment, SLUG, settings={"epochs": "2"})
    carry_out(app_environment, run.job_id)
    newest, oldest = list_models(app_environment, SLUG)
    assert newest.in_use
    visit = open_page("train")
    visit.selectbox(key=f"use-{SLUG}-{newest.name}").select(oldest.name).run()
    assert {model.name: model.in_use for model in list_models(app_environment, SLUG)} == {
        newest.name: False,
        oldest.name: True,
    }


def test_an_untrained_city_is_told_what_training_is(app_environment: Store) -> None:
    with app_environment.session() as session:
        session.execute(text("DELETE FROM model"))
        session.execute(text("DELETE FROM run"))
    assert "No model trained yet" in words(open_page("train"))


@pytest.mark.usefixtures("no_worker")
def test_a_working_run_is_shown_live(app_environment: Store) -> None:
    done = list_runs(app_environment, SLUG)[0]
    run = add_run(app_environment, SLUG)
    with app_environment.session() as session:
        session.execute(
            text(
                "INSERT INTO run_epoch (run_id, epoch, entry) "
                "SELECT :id, epoch, entry FROM run_epoch WHERE run_id = :done"
            ),
            {"done": done.id, "id": run.id},
        )
        job = job_rows.start(session, run.job_id)
        lease = job_rows.JobLease(job.id, job.starts)
        job_rows.report(session, lease, stage="epoch 6 of 12", progress=0.5)
    visit = open_page("train")
    assert f"Run {run.id} is running" in words(visit)
    assert "Epoch 6 of 12" in bars(visit)
    assert len(visit.get("vega_lite_chart")) == 2
    visit.button(key=f"train-stop-{run.job_id}").click().run()
    assert "Stopping after this epoch" in bars(visit)
    assert visit.button(key=f"train-stop-{run.job_id}").disabled
    assert not visit.exception


@pytest.mark.usefixtures("empty_environment")
def test_without_a_city_the_page_says_so() -> None:
    assert "There is no city yet" in words(open_page("train"))
