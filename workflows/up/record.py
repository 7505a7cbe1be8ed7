"""Which `up` runs in a home: a lock that ends with its process, and a record of who holds it."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from aether_core.errors import ConflictError
from aether_core.files.disk import disk_in_words
from aether_core.files.whole import atomic_path
from workflows.home.settings import Settings
from workflows.up.processes import Process, find

REMEDY = "open it, or stop it with ./aether down"


@dataclass(frozen=True)
class Running:
    """An `up`, as written to the home's `up.json`.

    Attributes:
        pid: Its process.
        address: Where its web app answers.
        started: When that process started; none in what earlier versions wrote.
        database_was_up: Whether the database was not its to stop.
    """

    pid: int
    address: str
    started: str | None = None
    database_was_up: bool = False

    @property
    def process(self) -> Process | None:
        """Its process; None when it has ended."""
        found = find(self.pid)
        if found is None or (self.started is not None and found.started != self.started):
            return None
        is_up = {"cli", "up"} <= set(found.words)
        return found if is_up or self.started is not None else None


def _file(settings: Settings) -> Path:
    return settings.home / "up.json"


def recorded(settings: Settings) -> Running | None:
    """The last `up` of this home that did not end in good order, or runs still."""
    try:
        return Running(**json.loads(_file(settings).read_text()))
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError):
        return None


def running(settings: Settings) -> Running | None:
    """The `up` that runs in this home, if one does."""
    state = recorded(settings)
    return state if state is not None and state.process is not None else None


def record(settings: Settings, address: str, *, database_was_up: bool) -> None:
    """Write down that this process is the home's `up`."""
    me = find(os.getpid())
    started = None if me is None else me.started
    state = Running(os.getpid(), address, started, database_was_up)
    with atomic_path(_file(settings), force=True) as temporary:
        temporary.write_text(json.dumps(asdict(state)))


def erase(settings: Settings) -> None:
    """Forget the last `up`: nothing of it is left."""
    _file(settings).unlink(missing_ok=True)


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Be the one process that starts or clears away an `up` in this home, until the block ends.

    The kernel gives the lock back when its process dies, however it dies.

    Raises:
        ConflictError: Another process is.
    """
    with disk_in_words(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
        handle = (settings.home / "up.lock").open("a")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _already(settings) from None
        if running(settings) is not None:  # by an earlier version, which took no lock
            raise _already(settings)
        yield


def _already(settings: Settings) -> ConflictError:
    other = running(settings)
    if other is None:
        return ConflictError(
            "Aether is being started or stopped in this home folder",
            settings.home,
            "try again in a moment",
            code="aether-starting-or-stopping",
        )
    return ConflictError(
        "Aether is already running in this home folder",
        other.address,
        REMEDY,
        code="aether-running",
    )
