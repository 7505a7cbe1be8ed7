"""The worker process: takes jobs off the queues of its lane, one of each, until told to stop."""

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import procrastinate
import structlog
from procrastinate.exceptions import AlreadyEnqueued, UniqueViolation
from procrastinate.jobs import Status

from aether_core.errors import ConflictError, StoreUnavailableError
from db.engine import conninfo
from db.jobs import jobs as job_rows
from db.jobs import workers as worker_rows
from workflows.home.log_output import forgive_full_disk
from workflows.home.store import Store, open_store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.kind import LANES, NICENESS
from workflows.jobs.one_home import check_database_is_ours, check_no_other_home, signature
from workflows.jobs.outputs import forget_expired
from workflows.jobs.queue import HEARTBEAT_SECONDS, STALLED_SECONDS, TASK, defer, deferrer
from workflows.jobs.sweep import sweep

log = structlog.get_logger()
_AUTOGROUP = Path("/proc/self/autogroup")
_FORGET_SECONDS = 3600.0
_EXPIRY_SECONDS = 600.0


def worker_app(store: Store, leaving: threading.Event) -> procrastinate.App:
    """The queue's application with the one task there is.

    Args:
        store: Where the jobs are.
        leaving: Set once this process is to end: the job at hand goes back into its queue.
    """
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=conninfo(store.url), max_size=6)
    )

    @app.task(name=TASK)
    def job(job_id: int) -> None:
        put_back = carry_out(store, job_id, leaving=leaving)
        if put_back is not None:
            defer(store, [put_back])

    return app


async def take_up_stalled(app: procrastinate.App, store: Store) -> None:
    """Put back what a dead worker left, so that the next free worker starts it again."""
    await app.job_manager.prune_stalled_workers(STALLED_SECONDS)
    stalled: Iterable[procrastinate.jobs.Job] = await app.job_manager.get_stalled_jobs(
        seconds_since_heartbeat=STALLED_SECONDS
    )
    for job in stalled:
        log.warning("job of a dead worker put back", arguments=job.task_kwargs)
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:  # somebody has resumed it: a new entry stands for it already
            await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
    await _queue_orphans(app, store)


async def _queue_orphans(app: procrastinate.App, store: Store) -> None:
    """Queue again what no entry stands for.

    A job loses its entry when the database goes away under it; it has none yet when whoever asked
    for it died between writing it down and queueing it.
    """
    with store.session() as session:
        left = job_rows.left_behind(session, timedelta(seconds=STALLED_SECONDS))
    if not left:
        return
    queued = {
        job.task_kwargs.get("job_id")
        for state in ("todo", "doing")
        for job in await app.job_manager.list_jobs_async(status=state, task=TASK)
    }
    for job in left:
        if job.id not in queued:
            log.warning("job without an entry queued again", job=job.id, kind=job.kind)
            with suppress(AlreadyEnqueued):
                await deferrer(app, job).defer_async(job_id=job.id)


