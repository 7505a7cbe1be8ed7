"""Jobs: everything that takes more than a moment, and the workers that carry it out."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Dialect, ForeignKey, Index, String, TypeDecorator, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from db.schema.base import EMPTY_OBJECT, FALSE, Base, created, new_id


class JobState(StrEnum):
    """Where a job stands; a text in the store, in JSON and in tables."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_queued(self) -> bool:
        """Whether it waits for a worker."""
        return self is JobState.QUEUED

    @property
    def is_running(self) -> bool:
        """Whether a worker carries it out."""
        return self is JobState.RUNNING

    @property
    def is_done(self) -> bool:
        """Whether what it was to make is there."""
        return self is JobState.DONE

    @property
    def is_failed(self) -> bool:
        """Whether it ended in an error."""
        return self is JobState.FAILED

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody stopped it."""
        return self is JobState.CANCELLED

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more, unless somebody resumes it."""
        return self not in UNFINISHED

    @property
    def is_resumable(self) -> bool:
        """Whether it ended without what it was to make, and may go on."""
        return self.is_failed or self.is_cancelled


JOB_STATES = tuple(state.value for state in JobState)
UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class _StateColumn(TypeDecorator[JobState]):
    """A job's state as a text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else JobState(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> JobState | None:  # noqa: ARG002
        return None if value is None else JobState(value)


class Job(Base):
    """One piece of work, from the wish to its end.

    `kind` says what is done and `request` with what; `subject` is the short name of the city it is
    about, which need not be there yet, `who` the account that asked (empty: the operator), and
    `title` what people call it. `queue` is where it waits.
    Of two jobs that both wait or run none has the same `claim`; of two that run, none the same
    `lock`. `starts` counts how often it was begun, and a worker that
    holds an older start is no longer heard; `attempts` those since somebody let it go on.
    `heartbeat` is the worker's last sign. `result` is what the job made. A job goes with its city.
    """

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint(f"state IN {JOB_STATES}", name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        Index(
            "uq_job_one_unfinished_a_claim",
            "claim",
            unique=True,
            postgresql_where=text(f"state IN {tuple(state.value for state in UNFINISHED)}"),
        ),
        Index(
            "uq_job_one_running_a_lock",
            "lock",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = new_id()
    kind: Mapped[str] = mapped_column(index=True)
    queue: Mapped[str]
    city_id: Mapped[int | None] = mapped_column(
        ForeignKey("city.id", ondelete="CASCADE"), index=True
    )
    subject: Mapped[str] = mapped_column(default="", server_default="")
    title: Mapped[str] = mapped_column(default="", server_default="")
    who: Mapped[str] = mapped_column(default="", server_default="")
    request: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    claim: Mapped[str | None]
    lock: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    state: Mapped[JobState] = mapped_column(
        _StateColumn, default=JobState.QUEUED, server_default="queued"
    )
    stage: Mapped[str] = mapped_column(default="", server_default="")
    progress: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    seconds_left: Mapped[float | None]
    error: Mapped[str | None]
    error_type: Mapped[str | None]
    error_code: Mapped[str | None]
    exit_code: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    cancel_requested: Mapped[bool] = mapped_column(default=False, server_default=FALSE)
    starts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    heartbeat: Mapped[datetime | None]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    created_at: Mapped[datetime] = created()
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def is_finished(self) -> bool:
        """Whether it will not change any more, unless somebody resumes it."""
        return self.state.is_finished


class JobMixin:
    """What a table has whose rows say more of a job: the job, and where it stands."""

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), unique=True)

    @declared_attr
    def job(cls) -> Mapped[Job]:  # noqa: N805 - SQLAlchemy calls it with the class
        """The job, read with the row."""
        return relationship(Job, lazy="joined", innerjoin=True)

    @property
    def state(self) -> JobState:
        """The job's state."""
        return self.job.state


class Worker(Base):
    """A process that serves one queue; it is alive while its heartbeat is young."""

    __tablename__ = "worker"

    id: Mapped[int] = new_id()
    queue: Mapped[str] = mapped_column(index=True)
    host: Mapped[str]
    pid: Mapped[int]
    started_at: Mapped[datetime] = created()
    heartbeat: Mapped[datetime] = created()
