"""Workers that end themselves with SIGKILL at a moment of their job, one process each."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from tests.forks import Forked
from tests.job_steps import sweep_at_last
from workflows.home.store import Store
from workflows.jobs.job import show_job

_KILLED = -signal.SIGKILL


def carry_out_until(home: str, database_url: str, job_id: int, moment: int) -> None:
    """Carry out a job and die at the moment of this number.

    Moments are the beginnings of its stages, then the transaction that stores what it made just
    before it is committed, and just after.
    """
    from workflows.home.settings import Settings
    from workflows.home.store import open_store
    from workflows.jobs.carry_out import carry_out
    from workflows.jobs.work import Work

    seen: list[str] = []
    tell, finish = Work.tell, Work.finish

    def passing(name: str) -> None:
        if name not in seen:
            seen.append(name)
        if len(seen) == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def telling(self: Work, stage: str, share: float, **more: Any) -> None:
        tell(self, stage, share, **more)
        passing("".join(letter for letter in stage if not letter.isdigit()))

    def finishing(self: Work, *given: Any, **more: Any) -> None:
        finish(self, *given, **more)
        passing("before the commit")

    Work.tell, Work.finish = telling, finishing  # type: ignore[method-assign]
    carry_out(open_store(Settings(home=Path(home), database_url=database_url)), job_id)
    passing("after the commit")


def killed_at(store: Store, job_id: int, moment: int, environment: Mapping[str, str]) -> bool:
    """Let a worker of its own carry out a job and die at a moment; whether it came so far."""
    home = str(store.settings.home)
    worker = Forked(carry_out_until, home, store.url, job_id, moment, environment=environment)
    code = worker.wait(240)
    assert code in {0, _KILLED}, f"the worker ended with {code}"
    return code == _KILLED


def after_the_next_start(store: Store, job_id: int) -> str:
    """The job's state once everything was started again; its deaths are forgiven."""
    with store.session() as session:
        session.execute(text("UPDATE job SET attempts = 0 WHERE id = :id"), {"id": job_id})
    sweep_at_last(store)
    return show_job(store, job_id).state
