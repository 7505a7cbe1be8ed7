"""One request to one server, followed where it redirects, and never read without bounds."""

import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpcore2
import httpx2

from aether_core.net.connection import Watch
from aether_core.net.errors import Refusal, RemoteError, RemoteMissingError, RemotePageError
from aether_core.net.guard import Guard, Origin
from aether_core.net.pools import Pools
from aether_core.net.request_policy import CANCEL_CHECK_S, CancelCheck, RequestPolicy, retry_after_s
from aether_core.net.retrying import RetryableError, Retrying

_ASK_AGAIN = frozenset({408, 425, 429, *range(500, 600)} - {501, 505})
_TOO_MANY = 429
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_LONGEST_COMPLAINT = 65_536  # bytes read of an answer that is no success
_KEPT_COMPLAINT = 2_000  # characters
_CONNECT_S = 15.0
_SLOWEST = 256  # bytes a second; a server below it is as good as silent

T = TypeVar("T")


class TooLongError(RemoteError):
    """An answer is longer than it may be."""

    code = "remote-too-long"


@dataclass(frozen=True)
class Opened:
    """An answer whose body is still to be read.

    Attributes:
        status: Its status.
        headers: Its headers.
        url: Who answered, after redirects.
        parts: The body.
    """

    status: int
    headers: httpx2.Headers
    url: str
    parts: Iterator[bytes]


