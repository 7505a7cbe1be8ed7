"""Who computes: what workers are started with, what they say, and who is refused."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from aether_core.errors import CancelledError, InputError
from tests.errors import fault
from workflows.locations.disk import DiskFolder
from workflows.schedulers.schedulers import computing

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Asked:
    """A piece that asks a worker for something."""

    name: str


def variable(piece: Asked) -> str | None:
    return os.environ.get(piece.name)


def refuse(piece: Asked) -> None:
    raise InputError("the piece cannot be made", piece.name, "make another", code="piece-refused")


def sleep(_piece: Asked) -> None:
    time.sleep(60)


def give_up() -> None:
    raise CancelledError("not wanted any more")


def wait_on() -> None:
    """Nothing is to be looked at."""


@pytest.mark.parametrize("scheduler", ["here", "local"])
def test_a_piece_comes_back_as_what_it_is(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A cluster that another test started without ours leaves it in this process.
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    before = dict(os.environ)
    with computing(scheduler, 1, DiskFolder(tmp_path)) as ready:
        assert ready.one(variable, Asked("HOME"), wait_on) == os.environ["HOME"]
        assert ready.one(variable, Asked("MALLOC_TRIM_THRESHOLD_"), wait_on) is None
        with pytest.raises(InputError, check=fault("piece-refused", "this one", "make another")):
            ready.one(refuse, Asked("this one"), wait_on)
        with pytest.raises(InputError, check=fault("piece-refused")):
            list(ready.each(refuse, [Asked("first"), Asked("second")]))
    assert dict(os.environ) == before


def test_whoever_waits_may_give_up(tmp_path: Path) -> None:
    began = time.monotonic()
    with computing("local", 1, DiskFolder(tmp_path)) as ready, pytest.raises(CancelledError):
        ready.one(sleep, Asked("long"), give_up)
    assert time.monotonic() - began < 50


@contextmanager
def program(*words: str, **environment: str) -> Iterator[None]:
    """A program of Dask's that runs meanwhile, far from this checkout."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    process = subprocess.Popen(
        [Path(sys.executable).parent / "dask", *words],
        cwd="/",
        env=own | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def test_a_scheduler_without_this_code_is_refused(tmp_path: Path) -> None:
    said = tmp_path / "scheduler.json"
    at = ("--scheduler-file", str(said))
    quiet = ("--no-dashboard", "--host", "127.0.0.1")
    with (
        program("scheduler", *at, *quiet, "--port", "0"),
        program("worker", *at, *quiet, "--no-nanny", PYTHONPATH=str(ROOT)),
    ):
        refused = fault("worker-without-aether", "No module named 'workflows'", "PYTHONPATH")
        with (
            pytest.raises(InputError, check=refused),
            computing(address_in(said), 1, DiskFolder(tmp_path)),
        ):
            pass


def address_in(said: Path) -> str:
    """The scheduler's address, once it has written it down."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        words = said.read_text().split('"') if said.exists() else []
        if found := [word for word in words if word.startswith("tcp://")]:
            return found[0]
        time.sleep(0.1)
    raise AssertionError("the scheduler did not start")
