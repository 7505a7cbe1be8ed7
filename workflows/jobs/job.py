"""Jobs as pages and commands see them: start one, look at it, stop it, follow it to its end."""

import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy.orm import Session

from aether_core.errors import AetherError, CancelledError, InputError, StoreUnavailableError
from aether_core.progress import Progress, silent
from db.jobs import jobs as job_rows
from db.schema import UNFINISHED, Job, JobState
from workflows.accounts.acting import OPERATOR, allow, asking
from workflows.accounts.quotas import check_jobs
from workflows.home.store import Store, revive
from workflows.jobs.inputs import forget_outputs, job_folder, keep_inputs
from workflows.jobs.kind import JobKind
from workflows.jobs.one_home import check_no_other_home
from workflows.jobs.queue import STALLED_SECONDS, defer, ensure_worker
from workflows.jobs.registry import kind_named

R = TypeVar("R")
INPUT_EXIT: Final = InputError.exit_code
_LOOK_SECONDS: Final = 3.0
_AWAY_SECONDS: Final = 120.0
"""How long whoever follows a job waits for a database that is away."""


@dataclass(frozen=True)
class JobSummary:
    """One job.

    Attributes:
        kind: A name in `registry.KINDS`.
        title: What people call it.
        city: Short name of the city it is about, which need not be there yet.
        state: queued, running, done, failed or cancelled.
        stage: What it is doing now, in plain words.
        progress: 0 to 1.
        seconds_left: Estimate while it runs; None where that cannot be told.
        error: Why it failed, in one line.
        error_type: Name of the error's class.
        error_code: Its code.
        exit_code: What a command that waited for it ends with.
        stopping: Whether it was asked to stop and has not yet.
        silent_seconds: How long its worker has given no sign, while it runs.
        attempts: How often it was begun.
        result: What it made.
        request: What was asked, as plain JSON values; files by their names in the job's folder.
    """

    job: int
    kind: str
    title: str
    city: str
    state: JobState
    stage: str
    progress: float
    seconds_left: float | None
    error: str | None
    error_type: str | None
    error_code: str | None
    exit_code: int
    stopping: bool
    silent_seconds: float | None
    attempts: int
    result: dict[str, Any]
    request: dict[str, Any]
    created: datetime
    started: datetime | None
    finished: datetime | None

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more, unless somebody resumes it."""
        return self.state.is_finished

    @property
    def is_left(self) -> bool:
        """Whether it counts as running, but its worker has given no sign for long."""
        return (self.silent_seconds or 0.0) > STALLED_SECONDS


def job_document(job: JobSummary) -> dict[str, Any]:
    """A job as commands and the API tell it."""
    return asdict(job)


def took(job: JobSummary) -> float:
    """Seconds a job that is done took, from its last start."""
    if job.started is None or job.finished is None:
        return 0.0
    return (job.finished - job.started).total_seconds()


class JobEndedError(AetherError):
    """A job that was waited for failed: told, and ending the command, as its cause would.

    Attributes:
        job: The job as it ended.
        cause: Name of the class of the error it ended in; `code` is that error's, too.
    """

    code = "job-failed"

    def __init__(self, job: JobSummary) -> None:
        reason = job.error or f"{job.title} failed"
        if job.exit_code != INPUT_EXIT:  # what cannot be used would end the same again
            reason += f"; go on with: ./aether job resume {job.job}"
        super().__init__(reason, code=job.error_code)
        self.exit_code = job.exit_code or 1
        self.job = job
        self.cause = job.error_type or type(self).__name__


def summarise(job: Job) -> JobSummary:
    """One job's summary inside an open transaction."""
    running = job.state.is_running
    silent_since = job.heartbeat if running else None
    return JobSummary(
        job=job.id,
        kind=job.kind,
        title=job.title,
        city=job.subject,
        state=job.state,
        stage=job.stage,
        progress=job.progress,
        seconds_left=job.seconds_left if running else None,
        error=job.error,
        error_type=job.error_type,
        error_code=job.error_code,
        exit_code=job.exit_code,
        stopping=running and job.cancel_requested,
        silent_seconds=None
        if silent_since is None
        else abs((datetime.now(UTC) - silent_since).total_seconds()),
        attempts=job.attempts,
        result=dict(job.result),
        request=dict(job.request),
        created=job.created_at,
        started=job.started_at,
        finished=job.finished_at,
    )


