"""Accounts by name and by number."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Account


def list_accounts(session: Session) -> Sequence[Account]:
    """All of them, by name."""
    return session.scalars(select(Account).order_by(Account.name)).all()


def find(session: Session, name: str, *, lock: bool = False) -> Account | None:
    """The account of a name.

    Args:
        name: In lower case.
        lock: Hold its row until the transaction ends.
    """
    query = select(Account).where(Account.name == name)
    return session.scalar(query.with_for_update() if lock else query)


def named(session: Session, name: str) -> Account:
    """The account of a name, its row held.

    Raises:
        NotFoundError: There is none.
    """
    account = find(session, name, lock=True)
    if account is None:
        raise NotFoundError(
            "no such account", name, "list them with: ./aether user list", code="no-such-account"
        )
    return account


def epoch_of(session: Session, account_id: int) -> tuple[str, int] | None:
    """Name and epoch of an account that is still there."""
    found = session.execute(select(Account.name, Account.epoch).where(Account.id == account_id))
    row = found.one_or_none()
    return None if row is None else (row[0], row[1])
