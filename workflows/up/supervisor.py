"""Keeps services running: what dies is started again, what dies again and again is given up."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aether_core.errors import AetherError
from aether_core.progress import Progress, silent
from workflows.up.services import Service

FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
MOST_FAILURES: Final = 8
"""Ends, or failed starts, in a row before a service is given up: a good minute of trying."""
STEADY_SECONDS: Final = 60.0
"""A service that ran this long had started well: its next end is the first of a new row."""


class GivenUpError(AetherError):
    """A service ends again and again.

    Args:
        service: The one that does.
        failures: How often in a row.
        reason: Why it could not be started, where that is known.
    """

    code = "service-keeps-ending"

    def __init__(self, service: Service, failures: int, reason: str | None) -> None:
        because = f" ({reason})" if reason else ""
        super().__init__(
            f"the {service.name} ended {failures} times in a row{because}; its log is {service.log}"
        )


@dataclass
class _Watched:
    """A service and how it has fared, times in seconds of the monotonic clock."""

    service: Service
    failures: int = 0
    started: float = field(default_factory=time.monotonic)
    next_start: float | None = None
    reason: str | None = None

    def fell(self, now: float, first_pause: float) -> None:
        """Count an end, or a start that failed, and put off the next start by a pause.

        Raises:
            GivenUpError: That was one too many.
        """
        steady = self.next_start is None and now - self.started >= STEADY_SECONDS
        self.failures = 1 if steady else self.failures + 1
        if self.failures >= MOST_FAILURES:
            raise GivenUpError(self.service, self.failures, self.reason)
        pause = first_pause * 2 ** (self.failures - 1)
        self.next_start = now + min(pause, LONGEST_PAUSE_SECONDS)

    def runs(self) -> None:
        """Note that it has just started."""
        self.started, self.next_start, self.reason = time.monotonic(), None, None


class Supervisor:
    """Starts services in order, watches them, and stops them in the opposite order.

    Args:
        progress: Told what was started again.
        first_pause: Seconds before the first start anew; each further one takes twice as long.
    """

    def __init__(
        self, progress: Progress = silent, first_pause: float = FIRST_PAUSE_SECONDS
    ) -> None:
        self._watched: list[_Watched] = []
        self._progress = progress
        self._first_pause = first_pause

    def start(self, services: Sequence[Service]) -> None:
        """Start services and watch them from now on; returns once each of them serves.

        Raises:
            AetherError: One did not start.
        """
        for service in services:
            self._progress(f"starting the {service.name}", 0, 1)
            watched = _Watched(service)
            self._watched.append(watched)
            service.start()
            service.wait_ready()
            watched.runs()

    def look(self) -> None:
        """Look at each service once, and start again what has ended.

        Raises:
            GivenUpError: A service ends again and again.
        """
        for watched in self._watched:
            if not watched.service.alive():
                self._mend(watched)
            elif watched.next_start is not None:
                watched.runs()  # somebody else started it

    def _mend(self, watched: _Watched) -> None:
        if watched.next_start is None:
            self._progress(f"the {watched.service.name} stopped and is being restarted", 0, 1)
            watched.fell(time.monotonic(), self._first_pause)
            return
        if time.monotonic() < watched.next_start:
            return
        try:
            watched.service.start()
        except (AetherError, OSError) as error:
            watched.reason = str(error)
            watched.fell(time.monotonic(), self._first_pause)
        else:
            watched.runs()

    def stop(self) -> None:
        """Stop all services, the last one first; one that resists does not keep the others up.

        Raises:
            AetherError: One did not stop.
        """
        failed: AetherError | None = None
        for watched in reversed(self._watched):
            try:
                watched.service.stop()
            except AetherError as error:
                failed = failed or error
        if failed is not None:
            raise failed
