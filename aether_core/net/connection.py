"""Connections to addresses that were checked, which stop when the user wants them to."""

import math
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore2

from aether_core.net.guard import Guard
from aether_core.net.request_policy import CANCEL_CHECK_S, CancelCheck, never_cancelled

_CONNECT_S = 10.0
"""Longest time for one address of a host; names with several addresses get several chances."""


class UnresolvedError(httpcore2.ConnectError):
    """A name stands for no address: most often there is no network.

    Args:
        host: The name.
    """

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(f"{host} cannot be resolved")


class Watch(threading.local):
    """What the request of this thread waits with.

    Attributes:
        check_cancelled: See `aether_core.net.CancelCheck`.
        until: When the answer must have begun, in seconds of the monotonic clock.
    """

    check_cancelled: CancelCheck = staticmethod(never_cancelled)
    until: float = math.inf
    _looked: float = 0.0

    def look(self) -> None:
        """Ask whether the user wants to stop, at most twice a second."""
        now = time.monotonic()
        if now - self._looked >= CANCEL_CHECK_S:
            self._looked = now
            self.check_cancelled()


class CheckedBackend(httpcore2.NetworkBackend):
    """Resolves a name, has all its addresses checked, and connects to one of those.

    A name that stands for another address a moment later gains nothing by it.

    Args:
        guard: Checks the addresses.
        watch: Of the threads that ask.
    """

    def __init__(self, guard: Guard, watch: Watch) -> None:
        self._guard = guard
        self._watch = watch
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the base's argument
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect; the base's arguments."""
        opened = _awaited(
            lambda: self._open(host, port, list(socket_options or ())), timeout, self._watch
        )
        return _WatchedStream(opened, self._watch)

    def _open(
        self, host: str, port: int, options: list[httpcore2.SOCKET_OPTION]
    ) -> httpcore2.NetworkStream:
        addresses = resolve(host, port)
        self._guard.check_peer(host, port, addresses)
        for left, address in zip(reversed(range(len(addresses))), addresses, strict=True):
            try:
                return self._plain.connect_tcp(
                    address, port, timeout=_CONNECT_S, socket_options=options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not left:
                    raise
        raise UnresolvedError(host)


def resolve(host: str, port: int) -> list[str]:
    """All addresses a name stands for, in the order in which they are to be tried.

    Raises:
        UnresolvedError: There are none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise UnresolvedError(host) from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _awaited(
    work: Callable[[], httpcore2.NetworkStream], timeout: float | None, watch: Watch
) -> httpcore2.NetworkStream:
    """Do what cannot be interrupted in a thread that may be left behind.

    Raises:
        httpcore2.ConnectTimeout: It takes longer than `timeout` seconds.
    """
    outcome: queue.SimpleQueue[httpcore2.NetworkStream | Exception] = queue.SimpleQueue()

    def run() -> None:
        try:
            outcome.put(work())
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            outcome.put(error)

    threading.Thread(target=run, daemon=True).start()
    end = time.monotonic() + (timeout or math.inf)
    while True:
        try:
            done = outcome.get(timeout=CANCEL_CHECK_S)
        except queue.Empty:
            watch.look()
            if time.monotonic() > end:
                raise httpcore2.ConnectTimeout("connection timed out") from None
            continue
        if isinstance(done, Exception):
            raise done
        return done


class _WatchedStream(httpcore2.NetworkStream):
    """A connection whose reads look twice a second at whether the user wants to stop."""

    def __init__(self, inner: httpcore2.NetworkStream, watch: Watch) -> None:
        self._inner = inner
        self._watch = watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        end = min(time.monotonic() + (timeout or math.inf), self._watch.until)
        while True:
            left = end - time.monotonic()
            if left <= 0:
                raise httpcore2.ReadTimeout("response timed out")
            self._watch.look()
            try:
                return self._inner.read(max_bytes, timeout=min(left, CANCEL_CHECK_S))
            except httpcore2.ReadTimeout:
                continue

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        inner = _awaited(
            lambda: self._inner.start_tls(ssl_context, server_hostname, timeout),
            timeout,
            self._watch,
        )
        return _WatchedStream(inner, self._watch)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - the base's type
        return self._inner.get_extra_info(info)
