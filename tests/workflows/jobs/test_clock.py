"""The clock is set an hour forward or back: what is told by it goes on.

All times in the database are moved the other way, which to the database is the same.
"""

import asyncio
import time
from datetime import timedelta

import pytest
from sqlalchemy import text

from db.jobs import jobs as job_rows
from db.jobs import workers as worker_rows
from tests.app_fixtures import SLUG
from tests.job_steps import begin
from tests.workflows.up.up_home import soon
from workflows.accounts import gate
from workflows.accounts.accounts import FREE_FAILURES, SignInError, add_account, sign_in
from workflows.home.store import Store
from workflows.jobs import worker
from workflows.jobs.job import resume_job, show_job
from workflows.jobs.queue import STALLED_SECONDS, worker_alive
from workflows.training.train import add_run

HOUR = 3600.0
LONG = timedelta(seconds=STALLED_SECONDS)


def set_clock(store: Store, seconds: float, *columns: str) -> None:
    """Set the database's clock forward, or back, as far as some columns can tell."""
    with store.session() as session:
        for column in columns:
            table, name = column.split(".")
            moved = f"UPDATE {table} SET {name} = {name} - make_interval(secs => :ago)"  # noqa: S608
            ago = text(moved)
            session.execute(ago, {"ago": seconds})


def test_a_dead_worker_is_found_dead_and_a_living_one_living(
    trained_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = trained_store
    job = add_run(store, SLUG).job_id
    begin(store, job)
    with store.session() as session:
        numbers = worker_rows.sign_on(session, ["training"], host="h", pid=1)
    for jump in (-HOUR, HOUR):  # back: its last sign of life now lies in the future
        set_clock(store, jump, "worker.heartbeat", "job.heartbeat")
        assert not worker_alive(store, "training")
        assert show_job(store, job).silent_seconds > STALLED_SECONDS
        with store.session() as session:
            assert [one.id for one in job_rows.left_behind(session, LONG)] == [job]
        set_clock(store, -jump, "worker.heartbeat", "job.heartbeat")
        assert worker_alive(store, "training")
    set_clock(store, -HOUR, "job.heartbeat")
    monkeypatch.setattr("workflows.jobs.job.ensure_worker", lambda *_: None)
    assert resume_job(store, job).state.is_queued
    with store.session() as session:
        worker_rows.sign_off(session, numbers)


def test_a_worker_that_was_forgotten_signs_on_again_and_leaves_the_living_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "HEARTBEAT_SECONDS", 0.1)
    clock = worker.ServerClock(store)
    real = time.monotonic
    assert not clock.was_set()
    for jump in (HOUR, -HOUR, 0.0):
        monkeypatch.setattr(worker.time, "monotonic", lambda ahead=jump: real() - ahead)
        assert clock.was_set()
        assert not clock.was_set()

    async def work() -> None:
        signs = asyncio.create_task(worker._sign_of_life(store, ["quick"]))
        for jump in (2 * HOUR, -2 * HOUR):
            assert await asyncio.to_thread(soon, lambda: worker_alive(store, "quick"), 10)
            set_clock(store, jump, "worker.heartbeat")
            with store.session() as session:  # another one's sign of life
                worker_rows.beat(session, [], forget_after=HOUR)
            assert not worker_alive(store, "quick")
        assert await asyncio.to_thread(soon, lambda: worker_alive(store, "quick"), 10)
        signs.cancel()
        await asyncio.gather(signs, return_exceptions=True)

    asyncio.run(work())


def test_whoever_is_signed_in_stays_so_and_nobody_waits_for_an_hour(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(store, "anna", "correct horse battery")
    token = gate.Gate(store.settings.home).sign_in(store, "anna", "correct horse battery")
    now = time.time()
    for jump, known in ((HOUR, True), (-HOUR, True), (8 * 86_400, False), (-8 * 86_400, False)):
        monkeypatch.setattr(gate, "_clock", lambda ahead=jump: now + ahead)
        found = gate.Gate(store.settings.home).who(store, token)
        assert (found is not None) == known, jump
    for _ in range(FREE_FAILURES + 1):
        with pytest.raises(SignInError):
            sign_in(store, "anna", "a wrong password")
    with pytest.raises(SignInError) as told:
        sign_in(store, "anna", "correct horse battery")
    assert told.value.code == "sign-in-too-often"
    set_clock(store, -HOUR, "account.failed_at")
    assert sign_in(store, "anna", "correct horse battery").name == "anna"
