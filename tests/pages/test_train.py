"""Train: what a run was, what it meant, what is refused."""

import pytest
from sqlalchemy import text

from aether_core.errors import DiskFullError
from aether_core.model.recipes import recipe
from tests.app_fixtures import SLUG
from tests.pages.visit import open_page, words
from ui.text import plain
from workflows.models import list_models
from workflows.runs import cancel_run, follow_run, list_runs
from workflows.store import Store
from workflows.training import add_run, run_training


@pytest.mark.usefixtures("app_environment")
def test_a_finished_run_is_told_in_plain_words() -> None:
    visit = open_page("train")
    said = words(visit)
    assert "What run 1 learnt" in said
    assert "guessing" in said
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
        assert "also chose which epoch was kept" in said


@pytest.mark.usefixtures("app_environment")
def test_every_setting_has_plain_help() -> None:
    visit = open_page("train")
    fields = [*visit.text_input, *visit.selectbox]
    settings = [field for field in fields if (field.key or "").startswith("set-")]
    assert len(settings) >= 8
    assert all(field.help for field in settings)


def test_only_changed_settings_reach_the_run(app_environment: Store) -> None:
    visit = open_page("train")
    visit.text_input(key="set-epochs").input("3")
    next(button for button in visit.button if button.label == "Start training").click().run()
    assert not visit.error
    run = list_runs(app_environment, SLUG)[0]
    assert {key: int(value) for key, value in run.settings.items()} == {"epochs": 3}
    assert "Run 2 is" in words(visit)
    if not run.is_finished:
        cancel_run(app_environment, run.id)


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
            text("UPDATE run SET state = 'failed', error = 'disk full' WHERE id = :id"), {"id": run}
        )
    visit = open_page("train")
    assert "disk full" in visit.error[0].value


def test_a_stopped_run_says_so(app_environment: Store) -> None:
    run = add_run(app_environment, SLUG)
    cancel_run(app_environment, run)
    visit = open_page("train")
    assert "was stopped before its first epoch" in visit.info[0].value
    assert not [button for button in visit.button if button.key == f"resume-{run}"]
    visit.button(key=f"again-{run}").click().run()
    assert not visit.error
    newest = list_runs(app_environment, SLUG)[0]
    assert newest.id == run + 1
    if not newest.is_finished:
        cancel_run(app_environment, newest.id)


@pytest.fixture
def cut_off(app_environment: Store) -> int:
    """A run that failed after its second epoch, with its checkpoint."""
    from db import runs as run_rows

    run = add_run(app_environment, SLUG, settings={"epochs": "4"})
    report = run_rows.report_progress

    def failing(session: object, number: int, **values: object) -> bool:
        entry = values.get("entry")
        if isinstance(entry, dict) and entry["epoch"] == 3:
            raise DiskFullError("disk full while writing; free some space and try again")
        return report(session, number, **values)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_rows, "report_progress", failing)
        run_training(app_environment, run)
    return run


def test_a_run_that_was_cut_off_goes_on_by_a_button(app_environment: Store, cut_off: int) -> None:
    visit = open_page("train")
    assert "disk full" in visit.error[0].value
    visit.button(key=f"resume-{cut_off}").click().run()
    assert not visit.error
    assert follow_run(app_environment, cut_off).state == "done"
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
    run_training(app_environment, add_run(app_environment, SLUG, settings={"epochs": "2"}))
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
    assert "Nothing has been trained yet" in words(open_page("train"))


def test_a_working_run_is_shown_live(app_environment: Store) -> None:
    done = list_runs(app_environment, SLUG)[0]
    run = add_run(app_environment, SLUG)
    with app_environment.session() as session:
        session.execute(
            text(
                "UPDATE run SET state = 'running', progress = 0.5, heartbeat = now(), history = "
                "(SELECT history FROM run WHERE id = :done) WHERE id = :id"
            ),
            {"done": done.id, "id": run},
        )
    visit = open_page("train")
    assert f"Run {run} is running" in words(visit)
    assert "Epoch" in visit.get("progress")[0].proto.text
    assert len(visit.get("vega_lite_chart")) == 2
    visit.button(key=f"stop-{run}").click().run()
    assert "Stopping after this epoch" in visit.get("progress")[0].proto.text
    assert not visit.exception


@pytest.mark.usefixtures("empty_environment")
def test_without_a_city_the_page_says_so() -> None:
    assert "There is no city yet" in words(open_page("train"))
