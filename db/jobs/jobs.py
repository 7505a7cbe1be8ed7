"""Jobs and the states they move through, each move in one statement.

Every call is in the caller's transaction. A worker holds a job by its number and the attempt it
began: when another worker has taken the job up meanwhile, what the first one says is refused.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, DateTime, bindparam, cast, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.jobs.workers import silent
from db.schema import UNFINISHED, Job, JobState
from db.sight import seeing_all

ENTERED_FROM: Final[Mapping[JobState, tuple[JobState, ...]]] = {
    JobState.QUEUED: (JobState.RUNNING, JobState.FAILED, JobState.CANCELLED),
    JobState.RUNNING: (JobState.QUEUED, JobState.RUNNING),  # again, when its worker died
    JobState.DONE: (JobState.RUNNING,),
    JobState.FAILED: UNFINISHED,
    JobState.CANCELLED: UNFINISHED,
}
"""For each state, the states it may be entered from."""
_WHERE: Final = "list the jobs with ./aether job list"


class JobLease(NamedTuple):
    """A running job as the worker that carries it out knows it."""

    job_id: int
    start: int


class SupersededError(ConflictError):
    """The job was taken up by another worker, or ended, while this one held it."""

    code = "job-superseded"


def add_job(
    session: Session,
    *,
    kind: str,
    queue: str,
    request: Mapping[str, Any],
    subject: str = "",
    title: str = "",
    city_id: int | None = None,
    claim: str | None = None,
    lock: str | None = None,
    priority: int = 0,
    who: str = "",
) -> Job:
    """Add a job, queued; the columns are those of `schema.Job`.

    Raises:
        ConflictError: Another job with the same claim waits or runs.
    """
    job = Job(
        kind=kind,
        queue=queue,
        request=dict(request),
        subject=subject,
        title=title,
        city_id=city_id,
        claim=claim,
        lock=lock,
        priority=priority,
        who=who,
    )
    try:
        with session.begin_nested():
            session.add(job)
    except IntegrityError as error:
        raise _claimed(session, claim, error) from error
    session.refresh(job)
    return job


def count_unfinished(session: Session, who: str) -> int:
    """How many jobs of an account wait or run, seen or not."""
    with seeing_all(session):
        mine = select(func.count()).select_from(Job).where(Job.who == who)
        return int(session.scalar(mine.where(Job.state.in_(UNFINISHED))) or 0)


def job_by_id(session: Session, job_id: int) -> Job:
    """One job, as it stands now.

    Raises:
        NotFoundError: There is none of that number.
    """
    found = session.get(Job, job_id, populate_existing=True)
    if found is None:
        raise NotFoundError("no such job", job_id, _WHERE, code="no-such-job")
    return found


def list_jobs(
    session: Session,
    *,
    subject: str | None = None,
    kinds: Sequence[str] = (),
    states: Sequence[JobState] = (),
    limit: int | None = None,
) -> list[Job]:
    """Jobs, newest first.

    Args:
        session: In a transaction.
        subject: Only of the city of this short name.
        kinds: Only of these kinds; of all when empty.
        states: Only in these states; in any when empty.
        limit: The newest so many.
    """
    asked = select(Job).order_by(Job.id.desc()).execution_options(populate_existing=True)
    if subject is not None:
        asked = asked.where(Job.subject == subject)
    if kinds:
        asked = asked.where(Job.kind.in_(kinds))
    if states:
        asked = asked.where(Job.state.in_(states))
    return list(session.scalars(asked.limit(limit)))


def lately(session: Session, limit: int) -> list[Job]:
    """The newest jobs, and all that are not over, newest first.

    Args:
        session: In a transaction.
        limit: How many of the newest.
    """
    return list(session.scalars(_LATELY, {"most": limit}))


_LATELY: Final = (  # made once: every open page asks every few seconds
    select(Job)
    .where(
        Job.state.in_(UNFINISHED)
        | Job.id.in_(
            select(Job.id).order_by(Job.id.desc()).limit(bindparam("most")).scalar_subquery()
        )
    )
    .order_by(Job.id.desc())
    .execution_options(populate_existing=True)
)


def count_by_state(session: Session) -> list[tuple[str, str, int]]:
    """How many jobs there are of each kind in each state."""
    query = select(Job.kind, Job.state, func.count()).group_by(Job.kind, Job.state)
    return [(kind, str(state), number) for kind, state, number in session.execute(query)]


def start(session: Session, job_id: int) -> Job:
    """A worker takes a job up: its progress and error are cleared, its attempts counted.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is finished, or another job that must not run beside it runs.
    """
    try:
        with session.begin_nested():
            return _enter(
                session,
                job_id,
                JobState.RUNNING,
                Job.state.in_(ENTERED_FROM[JobState.RUNNING]),
                started_at=func.now(),
                finished_at=None,
                heartbeat=func.now(),
                starts=Job.starts + 1,
                attempts=Job.attempts + 1,
                progress=0.0,
                seconds_left=None,
                error=None,
                error_type=None,
                error_code=None,
                exit_code=0,
            )
    except IntegrityError as error:
        raise ConflictError(
            "another job of this kind is running for the city",
            job_id,
            "wait for it, or cancel it",
            code="job-running",
        ) from error


def note_waiting(session: Session, job_id: int, stage: str) -> Job | None:
    """Say of a job that nobody has taken yet what it waits for.

    Returns:
        The job; None where it does not wait any more.
    """
    waiting = session.scalar(
        update(Job)
        .where(Job.id == job_id, Job.state.in_(UNFINISHED))
        .values(stage=stage)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return None if waiting is None else job_by_id(session, job_id)


def report(
    session: Session,
    lease: JobLease,
    *,
    stage: str,
    progress: float,
    seconds_left: float | None = None,
    found: Mapping[str, Any] | None = None,
) -> bool:
    """Write down where a running job is, and that its worker lives, in one statement.

    Args:
        session: In a transaction.
        lease: The job.
        stage: What it is doing, in plain words.
        progress: From 0 to 1.
        seconds_left: Estimate; None where that cannot be told yet.
        found: What is added to its result; plain JSON values.

    Returns:
        Whether the user asked for it to stop.

    Raises:
        NotFoundError: The job was removed, with its city.
        SupersededError: This worker no longer holds it.
    """
    values: dict[str, Any] = {"stage": stage, "progress": progress, "seconds_left": seconds_left}
    if found:
        values["result"] = Job.result.op("||")(cast(dict(found), JSONB))
    with seeing_all(session):  # who asked may see the city no more
        wanted = session.scalar(
            update(Job)
            .where(*_of(lease))
            .values(heartbeat=func.now(), **values)
            .returning(Job.cancel_requested)
            .execution_options(synchronize_session=False)
        )
    if wanted is None:
        raise _superseded(session, lease)
    return bool(wanted)


def check_lease(session: Session, lease: JobLease) -> Job:
    """The job, locked until the transaction ends, if this worker still holds it.

    What a job makes is stored in a transaction that begins or ends with this, so that no two
    workers store the same.

    Raises:
        NotFoundError: The job was removed, with its city.
        SupersededError: This worker no longer holds it.
    """
    held = select(Job).where(*_of(lease)).with_for_update()
    with seeing_all(session):
        found = session.scalar(held.execution_options(populate_existing=True))
    if found is None:
        raise _superseded(session, lease)
    return found


def beat(session: Session, lease: JobLease) -> bool:
    """Say that a running job's worker lives.

    Returns:
        Whether the worker still holds it.
    """
    return (
        session.scalar(
            update(Job)
            .where(*_of(lease))
            .values(heartbeat=func.now())
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        is not None
    )


def finish(
    session: Session, lease: JobLease, result: Mapping[str, Any], *, city_id: int | None = None
) -> Job:
    """A job ended well.

    Args:
        session: In the transaction that stores what it made.
        lease: The job.
        result: What it made; plain JSON values.
        city_id: The city it made and now goes with.

    Raises:
        NotFoundError: The job was removed, with its city.
        SupersededError: This worker no longer holds it.
    """
    job = check_lease(session, lease)
    job.result = {**job.result, **result}
    job.state, job.stage, job.progress, job.seconds_left = JobState.DONE, "done", 1.0, None
    job.finished_at = func.now()
    if city_id is not None:
        job.city_id = city_id
    session.flush()
    session.refresh(job)
    return job


def fail(
    session: Session,
    lease: JobLease,
    error: str,
    *,
    error_type: str = "",
    error_code: str = "",
    exit_code: int = 1,
) -> Job:
    """A job ended in an error.

    Args:
        session: In a transaction.
        lease: The job.
        error: Why, in one plain line.
        error_type: Name of the error's class.
        error_code: Its code.
        exit_code: What a command that waits for it ends with: 2 where the user can mend it.

    Raises:
        NotFoundError: The job was removed, with its city.
        SupersededError: This worker no longer holds it.
    """
    return _let_go(
        session,
        lease,
        JobState.FAILED,
        error=error,
        error_type=error_type,
        error_code=error_code,
        exit_code=exit_code,
        **_ENDED,
    )


def stop(session: Session, lease: JobLease) -> Job:
    """A running job stopped because the user asked.

    Raises:
        NotFoundError: The job was removed, with its city.
        SupersededError: This worker no longer holds it.
    """
    return _let_go(session, lease, JobState.CANCELLED, **_ENDED)


def put_back(session: Session, lease: JobLease) -> Job:
    """A running job waits again, because its worker has to end; this start does not count.

    Raises:
        NotFoundError: The job was removed, with its city.
        SupersededError: This worker no longer holds it.
    """
    return _let_go(
        session,
        lease,
        JobState.QUEUED,
        attempts=Job.attempts - 1,
        heartbeat=None,
        seconds_left=None,
    )


def request_cancel(session: Session, job_id: int) -> Job:
    """Ask for a job to stop: a queued one is cancelled here, a running one by its worker.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It is finished already.
    """
    found = session.get(Job, job_id, populate_existing=True, with_for_update=True)
    if found is None or found.is_finished:
        raise refused(job_by_id(session, job_id), "cancel")
    if found.state.is_queued:
        return _enter(session, job_id, JobState.CANCELLED, Job.state == JobState.QUEUED, **_ENDED)
    found.cancel_requested = True
    session.flush()
    return found


def requeue(session: Session, job_id: int, *, dead_after: timedelta) -> Job:
    """Put a job back into the queue because the user wants it to go on; attempts begin anew.

    Args:
        session: In a transaction.
        job_id: The job.
        dead_after: A running job whose worker gave no sign for that long counts as left.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It waits or runs, is done, or another one has its claim by now.
    """
    left = (Job.state == JobState.RUNNING) & silent(Job.heartbeat, dead_after.total_seconds())
    try:
        with session.begin_nested():
            return _enter(
                session,
                job_id,
                JobState.QUEUED,
                or_(Job.state.in_((JobState.FAILED, JobState.CANCELLED)), left),
                cancel_requested=False,
                attempts=0,
                stage="",
                error=None,
                error_type=None,
                error_code=None,
                exit_code=0,
                heartbeat=None,
                finished_at=None,
            )
    except IntegrityError as error:
        claim = job_by_id(session, job_id).claim
        raise _claimed(session, claim, error) from error


def check_unclaimed(session: Session, claim: str) -> None:
    """Check that no unfinished job has a claim.

    Raises:
        ConflictError: One has.
    """
    other = _claimant(session, claim)
    if other is not None:
        raise _taken(other)


def left_behind(session: Session, older_than: timedelta) -> list[Job]:
    """Jobs nobody may be at work on, oldest first.

    Running ones whose worker gave no sign for that long, and queued ones that are as old.
    """
    last = func.coalesce(Job.heartbeat, Job.created_at)
    return list(
        session.scalars(
            select(Job)
            .where(Job.state.in_(UNFINISHED), silent(last, older_than.total_seconds()))
            .order_by(Job.id)
            .execution_options(populate_existing=True)
        )
    )


def remove(session: Session, job_id: int) -> None:
    """Delete a finished job and what belongs to it; what it made stays.

    Raises:
        NotFoundError: There is no such job.
        ConflictError: It waits or runs.
    """
    gone = session.scalar(
        delete(Job).where(Job.id == job_id, Job.state.not_in(UNFINISHED)).returning(Job.id)
    )
    if gone is None:
        raise refused(job_by_id(session, job_id), "remove")
    session.expire_all()


def remove_expired(session: Session) -> list[int]:
    """Delete the jobs that are done and whose result was `kept_until` a time that has passed.

    Returns:
        Their numbers.
    """
    until = cast(Job.result["kept_until"].astext, DateTime(timezone=True))
    gone = delete(Job).where(Job.state == JobState.DONE, until < func.now()).returning(Job.id)
    found = list(session.scalars(gone))
    session.expire_all()
    return found


def refused(job: Job, verb: str) -> ConflictError:
    """What is raised where a job's state forbids a move."""
    return ConflictError(
        f"cannot {verb} job {job.id}", f"it is {job.state}", _WHERE, code="job-in-wrong-state"
    )


