"""One job in the hands of a worker, as the code that carries it out sees it."""

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from aether_core.errors import CancelledError
from aether_core.progress import Progress
from db.jobs import jobs as job_rows
from db.jobs.jobs import JobLease
from db.schema import Job
from workflows.home.json_values import json_values
from workflows.home.store import Store
from workflows.jobs.inputs import job_folder

_REPORT_SECONDS: Final = 0.5
"""Within a stage, progress is written down this often at most."""
_LEAST_SHARE: Final = 0.03
"""Before this much is done the pace says nothing of what is left."""


def counted(stage: str, done: int, total: int) -> str:
    """A stage with how far it is, where it is done in steps."""
    return f"{stage}, {done:,} of {total:,}" if total > 1 else stage


class WorkerLeavingError(CancelledError):
    """The worker was told to end; its job goes back into the queue."""

    code = "worker-leaving"


class Work:
    """A running job, for the code that carries it out.

    Attributes:
        store: Where everything is kept.
        job: The job as it was taken up.
        lease: What this worker holds it by.

    Args:
        stages: What the job goes through, each with the share of the work done at its end.
        leaving: Set once the worker is to end: the next report raises.
    """

    def __init__(
        self,
        store: Store,
        job: Job,
        stages: Sequence[tuple[str, float]] = (),
        *,
        leaving: threading.Event | None = None,
    ) -> None:
        self.store, self.job = store, job
        self._leaving = leaving or threading.Event()
        self.lease = JobLease(job.id, job.starts)
        self._stages = stages
        self._began = time.monotonic()
        self._stage, self._share, self._told = "", 0.0, -_REPORT_SECONDS
        self._finished = False
        self._guard = threading.Lock()

    @property
    def folder(self) -> Path:
        """Where the job keeps its files; they outlive the worker."""
        return job_folder(self.store, self.job.id)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Tell where the job is; from any thread.

        Raises:
            CancelledError: The user asked for it to stop.
            SupersededError: Another worker has the job.
        """
        part = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
        self.tell(stage, self._overall(stage, part), words=counted(stage, done, total))

    def part(self, first: float, last: float) -> Progress:
        """Progress of a part that takes the job from one share of the work to another."""

        def report(stage: str, done: int, total: int) -> None:
            part = min(max(done / total, 0.0), 1.0) if total > 0 else 0.0
            self.tell(stage, first + part * (last - first))

        return report

    def tell(
        self,
        stage: str,
        share: float,
        *,
        words: str | None = None,
        seconds_left: float | None = None,
        found: Mapping[str, Any] | None = None,
    ) -> None:
        """Write down where the job is, at each new stage and now and then within one.

        Args:
            stage: What it is doing; a new one is written down at once.
            share: How far it is, 0 to 1; it never goes back.
            words: What people read, `stage` when left out.
            seconds_left: What is left, where the caller knows better than the pace so far.
            found: What is added to its result; plain JSON values.

        Raises:
            CancelledError: The user asked for it to stop, or its worker was told to end.
            SupersededError: Another worker has the job.
        """
        with self._guard:
            now = time.monotonic()
            if self._finished:
                return
            self.check_wanted()
            self._share = max(self._share, min(share, 1.0))
            if stage == self._stage and now - self._told < _REPORT_SECONDS:
                return
            self._stage, self._told = stage, now
            left = self._left(now) if seconds_left is None else seconds_left
            with self.store.session() as session:
                stop = job_rows.report(
                    session,
                    self.lease,
                    stage=words or stage,
                    progress=self._share,
                    seconds_left=left,
                    found=found,
                )
        self.check_wanted(stop=stop)

    def check_wanted(self, *, stop: bool = False) -> None:
        """End the work here unless it is to go on.

        Args:
            stop: Whether the user asked for it to stop, as the job's row says.

        Raises:
            CancelledError: They did, or its worker was told to end.
        """
        if stop:
            raise CancelledError(f"job {self.job.id} was stopped")
        if self._leaving.is_set():
            raise WorkerLeavingError(f"job {self.job.id} goes back into the queue")

    def finish(
        self, session: Session, result: Mapping[str, Any], *, city_id: int | None = None
    ) -> None:
        """Note in the transaction that stores what the job made that it is done.

        So no death of the worker parts the two, and no second attempt stores it twice.

        Args:
            session: In that transaction, about to be committed.
            result: What it made; numbers that are none become null.
            city_id: The city it made and now goes with.

        Raises:
            SupersededError: Another worker has the job; nothing must be stored.
        """
        job_rows.finish(session, self.lease, json_values(result), city_id=city_id)
        self._finished = True

    def done(self, result: Mapping[str, Any]) -> None:
        """Note that the job is done, where it stores nothing else."""
        with self.store.session() as session:
            self.finish(session, result)

    def _left(self, now: float) -> float | None:
        if self._share < _LEAST_SHARE:
            return None
        return (now - self._began) / self._share * (1 - self._share)

    def _overall(self, stage: str, part: float) -> float:
        """The share of the whole that a part of a stage makes; stages that are not listed wait."""
        begin = 0.0
        for words, end in self._stages:
            if stage.startswith(words):
                return begin + part * (end - begin)
            begin = end
        return self._share if self._stages else part
