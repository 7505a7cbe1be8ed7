"""Studies: queued, worked on a training at a time, and kept with what they found."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import cast, delete, or_, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError
from db.job_states import JobStates
from db.schema import Study

STATES: Final = JobStates(Study, "study", "list a city's studies with ./aether studies SLUG")
FINISHED: Final = ("done", "failed", "cancelled")


def add_study(
    session: Session,
    city_id: int,
    *,
    kind: str,
    recipe: str,
    settings: Mapping[str, Any],
    seeds: Sequence[int],
    device: str,
    request: Mapping[str, Any],
    other_city_id: int | None = None,
) -> Study:
    """Add a study, queued.

    Args:
        session: In a transaction.
        city_id: The city; of a transfer the one trained on.
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


def list_studies(session: Session, city_id: int, kind: str | None = None) -> list[Study]:
    """The studies a city has part in, of one kind or of all, newest first."""
    asked = select(Study).where(or_(Study.city_id == city_id, Study.other_city_id == city_id))
    if kind is not None:
        asked = asked.where(Study.kind == kind)
    return list(session.scalars(asked.order_by(Study.id.desc())))


def report_progress(session: Session, study_id: int, *, stage: str, progress: float) -> bool:
    """Say where a running study is; see `JobStates.report`."""
    return STATES.report(session, study_id, stage=stage, progress=progress)


def add_rows(
    session: Session, study_id: int, rows: Sequence[Mapping[str, Any]], *, seconds: float
) -> bool:
    """Keep figures a running study has measured; see `JobStates.report`.

    Args:
        session: In a transaction.
        study_id: The study.
        rows: Plain JSON values, without NaN or infinity.
        seconds: What they took.
    """
    kept = Study.rows.op("||")(cast([dict(row) for row in rows], JSONB))
    return STATES.report(session, study_id, rows=kept, seconds=Study.seconds + seconds)


def mark_done(session: Session, study_id: int, result: Mapping[str, Any]) -> Study:
    """A study ended well; its rows are in the result now.

    Raises:
        NotFoundError: There is no such study.
        ConflictError: It is not running.
    """
    return STATES.mark_done(session, study_id, result=dict(result), rows=[])


def mark_failed(session: Session, study_id: int, error: str, *, exit_code: int = 1) -> Study:
    """A study ended in an error, told in one plain line.

    Args:
        session: In a transaction.
        study_id: The study.
        error: Why.
        exit_code: What a command that waits for it ends with: 2 where the user can mend it.

    Raises:
        NotFoundError: There is no such study.
        ConflictError: It is finished already.
    """
    return STATES.mark_failed(session, study_id, error, result={"exit_code": exit_code})


def remove_study(session: Session, study_id: int) -> None:
    """Delete a finished study.

    Raises:
        NotFoundError: There is no such study.
        ConflictError: It is queued or running.
    """
    gone = session.scalar(
        delete(Study).where(Study.id == study_id, Study.state.in_(FINISHED)).returning(Study.id)
    )
    if gone is None:
        found = STATES.by_id(session, study_id)
        raise ConflictError(
            f"cannot remove study {found.id}", f"it is {found.state}", "stop it first"
        )
    session.expire_all()
