"""The states a job of the worker moves through, each move in one statement."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import Update, func, select, update
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.schema import Job

MOVES: Mapping[str, tuple[str, ...]] = {
    "queued": ("running", "failed", "cancelled"),
    "running": ("queued", "running"),  # again, when its worker died
    "done": ("running",),
    "failed": ("queued", "running"),
    "cancelled": ("queued", "running"),
}
"""For each state, the states it may be entered from."""

J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class JobStates(Generic[J]):
    """The moves of one table's jobs. Every call is in the caller's transaction.

    Attributes:
        table: The jobs.
        noun: What one is called in messages.
        where: Where to look it up, for messages.
    """

    table: type[J]
    noun: str
    where: str

    def by_id(self, session: Session, job_id: int) -> J:
        """One job, as it stands now.

        Raises:
            NotFoundError: There is none of that number.
        """
        found = session.get(self.table, job_id, populate_existing=True)
        if found is None:
            raise NotFoundError(f"no such {self.noun}", job_id, self.where)
        return found

    def enter(self, session: Session, job_id: int, state: str, **values: Any) -> J:  # noqa: ANN401
        """Enter a state, so that of two who try only one does.

        Raises:
            NotFoundError: There is no such job.
            ConflictError: It cannot be entered from the state the job is in.
        """
        moved = session.scalar(
            _quietly(
                update(self.table)
                .where(self.table.id == job_id, self.table.state.in_(MOVES[state]))
                .values(state=state, **values)
            ).returning(self.table.id)
        )
        found = self.by_id(session, job_id)
        if moved is None:
            raise self.refused(found, f"make {state}")
        return found

    def mark_running(self, session: Session, job_id: int) -> J:
        """A worker takes a job up: its progress and error are cleared.

        Raises:
            NotFoundError: There is no such job.
            ConflictError: It is finished.
        """
        return self.enter(
            session,
            job_id,
            "running",
            started_at=func.now(),
            finished_at=None,
            heartbeat=func.now(),
            attempts=self.table.attempts + 1,
            progress=0.0,
            error=None,
        )

    def mark_done(self, session: Session, job_id: int, **values: Any) -> J:  # noqa: ANN401
        """A job ended well.

        Raises:
            NotFoundError: There is no such job.
            ConflictError: It is not running.
        """
        return self.enter(
            session, job_id, "done", progress=1.0, stage="done", finished_at=func.now(), **values
        )

    def mark_failed(self, session: Session, job_id: int, error: str, **values: Any) -> J:  # noqa: ANN401
        """A job ended in an error, told in one plain line.

        Raises:
            NotFoundError: There is no such job.
            ConflictError: It is finished already.
        """
        return self.enter(session, job_id, "failed", error=error, finished_at=func.now(), **values)

    def mark_cancelled(self, session: Session, job_id: int) -> J:
        """A job stopped because the user asked.

        Raises:
            NotFoundError: There is no such job.
            ConflictError: It is finished already.
        """
        return self.enter(session, job_id, "cancelled", finished_at=func.now())

    def report(self, session: Session, job_id: int, **values: Any) -> bool:  # noqa: ANN401
        """Write down where a running job is, and that its worker lives, in one statement.

        Returns:
            Whether the user asked for it to stop.

        Raises:
            NotFoundError: The job was removed, with its city.
            ConflictError: It is no longer running.
        """
        wanted = session.scalar(
            _quietly(
                update(self.table)
                .where(self.table.id == job_id, self.table.state == "running")
                .values(heartbeat=func.now(), **values)
            ).returning(self.table.cancel_requested)
        )
        if wanted is None:
            raise self.refused(self.by_id(session, job_id), "report on")
        return bool(wanted)

    def report_heartbeat(self, session: Session, job_id: int) -> None:
        """Say that a running job's worker lives; nothing when it is no longer running."""
        session.execute(
            _quietly(
                update(self.table)
                .where(self.table.id == job_id, self.table.state == "running")
                .values(heartbeat=func.now())
            )
        )

    def request_cancel(self, session: Session, job_id: int) -> J:
        """Ask for a job to stop: a queued one is cancelled here, a running one by its worker.

        Raises:
            NotFoundError: There is no such job.
            ConflictError: It is finished already.
        """
        found = session.get(self.table, job_id, populate_existing=True, with_for_update=True)
        if found is None or found.state not in MOVES["cancelled"]:
            raise self.refused(self.by_id(session, job_id), "cancel")
        if found.state == "queued":
            return self.mark_cancelled(session, job_id)
        found.cancel_requested = True
        session.flush()
        return found

    def stalled(self, session: Session, older_than: timedelta) -> list[J]:
        """Jobs that are running, but whose worker gave no sign for that long; oldest first."""
        return list(
            session.scalars(
                select(self.table)
                .where(
                    self.table.state == "running", self.table.heartbeat < func.now() - older_than
                )
                .order_by(self.table.id)
                .execution_options(populate_existing=True)
            )
        )

    def refused(self, job: J, verb: str) -> ConflictError:
        """What is raised where a job's state forbids a move."""
        return ConflictError(
            f"cannot {verb} {self.noun} {job.id}", f"it is {job.state}", self.where
        )


def _quietly(statement: Update) -> Update:
    """Without SQLAlchemy changing loaded rows itself: they are read again."""
    return statement.execution_options(synchronize_session=False)
