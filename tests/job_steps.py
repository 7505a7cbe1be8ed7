"""Steps in a job's life that a test takes itself."""

import time
from pathlib import Path

from db.jobs import jobs as job_rows
from workflows.home.store import Store
from workflows.jobs.queue import defer
from workflows.jobs.sweep import SweepResult, sweep


def put_in_queue(store: Store, job_id: int) -> None:
    """Queue a job that was written down, without seeing to a worker."""
    with store.session() as session:
        job = job_rows.job_by_id(session, job_id)
    defer(store, [job])


def sweep_at_last(store: Store) -> SweepResult:
    """Sweep; the server may take a moment to notice that a killed process let go of its locks."""
    deadline = time.monotonic() + 30
    removed: list[Path] = []
    while not (swept := sweep(store)).done:
        assert time.monotonic() < deadline, "somebody holds off the sweep"
        removed += swept.removed
        time.sleep(0.1)
    return SweepResult(removed + swept.removed, swept.left, done=True)


def begin(store: Store, job_id: int) -> job_rows.JobLease:
    """Take a job up as a worker does, and hold it."""
    with store.session() as session:
        return job_rows.JobLease(job_id, job_rows.start(session, job_id).starts)
