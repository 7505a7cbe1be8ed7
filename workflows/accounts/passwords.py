"""Passwords: what one has to be, how it is kept, whether one is right."""

import re
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from aether_core.errors import InputError

LEAST, MOST = 12, 1024
"""Characters of a password."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_hasher: Final = PasswordHasher()  # argon2id at the cost RFC 9106 gives for little memory


def checked_name(name: str) -> str:
    """A name as it is stored: in lower case.

    Raises:
        InputError: It cannot be one.
    """
    plain = name.strip().lower()
    if not _NAME.fullmatch(plain):
        raise InputError(
            "this cannot be the name of an account",
            name,
            "use at most 64 letters, digits and . _ @ + -",
            code="account-name-unusable",
        )
    return plain


def usable_name(said: str) -> str | None:
    """What somebody is called elsewhere as an account's name; None where nothing is left of it."""
    plain = re.sub(r"[^a-z0-9._@+-]+", "-", said.strip().lower()).strip("-._@+")[:60]
    return plain if _NAME.fullmatch(plain) else None


def hashed(password: str) -> str:
    """What is stored of a password.

    Raises:
        InputError: It is too short or too long; it is not repeated.
    """
    if not LEAST <= len(password) <= MOST:
        raise InputError(
            "a password of this length is not taken",
            f"{len(password)} characters",
            f"choose one of {LEAST} to {MOST}",
            code="password-length",
        )
    return _hasher.hash(password)


def is_right(password: str, kept: str) -> bool:
    """Whether a password is the one that was stored."""
    try:
        return _hasher.verify(kept, password[: MOST + 1])
    except (VerifyMismatchError, InvalidHashError):
        return False


def take_as_long(password: str) -> None:
    """Spend the time of a check: who asks for names must not see which are there."""
    is_right(password, _nobodys())


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody's password")
