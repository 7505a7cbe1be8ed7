"""What a worker does with one job: takes it up, carries it out, writes down how it ended."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

import structlog

from aether_core.errors import (
    AetherError,
    CancelledError,
    ConflictError,
    NotFoundError,
    StoreUnavailableError,
)
from db.jobs import jobs as job_rows
from db.jobs.jobs import JobLease, SupersededError
from db.schema import Job
from workflows.accounts.acting import sight_of
from workflows.home.documents import UnreadableDocumentError
from workflows.home.store import Store, seen_by
from workflows.home.unforeseen import in_plain_words
from workflows.jobs.inputs import forget_inputs, kept_inputs
from workflows.jobs.kind import JobKind
from workflows.jobs.queue import HEARTBEAT_SECONDS
from workflows.jobs.registry import kind_named
from workflows.jobs.room import wait_for_room
from workflows.jobs.work import Work, WorkerLeavingError

log = structlog.get_logger()
MAX_ATTEMPTS: Final = 3


class WorkerDiedError(AetherError):
    """A job's worker died each time it was begun."""

    code = "worker-died"


def carry_out(
    store: Store,
    job_id: int,
    *,
    leaving: threading.Event | None = None,
    kind: JobKind[Any] | None = None,
) -> Job | None:
    """Carry out one queued job: what a worker calls. Its outcome is written to it.

    A job that is found running was left by a worker that died. It is begun again, and given up
    after `MAX_ATTEMPTS` starts. While the disk has less room than is reserved it is not taken.

    Args:
        store: Where the job is.
        job_id: Its number.
        leaving: Set once this worker is to end: the job then waits for the next one, which goes
            on with it as if this worker had died.
        kind: Does the work in another way than the job's own kind, such as on other machines.

    Returns:
        The job, where it is to be queued again because the worker is leaving.

    Raises:
        StoreUnavailableError: Nothing can be written down; the job goes on when the store is back.
        Exception: A defect, after the job says so.
    """
    waiting = wait_for_room(store, job_id, leaving or threading.Event())
    if waiting is not None:
        return waiting
    job = _taken_up(store, job_id)
    if job is None:
        return None
    lease = JobLease(job.id, job.starts)
    log.info("job taken", job=job.id, kind=job.kind, attempt=job.attempts)
    try:
        with _heartbeat(store, lease):
            return _work_and_conclude(store, job, lease, kind or kind_named(job.kind), leaving)
    except SupersededError as error:
        log.warning("job left to another worker", job=job.id, reason=str(error))
    except NotFoundError:
        log.info("job was removed with its city", job=job.id)
    finally:
        log.info("job left", job=job.id)
    return None


def _taken_up(store: Store, job_id: int) -> Job | None:
    """The job, now running; None when there is nothing to do."""
    try:
        with store.session() as session:
            return job_rows.start(session, job_id)
    except (NotFoundError, ConflictError) as error:
        log.info("job not taken", job=job_id, reason=str(error))
        return None


def _work_and_conclude(
    store: Store,
    job: Job,
    lease: JobLease,
    kind: JobKind[Any],
    leaving: threading.Event | None,
) -> Job | None:
    """Do it and write down how it ended; returns the job where it went back into the queue."""
    try:
        _refuse_endless(job)
        request = kept_inputs(store, job.id, kind.from_document(job.request))
        with store.session() as session:
            sight = sight_of(session, job.who)
        with seen_by(sight):  # what they named may be of a city that is not theirs
            kind.work(Work(store, job, kind.stages, leaving=leaving), request)
    except SupersededError:
        raise
    except WorkerLeavingError:
        with store.session() as session:
            return job_rows.put_back(session, lease)
    except CancelledError:
        _abandon(store, job, lease)
        with store.session() as session:
            job_rows.stop(session, lease)
    except Exception as error:
        plain = in_plain_words(error)
        if isinstance(plain, StoreUnavailableError):
            raise plain from error
        if plain is not None:
            _failed(store, job, lease, plain, str(plain))
            return None
        reason = f"an internal error ({type(error).__name__}); the details are in logs/worker.log"
        _failed(store, job, lease, error, reason)
        raise
    else:
        forget_inputs(store, job.id)
    return None


def _refuse_endless(job: Job) -> None:
    if job.cancel_requested:
        raise CancelledError(f"job {job.id} was stopped")
    if job.attempts > MAX_ATTEMPTS:
        raise WorkerDiedError(
            f"its worker died {job.attempts - 1} times; see logs/worker.log, then resume it "
            f"with: ./aether job resume {job.id}"
        )


def _failed(store: Store, job: Job, lease: JobLease, error: Exception, reason: str) -> None:
    """Write down why."""
    _abandon(store, job, lease)
    code, exit_code = "internal", 1
    if isinstance(error, AetherError):
        code, exit_code = error.code, error.exit_code
    with store.session() as session:
        job_rows.fail(
            session,
            lease,
            reason,
            error_type=type(error).__name__,
            error_code=code,
            exit_code=exit_code,
        )


def _abandon(store: Store, job: Job, lease: JobLease) -> None:
    """Undo what the job has stored, unless another worker goes on with it."""
    with store.session() as session:
        job_rows.check_lease(session, lease)
    # What it was about is gone already, or what was asked cannot be read, so nothing was begun.
    with suppress(NotFoundError, UnreadableDocumentError):
        kind_named(job.kind).abandon(store, job)


@contextmanager
def _heartbeat(store: Store, lease: JobLease) -> Iterator[None]:
    """Say every few seconds that the job's worker is alive, also within a long step."""
    stop = threading.Event()

    def beats() -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            try:
                with store.session() as session:
                    if not job_rows.beat(session, lease):
                        return
            except StoreUnavailableError as error:
                log.warning("heartbeat missed", job=lease.job_id, reason=str(error))

    thread = threading.Thread(target=beats, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
