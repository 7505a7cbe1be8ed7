"""A name for each request, in its answer and in what is logged of it."""

import re
import secrets
from contextlib import suppress
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from workflows.home.unforeseen import REQUEST

HEADER: Final = "X-Request-ID"
_USABLE: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Identified:
    """Middleware: names each request, as the proxy before it did where that sent a name.

    One whose sender leaves half-way, as an upload that is cut, ends in silence: nobody waits for an
    answer, and the log would tell of a mistake of ours.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the name."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        name = given if _USABLE.fullmatch(given) else secrets.token_hex(8)

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = name
            await send(message)

        with bound_contextvars(**{REQUEST: name}), suppress(ClientDisconnect):
            await self._app(scope, receive, named)
