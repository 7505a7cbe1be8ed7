"""Where log lines go: to standard error, and nowhere where a full disk leaves no room for them."""

import io
import os
import sys
from contextlib import suppress

import structlog


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
