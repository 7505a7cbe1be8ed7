"""What every job of the worker has: the state it is in, how far it is, and how it ended."""

from datetime import datetime

from sqlalchemy import CheckConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import FALSE, created, new_id

JOB_STATES = ("queued", "running", "done", "failed", "cancelled")


class Job:
    """The columns of a job. `heartbeat` is the worker's last sign, `attempts` counts its starts."""

    id: Mapped[int] = new_id()
    device: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", server_default="queued")
    stage: Mapped[str] = mapped_column(default="", server_default="")
    progress: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    error: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False, server_default=FALSE)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    heartbeat: Mapped[datetime | None]
    created_at: Mapped[datetime] = created()
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


def job_checks() -> tuple[CheckConstraint, CheckConstraint]:
    """What the database itself holds a job's columns to."""
    return (
        CheckConstraint(f"state IN {JOB_STATES}", name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
    )
