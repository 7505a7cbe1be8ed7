"""Readers that tests run in a process of their own: each does one thing a reader can do."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aether_core.reading import in_own_process
from aether_core.vector.geopackage import ComputedLayerError


@in_own_process
def gives_back(path: Path, value: Any) -> Any:
    assert path
    return value


@in_own_process
def its_process(path: Path) -> list[int]:
    """The reader's process and, of a reader within it, the process again."""
    return [os.getpid(), nested_process(path)]


@in_own_process
def nested_process(path: Path) -> int:
    assert path
    return os.getpid()


@in_own_process
def takes_memory(path: Path, megabytes: int) -> int:
    assert path
    return len(np.ones(megabytes * 1024**2, dtype=np.uint8))


@in_own_process
def holds_much(path: Path, megabytes: int) -> NDArray[np.uint8]:
    assert path
    return np.ones(megabytes * 1024**2, dtype=np.uint8)


@in_own_process
def writes_much(path: Path, megabytes: int) -> None:
    path.write_bytes(bytes(megabytes * 1024**2))


@in_own_process
def takes_long(path: Path, seconds: float = 60.0) -> None:
    """Leave a sign with the process's number, then wait."""
    path.write_text(str(os.getpid()))
    time.sleep(seconds)


@in_own_process
def counts_itself(folder: Path, seconds: float) -> int:
    """How many readers of this folder run at the same time, this one included."""
    mine = folder / str(os.getpid())
    mine.touch()
    time.sleep(seconds)
    running = len(list(folder.iterdir()))
    mine.unlink()
    return running


@in_own_process
def dies(path: Path, number: int = signal.SIGSEGV) -> None:
    assert path
    os.kill(os.getpid(), number)


@in_own_process
def refuses(path: Path) -> None:
    error = ComputedLayerError("a layer is computed", path, "save it")
    error.layer = "streets"
    raise error


@in_own_process
def divides_by_nothing(path: Path) -> float:
    return len(path.name) / 0


@in_own_process
def goes_deep(path: Path) -> None:
    goes_deep(path)
