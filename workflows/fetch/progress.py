"""Where a fetch is: written to its row, and the place where a wish to stop is heard."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from aether_core.progress import Progress
from db.jobs import fetches as fetch_rows
from workflows.jobs.work import Work

_REPORT_SECONDS = 0.5
"""Progress is written down this often at most."""
MEGABYTE = 1_000_000


class FetchProgress:
    """Progress of all parts of one fetch. Any thread of its job may report.

    Args:
        work: The fetch's job.
        fetch_id: The fetch.
        received: Bytes received in this attempt so far.
        before: The fetch's result as earlier attempts left it.
    """

    def __init__(
        self,
        work: Work,
        fetch_id: int,
        received: Callable[[], int],
        before: Mapping[str, Any],
    ) -> None:
        self._work, self._fetch_id, self._received = work, fetch_id, received
        self._found = dict(before)
        self._megabytes_before = float(before.get("megabytes", 0.0))
        self._lock = threading.Lock()
        self._last = -_REPORT_SECONDS

    def part(self, first: float, last: float) -> Progress:
        """Progress of a part that takes the fetch from one share to another, 0 to 1 each."""

        def report(stage: str, done: int, total: int) -> None:
            share = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
            self._report(stage, first + share * (last - first))

        return report

    def note(self, **facts: object) -> None:
        """Keep plain JSON values in the fetch's result, written with the next report."""
        self._found.update(facts)

    def note_once(self, **facts: object) -> None:
        """Keep what the first attempt found, not what a later one finds there of it."""
        self.note(**{name: value for name, value in facts.items() if name not in self._found})

    def found(self) -> dict[str, Any]:
        """The fetch's result so far, with the megabytes it has downloaded."""
        megabytes = self._megabytes_before + self._received() / MEGABYTE
        return self._found | {"megabytes": round(megabytes, 3)}

    def _report(self, stage: str, share: float) -> None:
        with self._lock:
            now = time.monotonic()
            if now - self._last < _REPORT_SECONDS:
                return
            self._last = now
            found = self.found()
        self._work.tell(stage, share)
        with self._work.store.session() as session:
            fetch_rows.keep_found(session, self._fetch_id, found)
