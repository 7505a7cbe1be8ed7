"""The process that all others of a test session are forked from: it has loaded what they need.

    python -m tests.fork_server [--collect PYTEST'S ARGUMENTS]

says on which socket it listens, forks whoever is asked for there, and tells the asker its number
and exit code. It ends with its standard input, and ends whatever it forked.

With `--collect` it collects tests first, as pytest does, so that whole test processes are forked
from it, which have imported all of them: otherwise each compiles and loads the same modules.

Who asks for a test process starts without site-packages: only the standard library is imported
here, and the libraries by whoever serves.
"""

import os
import pickle
import selectors
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

ADDRESS = "TESTS_FORK_SERVER"
"""The variable that names its socket to all processes of a test session."""
ROOT = Path(__file__).resolve().parents[1]
PRELOADED = (
    *(f"workflows.{name}" for name in ("jobs.worker", "training.train", "fetch.job")),
    *(f"workflows.{room}.job_kinds" for room in ("cities", "tasks")),
    *(f"workflows.{room}.job_kind" for room in ("training", "layers", "reports")),
    *(f"workflows.evaluation.{name}" for name in ("comparison_job", "study_job")),
    "cli.app",
    *(f"aether_core.text.{name}" for name in ("bert", "minilm")),
    *(f"sklearn.{name}" for name in ("linear_model", "model_selection", "metrics")),
    "aether_core.model.training.trainer",
    "torch._dynamo",  # what the first optimizer loads
    "tests.aether_core.model.checkpoints.killed_run",
    "tests.killing",
    "tests.remembered_sentences",
    "tests.languages_told_apart",
)
_LENGTH, _NUMBER = struct.Struct("!I"), struct.Struct("!i")
_STANDARD = (0, 1, 2)
_ANSWER_SECONDS = 60.0
_AT_WORK: "list[Asked]" = []
"""Whoever is let go of is ended; but a test may start a worker and forget it."""
_STARTED: "list[subprocess.Popen[str]]" = []


class Wanted(NamedTuple):
    """A process that is asked for.

    Attributes:
        function: What it does, as `module:name`; the number it returns is the exit code.
        arguments: What it is given, pickled.
        environment: Its variables, all of them.
        folder: Where it works.
        tidy: It ends as a program does, instead of at once: that goes through all that is loaded.
    """

    function: str
    arguments: bytes
    environment: dict[str, str]
    folder: str
    tidy: bool


class Asked:
    """A process that was asked for.

    Args:
        wanted: What for.
        files: Its standard input, output and error.
    """

    def __init__(self, wanted: Wanted, files: Sequence[int]) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(os.environ[ADDRESS])
        letter = pickle.dumps(tuple(wanted))
        socket.send_fds(self._socket, [_LENGTH.pack(len(letter))], list(files))
        self._socket.sendall(letter)
        self.pid = self._number(_ANSWER_SECONDS)
        self._code: int | None = None

    def exit_code(self, timeout: float | None) -> int | None:
        """Its exit code, negative for a signal; None while it runs.

        Args:
            timeout: How long to wait for its end, seconds; None is as long as it takes.
        """
        if self._code is None:
            with suppress(TimeoutError, BlockingIOError):
                self._code = self._number(timeout)
                self._socket.close()
        return self._code

    def _number(self, timeout: float | None) -> int:
        self._socket.settimeout(timeout)
        told = self._socket.recv(_NUMBER.size)
        if not told:
            raise ConnectionError("the process that tests fork others from is gone")
        return int(_NUMBER.unpack(told)[0])


def ask(wanted: Wanted, files: Sequence[int]) -> Asked:
    """Have a process forked, by a server that is started where there is none yet.

    Args:
        wanted: What for.
        files: Its standard input, output and error.
    """
    if ADDRESS not in os.environ:
        begin()
    _AT_WORK[:] = [one for one in _AT_WORK if one.exit_code(0) is None]
    asked = Asked(wanted, files)
    _AT_WORK.append(asked)
    return asked


def begin(collected: Sequence[str] | None = None) -> None:
    """Start one for this process and all that it starts; it ends with this process.

    Args:
        collected: Arguments of pytest whose tests it imports; None for no tests.
    """
    words = [] if collected is None else ["--collect", *collected]
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.fork_server", *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    assert address, "the process that tests fork others from did not start"
    os.environ[ADDRESS] = address
    _STARTED.append(server)


def xdist_python() -> str:
    """What xdist is to start in Python's place: this file, which asks for a test process."""
    return shlex.join([sys.executable, "-S", "-P", str(Path(__file__).resolve())])


