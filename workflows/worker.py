"""The worker process: takes jobs off the queue, one at a time, until it is told to stop."""

import argparse
import asyncio
import time
from collections.abc import Iterable
from datetime import timedelta

import procrastinate
import structlog

from db import cities as city_rows
from db import runs as run_rows
from db import studies as study_rows
from workflows.jobs import worker_app
from workflows.queue import (
    STUDY_TASK,
    TRAIN_TASK,
    TRAINING_QUEUE,
    WORKER_HEARTBEAT_SECONDS,
    WORKER_STALLED_SECONDS,
)
from workflows.store import Store, open_store

log = structlog.get_logger()


async def take_up_stalled(app: procrastinate.App, store: Store) -> None:
    """Put back what a dead worker left, so that the next free worker starts it again."""
    await app.job_manager.prune_stalled_workers(WORKER_STALLED_SECONDS)
    stalled: Iterable[procrastinate.jobs.Job] = await app.job_manager.get_stalled_jobs(
        seconds_since_heartbeat=WORKER_STALLED_SECONDS
    )
    for job in stalled:
        log.warning("job of a dead worker put back", job=job.id, arguments=job.task_kwargs)
        await app.job_manager.retry_job(job)
    await _queue_orphans(app, store)


async def _queue_orphans(app: procrastinate.App, store: Store) -> None:
    """Queue again what stopped with no job left, as when the database went away under it."""
    jobs = [
        job
        for state in ("todo", "doing")
        for job in await app.job_manager.list_jobs_async(status=state)
    ]
    queued = [job.task_kwargs for job in jobs]
    patience = timedelta(seconds=WORKER_STALLED_SECONDS)
    with store.session() as session:
        stalled = [
            (TRAIN_TASK, {"run_id": run.id}, run.city_id)
            for run in run_rows.stalled_runs(session, patience)
        ] + [
            (STUDY_TASK, {"study_id": study.id}, study.city_id)
            for study in study_rows.STATES.stalled(session, patience)
        ]
        orphans = [
            (task, arguments, city_rows.city_by_id(session, city_id).slug)
            for task, arguments, city_id in stalled
            if arguments not in queued
        ]
    for task, arguments, city in orphans:
        log.warning("work without a job queued again", task=task, **arguments)
        await app.tasks[task].configure(lock=f"city-{city}").defer_async(**arguments)


async def serve(store: Store, *, until_idle: bool) -> None:
    """Work until stopped, or until the queue has been empty for the settings' idle time."""
    app = worker_app(store)
    async with app.open_async():
        while True:
            await take_up_stalled(app, store)
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[TRAINING_QUEUE],
                    wait=not until_idle,
                    fetch_job_polling_interval=1.0,
                    update_heartbeat_interval=WORKER_HEARTBEAT_SECONDS,
                    stalled_worker_timeout=WORKER_STALLED_SECONDS,
                    install_signal_handlers=not until_idle,
                    delete_jobs="successful",
                )
            )
            if until_idle:
                await worker
                if not await _more_to_do(app, store):
                    return
                continue
            while not worker.done():
                await asyncio.wait([worker], timeout=WORKER_STALLED_SECONDS)
                if not worker.done():
                    await take_up_stalled(app, store)
            return


async def _more_to_do(app: procrastinate.App, store: Store) -> bool:
    """Whether a job arrives within the idle time; jobs locked behind a dead worker count."""
    deadline = time.monotonic() + store.settings.worker_idle_seconds
    while time.monotonic() < deadline:
        waiting = [
            job
            for status in ("todo", "doing")
            for job in await app.job_manager.list_jobs_async(status=status)
        ]
        if waiting:
            await asyncio.sleep(1.0)
            return True
        await asyncio.sleep(0.25)
    return False


def main() -> None:
    """Entry of `python -m workflows.worker`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end once the queue is empty")
    arguments = parser.parse_args()
    store = open_store()
    log.info("worker started", until_idle=arguments.until_idle)
    asyncio.run(serve(store, until_idle=arguments.until_idle))


if __name__ == "__main__":
    main()
