"""Only the app's own pages may speak to it: a page of another site or port is refused."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_USUAL_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
REFUSED: Final = 403
_UNKNOWN: Final = (
    "Nobody signs in here, so the app answers by a name of this machine alone, such as localhost. "
    "Where a proxy serves it, set AETHER_PUBLIC_URL."
)


class SameOrigin:
    """Middleware: web sockets, and requests that change something, come from pages of this app.

    A browser names the page that asks in `Origin`; programs, which can write there what they like,
    mostly name none. A visitor's browser must not be used by another page to act in her name: a
    web socket is open to every site otherwise, and cookies do not tell ports apart.

    Where nobody signs in the app is for this machine alone, and asked by a name of this machine: a
    site may have its own name lead here for a moment (DNS rebinding), and its page is then of the
    same origin as ours, to the browser.

    Args:
        app: What answers.
        public_url: The app's address where a proxy serves it under another than it sees.
        here_only: Whether it is asked by a name of this machine, or that of `public_url`.
    """

    def __init__(
        self, app: ASGIApp, public_url: str | None = None, *, here_only: bool = False
    ) -> None:
        self._app, self._here_only = app, here_only
        self._public = None if public_url is None else _place(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse."""
        kind = scope["type"]
        asks = kind == "websocket" or (kind == "http" and scope["method"] not in _READING)
        known = not self._here_only or kind == "lifespan" or self._is_called_so(scope)
        if known and (not asks or self._is_own(scope)):
            await self._app(scope, receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            words = "This page is of another site." if known else _UNKNOWN
            refusal = PlainTextResponse(words, status_code=REFUSED)
            await refusal(scope, receive, send)

    def _is_called_so(self, scope: Scope) -> bool:
        place = _place(f"http://{Headers(scope=scope).get('host', '')}")
        if place is None:
            return False
        name = place[0]
        named = name == "localhost" or name.endswith(".localhost")
        return named or is_loopback(name) or (self._public is not None and name == self._public[0])

    def _is_own(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None:
            return True
        place = _place(origin)
        here = _place(f"{urlsplit(origin).scheme}://{headers.get('host', '')}")
        return place is not None and place in {here, self._public}


def is_loopback(host: str) -> bool:
    """Whether a host is a number by which this machine reaches itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _place(url: str) -> tuple[str, int] | None:
    """Host and port of an address; None where it names none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _USUAL_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return None if parts.hostname is None or port is None else (parts.hostname, port)
