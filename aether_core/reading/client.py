"""Asking for a file to be read: the side of the program that wants what is in it."""

import atexit
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

from aether_core.files.held_folder import hold_folder, remove_left
from aether_core.reading.confined import lacking
from aether_core.reading.errors import UnforeseenReadingError, error_from, given_up
from aether_core.reading.limits import READERS_AT_ONCE, ReadingLimits, reading_limits

OUTCOME = "outcome.json"
FOUND = "found"
STDERR = "stderr"
_SCRATCH = "reading"
_LAST_WORDS = 4096
_END_SECONDS = 0.5
_NO_MEMORY = (b"bad_alloc", b"out of memory", b"cannot allocate memory")
log = logging.getLogger("aether.reading")
_OWN_POOLS = {
    # One thread a library: a process that forks must have none beside its own.
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # Arrow's other pools reserve memory ahead, which would count against the limit.
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}

_PACKAGES: Final = Path(__file__).parents[2]


class ReaderSource:
    """The process that readers are forked from; it ends with this program, however that ends."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        if missing := lacking():
            log.warning("this kernel cannot keep file readers from: %s", " and ".join(missing))
        # An empty entry stands for the folder this program was started in, for `python -c` say.
        path = os.pathsep.join([str(_PACKAGES), *filter(None, sys.path)])
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "aether_core.reading.server", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **_OWN_POOLS, "PYTHONPATH": path},
                # Ctrl-C in the terminal is for this program, which ends the other one.
                start_new_session=True,
            )
        self._control = ours

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def gone(self) -> bool:
        """Whether it has ended.

        Raises:
            UnforeseenReadingError: By an error of its own.
        """
        try:
            status = self._process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        if status > 0:
            raise UnforeseenReadingError("the file reader cannot start; see the log")
        return True

    def answer(self, asked: Mapping[str, object]) -> str:
        """Have a reader run and return how it ended; "" when it or this process died unseen."""
        ours, theirs = socket.socketpair()
        with ours, suppress(OSError):
            with theirs:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            ours.sendall(json.dumps(asked).encode() + b"\n")
            with ours.makefile("rb") as line:
                return line.readline().decode().strip()
        return ""

    def close(self) -> None:
        """End it; readers at work go on until they are done or their callers are gone."""
        self._control.close()
        self._process.wait()


_source: ReaderSource | None = None
_lock = threading.Lock()
_places = threading.BoundedSemaphore(READERS_AT_ONCE)


def start_reading() -> None:
    """Start to load the readers in their process, so that the first file need not wait for it."""
    _started()


def read(reader: str, args: Sequence[object], kwargs: Mapping[str, object], file: str) -> Any:  # noqa: ANN401
    """Run a reader in a process of its own.

    Args:
        reader: `module:function`.
        args: Its arguments.
        kwargs: Its named arguments.
        file: Name of the file, for messages.

    Returns:
        What it returned.

    Raises:
        AetherError: What it raised.
        UnreadableFileError: It broke a limit, or died.
        UnforeseenReadingError: It failed otherwise.
    """
    from aether_core.reading.values import Packer  # pandas: whoever reads nothing starts without

    limits = reading_limits()
    with _places, _scratch() as folder:
        (folder / FOUND).mkdir()
        asked = {
            "reader": reader,
            "arguments": Packer(folder).pack([list(args), dict(kwargs)]),
            "folder": str(folder),
            "cwd": str(Path.cwd()),
            "limits": asdict(limits),
        }
        return _outcome(folder, _ended(asked), reader, file, limits)


def remove_left_readings() -> list[Path]:
    """Remove what programs left in the folder for temporary files that were killed in mid-reading.

    Returns:
        The folders that were removed; another user's stay.
    """
    return remove_left(Path(gettempdir()), _SCRATCH)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder for one reading, in which its arguments and its outcome lie."""
    folder = hold_folder(Path(gettempdir()), _SCRATCH)
    try:
        yield folder.path
    finally:
        folder.remove()


def _started() -> ReaderSource:
    global _source  # noqa: PLW0603 - one a program, made when first needed
    with _lock:
        if _source is None or not _source.alive():
            _source = ReaderSource()
        return _source


def _ended(asked: Mapping[str, object]) -> str:
    """Have a reader run; returns how it ended, "" when nobody can say."""
    source = _started()
    ended = source.answer(asked)
    if not ended and source.gone():  # it was ended from outside before the reader began
        ended = _started().answer(asked)
    return ended


def _outcome(folder: Path, ended: str, reader: str, file: str, limits: ReadingLimits) -> Any:  # noqa: ANN401 - whatever the reader returned
    """Return or raise what a reader left in its folder."""
    if ended == "time":
        raise given_up("time", file, limits)
    if ended != "done":
        said = (folder / STDERR).read_bytes()[-_LAST_WORDS:] if (folder / STDERR).exists() else b""
        # Whoever is killed from outside was killed for the memory it took.
        starved = ended in {"", "killed"} or any(sign in said.lower() for sign in _NO_MEMORY)
        raise given_up("memory" if starved else "crash", file, limits)
    if not (folder / OUTCOME).exists():  # not even an error could be written
        raise given_up("crash", file, limits)
    from aether_core.reading.values import unpack

    outcome = json.loads((folder / OUTCOME).read_bytes())
    if "given_up" in outcome:
        raise given_up(outcome["given_up"], file, limits)
    if "error" in outcome:
        raise error_from(outcome["error"])
    if "unforeseen" in outcome:
        error = UnforeseenReadingError(
            f"{reader} failed on {file}, an internal error: {outcome['unforeseen']}"
        )
        error.details = outcome["details"]
        error.add_note(error.details)
        raise error
    return unpack(outcome["value"], folder / FOUND)


def _close() -> None:
    if _source is not None:
        _source.close()


def _forget() -> None:
    """Leave the parent's process of readers to the parent: a fork starts one of its own."""
    global _source, _lock, _places  # noqa: PLW0603 - see `_started`
    _source = None
    _lock = threading.Lock()
    _places = threading.BoundedSemaphore(READERS_AT_ONCE)


atexit.register(_close)
os.register_at_fork(after_in_child=_forget)
