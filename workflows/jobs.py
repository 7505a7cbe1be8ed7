"""The queue's jobs as a worker knows them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import procrastinate
import structlog

from aether_core.errors import StoreUnavailableError
from db import runs as run_rows
from db.engine import conninfo
from workflows.queue import TRAIN_TASK, TRAINING_QUEUE, WORKER_HEARTBEAT_SECONDS
from workflows.store import Store
from workflows.training import run_training

log = structlog.get_logger()


def worker_app(store: Store) -> procrastinate.App:
    """The queue's application with the tasks a worker carries out."""
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=conninfo(store.url), max_size=4)
    )

    @app.task(name=TRAIN_TASK, queue=TRAINING_QUEUE)
    def train(run_id: int) -> None:
        log.info("run taken", run=run_id)
        with heartbeat(store, run_id):
            run_training(store, run_id)
        log.info("run left", run=run_id)

    return app


@contextmanager
def heartbeat(store: Store, run_id: int) -> Iterator[None]:
    """Say every few seconds that a run's worker is alive, also within a long epoch."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(WORKER_HEARTBEAT_SECONDS):
            try:
                with store.session() as session:
                    run_rows.report_heartbeat(session, run_id)
            except StoreUnavailableError as error:
                log.warning("heartbeat missed", run=run_id, reason=str(error))

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
