"""Processes of the product, forked from one that has loaded its libraries already.

Each is a process of its own, with an environment, outputs and an exit code of its own. Only the
seconds that every Python needs to load torch, geopandas and the like are spent once a test
session. That commands, workers and `up` also start from their command lines is shown by tests of
`up` and of the launched command, which start them so.
"""

import os
import pickle
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from tests import fork_server

_SECONDS = 120
_SAME: Mapping[str, str] = MappingProxyType({})


class Ended(NamedTuple):
    """How a process ended: its exit code, negative for a signal, and what it printed."""

    code: int
    out: str
    err: str


class Forked:
    """A process at work; what a test needs of `subprocess.Popen`.

    Args:
        function: What it does, importable under its module's name. The number it returns is the
            exit code.
        arguments: What it is given.
        environment: What is otherwise in its environment than in this process's own.
        output: Where its standard output and error are written, one after the other.
        error: A file of its own for the latter.
    """

    def __init__(
        self,
        function: Callable[..., int | None],
        *arguments: Any,
        environment: Mapping[str, str] = _SAME,
        output: Path | None = None,
        error: Path | None = None,
    ) -> None:
        given = {**os.environ, **environment}
        wanted = fork_server.Wanted(
            f"{__name__}:{_be.__name__}",
            pickle.dumps((function, arguments, output, error)),
            given,
            str(Path.cwd()),
            tidy=False,
        )
        with Path(os.devnull).open("rb") as nothing:
            self._process = fork_server.ask(wanted, (nothing.fileno(), 1, 2))

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> int | None:
        return self._process.exit_code(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._process.exit_code(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("a forked process", timeout or 0.0)
        return code

    def send_signal(self, number: int) -> None:
        """As `Popen.send_signal`: one that has ended, as a worker may in an outage, is let be."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def ended(
    function: Callable[..., int | None],
    *arguments: Any,
    environment: Mapping[str, str] = _SAME,
) -> Ended:
    """Run a function in a process of its own, to its end."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        pipes = Path(folder) / "out", Path(folder) / "err"  # no limit on files is one on pipes
        printed: dict[int, bytearray] = {}
        for pipe in pipes:
            os.mkfifo(pipe)
            end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
            opened.callback(os.close, end)
            printed[end] = bytearray()
        output, error = pipes
        process = Forked(function, *arguments, environment=environment, output=output, error=error)
        deadline = time.monotonic() + _SECONDS
        over = False
        while not over:
            over = process.poll() is not None  # asked first: what it wrote by then is all there
            for end, lines in printed.items():
                with suppress(BlockingIOError):
                    while part := os.read(end, 65536):
                        lines.extend(part)
            if not over and time.monotonic() > deadline:
                process.kill()
                raise subprocess.TimeoutExpired("a forked process", _SECONDS)
            time.sleep(0.01)
        out, err = (bytes(lines).decode() for lines in printed.values())
        return Ended(process.wait(), out, err)


def run_script(script: str, *words: str, environment: Mapping[str, str] = _SAME) -> Ended:
    """Run a script, with its arguments, in a process of its own, to its end."""
    return ended(_be_script, script, words, environment=environment)


def command(*words: str, environment: Mapping[str, str] = _SAME) -> Ended:
    """Run one command line of ours to its end."""
    return ended(be_command, *words, environment=environment)


def be_command(*words: str) -> int:
    """Be one command line of ours, as `python -m cli` is."""
    from cli.__main__ import run

    sys.argv = ["aether", *words]
    return run(words)


def _be_script(script: str, words: tuple[str, ...]) -> None:
    sys.argv = ["-c", *words]
    exec(compile(textwrap.dedent(script), "<script>", "exec"), {"__name__": "__main__"})  # noqa: S102


def _be(
    function: Callable[..., int | None],
    arguments: tuple[Any, ...],
    output: Path | None,
    error: Path | None,
) -> int | None:
    """Be the new process."""
    from tests.forked_reader import lend
    from tests.remembered_sentences import remember

    os.setsid()
    for number, path in ((1, output), (2, error or output)):
        if path is not None:
            with path.open("ab") as file:
                os.dup2(file.fileno(), number)
    lend()
    remember()
    return function(*arguments)
