"""Fetches of cities from public data: what a fetch job works on, and what it has downloaded."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import cast, func, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Fetch


def add_fetch(
    session: Session,
    job_id: int,
    *,
    slug: str,
    name: str,
    request: Mapping[str, Any],
    estimate: Mapping[str, Any],
    batch: str | None = None,
) -> Fetch:
    """Add the fetch of a job.

    Args:
        session: In a transaction.
        job_id: The job.
        slug: Of the city to come.
        name: Of the city to come.
        request: All that was asked; plain JSON values.
        estimate: What is expected; plain JSON values.
        batch: What the fetches of one list have in common.
    """
    fetch = Fetch(
        job_id=job_id,
        slug=slug,
        name=name,
        request=dict(request),
        estimate=dict(estimate),
        batch=batch,
    )
    session.add(fetch)
    session.flush()
    session.refresh(fetch)
    return fetch


def fetch_by_id(session: Session, fetch_id: int) -> Fetch:
    """One fetch, as it stands now.

    Raises:
        NotFoundError: There is none of that number.
    """
    found = session.get(Fetch, fetch_id, populate_existing=True)
    if found is None:
        raise NotFoundError(
            "no such fetch",
            fetch_id,
            "list the fetches with ./aether fetch list",
            code="no-such-fetch",
        )
    return found


def list_fetches(session: Session, batch: str | None = None) -> list[Fetch]:
    """All fetches, newest first; those of one batch in the order of its list."""
    asked = select(Fetch).execution_options(populate_existing=True)
    if batch is not None:
        return list(session.scalars(asked.where(Fetch.batch == batch).order_by(Fetch.id)))
    return list(session.scalars(asked.order_by(Fetch.id.desc())))


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


def keep_found(session: Session, fetch_id: int, found: Mapping[str, Any]) -> None:
    """Add what a fetch has downloaded so far to its result; plain JSON values."""
    session.execute(
        update(Fetch)
        .where(Fetch.id == fetch_id)
        .values(result=Fetch.result.op("||")(cast(dict(found), JSONB)))
        .execution_options(synchronize_session=False)
    )


def keep_request(session: Session, fetch_id: int, request: Mapping[str, Any]) -> None:
    """Write down a fetch's request with what was chosen when it began.

    Raises:
        NotFoundError: There is no such fetch.
    """
    fetch_by_id(session, fetch_id).request = dict(request)
    session.flush()


def keep_city(session: Session, fetch_id: int, city_id: int) -> None:
    """Note that a fetch's city is there, in the transaction that adds it.

    Raises:
        NotFoundError: There is no such fetch.
    """
    fetch_by_id(session, fetch_id).city_id = city_id
    session.flush()
