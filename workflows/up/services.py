"""What `up` keeps running: each service is an object, and the list of them is made here."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aether_core.errors import AetherError, StoreUnavailableError
from db.cluster.embedded import PrivateCluster
from workflows.home.log_output import rotate
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.queue import start_worker
from workflows.up.processes import STOP_SECONDS, Process, end, find, writing_to

ROOT = Path(__file__).parents[2]
READY_SECONDS = 180
WORKER_PROGRAM, WEB_PROGRAM = "workflows.jobs.worker", "ui.server"
_PROGRAMS = frozenset(
    # the last three: earlier versions
    {WORKER_PROGRAM, WEB_PROGRAM, "workflows.worker", "streamlit", "ui.shell.server"}
)
_ENDS_BY_ITSELF = "--until-idle"


class Service(Protocol):
    """One thing that `up` starts, watches and stops.

    Attributes:
        name: What it is called where it is spoken of.
        log: Where the reasons stand when it does not run.
    """

    name: str
    log: Path

    def start(self) -> None:
        """Start it, or start it again; does not wait until it serves.

        Raises:
            AetherError: It cannot be started.
        """

    def alive(self) -> bool:
        """Whether it runs."""

    def wait_ready(self) -> None:
        """Wait until it serves.

        Raises:
            AetherError: It ended, or took too long.
        """

    def stop(self) -> None:
        """Stop it in good order. Harmless when it does not run."""


class Database:
    """The home's private cluster; another PostGIS is not ours to start or stop.

    Args:
        settings: The installation.
        stops: Whether the cluster is stopped with the rest.
    """

    name = "database"

    def __init__(self, settings: Settings, *, stops: bool) -> None:
        self._cluster = None if settings.database_url else PrivateCluster(settings.home)
        self._stops = stops
        self.log = settings.home / "cluster" / "server.log"

    def start(self) -> None:
        """Start the cluster, also after its server was killed."""
        if self._cluster is not None:
            self._cluster.start()
            self.log = self._cluster.status().log or self.log

    def alive(self) -> bool:
        """Whether the server's process is there."""
        try:
            return self._cluster is None or self._cluster.status().running
        except StoreUnavailableError:  # cannot be told; a start says why
            return False

    def wait_ready(self) -> None:
        """Nothing to wait for: it answers once it has been started."""

    def stop(self) -> None:
        """Stop the cluster, unless it ran before."""
        if self._cluster is not None and self._stops:
            self._cluster.stop()


class ProcessService:
    """A process of its own session.

    Args:
        name: What it is called.
        log: The file that its output goes to.
        spawn: Starts it.
        serves: Says whether it serves; it does as soon as it runs when left out.
    """

    def __init__(
        self,
        name: str,
        log: Path,
        spawn: Callable[[], subprocess.Popen[bytes]],
        serves: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self.log = log
        self._spawn = spawn
        self._serves = serves
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process."""
        self._process = self._spawn()

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def wait_ready(self) -> None:
        """Wait until it serves; a busy machine takes a minute to import torch."""
        deadline = time.monotonic() + READY_SECONDS
        while self.alive() and time.monotonic() < deadline:
            if self._serves():
                return
            time.sleep(0.1)
        raise AetherError(
            f"the {self.name} did not start; its log is {self.log}", code="service-did-not-start"
        )

    def stop(self) -> None:
        """End the process and wait for it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def worker(store: Store, lane: str) -> ProcessService:
    """The worker that carries out a lane's jobs until it is told to stop."""
    return ProcessService(
        f"{lane} worker",
        store.settings.logs / "worker.log",
        lambda: start_worker(store, lane, until_idle=False),
    )


def web_app(settings: Settings, port: int) -> ProcessService:
    """The web app."""
    log = settings.logs / "web.log"
    command = [sys.executable, "-m", WEB_PROGRAM, "--port", str(port)]
    environment = {**os.environ, "AETHER_HOME": str(settings.home), "PYTHONPATH": str(ROOT)}

    def spawn() -> subprocess.Popen[bytes]:
        log.parent.mkdir(parents=True, exist_ok=True)
        rotate(log)
        with log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    health = f"http://{_reachable(settings.host)}:{port}/_stcore/health"
    return ProcessService("web app", log, spawn, lambda: _answers(health))


def left_over(settings: Settings) -> list[Process]:
    """Processes of this home's services that run, whoever started them, also an earlier version.

    They are known by what they are and by the log they write to. Workers that commands start are
    left out: they end by themselves.
    """
    found = []
    for process in writing_to(settings.logs):
        words = process.words
        if _PROGRAMS & set(words) and _ENDS_BY_ITSELF not in words:
            found.append(process)
    return found


def end_left_over(settings: Settings) -> list[Process]:
    """End what an `up` that was killed left running, in good order; the database stays.

    Returns:
        What was ended.

    Raises:
        InputError: A process belongs to another user.
        AetherError: One does not end.
    """
    found = [process for process in left_over(settings) if process != find(os.getpid())]
    leaders = [process for process in found if os.getsid(process.pid) == process.pid]
    end(leaders)  # first: they end their own children in good order
    end([process for process in found if process.alive])
    return found


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False
