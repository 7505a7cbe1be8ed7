"""What browsers are told not to do with the app's pages, and who may read its figures."""

import re
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.server.same_origin import is_loopback
from workflows.home.map_style import MapStyle

METRICS: Final = "_stcore/metrics"
_EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
}


def page_policy(style: MapStyle | None = None) -> str:
    """What a page may load and reach: what comes from the app, and the tiles of a map style.

    Streamlit's pages write styles into themselves, take components' code from `blob:` addresses and
    draw charts by compiled expressions (`unsafe-eval`); deck.gl works in `blob:` workers. Of
    scripts that are written into a page only Streamlit's own is run, known by its hash.

    Args:
        style: What is drawn below the maps. Where it is not known to keep to its host, its tiles
            may lie anywhere.
    """
    tiles: Sequence[str] = ()
    if style is not None and style.host is not None:
        tiles = (style.host,) if style.from_one_host else ("https:", style.host)
    sources = {
        "default-src": ["'self'"],
        "script-src": ["'self'", "blob:", "'unsafe-eval'", *_streamlits_own()],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:", *tiles],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'", "data:", "blob:", *tiles],
        "worker-src": ["'self'", "blob:"],
        "frame-src": ["'self'", "blob:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(allowed)}" for name, allowed in sources.items())


@cache
def _streamlits_own() -> list[str]:
    """The scripts within Streamlit's page, as a policy names them."""
    page = Path(streamlit.__file__).with_name("static") / "index.html"
    found = re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL)
    hashes = [b64encode(sha256(one.encode()).digest()).decode() for one in found]
    return [f"'sha256-{one}'" for one in hashes]


class SafeHeaders:
    """Middleware: every answer says what a browser must not do with it, unless it says so itself.

    Args:
        app: What answers.
        policy: Content security policy of pages.
    """

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self._app, self._policy = app, policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _EVERYWHERE.items():
                    headers.setdefault(name, value)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.setdefault("Content-Security-Policy", self._policy)
            await send(message)

        await self._app(scope, receive, marked)


class MetricsHere:
    """Middleware: figures of the process are told to programs of this machine alone.

    They say what visitors do, and Streamlit tells them to everybody.

    Args:
        app: What answers.
        base: Path below which the app lies, without a slash at its end.
    """

    def __init__(self, app: ASGIApp, base: str) -> None:
        self._app, self._path = app, f"{base}/{METRICS}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say that there is nothing."""
        asked = scope["type"] == "http" and scope["path"].rstrip("/") == self._path
        if asked and not is_here(scope):
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def is_here(scope: Scope) -> bool:
    """Whether a request comes from this machine, and by no proxy."""
    client = scope.get("client")
    headers = Headers(scope=scope)
    if client is None or any(name in headers for name in ("x-forwarded-for", "forwarded")):
        return False
    return is_loopback(client[0])
