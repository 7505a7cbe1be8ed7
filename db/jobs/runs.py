"""Training runs: what a training job works on, and its epochs."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Run, RunEpoch


def add_run(
    session: Session,
    city_id: int,
    job_id: int,
    *,
    recipe: str,
    settings: Mapping[str, Any],
    seed: int,
    device: str,
    encoder: str,
) -> Run:
    """Add the run of a job."""
    run = Run(
        city_id=city_id,
        job_id=job_id,
        recipe=recipe,
        settings=dict(settings),
        seed=seed,
        device=device,
        encoder=encoder,
    )
    session.add(run)
    session.flush()
    session.refresh(run)
    return run


def run_by_id(session: Session, run_id: int) -> Run:
    """One run, as it stands now.

    Raises:
        NotFoundError: There is none of that number.
    """
    found = session.get(Run, run_id, populate_existing=True)
    if found is None:
        raise NotFoundError(
            "no such run",
            run_id,
            "list a city's runs with ./aether run list SLUG",
            code="no-such-run",
        )
    return found


def list_runs(session: Session, city_id: int) -> list[Run]:
    """A city's runs, newest first."""
    asked = select(Run).where(Run.city_id == city_id).order_by(Run.id.desc())
    return list(session.scalars(asked.execution_options(populate_existing=True)))


def epochs(session: Session, run_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The epochs of several runs, in order; an empty list for a run that has none."""
    found: dict[int, list[dict[str, Any]]] = {run_id: [] for run_id in run_ids}
    rows = session.execute(
        select(RunEpoch.run_id, RunEpoch.entry)
        .where(RunEpoch.run_id.in_(run_ids))
        .order_by(RunEpoch.run_id, RunEpoch.epoch)
    )
    for run_id, entry in rows:
        found[run_id].append(dict(entry))
    return found


def last_epochs(session: Session, run_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The last epoch of several runs; a run that has none is left out."""
    newest = (
        select(RunEpoch.run_id, func.max(RunEpoch.epoch).label("epoch"))
        .where(RunEpoch.run_id.in_(run_ids))
        .group_by(RunEpoch.run_id)
        .subquery()
    )
    rows = session.execute(
        select(RunEpoch.run_id, RunEpoch.entry).join(
            newest,
            (RunEpoch.run_id == newest.c.run_id) & (RunEpoch.epoch == newest.c.epoch),
        )
    )
    return {run_id: dict(entry) for run_id, entry in rows}


def begin_epochs(session: Session, run_id: int, history: Sequence[Mapping[str, Any]] = ()) -> None:
    """Let a run's epochs be those it need not repeat; none when it starts anew."""
    session.execute(delete(RunEpoch).where(RunEpoch.run_id == run_id))
    for entry in history:
        add_epoch(session, run_id, entry)


def add_epoch(session: Session, run_id: int, entry: Mapping[str, Any]) -> None:
    """Keep one epoch's figures; those of an attempt that was cut off are replaced.

    Args:
        session: In a transaction.
        run_id: The run.
        entry: Plain JSON values, with the epoch's number as `epoch`.
    """
    row = {"run_id": run_id, "epoch": int(entry["epoch"]), "entry": dict(entry)}
    statement = insert(RunEpoch).values(row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["run_id", "epoch"], set_={"entry": statement.excluded.entry}
        )
    )


def keep_outcome(
    session: Session, run_id: int, *, metrics: Mapping[str, Any], model_id: int
) -> Run:
    """Write down what a run has found and the model it made.

    Raises:
        NotFoundError: There is no such run.
    """
    run = run_by_id(session, run_id)
    run.metrics, run.model_id = dict(metrics), model_id
    session.flush()
    return run
