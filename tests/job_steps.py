"""Steps in a job's life that a test takes itself."""

from db import jobs as job_rows
from workflows.jobs.queue import defer
from workflows.store import Store


def put_in_queue(store: Store, job_id: int) -> None:
    """Queue a job that was written down, without seeing to a worker."""
    with store.session() as session:
        job = job_rows.job_by_id(session, job_id)
    defer(store, [job])


def begin(store: Store, job_id: int) -> job_rows.Held:
    """Take a job up as a worker does, and hold it."""
    with store.session() as session:
        return job_rows.Held(job_id, job_rows.start(session, job_id).starts)
