"""How a job reaches a worker: procrastinate's queue on the store's own Postgres."""

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued

from db.engine import conninfo
from db.jobs import workers as worker_rows
from db.schema import Job
from workflows.home.log_output import rotate
from workflows.home.store import Store
from workflows.jobs.kind import LANES

TASK: Final = "job"
HEARTBEAT_SECONDS: Final = 3.0
STALLED_SECONDS: Final = 10.0
"""A worker that gave no sign for this long counts as dead."""
_START_SECONDS: Final = 30


@contextmanager
def _deferring(store: Store) -> Iterator[procrastinate.App]:
    app = procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=conninfo(store.url))
    )
    with app.open():
        yield app


def defer(store: Store, jobs: Iterable[Job]) -> None:
    """Put jobs into their queues; one that is waiting there already is left alone."""
    with _deferring(store) as app:
        for job in jobs:
            with suppress(AlreadyEnqueued):
                deferrer(app, job).defer(job_id=job.id)


def deferrer(app: procrastinate.App, job: Job) -> procrastinate.jobs.JobDeferrer:
    """How a job is put into its queue: behind its lock, and there once at most."""
    return app.configure_task(
        TASK,
        queue=job.queue,
        lock=job.lock,
        queueing_lock=f"job-{job.id}",
        priority=job.priority,
        allow_unknown=True,
    )


def worker_alive(store: Store, queue: str) -> bool:
    """Whether some worker of a queue has reported lately."""
    with store.session() as session:
        return worker_rows.any_alive(session, queue, STALLED_SECONDS)


def start_worker(store: Store, lane: str, *, until_idle: bool) -> subprocess.Popen[bytes]:
    """Start a worker process of its own session, logging to the home's `logs/worker.log`.

    Args:
        store: Where the jobs are.
        lane: Which queues it serves, a key of `LANES`.
        until_idle: The worker ends once its queues are empty, for commands that start one.
    """
    settings = store.settings
    settings.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "workflows.jobs.worker", "--lane", lane]
    command += ["--until-idle"] if until_idle else []
    environment = {
        # Two processes that compute at once must not spin while they wait for each other.
        "OMP_WAIT_POLICY": "PASSIVE",
        # Else torch looks for room in the machine's temporary folder as it loads, and where that
        # is full says that no such folder exists.
        "TORCHINDUCTOR_CACHE_DIR": str(settings.cache / "torch"),
        **os.environ,
        "AETHER_HOME": str(settings.home),
        "AETHER_DATABASE_URL": settings.database_url or "",
    }
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    rotate(settings.logs / "worker.log")
    with (settings.logs / "worker.log").open("ab") as log:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def ensure_worker(store: Store, queue: str) -> None:
    """Start a worker of a queue that ends when idle, unless one is alive."""
    if worker_alive(store, queue):
        return
    process = start_worker(store, lane_of(queue), until_idle=True)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None and not worker_alive(store, queue):
        time.sleep(0.1)


def lane_of(queue: str) -> str:
    """The lane that serves a queue."""
    return next(lane for lane, queues in LANES.items() if queue in queues)