_ENDED: Final[Mapping[str, Any]] = {"seconds_left": None, "finished_at": func.now()}


def _of(lease: JobLease) -> tuple[ColumnElement[bool], ...]:
    return Job.id == lease.job_id, Job.state == JobState.RUNNING, Job.starts == lease.start


def _let_go(session: Session, lease: JobLease, state: JobState, **values: Any) -> Job:  # noqa: ANN401
    """Enter a state in which this worker holds the job no longer, if it still does."""
    check_lease(session, lease)
    return _enter(session, lease.job_id, state, *_of(lease), **values)


def _enter(
    session: Session,
    job_id: int,
    state: JobState,
    *allowed: ColumnElement[bool],
    **values: Any,  # noqa: ANN401
) -> Job:
    """Enter a state, so that of two who try only one does."""
    moved = session.scalar(
        update(Job)
        .where(Job.id == job_id, *allowed)
        .values(state=state, **values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    found = job_by_id(session, job_id)
    if moved is None:
        raise refused(found, f"make {state}")
    return found


def _superseded(session: Session, lease: JobLease) -> SupersededError:
    with seeing_all(session):
        job = job_by_id(session, lease.job_id)
    return SupersededError(
        f"job {job.id} is no longer this worker's",
        f"it is {job.state}, start {job.starts}, not {lease.start}",
        _WHERE,
    )


def _claimed(session: Session, claim: str | None, error: IntegrityError) -> Exception:
    """What a claim that is taken is told as; any other broken rule is a defect of ours."""
    other = None if claim is None else _claimant(session, claim)
    return error if other is None else _taken(other)


def _claimant(session: Session, claim: str) -> Job | None:
    others = select(Job).where(Job.claim == claim, Job.state.in_(UNFINISHED)).order_by(Job.id)
    with seeing_all(session):  # whoever may not see it finds the same taken
        return session.scalar(others.limit(1))


def _taken(other: Job) -> ConflictError:
    return ConflictError(
        f"the same is being done for {other.subject} already",
        f"job {other.id} ({other.title or other.kind}) is {other.state}",
        f"wait for it, or cancel it with ./aether job cancel {other.id}",
        code="already-being-done",
    )
