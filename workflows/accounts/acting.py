"""Who asks for something, and whether they may: looked at once, where a verb changes the store.

Commands and workers are the operator's: whoever can run them in a home has its files anyway. Only
the web app, where people sign in, says somebody else.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from sqlalchemy.orm import Session

from aether_core.errors import AetherError
from db.accounts import audit


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
CLEAR_CACHE: Final = Right(Role.ADMIN, "clear cache")
KEEP_MAP: Final = Right(Role.ANALYST, "keep map")
RENAME_MAP: Final = Right(Role.ANALYST, "rename map")
REMOVE_MAP: Final = Right(Role.ANALYST, "remove map")
CHOOSE_COLOURS: Final = Right(Role.ANALYST, "choose colours")
IMPORT_MODEL: Final = Right(Role.ANALYST, "import model")
USE_MODEL: Final = Right(Role.ANALYST, "use model")


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


def people_are_told_by(who: Callable[[], Person]) -> None:
    """Let this process ask who is asking, instead of taking everybody for the operator.

    Args:
        who: Says it for the thread that calls it. It raises `NotAllowedError` where nobody is
            signed in.
    """
    _Asking.who = staticmethod(who)


def why_not(needed: Role) -> str | None:
    """Why who asks may not do what takes a role, for a page to say before they try; None: they may.

    Args:
        needed: Least role that may.
    """
    person = _Asking.who()
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
    person = _Asking.who()
    if not person.role.may(needed):
        raise NotAllowedError(
            f"{person.name} may not do this ({action}): it takes the role {needed}, and this "
            f"account is a {person.role}; ask an administrator"
        )
    audit.note(session, person.name, action, str(subject))