def new_job(
    session: Session,
    kind: JobKind[R],
    subject: str,
    request: R,
    *,
    city_id: int | None = None,
    goes_with_city: bool = True,
) -> Job:
    """Write a job down, still to be queued with `release`.

    Args:
        session: In a transaction.
        kind: What is to be done.
        subject: Short name of the city it is about.
        request: With what.
        city_id: The city, where it is there.
        goes_with_city: Whether the job is deleted with that city.

    Raises:
        ConflictError: Another unfinished job claims the same.
        NotAllowedError: Whoever asks may not have one.
        QuotaError: They have as many as they may.
    """
    allow(session, kind.role, f"start {kind.noun}", subject)
    check_jobs(session)
    person = asking()
    return job_rows.add_job(
        session,
        kind=kind.name,
        queue=kind.queue,
        request=kind.to_document(request),
        subject=subject,
        title=kind.title(request),
        city_id=city_id if goes_with_city else None,
        claim=kind.claim(subject, request),
        lock=kind.lock(city_id),
        who="" if person is OPERATOR else person.name,
    )


def release(store: Store, jobs: Sequence[Job]) -> None:
    """Put jobs that were written down and committed into their queues, and see to a worker."""
    defer(store, jobs)
    for queue in dict.fromkeys(job.queue for job in jobs):
        ensure_worker(store, queue)


def start_job(
    store: Store, kind: JobKind[R], slug: str, request: R, *, in_city: bool = True
) -> JobSummary:
    """Keep what a request needs, queue it, and see to it that a worker takes it.

    Args:
        store: Where the job is kept.
        kind: What is to be done.
        slug: Short name of the city it is about.
        request: With what; the files it names are copied.
        in_city: Whether the city must be there.

    Raises:
        NotFoundError: No city has this slug, or there is no such file.
        ConflictError: Another unfinished job claims the same, or the database's workers serve
            another home.
    """
    # Loads pandas, which a worker that only waits for jobs can do without.
    from db.cities import cities as city_rows

    kind.check(store, slug, request)
    check_no_other_home(store)
    with store.session() as session:
        city_id = city_rows.city_by_slug(session, slug).id if in_city else None
        job = new_job(session, kind, slug, request, city_id=city_id)
        kept = keep_inputs(store, job.id, request)
        job.request = kind.to_document(kept)
    release(store, [job])
    return show_job(store, job.id)


def show_job(store: Store, job_id: int) -> JobSummary:
    """One job.

    Raises:
        NotFoundError: No job has this number.
    """
    with store.session() as session:
        return summarise(job_rows.job_by_id(session, job_id))


def list_jobs(
    store: Store,
    slug: str | None = None,
    *,
    kinds: Sequence[str] = (),
    unfinished: bool = False,
    limit: int | None = None,
) -> list[JobSummary]:
    """Jobs, newest first.

    Args:
        store: Where they are.
        slug: Only of this city; a city that is not there has none.
        kinds: Only of these kinds; of all when empty.
        unfinished: Only those that wait or run.
        limit: The newest so many.
    """
    states = UNFINISHED if unfinished else ()
    with store.session() as session:
        found = job_rows.list_jobs(session, subject=slug, kinds=kinds, states=states, limit=limit)
        return [summarise(job) for job in found]


def jobs_lately(store: Store, limit: int) -> list[JobSummary]:
    """The newest jobs of all cities, and all that wait or run, newest first.

    Args:
        limit: How many of the newest.
    """
    with store.reading() as session:
        return [summarise(job) for job in job_rows.lately(session, limit)]


