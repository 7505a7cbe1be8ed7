"""Whether somebody has to sign in, and what shows that somebody has."""

import os
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from threading import Lock
from typing import Any, Final

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from aether_core.errors import AetherError, InputError
from workflows.accounts.accounts import (
    SignedIn,
    list_accounts,
    sign_in,
    sign_in_stated,
    still_signed_in,
)
from workflows.accounts.provider import is_set_up, leave_for, refused, who_came_back
from workflows.home.settings import Settings
from workflows.home.store import Store

SIGNED_IN_S: Final = 7 * 24 * 3600
"""So long somebody stays signed in."""
LEAVING_S: Final = 600
"""So long somebody may take at the provider."""
_LOOK_AGAIN_S: Final = 5
"""An account that was removed, or may do less, can be used as before no longer than this."""
_SECRET_BYTES: Final = 32
_clock: Final = time.time


def is_required(settings: Settings) -> bool:
    """Whether nobody gets in without signing in: where others than this machine reach the app."""
    return settings.sign_in == "on" or not _is_loopback(settings.host)


def check_may_open(store: Store) -> None:
    """See that somebody can sign in where that is required.

    Raises:
        InputError: There is no account.
    """
    if is_set_up(store.settings):
        return
    if is_required(store.settings) and not list_accounts(store):
        raise InputError(
            "signing in is required, and there is no account",
            f"AETHER_HOST={store.settings.host}, AETHER_SIGN_IN={store.settings.sign_in}",
            "make one with ./aether user add NAME; none is needed with AETHER_HOST=127.0.0.1 and "
            "AETHER_SIGN_IN=auto",
            code="no-account",
        )


class Gate:
    """Tells who is signed in by a token that a browser carries.

    Args:
        home: That of the installation; it keeps the key that tokens are signed with.

    Raises:
        AetherError: The key is damaged.
    """

    def __init__(self, home: Path) -> None:
        self._signer = URLSafeTimedSerializer(_secret(home / "secret"), salt="aether-sign-in")
        self._leaving = URLSafeTimedSerializer(_secret(home / "secret"), salt="aether-leaving")
        self._known: dict[tuple[int, str, int], tuple[float, SignedIn]] = {}
        self._lock = Lock()

    def sign_in(self, store: Store, name: str, password: str) -> str:
        """Sign somebody in; returns the token that the browser carries from now on.

        Raises:
            SignInError: Name and password do not belong together, or too many were tried.
        """
        return self._token(sign_in(store, name, password))

    def leave(self, settings: Settings, back: str, there: str) -> tuple[str, str]:
        """Send somebody to the provider.

        Args:
            settings: The installation's.
            back: Where the provider sends them afterwards.
            there: Where they want to go.

        Returns:
            The provider's address, and what the browser carries until it is back.

        Raises:
            AetherError: The provider does not answer, or not as it should.
        """
        leaving = leave_for(settings, back)
        carried = [leaving.state, leaving.nonce, leaving.verifier, there]
        return leaving.address, str(self._leaving.dumps(carried))

    def come_back(
        self, store: Store, back: str, carried: str | None, answer: Mapping[str, str]
    ) -> tuple[str, str]:
        """Sign in somebody who comes back from the provider.

        Args:
            store: Of the accounts.
            back: As in `leave`.
            carried: What the browser carries.
            answer: What the provider had it say.

        Returns:
            The token that the browser carries from now on, and where it goes.

        Raises:
            ProviderError: This browser was not sent, it took too long, or the provider does not
                let it in.
            AetherError: The provider does not answer, or not as it should.
        """
        try:
            state, nonce, verifier, there = _loaded(self._leaving, carried, LEAVING_S)
        except (BadSignature, ValueError, TypeError):
            raise refused("the browser was not sent there, or is late") from None
        if not secrets.compare_digest(state.encode(), answer.get("state", "").encode()):
            raise refused("the state is another")
        if not answer.get("code"):
            raise refused(f"there is no code; the provider says {answer.get('error', '')[:80]!r}")
        who = who_came_back(store.settings, back, answer["code"], nonce, verifier)
        return self._token(sign_in_stated(store, who)), there

    def _token(self, signed_in: SignedIn) -> str:
        return str(self._signer.dumps([signed_in.account, signed_in.name, signed_in.epoch]))

    def who(self, store: Store, token: str | None) -> SignedIn | None:
        """Who carries a token; None where it is none of ours, too old, or no longer good.

        Raises:
            StoreUnavailableError: The accounts cannot be asked.
        """
        try:
            account, name, epoch = _loaded(self._signer, token, SIGNED_IN_S)
        except (BadSignature, ValueError, TypeError):
            return None
        key, now = (account, name, epoch), time.monotonic()
        with self._lock:
            known = self._known.get(key)
        if known is not None and now - known[0] < _LOOK_AGAIN_S:
            return known[1]
        signed_in = still_signed_in(store, account, name, epoch)
        with self._lock:
            self._known = {
                one: there for one, there in self._known.items() if now - there[0] < _LOOK_AGAIN_S
            }
            if signed_in is not None:
                self._known[key] = now, signed_in
        return signed_in


def _loaded(signer: URLSafeTimedSerializer, token: str | None, most_s: float) -> Any:  # noqa: ANN401
    """What we have signed within a time.

    A token that seems to come from the future is one of ours from before the clock was set back:
    nobody else can sign one, and it is good for as long.

    Raises:
        BadSignature: It is none of ours, or too old.
    """
    said, when = signer.loads(token or "", return_timestamp=True)
    if abs(_clock() - when.timestamp()) > most_s:
        raise SignatureExpired("too old", payload=said, date_signed=when)
    return said


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(path: Path) -> bytes:
    """The home's own key, made once; only its owner can read it.

    Raises:
        AetherError: It was cut.
    """
    if not path.exists():
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as new:
            new.write(secrets.token_bytes(_SECRET_BYTES))
        with suppress(FileExistsError):  # another process was there first: its key counts
            os.link(partial, path)
        partial.unlink()
    secret = path.read_bytes()
    if len(secret) != _SECRET_BYTES:
        raise AetherError(
            f"{path} is damaged; delete it, and everybody signs in again", code="secret-damaged"
        )
    return secret
