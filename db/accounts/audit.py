"""Who did what."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.schema import Deed


def note(session: Session, who: str, action: str, subject: str) -> None:
    """Write down what somebody does, in the transaction that does it."""
    session.add(Deed(who=who, action=action, subject=subject))


def last(session: Session, most: int) -> Sequence[Deed]:
    """The newest, newest first."""
    return session.scalars(select(Deed).order_by(Deed.id.desc()).limit(most)).all()
