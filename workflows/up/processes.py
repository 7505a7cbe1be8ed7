"""Processes told apart by number and start time: a number alone may be another program's by now."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aether_core.errors import AetherError, InputError

PROC = Path("/proc")
STOP_SECONDS = 15.0
_KILL_SECONDS = 5.0
_DELETED = " (deleted)"


@dataclass(frozen=True)
class Process:
    """One process, for good.

    Attributes:
        pid: Its number.
        started: The machine's start and the process's own, as the kernel gives them.
    """

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return find(self.pid) == self

    @property
    def words(self) -> list[str]:
        """Its command line; empty when it is gone."""
        with suppress(OSError):
            raw = (PROC / str(self.pid) / "cmdline").read_bytes()
            return [word.decode(errors="replace") for word in raw.split(b"\0") if word]
        return []

    def send(self, number: signal.Signals) -> None:
        """Send it a signal; nothing happens when it is gone.

        Raises:
            InputError: It belongs to another user.
        """
        handle = _hold(self.pid)
        try:
            if not self.alive:
                return
            if handle is None:
                os.kill(self.pid, number)
            else:
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise InputError(
                "a process of this home folder belongs to another user",
                f"{self.pid} ({' '.join(self.words)})",
                "run as that user, or as root",
                code="process-of-another-user",
            ) from error
        finally:
            if handle is not None:
                os.close(handle)


def _hold(pid: int) -> int | None:
    """Hold on to whatever has this number now, so that it cannot pass to another program.

    None where the kernel is older than that call, or the process gone.
    """
    with suppress(OSError):
        return os.pidfd_open(pid)
    return None


def find(pid: int) -> Process | None:
    """The process that has this number now; None when there is none, or only its remains."""
    try:
        # The name, in parentheses, may hold anything; what follows it is numbers.
        fields = (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    state, started = fields[0], fields[19]
    return None if state in {"Z", "X"} else Process(pid, f"{boot} {started}")


def writing_to(folder: Path) -> Iterator[Process]:
    """Processes whose standard output is a file in a folder, also one deleted since."""
    for entry in PROC.glob("[0-9]*"):
        with suppress(OSError):
            target = str((entry / "fd/1").readlink()).removesuffix(_DELETED)
            there = Path(target)
            same = there.parent == folder and _is_output(entry, there)
            process = find(int(entry.name)) if same else None
            if process is not None:
                yield process


def _is_output(entry: Path, path: Path) -> bool:
    """Whether the path is the file written to, not its namesake in a container."""
    if not path.exists():
        return (entry / "ns/mnt").readlink() == (PROC / "self/ns/mnt").readlink()
    return path.samefile(entry / "fd/1")


def end(processes: Sequence[Process], *, patience_s: float = STOP_SECONDS) -> None:
    """End processes in good order; those that do not end within the time are killed.

    Raises:
        InputError: One belongs to another user.
        AetherError: One does not even end when it is killed.
    """
    for number, seconds in ((signal.SIGTERM, patience_s), (signal.SIGKILL, _KILL_SECONDS)):
        for process in processes:
            process.send(number)
        if _gone(processes, seconds):
            return
    left = [process.pid for process in processes if process.alive]
    raise AetherError(
        f"processes of this home folder do not stop: {', '.join(map(str, left))}",
        code="process-does-not-end",
    )


def _gone(processes: Sequence[Process], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while any(process.alive for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
