"""Fetches as users see them: list, show, cancel, follow, dismiss."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aether_core.progress import Progress, silent
from db.jobs import fetches as fetch_rows
from db.schema import Fetch, JobState
from workflows.fetch.estimate import FetchEstimate
from workflows.fetch.request import FetchCity
from workflows.fetch.servers import GroundError
from workflows.home.documents import from_document
from workflows.home.store import Store
from workflows.jobs.job import cancel_job, follow_job, remove_job


@dataclass(frozen=True)
class FetchSummary:
    """One fetch of a city from public data.

    Attributes:
        id: Its number.
        job: Number of its job.
        slug: Of the city; it is there once the fetch is done.
        request: All that was asked.
        estimate: What was expected before it began.
        batch: What the fetches of one list have in common; None alone.
        state: queued, running, done, failed or cancelled.
        stage: What it is doing now, in plain words, with megabytes.
        progress: 0 to 1.
        megabytes: Downloaded by this fetch so far, over all its attempts.
        reused_megabytes: Taken from what earlier fetches had downloaded.
        error: Why it failed, in one line.
        exit_code: What a command that waited for it ends with.
        seconds_left: Estimate while it runs; None before that can be told.
        resumable: Whether it ended early and can be resumed from where it was.
        lacks_ground: Whether it ended because streets and base map could not be had, without which
            it can be resumed, too.
        city_exists: Whether its city is there.
        run: Number of the training it started; None without.
        not_trained: Why no training could be started that was wanted; None otherwise.
        result: All that was downloaded and made; empty before it is done.
    """

    id: int
    job: int
    slug: str
    name: str
    request: FetchCity
    estimate: FetchEstimate
    batch: str | None
    state: JobState
    stage: str
    progress: float
    megabytes: float
    reused_megabytes: float
    error: str | None
    exit_code: int
    seconds_left: float | None
    resumable: bool
    lacks_ground: bool
    city_exists: bool
    run: int | None
    not_trained: str | None
    attempts: int
    result: dict[str, Any]
    created: datetime
    started: datetime | None
    finished: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more."""
        return self.state.is_finished


def fetch_folder(store: Store, fetch_id: int) -> Path:
    """Where a fetch puts its files together until its city is there."""
    return store.settings.fetches / str(fetch_id)


def summarise_fetch(fetch: Fetch) -> FetchSummary:
    """One fetch's summary inside an open transaction."""
    result: Mapping[str, Any] = fetch.result
    job = fetch.job
    return FetchSummary(
        id=fetch.id,
        job=job.id,
        slug=fetch.slug,
        name=fetch.name,
        request=from_document(FetchCity, fetch.request),
        estimate=from_document(FetchEstimate, fetch.estimate),
        batch=fetch.batch,
        state=job.state,
        stage=job.stage,
        progress=job.progress,
        megabytes=float(result.get("megabytes", 0.0)),
        reused_megabytes=float(result.get("reused_megabytes", 0.0)),
        error=job.error,
        exit_code=job.exit_code,
        seconds_left=job.seconds_left if job.state.is_running else None,
        resumable=job.state.is_resumable,
        lacks_ground=job.state.is_failed and job.error_code == GroundError.code,
        city_exists=fetch.city_id is not None,
        run=result.get("run"),
        not_trained=result.get("not_trained"),
        attempts=job.attempts,
        result=dict(result) if job.state.is_done else {},
        created=job.created_at,
        started=job.started_at,
        finished=job.finished_at,
    )


def list_fetches(store: Store, batch: str | None = None) -> list[FetchSummary]:
    """All fetches, newest first; of one batch in the order of its list."""
    with store.session() as session:
        return [summarise_fetch(fetch) for fetch in fetch_rows.list_fetches(session, batch)]


def show_fetch(store: Store, fetch_id: int) -> FetchSummary:
    """One fetch.

    Raises:
        NotFoundError: No fetch has this number.
    """
    with store.session() as session:
        return summarise_fetch(fetch_rows.fetch_by_id(session, fetch_id))


def cancel_fetch(store: Store, fetch_id: int) -> FetchSummary:
    """Ask a fetch to stop; a queued one stops at once, a running one within a second or so.

    Raises:
        NotFoundError: No fetch has this number.
        ConflictError: It has finished already.
    """
    cancel_job(store, show_fetch(store, fetch_id).job)
    return show_fetch(store, fetch_id)


def remove_fetch(store: Store, fetch_id: int) -> None:
    """Forget a finished fetch; its city stays, and so does the cache of what it downloaded.

    Raises:
        NotFoundError: No fetch has this number.
        ConflictError: It is queued or running.
    """
    remove_job(store, show_fetch(store, fetch_id).job)
    shutil.rmtree(fetch_folder(store, fetch_id), ignore_errors=True)


def follow_fetch(
    store: Store, fetch_id: int, progress: Progress = silent, poll_seconds: float = 0.25
) -> FetchSummary:
    """Wait for a fetch to finish, reporting how far it is in thousandths.

    Raises:
        NotFoundError: No fetch has this number.
    """
    follow_job(store, show_fetch(store, fetch_id).job, progress, poll_seconds)
    return show_fetch(store, fetch_id)
