"""Training runs: the states they move through."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db import cities, models, runs
from db.engine import session_scope
from db.schema import JOB_STATES, City, Run
from tests.db.city_data import add_plain_city

ACTIONS: dict[str, Callable[[Session, int], Run]] = {
    "queued": runs.mark_queued,
    "running": runs.mark_running,
    "done": lambda session, run_id: runs.mark_done(
        session,
        run_id,
        metrics={},
        model_id=models.list_models(session, runs.run_by_id(session, run_id).city_id)[0].id,
    ),
    "failed": lambda session, run_id: runs.mark_failed(session, run_id, "disk full"),
    "cancelled": runs.mark_cancelled,
}


@pytest.fixture
def city(session: Session) -> City:
    made = add_plain_city(session)
    models.add_model(session, made.id, name="m", folder="models/m", card={})
    return made


def _run(session: Session, city: City, state: str = "queued") -> Run:
    run = runs.add_run(session, city.id, recipe="aether", settings={}, seed=1, device="cpu")
    session.execute(text("UPDATE run SET state = :s WHERE id = :i"), {"s": state, "i": run.id})
    return runs.run_by_id(session, run.id)


@pytest.mark.parametrize("before", JOB_STATES)
@pytest.mark.parametrize("after", JOB_STATES)
def test_every_move(session: Session, city: City, before: str, after: str) -> None:
    allowed = {
        "queued": {"running", "failed", "cancelled"},
        "running": {"running", "queued", "done", "failed", "cancelled"},
        "done": set(),
        "failed": {"queued"},
        "cancelled": {"queued"},
    }
    run = _run(session, city, before)
    if after in allowed[before]:
        assert ACTIONS[after](session, run.id).state == after
    else:
        with pytest.raises(ConflictError, match=f"it is {before}"):
            ACTIONS[after](session, run.id)
        assert runs.run_by_id(session, run.id).state == before


def test_a_whole_run(session: Session, city: City) -> None:
    run = runs.add_run(
        session, city.id, recipe="aether", settings={"epochs": 2}, seed=42, device="cpu"
    )
    assert (run.state, run.progress, run.attempts, run.heartbeat) == ("queued", 0.0, 0, None)
    run = runs.mark_running(session, run.id)
    assert run.attempts == 1
    assert run.started_at is not None
    for epoch in (1, 2):
        entry = {"epoch": epoch, "loss": 1 / epoch}
        assert not runs.report_progress(
            session, run.id, stage="training", progress=epoch / 2, entry=entry
        )
    runs.report_progress(session, run.id, stage="saving", progress=1)
    run = runs.run_by_id(session, run.id)
    assert run.history == [{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": 0.5}]
    assert (run.stage, run.progress) == ("saving", 1.0)
    model = models.model_by_name(session, "m")
    run = runs.mark_done(session, run.id, metrics={"mrr": 0.4}, model_id=model.id)
    assert (run.state, run.metrics, run.model_id) == ("done", {"mrr": 0.4}, model.id)
    assert run.finished_at is not None


def test_taken_up_again_starts_from_the_beginning(session: Session, city: City) -> None:
    run = _run(session, city)
    runs.mark_running(session, run.id)
    runs.report_progress(session, run.id, stage="training", progress=0.5, entry={"epoch": 1})
    again = runs.mark_running(session, run.id)
    assert (again.attempts, again.progress, again.history) == (2, 0.0, [])


def test_one_running_run_a_city(session: Session, city: City) -> None:
    first, second = _run(session, city), _run(session, city)
    elsewhere = _run(session, add_plain_city(session, "espoo"))
    runs.mark_running(session, first.id)
    with pytest.raises(ConflictError, match="another run"):
        runs.mark_running(session, second.id)
    assert runs.run_by_id(session, second.id).state == "queued"
    runs.mark_running(session, elsewhere.id)
    runs.mark_failed(session, first.id, "worker died")
    assert runs.mark_running(session, second.id).state == "running"


def test_cancel(session: Session, city: City) -> None:
    queued, running = _run(session, city), _run(session, city)
    assert runs.request_cancel(session, queued.id).state == "cancelled"
    runs.mark_running(session, running.id)
    assert runs.request_cancel(session, running.id).state == "running"
    assert runs.cancel_requested(session, running.id)
    assert runs.report_progress(session, running.id, stage="training", progress=0.1)
    runs.mark_cancelled(session, running.id)
    with pytest.raises(ConflictError, match="cancelled"):
        runs.request_cancel(session, running.id)
    assert not runs.mark_queued(session, running.id).cancel_requested


def test_stalled_runs(session: Session, city: City) -> None:
    alive = _run(session, city)
    dead = _run(session, add_plain_city(session, "espoo"))
    for run in (alive, dead):
        runs.mark_running(session, run.id)
    session.execute(
        text("UPDATE run SET heartbeat = now() - interval '2 minutes' WHERE id = :i"),
        {"i": dead.id},
    )
    assert [run.id for run in runs.stalled_runs(session, timedelta(minutes=1))] == [dead.id]
    assert runs.stalled_runs(session, timedelta(minutes=3)) == []


def test_unknown_run(session: Session, city: City) -> None:
    for ask in (runs.run_by_id, runs.mark_running, runs.request_cancel, runs.mark_cancelled):
        with pytest.raises(NotFoundError, match="no such run: 99"):
            ask(session, 99)
    first, second = _run(session, city), _run(session, city)
    assert [run.id for run in runs.list_runs(session, city.id)] == [second.id, first.id]


def test_city_removed_under_a_running_run(engine: Engine) -> None:
    with session_scope(engine) as session:
        run = _run(session, add_plain_city(session))
        runs.mark_running(session, run.id)
    with session_scope(engine) as session:
        cities.remove_city(session, "helsinki")
    with session_scope(engine) as session, pytest.raises(NotFoundError, match="no such run"):
        runs.report_progress(session, run.id, stage="training", progress=0.5)


def test_nan_never_reaches_the_history(session: Session, city: City) -> None:
    run = _run(session, city)
    runs.mark_running(session, run.id)
    with pytest.raises(Exception, match="Out of range float"):
        runs.report_progress(
            session, run.id, stage="training", progress=0.5, entry={"loss": float("nan")}
        )
