"""Training runs and the states they move through."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Update, cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.schema import Run

MOVES: Mapping[str, tuple[str, ...]] = {
    "queued": ("running", "failed", "cancelled"),
    "running": ("queued", "running"),  # again, when its worker died
    "done": ("running",),
    "failed": ("queued", "running"),
    "cancelled": ("queued", "running"),
}
"""For each state, the states it may be entered from."""


def add_run(
    session: Session,
    city_id: int,
    *,
    recipe: str,
    settings: Mapping[str, Any],
    seed: int,
    device: str,
) -> Run:
    """Add a run, queued."""
    run = Run(city_id=city_id, recipe=recipe, settings=dict(settings), seed=seed, device=device)
    session.add(run)
    session.flush()
    session.refresh(run)
    return run


def run_by_id(session: Session, run_id: int) -> Run:
    """One run, as it stands now.

    Raises:
        NotFoundError: There is none of that number.
    """
    run = session.get(Run, run_id, populate_existing=True)
    if run is None:
        raise NotFoundError("no such run", run_id, "list a city's runs with ./aether runs SLUG")
    return run


def list_runs(session: Session, city_id: int) -> list[Run]:
    """A city's runs, newest first."""
    return list(session.scalars(select(Run).where(Run.city_id == city_id).order_by(Run.id.desc())))


def mark_running(
    session: Session, run_id: int, *, history: Sequence[Mapping[str, Any]] = ()
) -> Run:
    """A worker takes a run up: progress and error are cleared, the history becomes `history`.

    Args:
        session: In a transaction.
        run_id: The run.
        history: Entries of the epochs a resumed run need not repeat; none when it starts anew.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is finished, or another run of its city is running.
    """
    fresh: dict[str, Any] = {
        "started_at": func.now(),
        "finished_at": None,
        "heartbeat": func.now(),
        "attempts": Run.attempts + 1,
        "progress": 0.0,
        "history": [dict(entry) for entry in history],
        "error": None,
    }
    try:
        with session.begin_nested():
            return _move(session, run_id, "running", **fresh)
    except IntegrityError as error:
        raise ConflictError(
            "another run of this city is running", run_id, "wait for it, or cancel it"
        ) from error


def report_progress(
    session: Session,
    run_id: int,
    *,
    stage: str,
    progress: float,
    entry: Mapping[str, Any] | None = None,
) -> bool:
    """Say where a running run is, and that its worker lives, in one statement.

    Args:
        session: In a transaction.
        run_id: The run.
        stage: What it is doing, in plain words.
        progress: From 0 to 1.
        entry: What to add to its history; plain JSON values.

    Returns:
        Whether the user asked for it to stop.

    Raises:
        NotFoundError: The run was removed, with its city.
        ConflictError: It is no longer running.
    """
    values: dict[str, Any] = {"stage": stage, "progress": progress, "heartbeat": func.now()}
    if entry is not None:
        values["history"] = Run.history.op("||")(cast([dict(entry)], JSONB))
    wanted = session.scalar(
        _quietly(
            update(Run).where(Run.id == run_id, Run.state == "running").values(values)
        ).returning(Run.cancel_requested)
    )
    if wanted is None:
        raise _refused(run_by_id(session, run_id), "report on")
    return bool(wanted)


def report_heartbeat(session: Session, run_id: int) -> None:
    """Say that a running run's worker lives; nothing when it is no longer running."""
    session.execute(
        _quietly(
            update(Run).where(Run.id == run_id, Run.state == "running").values(heartbeat=func.now())
        )
    )


def mark_done(session: Session, run_id: int, *, metrics: Mapping[str, Any], model_id: int) -> Run:
    """A run ended well.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is not running.
    """
    return _move(
        session,
        run_id,
        "done",
        metrics=dict(metrics),
        model_id=model_id,
        progress=1.0,
        stage="done",
        finished_at=func.now(),
    )


def mark_failed(session: Session, run_id: int, error: str) -> Run:
    """A run ended in an error, told in one plain line.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is finished already.
    """
    return _move(session, run_id, "failed", error=error, finished_at=func.now())


def mark_cancelled(session: Session, run_id: int) -> Run:
    """A run stopped because the user asked.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is finished already.
    """
    return _move(session, run_id, "cancelled", finished_at=func.now())


def mark_queued(session: Session, run_id: int) -> Run:
    """Put a run back into the queue: its worker died, or the user wants it again.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is queued already, or done.
    """
    return _move(
        session,
        run_id,
        "queued",
        cancel_requested=False,
        stage="",
        error=None,
        heartbeat=None,
        finished_at=None,
    )


def request_cancel(session: Session, run_id: int) -> Run:
    """Ask for a run to stop: a queued one is cancelled here, a running one by its worker.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is finished already.
    """
    run = session.get(Run, run_id, populate_existing=True, with_for_update=True)
    if run is None or run.state not in MOVES["cancelled"]:
        raise _refused(run_by_id(session, run_id), "cancel")
    if run.state == "queued":
        return mark_cancelled(session, run_id)
    run.cancel_requested = True
    session.flush()
    return run


def cancel_requested(session: Session, run_id: int) -> bool:
    """Whether the user asked for a run to stop.

    Raises:
        NotFoundError: There is no such run.
    """
    return run_by_id(session, run_id).cancel_requested


def stalled_runs(session: Session, older_than: timedelta) -> list[Run]:
    """Runs that are running, but whose worker gave no sign for that long; oldest first."""
    return list(
        session.scalars(
            select(Run)
            .where(Run.state == "running", Run.heartbeat < func.now() - older_than)
            .order_by(Run.id)
            .execution_options(populate_existing=True)
        )
    )


def _move(session: Session, run_id: int, state: str, **values: Any) -> Run:  # noqa: ANN401
    """Enter a state in one statement, so that of two who try only one does."""
    moved = session.scalar(
        _quietly(
            update(Run)
            .where(Run.id == run_id, Run.state.in_(MOVES[state]))
            .values(state=state, **values)
        ).returning(Run.id)
    )
    run = run_by_id(session, run_id)
    if moved is None:
        raise _refused(run, f"make {state}")
    return run


def _quietly(statement: Update) -> Update:
    """Without SQLAlchemy changing loaded rows itself: they are read again."""
    return statement.execution_options(synchronize_session=False)


def _refused(run: Run, verb: str) -> ConflictError:
    return ConflictError(
        f"cannot {verb} run {run.id}", f"it is {run.state}", "look at it with ./aether run show"
    )
