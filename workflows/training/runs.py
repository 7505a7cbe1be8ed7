"""Training runs as users see them: list, show, cancel."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from aether_core.model.checkpoints.folder import RunFolder
from db.cities import cities as city_rows
from db.evidence import models as model_rows
from db.jobs import runs as run_rows
from db.schema import JobState, Run
from workflows.home.store import Store
from workflows.jobs.job import cancel_job


@dataclass(frozen=True)
class RunSummary:
    """One training run.

    Attributes:
        job: Number of its job.
        encoder: Name of its text encoder; None of runs from before it was chosen by city.
        state: queued, running, done, failed or cancelled.
        stage: What it is doing now, in plain words.
        progress: 0 to 1.
        history: One entry an epoch, with the fields of `trainer.EpochReport`.
        metrics: What the finished run reports; empty before.
        error: Why it failed, in one line.
        exit_code: What a command that waited for it ends with.
        seconds_left: Estimate while it runs.
        resumed_from: Epoch after which it went on last; 0 where it never was cut off.
        resumable_from: Epoch a run that ended early can go on from; 0 where it cannot.
        model: Name of the model it made.
    """

    id: int
    job: int
    city: str
    recipe: str
    settings: dict[str, object]
    seed: int
    device: str
    encoder: str | None
    state: JobState
    stage: str
    progress: float
    epoch: int
    epochs: int
    history: list[dict[str, object]]
    metrics: dict[str, object]
    error: str | None
    exit_code: int
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
        return self.state.is_finished


def run_folder(store: Store, run_id: int) -> RunFolder:
    """Where a run's checkpoints lie, from its first epoch until it is done."""
    return RunFolder(store.settings.runs / str(run_id))


def summarise(
    store: Store, session: Session, found: Sequence[Run], city: str, *, with_epochs: bool = True
) -> list[RunSummary]:
    """Summaries of a city's runs inside an open transaction.

    Args:
        store: The store.
        session: The transaction.
        found: The runs.
        city: The city's short name.
        with_epochs: Whether each comes with all of its epochs, or `history` stays empty.
    """
    ids = [run.id for run in found]
    last = run_rows.last_epochs(session, ids)
    epochs = run_rows.epochs(session, ids) if with_epochs else {}
    names = model_rows.names(session, [run.model_id for run in found if run.model_id])
    return [
        _summary(
            store,
            run,
            city,
            last=last.get(run.id, {}),
            history=epochs.get(run.id, []),
            model=names.get(run.model_id) if run.model_id else None,
        )
        for run in found
    ]


def _summary(
    store: Store,
    run: Run,
    city: str,
    *,
    last: dict[str, Any],
    history: list[dict[str, Any]],
    model: str | None,
) -> RunSummary:
    job = run.job
    return RunSummary(
        id=run.id,
        job=job.id,
        city=city,
        recipe=run.recipe,
        settings=dict(run.settings),
        seed=run.seed,
        device=run.device,
        encoder=run.encoder,
        state=job.state,
        stage=job.stage,
        progress=job.progress,
        epoch=int(last.get("epoch", 0)),
        epochs=int(last.get("epochs", 0)),
        history=history,
        metrics=dict(run.metrics),
        error=job.error,
        exit_code=job.exit_code,
        seconds_left=job.seconds_left if job.state.is_running else None,
        resumed_from=int(last.get("resumed_from", 0)),
        resumable_from=run_folder(store, run.id).newest_epoch() if job.state.is_resumable else 0,
        model=model,
        created=job.created_at,
        started=job.started_at,
        finished=job.finished_at,
    )


def run_document(run: RunSummary) -> dict[str, Any]:
    """A run as commands and the API tell it."""
    facts = asdict(run)
    metrics = facts.pop("metrics")
    facts["run"] = facts.pop("id")
    return {**facts, **metrics}


def list_runs(store: Store, slug: str) -> list[RunSummary]:
    """A city's runs, newest first.

    Raises:
        NotFoundError: No city has this slug.
    """
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return summarise(store, session, run_rows.list_runs(session, city.id), slug)


def show_run(store: Store, run_id: int) -> RunSummary:
    """One run.

    Raises:
        NotFoundError: No run has this number.
    """
    with store.session() as session:
        run = run_rows.run_by_id(session, run_id)
        slug = city_rows.city_by_id(session, run.city_id).slug
        return summarise(store, session, [run], slug)[0]


def cancel_run(store: Store, run_id: int) -> RunSummary:
    """Ask a run to stop; a queued one stops at once, a running one after its epoch.

    Raises:
        NotFoundError: No run has this number.
        ConflictError: The run has finished already.
    """
    cancel_job(store, show_run(store, run_id).job)
    return show_run(store, run_id)