class Requester:
    """Makes requests; shared by all threads of a `Web`.

    Args:
        guard: Says which servers may be asked.
        policies: How hosts are asked, by origin.
        policy: How all others are.
        tokens: Bearer tokens by origin; sent there alone.
        agent: How this program presents itself.
        connections: How many answers may be open at once.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        policies: Mapping[Origin, RequestPolicy],
        policy: RequestPolicy,
        tokens: Mapping[Origin, str],
        agent: str,
        connections: int,
    ) -> None:
        self._guard = guard
        self._tokens = tokens
        self._agent = agent
        self._watch = Watch()
        self._retrying = Retrying(guard, self._watch, policies, policy)
        self._pools = Pools(guard, self._watch, connections)
        self._slots = threading.BoundedSemaphore(connections)
        self._lock = threading.Lock()
        self.received = 0

    def close(self) -> None:
        """Close all connections."""
        self._pools.close()

    def with_retries(
        self,
        url: str,
        once: Callable[[], T],
        check_cancelled: CancelCheck,
        progressed: Callable[[], int] = lambda: 0,
    ) -> T:
        """Try until it works; see `Retrying.with_retries`."""
        return self._retrying.with_retries(url, once, check_cancelled, progressed)

    @contextmanager
    def open(
        self,
        method: str,
        url: str,
        *,
        good: Collection[int],
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Iterator[Opened]:
        """Send a request and follow its redirects; for use inside `with_retries`.

        Args:
            method: GET, HEAD or POST.
            url: The full address.
            good: Statuses that the caller understands.
            headers: Further headers.
            content: The body of a POST, whose redirects are not followed.

        Raises:
            RetryableError: The server is busy or broken.
            RemoteMissingError: It has nothing there.
            RemoteError: It answers in any other way.
            httpcore2.ConnectError: No connection comes about; there are more of that kind.
        """
        here, origin = url, self._guard.check_asked(url)
        first = origin
        with self._slot():
            for _ in range(_MOST_REDIRECTS + 1):
                with self._send(method, here, origin, headers or {}, content) as opened:
                    self._retrying.note_answered(first)
                    if opened.status not in _REDIRECTS:
                        self._check(url, opened, good)
                        yield opened
                        return
                    answer = Refusal(opened.status, self.drain(opened))
                    if method == "POST":
                        raise RemoteError(
                            url,
                            "redirects a query",
                            "set the address it redirects to",
                            answer=answer,
                            code="remote-redirects-question",
                        )
                    here = _location(url, opened)
                origin = self._guard.check_hop(url, here)
        raise RemoteError(
            url, f"redirects more than {_MOST_REDIRECTS} times", code="remote-redirects-too-often"
        )

    def body(self, opened: Opened, url: str, limit: int, sink: Callable[[bytes], object]) -> int:
        """Read a body piece by piece.

        Args:
            opened: The answer.
            url: What was asked, for messages.
            limit: Most bytes that are read.
            sink: Receives the pieces.

        Returns:
            How many bytes there were.

        Raises:
            TooLongError: There are more than `limit`.
        """
        declared = opened.headers.get("content-length", "")
        too_long = TooLongError(url, f"returned more than {limit:,} bytes", "check its address")
        if declared.isdigit() and int(declared) > limit:
            raise too_long
        silence_s = self._retrying.policy_of(Origin.of(url)).silence_s
        window, in_window, total = time.monotonic(), 0, 0
        for part in opened.parts:
            total += len(part)
            in_window += len(part)
            with self._lock:
                self.received += len(part)
            if total > limit:
                raise too_long
            sink(part)
            if (now := time.monotonic()) - window > silence_s:
                if in_window < _SLOWEST * silence_s:
                    raise RetryableError("sends data too slowly", code="remote-too-slow")
                window, in_window = now, 0
        return total

    def drain(self, opened: Opened) -> str:
        """The beginning of a body that nobody waits for; the connection can be used again."""
        said = bytearray()
        for part in opened.parts:
            said += part
            if len(said) > _LONGEST_COMPLAINT:
                break
        return said[: 4 * _KEPT_COMPLAINT].decode("utf-8", "replace")[:_KEPT_COMPLAINT]

    @contextmanager
    def _send(
        self,
        method: str,
        url: str,
        origin: Origin,
        headers: Mapping[str, str],
        content: bytes | None,
    ) -> Iterator[Opened]:
        policy = self._retrying.policy_of(origin)
        sent = {
            "User-Agent": self._agent,
            "Accept": "*/*",
            # Nothing compressed: a small answer could unpack to any size.
            "Accept-Encoding": "identity",
            **headers,
        }
        if origin in self._tokens:
            sent["Authorization"] = f"Bearer {self._tokens[origin]}"
        parts = httpx2.URL(url)
        target = httpcore2.URL(
            scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=parts.raw_path
        )
        silence_s = policy.silence_s
        timeout = {
            "connect": min(silence_s, _CONNECT_S),
            "read": silence_s,
            "write": silence_s,
        }
        pool = self._pools.of(origin)
        self._watch.until = time.monotonic() + silence_s
        try:
            with pool.stream(
                method,
                target,
                headers=list(sent.items()),
                content=content,
                extensions={"timeout": timeout},
            ) as response:
                self._watch.until = math.inf
                yield Opened(
                    response.status,
                    httpx2.Headers(response.headers),
                    url,
                    iter(response.iter_stream()),
                )
        finally:
            self._watch.until = math.inf

    def _check(self, url: str, opened: Opened, good: Collection[int]) -> None:
        """Let an answer pass, or say what is wrong with it."""
        encoding = opened.headers.get("content-encoding", "identity")
        if opened.status in good:
            if opened.headers.get("content-type", "").lower().startswith("text/html"):
                raise RemotePageError(url, Refusal(opened.status, self.drain(opened)))
            if encoding != "identity":
                raise RemoteError(
                    url, f"sends {encoding} despite the request", code="remote-answer-encoded"
                )
            return
        status = opened.status
        answer = Refusal(status, self.drain(opened))
        if status in _ASK_AGAIN:
            asked = retry_after_s(opened.headers.get("retry-after"))
            if status == _TOO_MANY:
                peace = self._retrying.policy_of(Origin.of(url)).too_many_s
                asked = max(asked or 0.0, peace) if peace else asked
            raise RetryableError(
                f"returned status {status}",
                code="remote-busy-or-broken",
                asked=asked,
                answer=answer,
            )
        if status in {404, 410}:
            raise RemoteMissingError(url, answer)
        what, remedy = f"returned status {status}", "check its address in the settings"
        code = "remote-wrong-status"
        if status in {401, 403}:
            what, remedy = f"refuses access (status {status})", "check its address and token"
            code = "remote-refuses-access"
        raise RemoteError(url, what, remedy, answer=answer, code=code)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        while not self._slots.acquire(timeout=CANCEL_CHECK_S):
            self._watch.look()
        try:
            yield
        finally:
            self._slots.release()


def _location(url: str, opened: Opened) -> str:
    location = opened.headers.get("location")
    if not location:
        raise RemoteError(url, "redirects without a target", code="remote-redirects-to-no-address")
    try:
        return str(httpx2.URL(opened.url).join(location))
    except httpx2.InvalidURL:
        raise RemoteError(
            url,
            "redirects to something that is not a web address",
            code="remote-redirects-to-no-address",
        ) from None
