"""Jobs are not taken while the disk is short of room: they say so, and go on when there is some."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app_fixtures import SLUG
from ui.jobs.bar import waiting
from workflows.home.free_disk import free_bytes
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import cancel_job, show_job
from workflows.jobs.room import WAITS
from workflows.training.train import add_run

MEGABYTE = 1_000_000
FILLER_MB = 4000


@pytest.fixture
def filler(tmp_path: Path) -> Iterator[Path]:
    """A file that takes more room than others will make or take meanwhile."""
    if free_bytes(tmp_path) < 2 * FILLER_MB * MEGABYTE:
        pytest.skip(f"less than {2 * FILLER_MB} MB free in {tmp_path}")
    file = tmp_path / "filler"
    with file.open("wb") as opened:
        os.posix_fallocate(opened.fileno(), 0, FILLER_MB * MEGABYTE)
    yield file
    file.unlink(missing_ok=True)


def reserving(store: Store, megabytes: int) -> Store:
    settings = store.settings.model_copy(update={"disk_reserve_mb": megabytes})
    return Store(settings, store.url, store.engine)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_job_waits_for_room_and_goes_on(
    trained_store: Store, filler: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.jobs.room.LOOK_SECONDS", 0.1)
    free = free_bytes(filler.parent) // MEGABYTE
    store = reserving(trained_store, free + FILLER_MB // 2)
    first, second, third = (
        add_run(store, SLUG, settings={"epochs": "1"}, seed=seed).job_id for seed in (1, 2, 3)
    )

    def is_told(job_id: int) -> bool:
        return show_job(store, job_id).stage.startswith(WAITS)

    leaving = threading.Event()
    put_back: list[object] = []
    worker = threading.Thread(
        target=lambda: put_back.append(carry_out(store, first, leaving=leaving))
    )
    worker.start()
    eventually(lambda: is_told(first))
    assert str(store.settings.home) in waiting(show_job(store, first))
    leaving.set()
    worker.join()
    assert put_back != [None]
    assert show_job(store, first).state.is_queued

    worker = threading.Thread(target=carry_out, args=(store, second))
    worker.start()
    eventually(lambda: is_told(second))
    cancel_job(store, second)
    worker.join()
    assert show_job(store, second).state.is_cancelled

    worker = threading.Thread(target=carry_out, args=(store, third))
    worker.start()
    eventually(lambda: is_told(third))
    filler.unlink()
    worker.join()
    assert show_job(store, third).state.is_done
