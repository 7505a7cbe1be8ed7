"""An `up` for tests: started as a user does, and ended with all it started whatever happens."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.forks import Ended, command

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def aether(home: Path, *words: str, url: str = "") -> Ended:
    """One command in a home, with its private cluster or a database that is there."""
    return command(*words, environment={"AETHER_HOME": str(home), "AETHER_DATABASE_URL": url})


@contextmanager
def beginning(
    home: Path, *, url: str = "", port: int | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """An `up` that has just been started."""
    words = ["up", "--port", str(port or free_port()), "--no-browser", "--no-demo"]
    settings = {"AETHER_HOME": str(home), "AETHER_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *words],
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=40)
        finally:
            process.kill()


@contextmanager
def up(home: Path, *, url: str = "", port: int | None = None) -> Iterator[str]:
    """The address of an `up` that answers; its process is found in the home's record."""
    with beginning(home, url=url, port=port) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://localhost" in line, process.stderr and process.stderr.read()
        yield line.split()[4]


def pid_of_up(home: Path) -> int:
    return int(json.loads((home / "up.json").read_text())["pid"])


def processes_of(home: Path, word: str = "") -> dict[int, str]:
    """Command lines, by number, of processes that were started with this home."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"AETHER_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if word in words:
                    found[int(folder.name)] = words
    return found


def kill_all(home: Path) -> None:
    """End whatever a test left running in a home, the hard way."""
    for pid in processes_of(home):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2) as response:  # noqa: S310
            return bool(response.status == 200)
    except OSError:
        return False


def soon(condition: Callable[[], object], seconds: float = PATIENCE_S) -> bool:
    """Whether a condition comes true within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
