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


def stated(session: Session, issuer: str, subject: str) -> Account | None:
    """The account of somebody a provider knows, its row held."""
    query = select(Account).where(Account.issuer == issuer, Account.subject == subject)
    return session.scalar(query.with_for_update())


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


def numbered(session: Session, account_id: int) -> Account | None:
    """The account of a number that is still there."""
    return session.get(Account, account_id)
