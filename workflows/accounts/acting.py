"""Who asks for something, and whether they may: looked at once, where a verb changes the store.

Commands and workers are the operator's: whoever can run them in a home has its files anyway. Only
the web app, where people sign in, and the API, where programs show keys, say somebody else.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from aether_core.errors import AetherError
from db.accounts import accounts as account_rows
from db.accounts import audit
from workflows.home.store import sight_is_told_by


class Role(StrEnum):
    """What somebody may do, from least to most; a text in the store and in commands.

    A viewer asks, looks and takes away. An analyst adds cities, trains, makes and removes maps. An
    admin also removes cities and years.
    """

    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"

    def may(self, needed: "Role") -> bool:
        """Whether it holds what is needed."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


class Right(NamedTuple):
    """Something to do that takes a role.

    Attributes:
        role: Least role that may.
        action: What it is called in the list of who did what.
    """

    role: Role
    action: str


REMOVE_CITY: Final = Right(Role.ADMIN, "remove city")
REMOVE_YEAR: Final = Right(Role.ADMIN, "remove year")
CHANGE_GROUP: Final = Right(Role.ADMIN, "change group")
BACK_UP: Final = Right(Role.ADMIN, "back up")
RESTORE: Final = Right(Role.ADMIN, "restore")
CLEAR_CACHE: Final = Right(Role.ADMIN, "clear cache")
KEEP_MAP: Final = Right(Role.ANALYST, "keep map")
RENAME_MAP: Final = Right(Role.ANALYST, "rename map")
REMOVE_MAP: Final = Right(Role.ANALYST, "remove map")
CHOOSE_COLOURS: Final = Right(Role.ANALYST, "choose colours")
IMPORT_MODEL: Final = Right(Role.ANALYST, "import model")
USE_MODEL: Final = Right(Role.ANALYST, "use model")
ADD_REGION: Final = Right(Role.ANALYST, "add region")
FORGET_REGION: Final = Right(Role.ANALYST, "forget region")


class NotAllowedError(AetherError):
    """Whoever asks may not do this."""

    code = "not-allowed"
    exit_code = 2


@dataclass(frozen=True)
class Person:
    """Who asks.

    Attributes:
        name: Of the account.
        role: What they may do.
    """

    name: str
    role: Role


OPERATOR: Final = Person("operator", Role.ADMIN)


def _operator() -> Person:
    return OPERATOR


class _Asking:
    """How this process finds out who asks."""

    who: Callable[[], Person] = staticmethod(_operator)


_known: Final[ContextVar[Person | None]] = ContextVar("asking", default=None)


@contextmanager
def asked_by(person: Person) -> Iterator[None]:
    """Take all that is asked within for one person's, also in threads that it is handed to.

    Args:
        person: Who asks.
    """
    token = _known.set(person)
    try:
        yield
    finally:
        _known.reset(token)


def people_are_told_by(who: Callable[[], Person]) -> None:
    """Let this process ask who is asking, instead of taking everybody for the operator.

    Args:
        who: Says it for the thread that calls it. It raises `NotAllowedError` where nobody is
            signed in.
    """
    _Asking.who = staticmethod(who)
    sight_is_told_by(_sight)


def asking() -> Person:
    """Who asks, in this thread.

    Raises:
        NotAllowedError: Nobody is signed in.
    """
    return _known.get() or _Asking.who()


_finding: Final[ContextVar[bool]] = ContextVar("finding", default=False)


def _sight() -> str | None:
    """The account whose cities are seen; None: all are.

    Who asks is found in the store, too, whose accounts everybody may look into. Nobody sees what
    is in no group.
    """
    if _finding.get():
        return None
    token = _finding.set(True)
    try:
        person = asking()
    except NotAllowedError:
        return ""
    finally:
        _finding.reset(token)
    return None if person.role is Role.ADMIN else person.name


def sight_of(session: Session, name: str) -> str | None:
    """The account whose cities are seen for somebody who has asked; None: all are.

    Args:
        session: Where accounts are looked up.
        name: Of the account, empty for the operator.
    """
    if not name:
        return None
    account = account_rows.find(session, name)
    return None if account is not None and Role(account.role) is Role.ADMIN else name


def check_may(needed: Role, action: str) -> Person:
    """See that who asks may do something, before much is done for it; `allow` looks again.

    Returns:
        Who asks.

    Raises:
        NotAllowedError: They may not.
    """
    person = asking()
    if not person.role.may(needed):
        raise NotAllowedError(
            f"{person.name} may not do this ({action}): it takes the role {needed}, and this "
            f"account is a {person.role}; ask an administrator"
        )
    return person


def why_not(needed: Role) -> str | None:
    """Why who asks may not do what takes a role, for a page to say before they try; None: they may.

    Args:
        needed: Least role that may.
    """
    person = asking()
    if person.role.may(needed):
        return None
    return (
        f"This takes the role {needed}; you are signed in as a {person.role}. "
        "An administrator can change that."
    )


def allow(session: Session, needed: Role, action: str, subject: object = "") -> None:
    """See that who asks may do something, and note that they did.

    The note is part of the transaction: it stays if what was asked for is done, and only then.

    Args:
        session: That of the change.
        needed: Least role that may.
        action: What is done, such as "remove city".
        subject: To what.

    Raises:
        NotAllowedError: They may not.
    """
    audit.note(session, check_may(needed, action).name, action, str(subject))
