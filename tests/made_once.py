"""What several test processes need and none changes: made by the first that asks, for all."""

import fcntl
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def common_folder(factory: pytest.TempPathFactory) -> Path:
    """The folder of a test session, the same in all its processes."""
    session = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own in there
        session = session.parent
    return session


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], T]) -> T:
    """What `make` returned to whichever process of this test session asked first.

    Args:
        factory: Knows the folder of the session.
        name: Of what is made: the same name is made once.
        make: Makes it in a folder that it is given and that does not exist yet; what it returns
            can be pickled. The others wait meanwhile.
    """
    place = common_folder(factory) / "made-once" / name
    place.mkdir(parents=True, exist_ok=True)
    kept, files = place / "result.pickle", place / "files"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            shutil.rmtree(files, ignore_errors=True)  # of a process that was killed over it
            written = place / "result.part"
            written.write_bytes(pickle.dumps(make(files)))
            written.rename(kept)
        made: T = pickle.loads(kept.read_bytes())  # noqa: S301 - we wrote it
    return made
