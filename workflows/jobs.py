"""The queue's jobs as a worker knows them."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import procrastinate
import structlog
from sqlalchemy.orm import Session

from aether_core.errors import StoreUnavailableError
from db import fetches as fetch_rows
from db import runs as run_rows
from db import studies as study_rows
from db.engine import conninfo
from workflows.fetch_job import run_fetch_job
from workflows.queue import (
    FETCH_TASK,
    FETCHING_QUEUE,
    STUDY_TASK,
    TRAIN_TASK,
    TRAINING_QUEUE,
    WORKER_HEARTBEAT_SECONDS,
)
from workflows.store import Store
from workflows.study_job import run_study_job
from workflows.training import run_training

log = structlog.get_logger()


def worker_app(store: Store) -> procrastinate.App:
    """The queue's application with the tasks a worker carries out."""
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=conninfo(store.url), max_size=6)
    )

    @app.task(name=TRAIN_TASK, queue=TRAINING_QUEUE)
    def train(run_id: int) -> None:
        log.info("run taken", run=run_id)
        with heartbeat(store, run_rows.report_heartbeat, run_id):
            run_training(store, run_id)
        log.info("run left", run=run_id)

    @app.task(name=STUDY_TASK, queue=TRAINING_QUEUE)
    def study(study_id: int) -> None:
        log.info("study taken", study=study_id)
        with heartbeat(store, study_rows.STATES.report_heartbeat, study_id):
            run_study_job(store, study_id)
        log.info("study left", study=study_id)

    @app.task(name=FETCH_TASK, queue=FETCHING_QUEUE)
    def fetch(fetch_id: int) -> None:
        log.info("fetch taken", fetch=fetch_id)
        with heartbeat(store, fetch_rows.STATES.report_heartbeat, fetch_id):
            run_fetch_job(store, fetch_id)
        log.info("fetch left", fetch=fetch_id)

    return app


@contextmanager
def heartbeat(store: Store, beat: Callable[[Session, int], None], number: int) -> Iterator[None]:
    """Say every few seconds that a job's worker is alive, also within a long epoch."""
    stop = threading.Event()

    def beats() -> None:
        while not stop.wait(WORKER_HEARTBEAT_SECONDS):
            try:
                with store.session() as session:
                    beat(session, number)
            except StoreUnavailableError as error:
                log.warning("heartbeat missed", job=number, reason=str(error))

    thread = threading.Thread(target=beats, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
