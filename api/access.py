"""Who asks: by a key, or by the cookie of a browser that has signed in."""

import base64
import binascii
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aether_core.errors import AetherError
from api.problems import of_error, problem
from workflows.accounts.acting import OPERATOR, Person, asked_by
from workflows.accounts.keys import person_with
from workflows.home.store import Store

ByCookie = Callable[[Mapping[str, str]], Person | None]
"""Says who has signed in, from the cookies of a request."""
_LOOK_AGAIN_S: Final = 5
"""A key that was removed can be used no longer than this."""
_UNAUTHORIZED: Final = 401


def key_in(headers: Headers) -> str | None:
    """The key a request shows: as a bearer, in `X-API-Key`, or as the password of basic access.

    Returns:
        None where it shows none. What cannot be read is the empty text, which is no key.
    """
    scheme, _, value = headers.get("authorization", "").partition(" ")
    read = _SCHEMES.get(scheme.lower())
    if read is not None:
        return read(value.strip())
    return headers.get("x-api-key", "" if scheme else None)


def _password_of(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


_SCHEMES: Final[Mapping[str, Callable[[str], str]]] = {"bearer": str, "basic": _password_of}
"""How each scheme of HTTP authentication carries a key."""


class Access:
    """Middleware: finds out who asks, and refuses whoever shows nothing where that is required.

    Args:
        app: What answers; in it, and in the threads it hands work to, `acting` knows who asks.
        store: The store.
        required: Whether somebody has to be known.
        by_cookie: Who has signed in with a browser.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Callable[[], Store],
        required: bool,
        by_cookie: ByCookie,
    ) -> None:
        self._app, self._store = app, store
        self._required, self._by_cookie = required, by_cookie
        self._known: dict[bytes, tuple[float, Person]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in somebody's name, or refuse."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = HTTPConnection(scope)
        key = key_in(asked.headers)
        try:
            person = await run_in_threadpool(self._who, key, asked.cookies)
        except AetherError as error:
            await of_error(error)(scope, receive, send)
            return
        if person is None:
            await _refusal(key)(scope, receive, send)
            return
        with asked_by(person):
            await self._app(scope, receive, send)

    def _who(self, key: str | None, cookies: Mapping[str, str]) -> Person | None:
        if key is not None:
            return self._by_key(key)
        if self._required:
            return self._by_cookie(cookies)
        return OPERATOR

    def _by_key(self, key: str) -> Person | None:
        digest, now = sha256(key.encode(errors="replace")).digest(), time.monotonic()
        known = self._known.get(digest)
        if known is not None and now - known[0] < _LOOK_AGAIN_S:
            return known[1]
        person = person_with(self._store(), key)
        fresh = {one: at for one, at in self._known.copy().items() if now - at[0] < _LOOK_AGAIN_S}
        self._known = fresh if person is None else {**fresh, digest: (now, person)}
        return person


def _refusal(key: str | None) -> Response:
    challenge = {"WWW-Authenticate": 'Bearer realm="aether"'}
    if key is None:
        words = "show a key: Authorization: Bearer KEY; an administrator makes one with "
        words += "./aether user add-key"
        return problem(_UNAUTHORIZED, "api-key-missing", words, challenge)
    words = "this key is none, has expired, or was removed; ask an administrator for another"
    return problem(_UNAUTHORIZED, "api-key-refused", words, challenge)
