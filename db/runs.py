"""Training runs and the states they move through."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError
from db.job_states import JobStates
from db.schema import Run

STATES: Final = JobStates(Run, "run", "list a city's runs with ./aether runs SLUG")


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
    return STATES.by_id(session, run_id)


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
    try:
        with session.begin_nested():
            return STATES.enter(
                session,
                run_id,
                "running",
                started_at=func.now(),
                finished_at=None,
                heartbeat=func.now(),
                attempts=Run.attempts + 1,
                progress=0.0,
                history=[dict(entry) for entry in history],
                metrics={},
                error=None,
            )
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
    values: dict[str, Any] = {"stage": stage, "progress": progress}
    if entry is not None:
        values["history"] = Run.history.op("||")(cast([dict(entry)], JSONB))
    return STATES.report(session, run_id, **values)


def report_heartbeat(session: Session, run_id: int) -> None:
    """Say that a running run's worker lives; nothing when it is no longer running."""
    STATES.report_heartbeat(session, run_id)


def mark_done(session: Session, run_id: int, *, metrics: Mapping[str, Any], model_id: int) -> Run:
    """A run ended well.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is not running.
    """
    return STATES.mark_done(session, run_id, metrics=dict(metrics), model_id=model_id)


def mark_failed(session: Session, run_id: int, error: str, *, exit_code: int = 1) -> Run:
    """A run ended in an error.

    Args:
        session: In a transaction.
        run_id: The run.
        error: Why, in one plain line.
        exit_code: What a command that waits for the run ends with: 2 where the user can mend it.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is finished already.
    """
    return STATES.enter(
        session,
        run_id,
        "failed",
        error=error,
        metrics={"exit_code": exit_code},
        finished_at=func.now(),
    )


def mark_cancelled(session: Session, run_id: int) -> Run:
    """A run stopped because the user asked.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is finished already.
    """
    return STATES.mark_cancelled(session, run_id)


def mark_queued(session: Session, run_id: int) -> Run:
    """Put a run back into the queue because the user wants it to go on; attempts begin anew.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is queued already, or done.
    """
    return STATES.enter(
        session,
        run_id,
        "queued",
        cancel_requested=False,
        attempts=0,
        stage="",
        error=None,
        metrics={},
        heartbeat=None,
        finished_at=None,
    )


def request_cancel(session: Session, run_id: int) -> Run:
    """Ask for a run to stop: a queued one is cancelled here, a running one by its worker.

    Raises:
        NotFoundError: There is no such run.
        ConflictError: It is finished already.
    """
    return STATES.request_cancel(session, run_id)


def cancel_requested(session: Session, run_id: int) -> bool:
    """Whether the user asked for a run to stop.

    Raises:
        NotFoundError: There is no such run.
    """
    return run_by_id(session, run_id).cancel_requested


def stalled_runs(session: Session, older_than: timedelta) -> list[Run]:
    """Runs that are running, but whose worker gave no sign for that long; oldest first."""
    return STATES.stalled(session, older_than)