def count_jobs(store: Store) -> list[tuple[str, str, int]]:
    """How many jobs there are of each kind in each state."""
    with store.reading() as session:
        return job_rows.count_by_state(session)


def cancel_job(store: Store, job_id: int) -> JobSummary:
    """Ask a job to stop; a queued one stops at once, a running one at its next report.

    Raises:
        NotFoundError: No job has this number.
        ConflictError: It has finished already.
    """
    with store.session() as session:
        job = job_rows.request_cancel(session, job_id)
        _allow(session, job, "cancel")
        if job.is_finished:  # nobody is at it, and nobody can resume it while its row is locked
            forget_outputs(store, job_id)
        return summarise(job)


def resume_job(store: Store, job_id: int) -> JobSummary:
    """Queue a job again that failed, was stopped, or was left by its worker.

    Raises:
        NotFoundError: No job has this number.
        ConflictError: It waits, is at work or done, or cannot go on; the message says why.
    """
    with store.session() as session:
        job = job_rows.job_by_id(session, job_id)
    kind_named(job.kind).check_resume(store, job)
    with store.session() as session:
        job = job_rows.requeue(session, job_id, dead_after=timedelta(seconds=STALLED_SECONDS))
        _allow(session, job, "resume")
    release(store, [job])
    return show_job(store, job_id)


def remove_job(store: Store, job_id: int) -> None:
    """Forget a finished job; what it made stays.

    Raises:
        NotFoundError: No job has this number.
        ConflictError: It waits or runs.
    """
    with store.session() as session:
        _allow(session, job_rows.job_by_id(session, job_id), "remove")
        job_rows.remove(session, job_id)
    shutil.rmtree(job_folder(store, job_id), ignore_errors=True)


def _allow(session: Session, job: Job, action: str) -> None:
    """See that who asks may do something with a job: whoever may start one may."""
    kind = kind_named(job.kind)
    allow(session, kind.role, f"{action} {kind.noun}", f"{job.subject}, job {job.id}")


def follow_job(
    store: Store, job_id: int, progress: Progress = silent, poll_seconds: float = 0.25
) -> JobSummary:
    """Wait for a job to finish, reporting how far it is in thousandths.

    A worker that dies meanwhile is replaced, and so is a private database.

    Raises:
        NotFoundError: No job has this number, or it was removed with its city.
        StoreUnavailableError: The database stayed away.
    """
    looked = time.monotonic()
    while True:
        job = _shown(store, job_id)
        if job.is_finished:
            return job
        if time.monotonic() - looked > _LOOK_SECONDS:
            see_to_a_worker(store, job)
            looked = time.monotonic()
        left = f", about {job.seconds_left:.0f} s left" if job.seconds_left is not None else ""
        progress(f"{job.stage or job.state}{left}", round(1000 * job.progress), 1000)
        time.sleep(poll_seconds)


def ended_well(job: JobSummary) -> JobSummary:
    """The job, if it is done.

    Raises:
        JobEndedError: It failed.
        CancelledError: It was stopped.
    """
    if job.state.is_cancelled:
        raise CancelledError(f"{job.title}: stopped by request (job {job.job})")
    if not job.state.is_done:
        raise JobEndedError(job)
    return job


def _shown(store: Store, job_id: int) -> JobSummary:
    """The job, also while the database is away for a moment."""
    deadline = time.monotonic() + _AWAY_SECONDS
    while True:
        try:
            return show_job(store, job_id)
        except StoreUnavailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
            with suppress(StoreUnavailableError):  # tried again until the deadline
                revive(store)


def see_to_a_worker(store: Store, job: JobSummary) -> None:
    """Start a worker for a job that waits, or whose worker died, unless one is alive."""
    if job.state.is_queued or job.is_left:
        ensure_worker(store, kind_named(job.kind).queue)
