"""Asking again while there is hope."""

import ssl
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

import httpcore2

from aether_core.net.connection import UnresolvedError, Watch
from aether_core.net.errors import OfflineError, Refusal, RemoteError
from aether_core.net.guard import Guard, Origin
from aether_core.net.request_policy import (
    CancelCheck,
    RateLimiter,
    RequestPolicy,
    never_cancelled,
    sleep,
)

_WORTH = 65_536  # bytes; an attempt that brought so many was not in vain
_FIRST_CONTACT = 2  # attempts to connect to a host that has never answered

_BROKEN = (
    httpcore2.NetworkError,
    httpcore2.TimeoutException,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
)

T = TypeVar("T")


class RetryableError(Exception):
    """This attempt failed; another may not.

    Args:
        reason: What was wrong, as messages say it after the address.
        code: What was wrong, for programs.
        asked: Seconds the server wants to be left alone.
        answer: What the server said, where it did.
    """

    def __init__(
        self,
        reason: str,
        *,
        code: str,
        asked: float | None = None,
        answer: Refusal = Refusal(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.asked = asked
        self.answer = answer


class Retrying:
    """Makes attempts, with the pauses that each host is owed.

    Args:
        guard: Says which servers may be asked.
        watch: Of the threads that ask.
        policies: How hosts are asked, by origin.
        policy: How all others are.
    """

    def __init__(
        self,
        guard: Guard,
        watch: Watch,
        policies: Mapping[Origin, RequestPolicy],
        policy: RequestPolicy,
    ) -> None:
        self._guard = guard
        self._watch = watch
        self._policies = policies
        self._policy = policy
        self._limiters: dict[Origin, RateLimiter] = {}
        self._answered: set[Origin] = set()
        self._lock = threading.Lock()

    def policy_of(self, origin: Origin) -> RequestPolicy:
        """How a host is asked."""
        return self._policies.get(origin, self._policy)

    def note_answered(self, origin: Origin) -> None:
        """Note that a host has answered: it exists, and a lost connection may come back."""
        self._answered.add(origin)

    def with_retries(
        self,
        url: str,
        once: Callable[[], T],
        check_cancelled: CancelCheck,
        progressed: Callable[[], int] = lambda: 0,
    ) -> T:
        """Try until it works.

        Args:
            url: What is asked, for messages and for how its host is asked.
            once: One attempt; raises `RetryableError` when another is worth it.
            check_cancelled: See `aether_core.net.CancelCheck`.
            progressed: Bytes that are safe so far. An attempt that added some is not counted.

        Returns:
            What `once` returned.

        Raises:
            OfflineError: No connection came about.
            RemoteError: All attempts failed.
        """
        origin = self._guard.check_asked(url)
        policy = self.policy_of(origin)
        limiter = self._limiter_of(origin, policy)
        failed = 0
        while True:
            before = progressed()
            check_cancelled()
            limiter.wait(check_cancelled)
            try:
                self._watch.check_cancelled = check_cancelled
                return once()
            except RetryableError as error:
                failure = error
            except _BROKEN as error:
                failure = self._broken(url, origin, error)
            finally:
                self._watch.check_cancelled = never_cancelled
            failed = 1 if progressed() - before >= _WORTH else failed + 1
            self._give_up(url, origin, policy, failed, failure)
            if failure.asked is None:
                sleep(policy.pause_s(failed), check_cancelled)
            else:
                # Some ask for no time at all, again and again.
                limiter.hold(max(failure.asked, policy.pause_s(failed)))

    def _limiter_of(self, origin: Origin, policy: RequestPolicy) -> RateLimiter:
        with self._lock:
            return self._limiters.setdefault(origin, RateLimiter(policy.min_interval_s))

    def _broken(self, url: str, origin: Origin, error: Exception) -> RetryableError:
        """What a connection that did not come about, or broke, means.

        Raises:
            RemoteError: No other attempt would help.
        """
        # The pool drops the cause of what it raises again; the argument still holds it.
        cause = error.args[0] if error.args else None
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise RemoteError(
                url,
                "has an untrusted certificate",
                "check this machine's clock; if your network uses its own certificates, set "
                "SSL_CERT_FILE to them",
                code="certificate-not-trusted",
            ) from error
        if isinstance(error, UnresolvedError):
            return _UnconnectedError(error.host, "its name cannot be resolved")
        refused = isinstance(error, httpcore2.ConnectError | httpcore2.ConnectTimeout)
        if refused and not isinstance(cause, ssl.SSLError):
            return _UnconnectedError(origin.host, "no connection")
        if isinstance(error, httpcore2.ProxyError):
            return RetryableError(
                "cannot be reached through this network's proxy", code="proxy-not-reached"
            )
        if isinstance(error, httpcore2.TimeoutException):
            return RetryableError("did not respond in time", code="remote-answer-too-late")
        return RetryableError("closed the connection", code="remote-breaks-off")

    def _give_up(
        self, url: str, origin: Origin, policy: RequestPolicy, failed: int, failure: RetryableError
    ) -> None:
        """Raise what the user is told once there is no hope left."""
        if isinstance(failure, _UnconnectedError):
            known = origin in self._answered
            if failed >= (policy.attempts if known else min(policy.attempts, _FIRST_CONTACT)):
                raise OfflineError(failure.host, str(failure)) from failure
        if failed >= policy.attempts:
            times = f", in {failed} attempts" if failed > 1 else ""
            raise RemoteError(
                url, f"{failure}{times}", answer=failure.answer, code=failure.code
            ) from failure
        if failure.asked is not None and failure.asked > policy.longest_s:
            what = f"asks to wait {failure.asked:,.0f} seconds (status {failure.answer.status})"
            raise RemoteError(
                url, what, "try again after that", answer=failure.answer, code="remote-asks-to-wait"
            ) from failure


class _UnconnectedError(RetryableError):
    """No connection came about.

    Args:
        host: To whom.
        reason: Why.
    """

    def __init__(self, host: str, reason: str) -> None:
        self.host = host
        super().__init__(reason, code="offline")
