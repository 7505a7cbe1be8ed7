"""The job queue: procrastinate on the store's own Postgres, and the worker that serves it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import procrastinate

from db import workers as worker_rows
from db.engine import conninfo
from workflows.store import Store

TRAINING_QUEUE = "training"
FETCHING_QUEUE = "fetching"
QUEUES = (TRAINING_QUEUE, FETCHING_QUEUE)
"""Each is worked one job at a time, side by side: the one computes, the other downloads."""
TRAIN_TASK = "train"
STUDY_TASK = "study"
FETCH_TASK = "fetch"
FETCH_LOCK = "fetch"
"""One city is fetched at a time, whatever the number of workers: public servers are shared."""
WORKER_HEARTBEAT_SECONDS = 3.0
WORKER_STALLED_SECONDS = 12.0


@contextmanager
def _deferring(store: Store) -> Iterator[procrastinate.App]:
    app = procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=conninfo(store.url))
    )
    with app.open():
        yield app


def defer_training(store: Store, run_id: int, city: str) -> int:
    """Queue a run; the lock makes runs of one city follow each other.

    Returns:
        The job's number in the queue.
    """
    with _deferring(store) as app:
        return app.configure_task(
            TRAIN_TASK, queue=TRAINING_QUEUE, lock=f"city-{city}", allow_unknown=True
        ).defer(run_id=run_id)


def defer_study(store: Store, study_id: int, city: str) -> int:
    """Queue a study behind the trainings that wait; one job of a city works at a time.

    Returns:
        The job's number in the queue.
    """
    with _deferring(store) as app:
        return app.configure_task(
            STUDY_TASK, queue=TRAINING_QUEUE, lock=f"city-{city}", priority=-1, allow_unknown=True
        ).defer(study_id=study_id)


def defer_fetch(store: Store, fetch_id: int) -> int:
    """Queue a fetch; fetches follow each other, beside trainings and studies.

    Returns:
        The job's number in the queue.
    """
    with _deferring(store) as app:
        return app.configure_task(
            FETCH_TASK, queue=FETCHING_QUEUE, lock=FETCH_LOCK, allow_unknown=True
        ).defer(fetch_id=fetch_id)


def worker_alive(store: Store) -> bool:
    """Whether some worker has reported lately."""
    with store.session() as session:
        return worker_rows.any_alive(session, WORKER_STALLED_SECONDS)


def start_worker(store: Store, *, until_idle: bool) -> subprocess.Popen[bytes]:
    """Start a worker process of its own session, logging to the home's `logs/worker.log`.

    Args:
        until_idle: The worker ends once the queue is empty, for commands that start one.
    """
    settings = store.settings
    settings.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "workflows.worker", *(["--until-idle"] if until_idle else [])]
    environment = {
        **os.environ,
        "AETHER_HOME": str(settings.home),
        "AETHER_DATABASE_URL": settings.database_url or "",
    }
    environment["PYTHONPATH"] = os.pathsep.join(
        [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    with (settings.logs / "worker.log").open("ab") as log:
        return subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def ensure_worker(store: Store) -> None:
    """Start a worker that ends when idle, unless one is alive."""
    if worker_alive(store):
        return
    process = start_worker(store, until_idle=True)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None and not worker_alive(store):
        time.sleep(0.1)
