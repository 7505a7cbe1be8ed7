"""What a monitor counts: `GET /metrics`, as Prometheus reads it.

All processes behind the port write their counts into files of one folder, so whichever is asked
tells of all.
"""

import atexit
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aether_core.errors import AetherError
from aether_core.files.held_folder import hold_folder, remove_left
from api.access import key_in
from api.address import PATH
from api.problems import of_error, problem
from ui.server.headers import is_here
from ui.shell import state
from workflows.accounts.acting import OPERATOR, Role, asked_by
from workflows.accounts.keys import person_with
from workflows.home.settings import Settings
from workflows.jobs.job import count_jobs

if TYPE_CHECKING:
    import prometheus_client
    from prometheus_client.metrics_core import GaugeMetricFamily

NAME: Final = "metrics"
FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Tells prometheus_client where its files lie; it looks once, as it is imported."""
_HELD: Final = "aether-metrics"
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 # nosec B108 - a folder of ours is made in it
_ROOMS: Final = frozenset(
    {
        "_stcore",
        "map-code",
        "map-data",
        "media",
        "metrics",
        "ready",
        "sign-in",
        "sign-out",
        "static",
    }
)
"""Beginnings of addresses that are counted each by itself; what else visitors write never is."""
_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_LOST: Final = 500
"""What is counted where an answer was never begun."""


def prepare(settings: Settings) -> None:
    """Begin to count from nothing; called once, before anything is counted or forked.

    The files are mapped into memory: on a disk without room the system kills whoever writes there.
    So they lie in memory where the machine has a folder for that, a folder for each server, as
    several may serve one home.
    """
    usable = _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK | os.X_OK)
    parent = _IN_MEMORY if usable else settings.cache
    parent.mkdir(parents=True, exist_ok=True)
    remove_left(parent, _HELD)
    held, owner = hold_folder(parent, _HELD), os.getpid()
    os.environ[FOLDER] = str(held.path)
    atexit.register(lambda: held.remove() if os.getpid() == owner else None)


class _Counts(NamedTuple):
    """The counters of this process, and how all are told."""

    requests: "prometheus_client.Counter"
    seconds: "prometheus_client.Histogram"

    def told(self) -> bytes:
        """The counts of all processes, and the jobs there are."""
        import prometheus_client  # noqa: PLC0415 - see `_counts`
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        registry = prometheus_client.CollectorRegistry()
        if FOLDER in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry = prometheus_client.REGISTRY
        whole: bytes = prometheus_client.generate_latest(registry)
        jobs = prometheus_client.CollectorRegistry()
        jobs.register(_Jobs())
        return whole + prometheus_client.generate_latest(jobs)


class _Jobs:
    """Jobs by kind and state, asked of the store."""

    def collect(self) -> "Iterator[GaugeMetricFamily]":
        """The one family."""
        from prometheus_client.metrics_core import GaugeMetricFamily  # noqa: PLC0415

        family = GaugeMetricFamily("aether_jobs", "Jobs there are.", labels=["kind", "state"])
        with asked_by(OPERATOR):  # a monitor counts jobs of all cities, and sees none
            found = count_jobs(state.store())
        for kind, job_state, number in found:
            family.add_metric([kind, job_state], number)
        yield family


@cache
def _counts() -> _Counts:
    """Made when the first request comes: the package decides as it is imported where it counts."""
    import prometheus_client  # noqa: PLC0415

    requests = prometheus_client.Counter(
        "aether_requests", "Requests that were answered.", ["route", "method", "status"]
    )
    seconds = prometheus_client.Histogram(
        "aether_request_seconds", "Seconds until an answer was sent.", ["route"], buckets=_SECONDS
    )
    return _Counts(requests, seconds)


class Counted:
    """Middleware: counts requests and their seconds by route, method and status.

    Args:
        app: What answers.
        base: Path below which the app lies, without a slash at its end.
    """

    def __init__(self, app: ASGIApp, base: str) -> None:
        self._app, self._base = app, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, path = time.perf_counter(), _LOST, scope["path"]

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            route = _route(scope, path.removeprefix(self._base))
            method = scope["method"] if scope["method"] in _METHODS else "other"
            counts = _counts()
            counts.requests.labels(route, method, str(status)).inc()
            counts.seconds.labels(route).observe(time.perf_counter() - begun)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _route(scope: Scope, path: str) -> str:
    """One of few names for any address."""
    if path.startswith(f"{PATH}/"):
        found = scope.get("route")  # the mount itself, where it was refused before
        return f"{PATH}{found.path_format}" if isinstance(found, APIRoute) else f"{PATH}/other"
    room = path.strip("/").partition("/")[0]
    return f"/{room}" if room in _ROOMS else "page"


async def metrics(request: Request) -> Response:
    """Tell the counts to this machine, and to who shows a key of an administrator."""
    try:
        if not await run_in_threadpool(_may_read, request):
            words = "show the key of an administrator, or ask from this machine"
            return problem(403, "metrics-not-open", words)
        told = await run_in_threadpool(_counts().told)
    except AetherError as error:
        return of_error(error)
    return Response(told, media_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: Request) -> bool:
    key = key_in(request.headers)
    if key is not None:
        person = person_with(state.store(), key)
        return person is not None and person.role.may(Role.ADMIN)
    return is_here(request.scope)
