"""Evaluations: comparisons of representations, kept with what was asked."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Evaluation


def add_evaluation(
    session: Session,
    city_id: int,
    *,
    task: str,
    request: Mapping[str, Any],
    result: Mapping[str, Any],
) -> Evaluation:
    """Keep a comparison.

    Args:
        session: In a transaction.
        city_id: The city.
        task: `landuse`, `socioeconomic` or `retrieval`.
        request: What was asked: files, representations, splits, seeds.
        result: The tables it gave. Neither may hold NaN or infinity, which JSON has not: write
            None.

    Raises:
        ValueError: A value is NaN or infinite.
    """
    found = Evaluation(city_id=city_id, task=task, request=dict(request), result=dict(result))
    session.add(found)
    session.flush()
    return found


def latest_evaluation(session: Session, city_id: int, task: str) -> Evaluation | None:
    """A city's newest comparison of a task, if there is one."""
    return session.scalar(
        select(Evaluation)
        .where(Evaluation.city_id == city_id, Evaluation.task == task)
        .order_by(Evaluation.id.desc())
        .limit(1)
    )


def evaluation_by_id(
    session: Session, city_id: int, evaluation_id: int, task: str | None = None
) -> Evaluation:
    """One comparison of a city, of any task when None is named.

    Raises:
        NotFoundError: The city has no such comparison.
    """
    asked = select(Evaluation).where(Evaluation.city_id == city_id, Evaluation.id == evaluation_id)
    if task is not None:
        asked = asked.where(Evaluation.task == task)
    found = session.scalar(asked)
    if found is None:
        raise NotFoundError(
            "no such evaluation",
            evaluation_id,
            "it may have been removed",
            code="no-such-evaluation",
        )
    return found