async def serve(
    store: Store, lane: str, *, until_idle: bool, stop: asyncio.Event | None = None
) -> None:
    """Work until stopped, or until the lane's queues have been empty for the idle time.

    Args:
        store: Where the jobs are.
        lane: A key of `LANES`.
        until_idle: End when idle, too; always on SIGINT or SIGTERM.
        stop: Set by the caller to end it, in the place of those signals.
    """
    queues = LANES[lane]
    leaving = threading.Event()
    app = worker_app(store, leaving)
    over = stop or asyncio.Event()
    async with app.open_async():
        clock = ServerClock(store)
        await take_up_stalled(app, store)
        tasks = []
        if stop is None:  # before its sign of life: whoever sees that may tell it to end
            tasks.append(asyncio.create_task(_stop_when_told(over)))
        tasks += [
            *(asyncio.create_task(_work(app, queue)) for queue in queues),
            asyncio.create_task(_sign_of_life(store, queues)),
            asyncio.create_task(_forget_expired(store)),
        ]
        if until_idle:
            tasks.append(asyncio.create_task(_stop_when_idle(app, store, queues, over)))
        ending = asyncio.create_task(over.wait())
        try:
            while not over.is_set():
                await asyncio.wait(
                    [*tasks, ending],
                    timeout=STALLED_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                for ended in (task for task in tasks if task.done()):
                    ended.result()  # raises what ended it
                if not over.is_set() and not clock.was_set():
                    await take_up_stalled(app, store)
        finally:
            leaving.set()
            await _leave([*tasks, ending])


class ServerClock:
    """Notices when the database's clock is set, or the machine has slept.

    For a moment everybody's last sign of life is old then: who looked just now for those that are
    dead would begin the jobs of the living again.

    Args:
        store: Whose clock it is.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ahead = self._now()

    def was_set(self) -> bool:
        """Whether it was, since this was asked last."""
        before, self._ahead = self._ahead, self._now()
        return abs(self._ahead - before) > HEARTBEAT_SECONDS

    def _now(self) -> float:
        """How far it is ahead of a clock that nobody sets."""
        with self._store.session() as session:
            return worker_rows.server_time(session) - time.monotonic()


async def _work(app: procrastinate.App, queue: str) -> None:
    await app.run_worker_async(
        queues=[queue],
        name=queue,
        fetch_job_polling_interval=1.0,
        update_heartbeat_interval=HEARTBEAT_SECONDS,
        stalled_worker_timeout=STALLED_SECONDS,
        install_signal_handlers=False,
        delete_jobs="successful",
    )


async def _sign_of_life(store: Store, queues: Sequence[str]) -> None:
    """Say every few seconds that this process serves its queues, and at the end that it left."""
    signed = signature(store.settings)

    def sign_on() -> list[int]:
        with store.session() as session:
            return worker_rows.sign_on(session, queues, host=signed, pid=os.getpid())

    def beat(known: list[int]) -> list[int]:
        try:
            with store.session() as session:
                if worker_rows.beat(session, known, forget_after=_FORGET_SECONDS):
                    return known
                worker_rows.sign_off(session, known)
            return sign_on()
        except StoreUnavailableError as error:
            log.warning("sign of life missed", reason=str(error))
            return known

    numbers = await asyncio.to_thread(sign_on)
    try:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            numbers = await asyncio.to_thread(beat, numbers)
    finally:
        with suppress(StoreUnavailableError), store.session() as session:
            worker_rows.sign_off(session, numbers)


async def _forget_expired(store: Store) -> None:
    """Remove now and then the files that nobody took away in time."""
    while True:
        with suppress(StoreUnavailableError):  # the next time, then
            await asyncio.to_thread(forget_expired, store)
        await asyncio.sleep(_EXPIRY_SECONDS)


async def _leave(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Wait until each queue's job at hand is done, or back in the queue at its next report."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _stop_when_told(stop: asyncio.Event) -> None:
    """Wait for SIGINT or SIGTERM; a second one ends the process at once."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for one in signals:
        loop.add_signal_handler(one, stop.set)
    await stop.wait()
    for one in signals:
        loop.remove_signal_handler(one)


async def _stop_when_idle(
    app: procrastinate.App, store: Store, queues: Sequence[str], stop: asyncio.Event
) -> None:
    """Stop once no job was there for the idle time; jobs locked behind a dead worker count."""
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < store.settings.worker_idle_seconds:
        await asyncio.sleep(0.25)
        for queue in queues:
            for status in ("todo", "doing"):
                if list(await app.job_manager.list_jobs_async(queue=queue, status=status)):
                    idle_since = time.monotonic()
    stop.set()


def give_way(niceness: int) -> None:
    """Let those who wait for a page have the processors first; what is idle is this one's whole.

    Where the kernel shares its time out among sessions first and among their processes then
    (autogroup), the session of a worker that has one of its own gives way, too.

    Args:
        niceness: From 0, which changes nothing, to 19. Somebody may have set more already.
    """
    more = niceness - os.nice(0)
    if more <= 0:
        return
    os.nice(more)
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # no such kernel
            _AUTOGROUP.write_text(f"{niceness}\n")


def main() -> None:
    """Entry of `python -m workflows.jobs.worker`."""
    forgive_full_disk()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lane", choices=list(LANES), required=True, help="which queues to serve")
    parser.add_argument("--until-idle", action="store_true", help="end once they are empty")
    arguments = parser.parse_args()
    give_way(NICENESS[arguments.lane])
    store = open_store()
    try:
        check_database_is_ours(store)
        check_no_other_home(store)
    except ConflictError as error:
        log.warning("worker not started", reason=str(error))
        sys.exit(error.exit_code)
    log.info("worker started", lane=arguments.lane, until_idle=arguments.until_idle)
    if not arguments.until_idle:  # a lasting one, also where nobody starts an `up`
        sweep(store)
    asyncio.run(serve(store, arguments.lane, until_idle=arguments.until_idle))


if __name__ == "__main__":
    main()
