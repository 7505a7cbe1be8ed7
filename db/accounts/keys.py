"""Keys of accounts."""

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Account, ApiKey


def list_keys(session: Session, account: str | None) -> Sequence[tuple[ApiKey, Account]]:
    """Keys with their accounts, by account and name; of one account where it is named."""
    query = select(ApiKey, Account).join(Account, Account.id == ApiKey.account_id)
    if account is not None:
        query = query.where(Account.name == account)
    return [
        (key, owner) for key, owner in session.execute(query.order_by(Account.name, ApiKey.name))
    ]


def find(session: Session, account_id: int, name: str) -> ApiKey | None:
    """The key of that name of an account."""
    return session.scalar(
        select(ApiKey).where(ApiKey.account_id == account_id, ApiKey.name == name)
    )


def by_digest(session: Session, digest: bytes) -> tuple[ApiKey, Account] | None:
    """The key of this digest that has not expired, with its account."""
    query = (
        select(ApiKey, Account)
        .join(Account, Account.id == ApiKey.account_id)
        .where(ApiKey.digest == digest, ApiKey.expires_at > func.now())
    )
    row = session.execute(query).one_or_none()
    return None if row is None else (row[0], row[1])


def note_use(session: Session, key_id: int) -> None:
    """Write down that a key is used now."""
    session.execute(update(ApiKey).where(ApiKey.id == key_id).values(used_at=func.now()))


def remove(session: Session, account_id: int, name: str) -> None:
    """Delete a key.

    Raises:
        NotFoundError: The account has none of that name.
    """
    gone = session.execute(
        delete(ApiKey)
        .where(ApiKey.account_id == account_id, ApiKey.name == name)
        .returning(ApiKey.id)
    )
    if gone.one_or_none() is None:
        raise NotFoundError(
            "this account has no such key",
            name,
            "list them with: ./aether user list-keys",
            code="no-such-key",
        )
