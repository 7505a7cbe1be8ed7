"""Where log lines go: to standard error, and nowhere where a full disk leaves no room for them.

Log files do not grow for ever.
"""

import io
import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

LONGEST_BYTES: Final = 10_000_000
KEPT: Final = 3
"""How many older parts stay beside a log, `.1` the newest."""


class _Forgiving(io.TextIOBase):
    """Writes at once to a file descriptor, as far as its disk has room."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def encoding(self) -> str:  # type: ignore[override] # a variable there, fixed here
        """What text is written in."""
        return "utf-8"

    def writable(self) -> bool:
        """True."""
        return True

    def fileno(self) -> int:
        """The descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether somebody reads it on a terminal."""
        return os.isatty(self._descriptor)

    def write(self, text: str) -> int:
        """Write what there is room for, and say that all of it was."""
        with suppress(OSError):
            os.write(self._descriptor, text.encode(self.encoding, "backslashreplace"))
        return len(text)


def log_to_stderr() -> None:
    """Keep log lines off standard output, where a command prints its one document."""
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def forgive_full_disk() -> None:
    """Let this process go on when its log has no room: a log is no reason to lose a job."""
    sys.stdout, sys.stderr = _Forgiving(1), _Forgiving(2)


def rotate(log: Path) -> bool:
    """Move what a log holds to `<log>.1` once it is long, and older parts one further.

    Processes go on writing to the same file: it is emptied, not renamed, and all of them append.
    A line that is written in that very moment may be lost. A disk that is full is no reason to
    end anything: then the log is emptied alone.

    Returns:
        Whether it was long.
    """
    try:
        if log.stat().st_size <= LONGEST_BYTES:
            return False
        for number in range(KEPT, 1, -1):
            with suppress(FileNotFoundError):
                _part(log, number - 1).replace(_part(log, number))
        with suppress(OSError):
            shutil.copyfile(log, _part(log, 1))
        with log.open("r+b") as file:
            file.truncate()
    except OSError:  # another process is at it, or it is not ours
        return False
    return True


def _part(log: Path, number: int) -> Path:
    return log.with_name(f"{log.name}.{number}")
