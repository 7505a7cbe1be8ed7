"""The verbs `up` and `down`."""

import signal
import socket
import time
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from aether_core.errors import AetherError, InputError
from aether_core.progress import Progress
from db.cluster.embedded import PrivateCluster
from workflows.accounts.gate import check_may_open
from workflows.home.log_output import rotate
from workflows.home.settings import Settings
from workflows.home.store import open_store
from workflows.jobs.kind import LANES
from workflows.jobs.one_home import check_database_is_ours, check_no_other_home
from workflows.jobs.sweep import sweep
from workflows.up import record
from workflows.up.processes import STOP_SECONDS
from workflows.up.services import Database, end_left_over, left_over, web_app, worker
from workflows.up.supervisor import Supervisor

LOOK_SECONDS = 0.5
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def serve(
    settings: Settings,
    port: int,
    *,
    browser: bool,
    demo: bool,
    progress: Progress,
    ready: Callable[[str], None],
) -> None:
    """Start everything and stay until Ctrl-C, `down`, or the end of the terminal.

    What an earlier `up` of this home left when it was killed is ended first.

    Args:
        ready: Called with the address once the page answers.

    Raises:
        ConflictError: This home is up already, or the database serves another one.
        InputError: The port is taken, the home is closed to this user, or others could reach the
            app and nobody could sign in.
        GivenUpError: A part ended again and again.
        AetherError: A part did not start.
    """
    address = f"http://localhost:{port}"
    progress = _as_far_as_possible(progress)
    _end_on_signals()
    try:
        with record.only_one(settings):
            before = record.recorded(settings)
            _clear(settings, progress)
            check_port(settings.host, port)
            was_up = _database_is_up(settings) and (before is None or before.database_was_up)
            record.record(settings, address, database_was_up=was_up)
            supervisor = Supervisor(progress)
            try:
                supervisor.start([Database(settings, stops=not was_up)])
                store = open_store(settings)
                check_may_open(store)
                check_database_is_ours(store)
                check_no_other_home(store)
                progress("cleaning up leftovers", 0, 1)
                sweep(store)
                supervisor.start([worker(store, lane) for lane in LANES])
                if demo:
                    from workflows.demo.simulated import load_demo

                    load_demo(store, progress)
                supervisor.start([web_app(settings, port)])
                ready(address)
                if browser:
                    webbrowser.open(address)
                while True:
                    supervisor.look()
                    for log in settings.logs.glob("*.log"):
                        rotate(log)
                    time.sleep(LOOK_SECONDS)
            finally:
                _ignore_signals()
                progress("stopping", 0, 1)
                supervisor.stop()
                end_left_over(settings)  # what was cut short between its start and being noted
                record.erase(settings)
    except KeyboardInterrupt:
        return


def _as_far_as_possible(progress: Progress) -> Progress:
    """Progress that is no reason to end: the terminal may be gone, the disk of its output full."""

    def report(stage: str, done: int, total: int) -> None:
        with suppress(OSError):
            progress(stage, done, total)

    return report


def _end_on_signals() -> None:
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in _ENDING:
        # Not SIGHUP when it is ignored: that is what nohup asks for. SIGINT in any case: a shell
        # starts what runs in its background with that signal ignored.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, interrupt)


def _ignore_signals() -> None:
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


def _clear(settings: Settings, progress: Progress) -> None:
    """End what a killed `up` left running."""
    if left_over(settings):
        progress("stopping leftover processes", 0, 1)
        end_left_over(settings)


def _database_is_up(settings: Settings) -> bool:
    return settings.database_url is not None or PrivateCluster(settings.home).status().running


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
            why = error.strerror if isinstance(error, OSError) else error
            raise InputError(
                "the port cannot be used",
                f"{port} ({why})",
                "choose another with --port",
                code="port-unusable",
            ) from error


def down(settings: Settings) -> bool:
    """Stop what `up` started in this home, also where `up` itself was killed.

    Returns:
        Whether something was running.

    Raises:
        InputError: It belongs to another user.
        AetherError: It does not stop.
    """
    state = record.running(settings)
    process = None if state is None else state.process
    if process is None:
        return _clear_away(settings)
    process.send(signal.SIGTERM)
    deadline = time.monotonic() + 3 * STOP_SECONDS
    while process.alive:
        if time.monotonic() > deadline:
            raise AetherError(
                f"process {process.pid} does not stop; end it with: kill -9 {process.pid}, "
                "then run: ./aether down",
                code="process-does-not-end",
            )
        time.sleep(0.1)
    return True


def _clear_away(settings: Settings) -> bool:
    """End what an `up` that was killed left, with the database if it was its own."""
    if not settings.home.is_dir():
        return False
    left = left_over(settings)
    before = record.recorded(settings)
    if not left and before is None:
        return False
    with record.only_one(settings):
        end_left_over(settings)
        stops = before is not None and not before.database_was_up and not settings.database_url
        running = stops and PrivateCluster(settings.home).status().running
        if running:
            PrivateCluster(settings.home).stop()
        record.erase(settings)
    return bool(left) or running
