"""The verbs of accounts: add, list, change, remove, sign in."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from sqlalchemy.orm import Session

from aether_core.errors import AetherError, ConflictError
from db.accounts import accounts as account_rows
from db.accounts import audit
from db.schema import Account
from workflows.accounts.acting import Role, allow
from workflows.accounts.passwords import (
    checked_name,
    hashed,
    is_right,
    take_as_long,
    usable_name,
)
from workflows.accounts.provider import Stated
from workflows.home.store import Store

FREE_FAILURES = 5
"""So many wrong passwords in a row cost no waiting."""
FIRST_WAIT_S, LONGEST_WAIT_S = 15, 900


class SignInError(AetherError):
    """Nobody is signed in by what was given."""

    code = "sign-in-refused"
    exit_code = 2


class WaitError(SignInError):
    """Too many wrong passwords were given to try another one already.

    Args:
        wait_s: Seconds until one may be tried.
    """

    code = "sign-in-too-often"

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many wrong passwords; try again in {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True)
class AccountSummary:
    """An account as it is listed.

    Attributes:
        signed_in: When it was used last.
    """

    name: str
    role: Role
    created: datetime
    signed_in: datetime | None


@dataclass(frozen=True)
class DeedSummary:
    """Something that somebody did."""

    at: datetime
    who: str
    action: str
    subject: str


@dataclass(frozen=True)
class SignedIn:
    """Who has signed in.

    Attributes:
        account: The account's number.
        name: Its name.
        epoch: Its epoch then; another one now means: sign in again.
        role: What they may do now.
    """

    account: int
    name: str
    epoch: int
    role: Role


def add_account(store: Store, name: str, password: str, role: Role | None = None) -> AccountSummary:
    """Let somebody sign in.

    Args:
        store: Where the account is kept.
        name: Of the account; kept in lower case.
        password: In full.
        role: What they may do; left out, the first account is an admin and others are analysts.

    Raises:
        InputError: The name or the password cannot be used.
        ConflictError: The name is taken.
    """
    plain, kept = checked_name(name), hashed(password)
    with store.session() as session:
        if account_rows.find(session, plain) is not None:
            raise ConflictError(
                "this account is there already",
                plain,
                f"change its password with: ./aether user password {plain}",
                code="account-exists",
            )
        is_first = not account_rows.list_accounts(session)
        given = role or (Role.ADMIN if is_first else Role.ANALYST)
        account = Account(name=plain, password_hash=kept, role=given.value)
        session.add(account)
        allow(session, Role.ADMIN, "add account", f"{plain} ({given})")
        session.flush()
        session.refresh(account)
        return _summary(account)


def list_accounts(store: Store) -> list[AccountSummary]:
    """Every account, by name."""
    with store.reading() as session:
        return [_summary(account) for account in account_rows.list_accounts(session)]


def set_password(store: Store, name: str, password: str) -> AccountSummary:
    """Give an account another password; whoever is signed in with it is signed out.

    Raises:
        InputError: The password cannot be used.
        NotFoundError: There is no such account.
    """
    kept = hashed(password)
    with store.session() as session:
        account = account_rows.named(session, checked_name(name))
        account.password_hash, account.failures = kept, 0
        account.epoch += 1
        allow(session, Role.ADMIN, "change password", account.name)
        return _summary(account)


def set_role(store: Store, name: str, role: Role) -> AccountSummary:
    """Let an account do more or less than before.

    Raises:
        NotFoundError: There is no such account.
    """
    with store.session() as session:
        account = account_rows.named(session, checked_name(name))
        account.role = role.value
        allow(session, Role.ADMIN, "change role", f"{account.name} ({role})")
        return _summary(account)


def remove_account(store: Store, name: str) -> None:
    """Let somebody sign in no more; whoever is signed in with it is signed out.

    Raises:
        NotFoundError: There is no such account.
    """
    with store.session() as session:
        account = account_rows.named(session, checked_name(name))
        session.delete(account)
        allow(session, Role.ADMIN, "remove account", account.name)


def sign_in(store: Store, name: str, password: str) -> SignedIn:
    """Sign somebody in.

    Raises:
        SignInError: Name and password do not belong together, or too many were tried
            (`sign-in-too-often`). It does not tell whether there is such an account.
    """
    now = datetime.now(UTC)
    with store.session() as session:
        account = account_rows.find(session, name.strip().lower(), lock=True)
        if account is None:
            take_as_long(password)
            signed_in = None
        else:
            _check_wait(account, now)
            signed_in = _tried(account, password, now)
            action = "sign in" if signed_in is not None else "give a wrong password"
            audit.note(session, account.name, action, "")
    if signed_in is None:
        raise SignInError("name and password do not belong together; check both and try again")
    return signed_in


def sign_in_stated(store: Store, who: Stated) -> SignedIn:
    """Sign in whom a provider states; the first time, with an account of their own.

    Whether an account of that name is there already decides nothing: it may be somebody else's.
    """
    now = datetime.now(UTC)
    with store.session() as session:
        account = account_rows.stated(session, who.issuer, who.subject)
        if account is None:
            name = _free_name(session, who)
            account = Account(
                name=name,
                password_hash="",  # nosec B106
                issuer=who.issuer,
                subject=who.subject,
                role=(who.role or Role.VIEWER).value,
            )
            session.add(account)
            session.flush()
            session.refresh(account)
            audit.note(session, name, "come for the first time", who.issuer)
        elif who.role is not None and who.role != account.role:
            account.role = who.role.value
            audit.note(session, account.name, "have another role", who.role)
        account.signed_in_at = now
        audit.note(session, account.name, "sign in", "")
        return SignedIn(account.id, account.name, account.epoch, Role(account.role))


def end_sign_ins(store: Store, signed_in: SignedIn) -> str | None:
    """Sign somebody out wherever that account is signed in.

    Returns:
        The provider who says whose account it is; None where a password does.
    """
    with store.session() as session:
        account = account_rows.find(session, signed_in.name, lock=True)
        if account is None or account.id != signed_in.account:
            return None
        account.epoch += 1
        return account.issuer


def still_signed_in(store: Store, account: int, name: str, epoch: int) -> SignedIn | None:
    """Who has signed in with an account, as it is now; None where it is not as it was then."""
    with store.reading() as session:
        now = account_rows.numbered(session, account)
    if now is None or (now.name, now.epoch) != (name, epoch):
        return None
    return SignedIn(account, name, epoch, Role(now.role))


def last_deeds(store: Store, most: int) -> list[DeedSummary]:
    """Who did what lately, newest first."""
    with store.reading() as session:
        return [
            DeedSummary(deed.at, deed.who, deed.action, deed.subject)
            for deed in audit.last(session, most)
        ]


def _free_name(session: Session, who: Stated) -> str:
    """A name for a new account that nobody has."""
    usable = [name for one in who.names if (name := usable_name(one)) is not None]
    base = next(iter(usable), "visitor")
    tried = (base if n == 1 else f"{base[:58]}-{n}" for n in count(1))
    return next(name for name in tried if account_rows.find(session, name) is None)


def _tried(account: Account, password: str, now: datetime) -> SignedIn | None:
    """Note a try in the account's row."""
    if not account.password_hash:
        take_as_long(password)
        return None
    if not is_right(password, account.password_hash):
        account.failures, account.failed_at = account.failures + 1, now
        return None
    account.failures, account.signed_in_at = 0, now
    return SignedIn(account.id, account.name, account.epoch, Role(account.role))


def _check_wait(account: Account, now: datetime) -> None:
    """Refuse to try a password before the time for it has come."""
    extra = account.failures - FREE_FAILURES
    if extra < 0 or account.failed_at is None:
        return
    wait = min(FIRST_WAIT_S * 2 ** min(extra, 10), LONGEST_WAIT_S)
    left = wait - (now - account.failed_at).total_seconds()
    if 0 < left <= wait:  # more than that: the clock was set back since
        raise WaitError(left)


def _summary(account: Account) -> AccountSummary:
    return AccountSummary(
        account.name, Role(account.role), account.created_at, account.signed_in_at
    )
