"""`up` and `down`: database, worker and web app as one thing that starts and stops together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from aether_core.errors import AetherError, ConflictError, InputError, StoreUnavailableError
from aether_core.files import atomic_path
from aether_core.progress import Progress, silent
from db.embedded import PrivateCluster
from workflows.demo import load_demo
from workflows.jobs.kind import LANES
from workflows.jobs.queue import start_worker
from workflows.settings import Settings
from workflows.store import Store, open_store

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True)
class Running:
    """What `up` has started, as written to the home's `up.json`."""

    pid: int
    address: str


def _state_file(settings: Settings) -> Path:
    return settings.home / "up.json"


def running(settings: Settings) -> Running | None:
    """The `up` that runs in this home, if one does."""
    try:
        state = Running(**json.loads(_state_file(settings).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return state if _is_up(state.pid) else None


def _is_up(pid: int) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"workflows.cli" in command


class Service:
    """The processes of one `up`."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._settings = settings
        self._port = port
        self._cluster_was_up = (
            settings.database_url is not None or PrivateCluster(settings.home).status().running
        )
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._web: subprocess.Popen[bytes] | None = None
        self.address = f"http://localhost:{port}"

    def start(self, *, demo: bool, progress: Progress = silent) -> None:
        """Start everything; returns once the page answers.

        Raises:
            ConflictError: This home is up already.
            InputError: The port is taken.
            AetherError: A part did not start.
        """
        if (other := running(self._settings)) is not None:
            raise ConflictError(
                "Aether is already up in this home",
                other.address,
                "open it, or stop it with ./aether down",
            )
        check_port(self._settings.host, self._port)
        progress("starting the database", 0, 1)
        store = open_store(self._settings)
        with atomic_path(_state_file(self._settings), force=True) as temporary:
            temporary.write_text(json.dumps(asdict(Running(os.getpid(), self.address))))
        for lane in LANES:
            self._workers[lane] = start_worker(store, lane, until_idle=False)
        if demo:
            load_demo(store, progress)
        progress("starting the web app", 0, 1)
        self._start_web(store)

    def _start_web(self, store: Store) -> None:
        settings = self._settings
        command = [
            *(sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")),
            *("--server.port", str(self._port), "--server.address", settings.host),
            *("--server.headless", "true", "--server.maxUploadSize", str(settings.upload_limit_mb)),
        ]
        environment = {**os.environ, "AETHER_HOME": str(settings.home), "PYTHONPATH": str(ROOT)}
        with (settings.logs / "web.log").open("ab") as log:
            self._web = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self._web.poll() is not None:
                break
            if _answers(f"http://{_reachable(settings.host)}:{self._port}/_stcore/health"):
                return
            time.sleep(0.1)
        raise AetherError(
            f"the web app did not start; its log is {store.settings.logs / 'web.log'}"
        )

    def wait(self) -> None:
        """Run until a part ends or the process is told to stop.

        Raises:
            AetherError: The web app ended by itself.
        """
        while True:
            if self._web is not None and self._web.poll() is not None:
                raise AetherError(
                    f"the web app ended; its log is {self._settings.logs / 'web.log'}"
                )
            for lane, worker in self._workers.items():
                if worker.poll() is not None:
                    self._restart_worker(lane)
            time.sleep(0.5)

    def _restart_worker(self, lane: str) -> None:
        """Put a worker in the place of one that died, as soon as the database answers."""
        try:
            self._workers[lane] = start_worker(open_store(self._settings), lane, until_idle=False)
        except StoreUnavailableError:
            time.sleep(2)

    def stop(self) -> None:
        """Stop all it started; what was running before stays."""
        for process in (self._web, *self._workers.values()):
            if process is not None:
                _end(process)
        if not self._cluster_was_up:
            PrivateCluster(self._settings.home).stop()
        if (state := running(self._settings)) is not None and state.pid == os.getpid():
            _state_file(self._settings).unlink(missing_ok=True)


def check_port(host: str, port: int) -> None:
    """See that nothing listens on the port yet.

    Raises:
        InputError: The port is taken or not allowed.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise InputError(
                "the port cannot be used", f"{port} ({error})", "choose another with --port"
            ) from error


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def serve(
    settings: Settings,
    port: int,
    *,
    browser: bool,
    demo: bool,
    progress: Progress,
    ready: Callable[[str], None],
) -> None:
    """Start everything and stay until Ctrl-C or `down`.

    Args:
        ready: Called with the address once the page answers.
    """
    service = Service(settings, port)

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # SIGINT, too: a shell starts what runs in its background with that signal ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, interrupt)
    try:
        service.start(demo=demo, progress=progress)
        ready(service.address)
        if browser:
            webbrowser.open(service.address)
        service.wait()
    except KeyboardInterrupt:
        progress("stopping", 0, 1)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        service.stop()


def down(settings: Settings) -> bool:
    """Stop what `up` started in this home.

    Returns:
        Whether something was running.

    Raises:
        AetherError: It does not stop.
    """
    state = running(settings)
    if state is None:
        return False
    os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + 3 * STOP_SECONDS
    while _is_up(state.pid):
        if time.monotonic() > deadline:
            raise AetherError(
                f"process {state.pid} does not stop; end it with: kill -9 {state.pid}"
            )
        time.sleep(0.1)
    return True
