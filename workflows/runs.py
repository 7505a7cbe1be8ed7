"""Training runs as users see them: list, show, cancel."""

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from aether_core.errors import ConflictError
from aether_core.model.run_folder import RunFolder
from aether_core.progress import Progress, silent
from db import cities as city_rows
from db import models as model_rows
from db import runs as run_rows
from db.schema import Run
from workflows.store import Store

FINISHED = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True)
class RunSummary:
    """One training run.

    Attributes:
        state: queued, running, done, failed or cancelled.
        stage: What it is doing now, in plain words.
        progress: 0 to 1.
        history: One entry an epoch, with the fields of `trainer.EpochReport`.
        metrics: What the finished run reports; empty before.
        error: Why it failed, in one line.
        seconds_left: Estimate while it runs.
        resumed_from: Epoch after which it went on last; 0 where it never was cut off.
        resumable_from: Epoch a run that ended early can go on from; 0 where it cannot.
        model: Name of the model it made.
    """

    id: int
    city: str
    recipe: str
    settings: dict[str, object]
    seed: int
    device: str
    state: str
    stage: str
    progress: float
    epoch: int
    epochs: int
    history: list[dict[str, object]]
    metrics: dict[str, object]
    error: str | None
    seconds_left: float | None
    resumed_from: int
    resumable_from: int
    model: str | None
    created: datetime
    started: datetime | None
    finished: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more."""
        return self.state in FINISHED


def run_folder(store: Store, run_id: int) -> RunFolder:
    """Where a run's checkpoints lie, from its first epoch until it is done."""
    return RunFolder(store.settings.runs / str(run_id))


def summarise(store: Store, session: Session, run: Run, city: str) -> RunSummary:
    """One run's summary inside an open transaction."""
    last = run.history[-1] if run.history else {}
    model = model_rows.model_by_id(session, run.model_id) if run.model_id else None
    return RunSummary(
        id=run.id,
        city=city,
        recipe=run.recipe,
        settings=dict(run.settings),
        seed=run.seed,
        device=run.device,
        state=run.state,
        stage=run.stage,
        progress=run.progress,
        epoch=int(last.get("epoch", 0)),
        epochs=int(last.get("epochs", 0)),
        history=list(run.history),
        metrics=dict(run.metrics),
        error=run.error,
        seconds_left=last.get("seconds_left") if run.state == "running" else None,
        resumed_from=int(last.get("resumed_from", 0)),
        resumable_from=run_folder(store, run.id).newest_epoch()
        if run.state in {"failed", "cancelled"}
        else 0,
        model=model.name if model else None,
        created=run.created_at,
        started=run.started_at,
        finished=run.finished_at,
    )


def list_runs(store: Store, slug: str) -> list[RunSummary]:
    """A city's runs, newest first.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return [
            summarise(store, session, run, slug) for run in run_rows.list_runs(session, city.id)
        ]


def show_run(store: Store, run_id: int) -> RunSummary:
    """One run.

    Raises:
        NotFoundError: No run has this number.
    """
    with store.session() as session:
        run = run_rows.run_by_id(session, run_id)
        return summarise(store, session, run, city_rows.city_by_id(session, run.city_id).slug)


def cancel_run(store: Store, run_id: int) -> RunSummary:
    """Ask a run to stop; a queued one stops at once, a running one after its epoch.

    Raises:
        NotFoundError: No run has this number.
        ConflictError: The run has finished already.
    """
    run = show_run(store, run_id)
    if run.is_finished:
        raise ConflictError(
            "the run has finished already",
            f"run {run_id} is {run.state}",
            "there is nothing to cancel",
        )
    with store.session() as session:
        run_rows.request_cancel(session, run_id)
    return show_run(store, run_id)


def follow_run(
    store: Store, run_id: int, progress: Progress = silent, poll_seconds: float = 0.25
) -> RunSummary:
    """Wait for a run to finish, reporting its epochs.

    Raises:
        NotFoundError: No run has this number, or its city was removed meanwhile.
    """
    while True:
        run = show_run(store, run_id)
        if run.is_finished:
            return run
        left = f", about {run.seconds_left:.0f} s left" if run.seconds_left is not None else ""
        progress(f"training: {run.stage or run.state}{left}", run.epoch, max(run.epochs, 1))
        time.sleep(poll_seconds)
