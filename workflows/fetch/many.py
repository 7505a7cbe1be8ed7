"""Many cities from one table: a job each, and how all of them fare."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import ConflictError, InputError, NotFoundError
from aether_core.progress import Progress, silent
from db.jobs import fetches as fetch_rows
from workflows.fetch.estimate import FetchEstimate
from workflows.fetch.fetch import (
    FetchSummary,
    add_fetch,
    check_free,
    check_room,
    estimate_fetch,
    list_fetches,
)
from workflows.fetch.request import FetchCity
from workflows.fetch.table import FetchList, Problem
from workflows.home.store import Store
from workflows.jobs.job import release, resume_job
from workflows.jobs.kind import FETCHING
from workflows.jobs.queue import STALLED_SECONDS, ensure_worker


@dataclass(frozen=True)
class ManyEstimate:
    """What all fetches of a table take together.

    Attributes:
        asks: Whether that is above the installation's limit, so that it must be confirmed.
    """

    estimates: tuple[FetchEstimate, ...]
    megabytes: float
    minutes: float
    asks: bool
    ask_megabytes: int


@dataclass(frozen=True)
class BatchSummary:
    """One table's fetches, the newest of each city, in the table's order."""

    batch: str
    fetches: tuple[FetchSummary, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many there are in each state."""
        return dict(Counter(fetch.state for fetch in self.fetches))

    @property
    def is_finished(self) -> bool:
        """Whether no fetch will change any more."""
        return all(fetch.is_finished for fetch in self.fetches)


def batch_name(path: Path) -> str:
    """What the fetches of a table are called unless the user says otherwise: the file's name."""
    return path.stem[:100]


def estimate_many(store: Store, requests: Sequence[FetchCity]) -> ManyEstimate:
    """Tell what fetching many cities will cost, without a network."""
    estimates = tuple(estimate_fetch(store, request) for request in requests)
    megabytes = sum(estimate.megabytes for estimate in estimates)
    limit = store.settings.fetch_ask_mb
    return ManyEstimate(
        estimates=estimates,
        megabytes=megabytes,
        minutes=sum(estimate.minutes for estimate in estimates),
        asks=megabytes > limit,
        ask_megabytes=limit,
    )


def start_many(
    store: Store,
    listed: FetchList,
    batch: str,
    *,
    expected: ManyEstimate | None = None,
    skip_bad: bool = False,
    confirmed: bool = False,
) -> BatchSummary:
    """Queue a fetch for each row of a table; one that fails stops no other.

    Args:
        store: Where the cities are to be kept.
        listed: The table.
        batch: What its fetches are called together.
        expected: What `estimate_many` said, to spare asking it again.
        skip_bad: Leave rows with problems out instead of queueing nothing.
        confirmed: The user agreed to a download above the installation's limit.

    Raises:
        InputError: A row cannot be used, or all of them together are large and not confirmed.
        ConflictError: A city of the table is being fetched already.
    """
    if listed.problems and not skip_bad:
        first = listed.problems[0]
        raise InputError(
            f"{len(listed.problems)} of the table's rows cannot be used, so nothing is queued",
            f"line {first.line}, {first.reason}",
            "correct them, or leave them out",
            code="table-rows-unusable",
        )
    expected = expected or estimate_many(store, listed.requests)
    if expected.asks and not confirmed:
        raise InputError(
            f"the downloads are above {expected.ask_megabytes} MB and need confirmation",
            f"about {expected.megabytes:,.0f} MB for {len(listed.requests)} cities",
            "confirm it, or choose fewer cities",
            code="download-not-confirmed",
        )
    for request, estimate in zip(listed.requests, expected.estimates, strict=True):
        check_free(store, request)  # all of them before the first is queued
        check_room(estimate)
    queued = [
        add_fetch(store, request, confirmed=True, estimate=estimate, batch=batch)
        for request, estimate in zip(listed.requests, expected.estimates, strict=True)
    ]
    release(store, [fetch.job for fetch in queued])
    return show_batch(store, batch, problems=listed.problems)


def show_batch(store: Store, batch: str, *, problems: tuple[Problem, ...] = ()) -> BatchSummary:
    """How the fetches of a table fare."""
    newest: dict[str, FetchSummary] = {}
    for fetch in list_fetches(store, batch):
        newest[fetch.slug] = fetch
    return BatchSummary(batch, tuple(newest.values()), problems)


def list_batches(store: Store) -> list[str]:
    """Names of the tables whose fetches are kept, newest first."""
    with store.session() as session:
        return fetch_rows.batches(session)


def retry_batch(store: Store, batch: str) -> BatchSummary:
    """Queue the failed and cancelled fetches of a table again.

    Raises:
        NotFoundError: No fetch belongs to it.
        ConflictError: None of its fetches has failed.
    """
    summary = show_batch(store, batch)
    if not summary.fetches:
        names = ", ".join(list_batches(store)) or "none"
        raise NotFoundError(
            "there is no batch with this name", batch, f"there are: {names}", code="no-such-batch"
        )
    again = [fetch for fetch in summary.fetches if fetch.resumable]
    if not again:
        raise ConflictError(
            "none of the fetches has failed",
            f"{batch}: {_in_words(summary.counts)}",
            "there is nothing to retry",
            code="no-failed-fetch",
        )
    for fetch in again:
        resume_job(store, fetch.job)
    return show_batch(store, batch)


def follow_batch(
    store: Store, batch: str, progress: Progress = silent, poll_seconds: float = 0.5
) -> BatchSummary:
    """Wait for all fetches of a table, reporting how far they are in thousandths.

    A worker that dies meanwhile is replaced.
    """
    looked = time.monotonic()
    while True:
        summary = show_batch(store, batch)
        if summary.is_finished:
            return summary
        if time.monotonic() - looked > STALLED_SECONDS:
            ensure_worker(store, FETCHING)
            looked = time.monotonic()
        ended = sum(fetch.is_finished for fetch in summary.fetches)
        share = ended + sum(fetch.progress for fetch in summary.fetches if not fetch.is_finished)
        at_work = next((f for f in summary.fetches if f.state.is_running), None)
        words = f"{at_work.slug}: {at_work.stage}" if at_work else "waiting for a worker"
        stage = f"{ended} of {len(summary.fetches)} cities, {words}"
        progress(stage, round(1000 * share), 1000 * len(summary.fetches))
        time.sleep(poll_seconds)


def _in_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {state}" for state, n in counts.items())
