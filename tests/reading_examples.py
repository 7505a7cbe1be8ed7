"""Readers that tests run in a process of their own: each does one thing a reader can do."""

import errno
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
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
    (Path(tempfile.gettempdir()) / path.name).write_bytes(bytes(megabytes * 1024**2))


@in_own_process
def takes_long(path: Path, seconds: float = 60.0) -> None:
    """Leave a sign with the process's number in the reading's own folder, then wait."""
    (Path(tempfile.gettempdir()) / path.name).write_text(str(os.getpid()))
    time.sleep(seconds)


@in_own_process
def counts_itself(folder: Path, seconds: float) -> int:
    """How many readings of this folder run at the same time, this one included."""
    (Path(tempfile.gettempdir()) / "counted").touch()
    time.sleep(seconds)
    return len(list(folder.glob("*/counted")))


@in_own_process
def reaches(path: Path, *, other: str) -> dict[str, str]:
    """What a reader that was taken over by its file would try, with how each try ends."""

    def connect() -> None:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))

    tries: dict[str, Callable[[], object]] = {
        "its file": path.read_bytes,
        "its parts": path.with_suffix(".prj").read_bytes,
        "its own folder": (Path(tempfile.gettempdir()) / "scratch").touch,
        "a library's data": lambda: pyproj.CRS(2154).to_wkt(),
        "another file": Path(other).read_bytes,
        "accounts": Path("/etc/passwd").read_bytes,
        "a link to another file": path.with_name(f"{path.stem}.link").read_bytes,
        "its environment": Path("/proc/self/environ").read_bytes,
        "its parent's memory": Path(f"/proc/{os.getppid()}/mem").read_bytes,
        "writing beside it": path.with_name("new").touch,
        "writing to it": lambda: path.write_bytes(b""),
        "a program": lambda: os.execv("/bin/true", ["true"]),  # noqa: S606
        "the network": connect,
        "a socket of the machine": lambda: socket.socket(socket.AF_UNIX),
        "the process it was forked from": lambda: os.kill(os.getppid(), 0),
    }
    found = {}
    for name, attempt in tries.items():
        try:
            attempt()
        except OSError as error:
            found[name] = errno.errorcode[error.errno or 0]
        else:
            found[name] = "done"
    return found


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
