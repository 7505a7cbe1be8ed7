"""Keys by which programs use the API: each in the name of an account, and never beyond its role."""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from aether_core.errors import ConflictError, InputError
from db.accounts import accounts as account_rows
from db.accounts import keys as key_rows
from db.schema import Account, ApiKey
from workflows.accounts.acting import Person, Role, allow
from workflows.accounts.passwords import checked_name
from workflows.home.store import Store

SCOPES: Final = {"read": Role.VIEWER, "write": Role.ANALYST, "admin": Role.ADMIN}
"""What a key is good for, and the role that is."""
MOST_DAYS: Final = 3650
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_BEGINNING: Final = "aether_"
"""Scanners of code find keys by how they begin."""
_NOTED_EVERY: Final = timedelta(hours=1)


@dataclass(frozen=True)
class KeySummary:
    """A key as it is listed, without what is secret.

    Attributes:
        account: Name of the account it belongs to.
        name: What it is for.
        scope: What it is good for, a key of `SCOPES`; its account may have less.
        expired: Whether it is worth nothing any more.
        used: When it was used last, to the hour.
    """

    account: str
    name: str
    scope: str
    created: datetime
    expires: datetime
    expired: bool
    used: datetime | None


def add_key(
    store: Store, account: str, name: str, scope: str = "read", days: int = 365
) -> tuple[KeySummary, str]:
    """Make a key for an account.

    Args:
        store: Where its digest is kept.
        account: Name of the account.
        name: What it is for: lower-case letters, digits, hyphens.
        scope: What it is good for, a key of `SCOPES`.
        days: It expires after so many.

    Returns:
        The key as it is listed, and the key itself, which cannot be told again.

    Raises:
        NotFoundError: There is no such account.
        InputError: Name, scope or days cannot be used, or the account may less.
        ConflictError: The account has a key of that name.
    """
    _check(name, scope, days)
    key = f"{_BEGINNING}{secrets.token_urlsafe(32)}"
    with store.session() as session:
        owner = account_rows.named(session, checked_name(account))
        allow(session, Role.ADMIN, "add key", f"{owner.name}, {name} ({scope})")
        if not Role(owner.role).may(SCOPES[scope]):
            raise InputError(
                "a key cannot do more than its account",
                f"{scope} for {owner.name}, who is a {owner.role}",
                "choose a smaller scope, or change the role of the account first",
                code="key-beyond-account",
            )
        if key_rows.find(session, owner.id, name) is not None:
            raise ConflictError(
                "this account has a key of that name",
                name,
                f"remove it first with: ./aether user remove-key {owner.name} {name}",
                code="key-exists",
            )
        row = ApiKey(
            account_id=owner.id,
            name=name,
            role=SCOPES[scope].value,
            digest=_digest(key),
            expires_at=datetime.now(UTC) + timedelta(days=days),
        )
        session.add(row)
        session.flush()
        session.refresh(row)
        return _summary(row, owner), key


def list_keys(store: Store, account: str | None = None) -> list[KeySummary]:
    """Every key, of one account where it is named.

    Raises:
        NotFoundError: There is no such account.
    """
    with store.session() as session:
        name = account and account_rows.named(session, checked_name(account)).name
        return [_summary(key, owner) for key, owner in key_rows.list_keys(session, name)]


def remove_key(store: Store, account: str, name: str) -> None:
    """Make a key worth nothing, within seconds.

    Raises:
        NotFoundError: There is no such account, or it has no such key.
    """
    with store.session() as session:
        owner = account_rows.named(session, checked_name(account))
        allow(session, Role.ADMIN, "remove key", f"{owner.name}, {name}")
        key_rows.remove(session, owner.id, name)


def person_with(store: Store, key: str) -> Person | None:
    """Who shows a key: the account's name, with the lesser of the two roles.

    Returns:
        None where the key is none of ours, has expired, or its account is gone.

    Raises:
        StoreUnavailableError: The keys cannot be asked.
    """
    if not key.startswith(_BEGINNING):
        return None
    with store.session() as session:
        found = key_rows.by_digest(session, _digest(key))
        if found is None:
            return None
        row, owner = found
        if row.used_at is None or datetime.now(UTC) - row.used_at > _NOTED_EVERY:
            key_rows.note_use(session, row.id)
        own, given = Role(owner.role), Role(row.role)
        return Person(owner.name, given if own.may(given) else own)


def _check(name: str, scope: str, days: int) -> None:
    if not _NAME.fullmatch(name):
        raise InputError(
            "this cannot be the name of a key",
            name,
            "use at most 64 lower-case letters, digits and . _ -",
            code="key-name-unusable",
        )
    if scope not in SCOPES:
        raise InputError(
            "unknown scope", scope, f"choose one of {', '.join(SCOPES)}", code="scope-unknown"
        )
    if not 1 <= days <= MOST_DAYS:
        raise InputError(
            "a key cannot hold so long", f"{days} days", f"1 to {MOST_DAYS}", code="key-days"
        )


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _summary(key: ApiKey, owner: Account) -> KeySummary:
    scope = next(name for name, role in SCOPES.items() if role == Role(key.role))
    return KeySummary(
        owner.name,
        key.name,
        scope,
        key.created_at,
        key.expires_at,
        key.expires_at <= datetime.now(UTC),
        key.used_at,
    )
