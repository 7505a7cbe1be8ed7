"""Studies: what a study job works on, kept with what it has found so far."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import cast, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Study


def add_study(
    session: Session,
    city_id: int,
    job_id: int,
    *,
    kind: str,
    recipe: str,
    settings: Mapping[str, Any],
    seeds: Sequence[int],
    device: str,
    request: Mapping[str, Any],
    other_city_id: int | None = None,
) -> Study:
    """Add the study of a job.

    Args:
        session: In a transaction.
        city_id: The city; of a transfer the one trained on.
        job_id: The job.
        kind: One of `STUDY_KINDS`.
        recipe: Name of the recipe.
        settings: What was changed of it.
        seeds: One training of every variant each.
        device: `auto`, `cpu` or `cuda`.
        request: What else was asked, such as the labels; plain JSON values.
        other_city_id: The city a transfer is tried on.
    """
    study = Study(
        city_id=city_id,
        job_id=job_id,
        other_city_id=other_city_id,
        kind=kind,
        recipe=recipe,
        settings=dict(settings),
        seeds=list(seeds),
        device=device,
        request=dict(request),
    )
    session.add(study)
    session.flush()
    session.refresh(study)
    return study


def study_by_id(session: Session, study_id: int) -> Study:
    """One study, as it stands now.

    Raises:
        NotFoundError: There is none of that number.
    """
    found = session.get(Study, study_id, populate_existing=True)
    if found is None:
        raise NotFoundError(
            "no such study",
            study_id,
            "list a city's studies with ./aether study list SLUG",
            code="no-such-study",
        )
    return found


def list_studies(session: Session, city_id: int, kind: str | None = None) -> list[Study]:
    """The studies a city has part in, of one kind or of all, newest first."""
    asked = select(Study).where(or_(Study.city_id == city_id, Study.other_city_id == city_id))
    if kind is not None:
        asked = asked.where(Study.kind == kind)
    newest = asked.order_by(Study.id.desc()).execution_options(populate_existing=True)
    return list(session.scalars(newest))


def add_rows(
    session: Session, study_id: int, rows: Sequence[Mapping[str, Any]], *, seconds: float
) -> None:
    """Keep figures a running study has measured.

    Args:
        session: In a transaction that has checked that the study's job is still held.
        study_id: The study.
        rows: Plain JSON values, without NaN or infinity.
        seconds: What they took.
    """
    session.execute(
        update(Study)
        .where(Study.id == study_id)
        .values(
            rows=Study.rows.op("||")(cast([dict(row) for row in rows], JSONB)),
            seconds=Study.seconds + seconds,
        )
        .execution_options(synchronize_session=False)
    )


def keep_result(session: Session, study_id: int, result: Mapping[str, Any]) -> None:
    """Write down what a study has found; its rows are in the result now.

    Raises:
        NotFoundError: There is no such study.
    """
    study = study_by_id(session, study_id)
    study.result, study.rows = dict(result), []
    session.flush()
