"""How long a server is waited for, and how often it is asked."""

import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

CANCEL_CHECK_S = 0.5
"""Longest time between two looks at whether the user wants to stop."""

CancelCheck = Callable[[], None]
"""Called about twice a second while nothing happens; raises when the user wants to stop."""


def never_cancelled() -> None:
    """Never stop the waiting: the check of work that nobody can cancel."""


@dataclass(frozen=True)
class RequestPolicy:
    """How one host is asked.

    Attributes:
        attempts: How often a request is made at most without anything coming in.
        first_s: Longest pause after the first failure; it doubles with every further one, and the
            pause itself is drawn between half of it and all of it.
        longest_s: No pause is longer; a server that asks for a longer one is given up.
        silence_s: Longest time without a byte, and longest time until an answer begins.
        min_interval_s: Shortest time between the beginnings of two requests.
        too_many_s: Shortest peace after an answer of too many requests (status 429).
    """

    attempts: int = 6
    first_s: float = 1.0
    longest_s: float = 60.0
    silence_s: float = 30.0
    min_interval_s: float = 0.0
    too_many_s: float = 0.0

    def pause_s(self, failed: int) -> float:
        """Seconds to wait after so many failures, where the server does not say how long."""
        grown = min(self.longest_s, self.first_s * 2.0 ** min(failed - 1, 30))
        # Drawn, so that several workers that failed together do not come back together.
        return grown * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it


class RateLimiter:
    """Lets requests to one host begin no closer together than they should, over all threads.

    Args:
        min_interval_s: Shortest time between two beginnings.
    """

    def __init__(self, min_interval_s: float) -> None:
        self._interval_s = min_interval_s
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self, check_cancelled: CancelCheck) -> None:
        """Wait for the next turn."""
        with self._lock:
            begin = max(time.monotonic(), self._next)
            self._next = begin + self._interval_s if self._interval_s else self._next
        sleep(begin - time.monotonic(), check_cancelled)

    def hold(self, seconds: float) -> None:
        """Give nobody a turn for so long: a server that asks for peace means all threads."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)


def sleep(seconds: float, check_cancelled: CancelCheck) -> None:
    """Do nothing for a while, but look twice a second at whether the user wants to stop."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        check_cancelled()
        time.sleep(min(left, CANCEL_CHECK_S))


def retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header, given as a number or a date; None when it says nothing."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            when = parsedate_to_datetime(header)
        except ValueError:
            return None
        aware = when if when.tzinfo else when.replace(tzinfo=UTC)
        seconds = (aware - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
