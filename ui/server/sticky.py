"""Who stays with which process: a visit lives in the memory of the one that began it.

Its web socket may break and come again, and what is uploaded or downloaded goes by other
connections. A cookie says which process they belong to; processes behind one port tell each other
how many visits they have by a page of shared memory.
"""

import re
from mmap import mmap
from struct import Struct
from typing import Final, NamedTuple

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_COUNTS: Final = Struct("=iI")


class VisitCounts(NamedTuple):
    """Visits of one process.

    Attributes:
        now: Those that last.
        ever: All there ever were.
    """

    now: int
    ever: int


class Visits:
    """How many visits each process has.

    Args:
        processes: How many there are. The memory is shared with what is forked later.
    """

    def __init__(self, processes: int) -> None:
        self._memory = mmap(-1, processes * _COUNTS.size)

    def __getitem__(self, process: int) -> VisitCounts:
        """Both counts of one process, as they were at one moment."""
        return VisitCounts(*_COUNTS.unpack_from(self._memory, process * _COUNTS.size))

    def begin(self, process: int) -> None:
        """Note one more; only the process itself does."""
        now, ever = self[process]
        self._set(process, VisitCounts(now + 1, ever + 1))

    def end(self, process: int) -> None:
        """Note one less; only the process itself does."""
        now, ever = self[process]
        self._set(process, VisitCounts(now - 1, ever))

    def clear(self, process: int) -> None:
        """Note that a process has none, as it is about to be started."""
        self._set(process, VisitCounts(0, self[process].ever))

    def _set(self, process: int, counts: VisitCounts) -> None:
        _COUNTS.pack_into(self._memory, process * _COUNTS.size, *counts)


def cookie_name(port: int) -> str:
    """Cookies go by host: two apps of one machine need two names."""
    return f"aether_process_{port}"


def process_named(head: bytes, port: int) -> int | None:
    """The process that the cookie of a request names, if any.

    Args:
        head: The request's first bytes.
        port: That of the app.
    """
    cookie = rb"^cookie:[^\r\n]*\b" + cookie_name(port).encode() + rb"=(\d{1,3})\b"
    found = re.search(cookie, head, re.IGNORECASE | re.MULTILINE)
    return int(found[1]) if found else None


class StaysHere:
    """Middleware: a browser that is shown a page of this process comes back to it.

    Connections of a proxy are closed after each answer, as it would put another visitor's request
    into one that has been handed to this process. So are those of a request that belongs to no
    visit: a proxy that asks for itself whether the app is well says nowhere that it is one.

    Args:
        app: What answers.
        process: This process's number.
        visits: Where its visits are noted.
        port: That of the app.
    """

    def __init__(self, app: ASGIApp, process: int, visits: Visits, port: int) -> None:
        self._app, self._process, self._visits = app, process, visits
        self._name = cookie_name(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and say where the visit stays."""
        if scope["type"] == "websocket":
            self._visits.begin(self._process)
            try:
                await self._app(scope, receive, send)
            finally:
                self._visits.end(self._process)
        elif scope["type"] == "http":
            headers = Headers(scope=scope)
            own = f"{self._name}=" in headers.get("cookie", "")
            lasts = own and "x-forwarded-for" not in headers
            await self._app(scope, receive, self._marking(send, lasts=lasts))
        else:
            await self._app(scope, receive, send)

    def _marking(self, send: Send, *, lasts: bool) -> Send:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    cookie = f"{self._name}={self._process}; Path=/; HttpOnly; SameSite=Lax"
                    headers.append("Set-Cookie", cookie)
                if not lasts:
                    headers["Connection"] = "close"
            await send(message)

        return marked
