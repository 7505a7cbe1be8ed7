"""Fetches of cities from public data: queued, worked, and kept with what they downloaded."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import cast, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError
from db.job_states import JobStates
from db.schema import Fetch

STATES: Final = JobStates(Fetch, "fetch", "list the fetches with ./aether fetches")
FINISHED: Final = ("done", "failed", "cancelled")
AT_WORK: Final = ("queued", "running")


def add_fetch(
    session: Session,
    *,
    slug: str,
    name: str,
    request: Mapping[str, Any],
    estimate: Mapping[str, Any],
    batch: str | None = None,
) -> Fetch:
    """Add a fetch, queued.

    Args:
        session: In a transaction.
        slug: Of the city to come.
        name: Of the city to come.
        request: All that was asked; plain JSON values.
        estimate: What is expected; plain JSON values.
        batch: What the fetches of one list have in common.

    Raises:
        ConflictError: A city with this slug is being fetched.
    """
    fetch = Fetch(slug=slug, name=name, request=dict(request), estimate=dict(estimate), batch=batch)
    try:
        with session.begin_nested():
            session.add(fetch)
    except IntegrityError as error:
        raise _at_work(session, slug) from error
    session.refresh(fetch)
    return fetch


def list_fetches(session: Session, batch: str | None = None) -> list[Fetch]:
    """All fetches, newest first; those of one batch in the order of its list."""
    if batch is not None:
        return list(session.scalars(select(Fetch).where(Fetch.batch == batch).order_by(Fetch.id)))
    return list(session.scalars(select(Fetch).order_by(Fetch.id.desc())))


def at_work(session: Session, slug: str | None = None) -> list[Fetch]:
    """Fetches that are queued or running, of one slug or of all, oldest first."""
    asked = select(Fetch).where(Fetch.state.in_(AT_WORK)).order_by(Fetch.id)
    return list(session.scalars(asked if slug is None else asked.where(Fetch.slug == slug)))


def check_not_at_work(session: Session, slug: str) -> None:
    """Check that no fetch of a slug is queued or running.

    Raises:
        ConflictError: One is.
    """
    if at_work(session, slug):
        raise _at_work(session, slug)


def batches(session: Session) -> list[str]:
    """Names of the batches, newest first."""
    newest = func.max(Fetch.id)
    return [
        str(batch)
        for batch in session.scalars(
            select(Fetch.batch)
            .where(Fetch.batch.is_not(None))
            .group_by(Fetch.batch)
            .order_by(newest.desc())
        )
    ]


def mark_done(session: Session, fetch_id: int, *, result: Mapping[str, Any]) -> Fetch:
    """A fetch ended well: its city is there.

    Raises:
        NotFoundError: There is no such fetch.
        ConflictError: It is not running.
    """
    return STATES.mark_done(session, fetch_id, result=dict(result))


def mark_failed(session: Session, fetch_id: int, error: str, *, exit_code: int = 1) -> Fetch:
    """A fetch ended in an error, told in one plain line.

    Args:
        session: In a transaction.
        fetch_id: The fetch.
        error: Why.
        exit_code: What a command that waits for it ends with: 2 where the user can mend it.

    Raises:
        NotFoundError: There is no such fetch.
        ConflictError: It is finished already.
    """
    kept = Fetch.result.op("||")(cast({"exit_code": exit_code}, JSONB))
    return STATES.mark_failed(session, fetch_id, error, result=kept)


def mark_queued(session: Session, fetch_id: int) -> Fetch:
    """Put a fetch back into the queue because the user wants it to go on; attempts begin anew.

    Raises:
        NotFoundError: There is no such fetch.
        ConflictError: It is queued already, or done, or another fetch of its slug is at work.
    """
    try:
        with session.begin_nested():
            return STATES.enter(
                session,
                fetch_id,
                "queued",
                cancel_requested=False,
                attempts=0,
                stage="",
                error=None,
                result=Fetch.result.op("-")("exit_code"),
                heartbeat=None,
                finished_at=None,
            )
    except IntegrityError as error:
        raise _at_work(session, STATES.by_id(session, fetch_id).slug) from error


def remove_fetch(session: Session, fetch_id: int) -> None:
    """Delete the record of a finished fetch; its city stays.

    Raises:
        NotFoundError: There is no such fetch.
        ConflictError: It is queued or running.
    """
    gone = session.scalar(
        delete(Fetch).where(Fetch.id == fetch_id, Fetch.state.in_(FINISHED)).returning(Fetch.id)
    )
    if gone is None:
        found = STATES.by_id(session, fetch_id)
        raise ConflictError(
            f"cannot remove fetch {found.id}", f"it is {found.state}", "stop it first"
        )
    session.expire_all()


def report_progress(
    session: Session, fetch_id: int, *, stage: str, progress: float, found: Mapping[str, Any]
) -> bool:
    """Say where a running fetch is; see `JobStates.report`.

    Args:
        session: In a transaction.
        fetch_id: The fetch.
        stage: What it is doing, in plain words.
        progress: From 0 to 1.
        found: What is added to its result; plain JSON values.
    """
    result = Fetch.result.op("||")(cast(dict(found), JSONB))
    return STATES.report(session, fetch_id, stage=stage, progress=progress, result=result)


def keep_request(session: Session, fetch_id: int, request: Mapping[str, Any]) -> None:
    """Write down a running fetch's request with what was chosen when it began.

    Raises:
        NotFoundError: There is no such fetch.
        ConflictError: It is no longer running.
    """
    STATES.report(session, fetch_id, request=dict(request))


def keep_city(session: Session, fetch_id: int, city_id: int) -> None:
    """Note that a running fetch's city is there, in the transaction that adds it.

    Raises:
        NotFoundError: There is no such fetch.
        ConflictError: It is no longer running.
    """
    STATES.report(session, fetch_id, city_id=city_id)


def _at_work(session: Session, slug: str) -> ConflictError:
    others = ", ".join(f"fetch {other.id} is {other.state}" for other in at_work(session, slug))
    return ConflictError(
        f"the city {slug} is being fetched already",
        others or slug,
        "wait for it, or cancel it first",
    )
