"""Whether the app can be used, for proxies and monitors: `GET /ready`."""

import time
from threading import Lock
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from workflows.home.settings import read_settings
from workflows.up.health import Health, check_health

NAME: Final = "ready"
READY, NOT_READY = 200, 503
KEPT_S: Final = 0.25
"""Anybody may ask, as often as they like: the database is asked no more often than this. So long an
answer may be out of date."""


class _Lately:
    """What was found lately; who asks while it is looked waits for that."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._found: Health | None = None
        self._until = 0.0

    def health(self) -> Health:
        """The health now, or a moment ago."""
        with self._lock:
            if self._found is None or time.monotonic() > self._until:
                self._found = check_health(read_settings())
                self._until = time.monotonic() + KEPT_S
            return self._found


_lately: Final = _Lately()


def readiness(_request: Request) -> Response:
    """Say whether database and workers answer; 503 where not.

    `/_stcore/health` says no more than that this process answers.
    """
    found = _lately.health()
    told = {"database": found.database, "worker": found.worker}
    return JSONResponse(told, READY if found.well else NOT_READY)