def _stand_in(words: Sequence[str]) -> int:
    """Ask for a test process with this one's pipes, and be for xdist as if this were it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # which that process gets, too
    wanted = Wanted(
        "tests.fork_server:_be_python",
        pickle.dumps(tuple(words)),
        dict(os.environ),
        str(Path.cwd()),
        tidy=True,
    )
    asked = Asked(wanted, _STANDARD)
    for number in _STANDARD:  # xdist knows that process's end by the end of its pipes
        os.close(number)
    return 0 if asked.exit_code(None) == 0 else 1


def _be_python(*words: str) -> None:
    """Be a Python that was started with `-u -c CODE`."""
    sys.argv = ["-c"]
    sys.stdin = os.fdopen(0, closefd=False)
    exec(words[words.index("-c") + 1], {"__name__": "__main__"})  # noqa: S102 - xdist's own


class _Server:
    """Forks whoever is asked for.

    Args:
        listener: Where it is asked.
    """

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._askers: dict[socket.socket, int] = {}
        self._woken, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker)
        self._ours = (self._woken, waker)
        self._selector = selectors.DefaultSelector()
        for one in (sys.stdin, self._woken, listener):
            self._selector.register(one, selectors.EVENT_READ)

    def serve(self) -> tuple[Wanted, list[int]] | None:
        """Fork processes until standard input ends.

        Returns:
            In each of them, what it was asked for and its files. None at the end.
        """
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is sys.stdin:
                    for pid in self._askers.values():
                        os.kill(pid, signal.SIGKILL)
                    return None
                if key.fileobj == self._woken:
                    self._tell_ends()
                elif key.fileobj is not self._listener:  # who asked is gone
                    self._selector.unregister(key.fileobj)
                    os.kill(self._askers[key.fileobj], signal.SIGTERM)
                elif born := self._fork():
                    return born

    def _fork(self) -> tuple[Wanted, list[int]] | None:
        asker, _ = self._listener.accept()
        wanted, files = _read(asker)
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            for one in (self._listener, asker, *self._askers):
                one.close()
            for number in self._ours:
                os.close(number)
            return wanted, files
        for number in files:
            os.close(number)
        self._askers[asker] = pid
        self._selector.register(asker, selectors.EVENT_READ)
        with suppress(OSError):
            asker.sendall(_NUMBER.pack(pid))
        return None

    def _tell_ends(self) -> None:
        """Tell who asked for a process that has ended, and with what."""
        os.read(self._woken, 4096)
        for asker, pid in list(self._askers.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                del self._askers[asker]
                with suppress(KeyError):
                    self._selector.unregister(asker)
                with suppress(OSError), asker:
                    asker.sendall(_NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _read(asker: socket.socket) -> tuple[Wanted, list[int]]:
    length, files, _, _ = socket.recv_fds(asker, _LENGTH.size, len(_STANDARD))
    with asker.makefile("rb") as letters:
        letter = letters.read(_LENGTH.unpack(length)[0])
    return Wanted(*pickle.loads(letter)), files  # noqa: S301 - in a folder of our own


def _be(wanted: Wanted, files: Sequence[int]) -> NoReturn:
    """Be the process that was asked for."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number, file in zip(_STANDARD, files, strict=True):
        os.dup2(file, number)
        os.close(file)
    os.chdir(wanted.folder)
    os.environ.clear()
    os.environ.update(wanted.environment)
    module, name = wanted.function.split(":")
    function: Callable[..., int | None] = getattr(import_module(module), name)
    arguments: tuple[Any, ...] = pickle.loads(wanted.arguments)  # noqa: S301 - as above
    if wanted.tidy:
        raise SystemExit(function(*arguments))
    code = _code_of(function, arguments)
    threading._shutdown()  # as Python does: waits for threads, and lets idle ones of pools go
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _code_of(function: Callable[..., int | None], arguments: tuple[Any, ...]) -> int:
    try:
        return function(*arguments) or 0
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        sys.stderr.write(f"{leaving.code}\n")
    except BaseException:  # noqa: BLE001 - as Python ends with any
        traceback.print_exc()
    return 1


def _load(collected: Sequence[str] | None) -> None:
    """Import tests and libraries, and start the process that reads files."""
    import gc

    if collected is not None:  # first, so that pytest finds its plugins not imported yet
        import pytest

        with (
            Path(os.devnull).open("w") as nowhere,
            redirect_stdout(nowhere),
            redirect_stderr(nowhere),
        ):
            pytest.main(
                [*collected, "--collect-only", "-q", "-n0"]
            )  # test processes say what fails
    for name in (*PRELOADED, "tests.forked_reader"):
        import_module(name)
    # A collection in a fork would look at, and so copy, all that is loaded.
    gc.collect()
    gc.freeze()


def main(words: Sequence[str]) -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it
    _load(words[1:] if words[:1] == ["--collect"] else None)
    folder = tempfile.mkdtemp(prefix="aether-forks-")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{folder}/socket")
    listener.listen(128)
    sys.stdout.write(f"{folder}/socket\n")
    sys.stdout.flush()
    born = _Server(listener).serve()
    if born is not None:
        _be(*born)
    shutil.rmtree(folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["-u"]:
        sys.exit(_stand_in(sys.argv[1:]))
    main(sys.argv[1:])
