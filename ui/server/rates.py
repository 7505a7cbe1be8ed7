"""How many requests one address, and one key of the API, may send in a minute."""

import secrets
import time
from hashlib import blake2b
from mmap import mmap
from struct import Struct
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.address import PATH
from api.problems import problem
from ui.server import readiness

MINUTE: Final = 60
TOO_MANY: Final = 429
_SLOT: Final = Struct("=II")
_SLOTS: Final = 65_536


class Rates:
    """Counts requests by who sends them, for all processes that are forked later.

    A page of shared memory of a fixed size: a flood from many addresses takes no more. Two who fall
    into one place of it are counted together; nobody can choose whom to share a place with, as the
    places are drawn anew at each start.
    """

    def __init__(self) -> None:
        self._memory = mmap(-1, _SLOTS * _SLOT.size)
        self._secret = secrets.token_bytes(16)

    def count(self, who: str) -> int:
        """Count a request; returns how many it makes in this minute."""
        name = blake2b(who.encode(errors="replace"), digest_size=4, key=self._secret).digest()
        at = int.from_bytes(name) % _SLOTS * _SLOT.size
        minute = int(time.monotonic()) // MINUTE
        last, counted = _SLOT.unpack_from(self._memory, at)
        counted = counted + 1 if last == minute else 1
        _SLOT.pack_into(self._memory, at, minute, counted)
        return int(counted)


class Limited:
    """Middleware: refuses who sends too many requests, and says when to come again.

    Args:
        app: What answers.
        base: Path below which the app lies, without a slash at its end.
        rates: Where requests are counted.
        most: Requests of one address in a minute; 0 for no limit.
        most_api: Requests to the API with one key, or from one address without; likewise.
    """

    def __init__(self, app: ASGIApp, base: str, rates: Rates, most: int, most_api: int) -> None:
        self._app, self._rates = app, rates
        self._most, self._most_api = most, most_api
        self._api = f"{base}{PATH}/"
        self._open = {f"{base}/_stcore/health", f"{base}/{readiness.NAME}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        if scope["type"] != "http" or scope["path"] in self._open or not self._is_over(scope):
            await self._app(scope, receive, send)
            return
        await self._refusal(scope)(scope, receive, send)

    def _is_over(self, scope: Scope) -> bool:
        address = (scope.get("client") or ("",))[0]
        if self._most and self._rates.count(f"address {address}") > self._most:
            return True
        if not self._most_api or not scope["path"].startswith(self._api):
            return False
        headers = Headers(scope=scope)
        key = headers.get("authorization") or headers.get("x-api-key") or f"none, {address}"
        return self._rates.count(f"api {key}") > self._most_api

    def _refusal(self, scope: Scope) -> Response:
        wait = MINUTE - int(time.monotonic()) % MINUTE
        headers = {"Retry-After": str(wait)}
        words = f"too many requests in this minute; go on in {wait} s"
        if scope["path"].startswith(self._api):
            return problem(TOO_MANY, "too-many-requests", words, headers)
        return PlainTextResponse(f"{words.capitalize()}.", TOO_MANY, headers)
