"""The worker process: takes jobs off both queues, one of each at a time, until told to stop."""

import argparse
import asyncio
import signal
import time
from collections.abc import Iterable
from datetime import timedelta

import procrastinate
import structlog

from db import cities as city_rows
from db import fetches as fetch_rows
from db import runs as run_rows
from db import studies as study_rows
from workflows.jobs import worker_app
from workflows.log_output import forgive_full_disk
from workflows.queue import (
    FETCH_LOCK,
    FETCH_TASK,
    QUEUES,
    STUDY_TASK,
    TRAIN_TASK,
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
            (task, arguments, f"city-{city_rows.city_by_id(session, city_id).slug}")
            for task, arguments, city_id in stalled
            if arguments not in queued
        ] + [
            (FETCH_TASK, arguments, FETCH_LOCK)
            for fetch in fetch_rows.STATES.stalled(session, patience)
            if (arguments := {"fetch_id": fetch.id}) not in queued
        ]
    for task, arguments, lock in orphans:
        log.warning("work without a job queued again", task=task, **arguments)
        await app.tasks[task].configure(lock=lock).defer_async(**arguments)


async def serve(store: Store, *, until_idle: bool) -> None:
    """Work until stopped, or until the queues have been empty for the settings' idle time."""
    app = worker_app(store)
    stop = asyncio.Event()
    async with app.open_async():
        await take_up_stalled(app, store)
        workers = [asyncio.create_task(_work(app, queue)) for queue in QUEUES]
        try:
            if until_idle:
                watch = asyncio.create_task(_stop_when_idle(app, store, stop))
            else:
                watch = asyncio.create_task(_stop_when_told(stop))
            while not stop.is_set():
                await asyncio.wait(
                    [*workers, watch],
                    timeout=WORKER_STALLED_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for ended in (task for task in (*workers, watch) if task.done()):
                    ended.result()  # raises what ended it
                if not stop.is_set():
                    await take_up_stalled(app, store)
        finally:
            await _leave(workers)


async def _work(app: procrastinate.App, queue: str) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        fetch_job_polling_interval=1.0,
        update_heartbeat_interval=WORKER_HEARTBEAT_SECONDS,
        stalled_worker_timeout=WORKER_STALLED_SECONDS,
        install_signal_handlers=False,
        delete_jobs="successful",
    )


async def _leave(workers: list[asyncio.Task[None]]) -> None:
    """Let each worker finish the job at hand."""
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)


async def _stop_when_told(stop: asyncio.Event) -> None:
    """Wait for SIGINT or SIGTERM; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for one in signals:
        loop.add_signal_handler(one, stop.set)
    await stop.wait()
    for one in signals:
        loop.remove_signal_handler(one)


async def _stop_when_idle(app: procrastinate.App, store: Store, stop: asyncio.Event) -> None:
    """Stop once no job was there for the idle time; jobs locked behind a dead worker count."""
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < store.settings.worker_idle_seconds:
        await asyncio.sleep(0.25)
        for status in ("todo", "doing"):
            if list(await app.job_manager.list_jobs_async(status=status)):
                idle_since = time.monotonic()
    stop.set()


def main() -> None:
    """Entry of `python -m workflows.worker`."""
    forgive_full_disk()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--until-idle", action="store_true", help="end once the queue is empty")
    arguments = parser.parse_args()
    store = open_store()
    log.info("worker started", until_idle=arguments.until_idle)
    asyncio.run(serve(store, until_idle=arguments.until_idle))


if __name__ == "__main__":
    main()
