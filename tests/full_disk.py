"""A disk that is really full: a small file system, or a limit where none can be mounted."""

import ctypes
import os
import resource
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.forks import Ended, be_command, ended

_MOUNTED = "mounted"


@dataclass(frozen=True)
class SmallDisk:
    """A folder whose disk can be filled up, or made read-only.

    Attributes:
        folder: Its place. What lies there is seen through `run` alone.
        holder: The process whose mounts have it; None where nothing could be mounted, so that a
            full disk is a limit of zero bytes on every file written.
    """

    folder: Path
    holder: int | None
    _full: list[bool]

    @property
    def mounted(self) -> bool:
        """Whether it is a file system of its own."""
        return self.holder is not None

    def inside(self, command: list[str]) -> list[str]:
        """A command as one that sees the disk."""
        if self.holder is None:
            return command
        return ["nsenter", f"--target={self.holder}", "--mount", "--", *command]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program that sees the disk, to its end."""
        return subprocess.run(
            self.inside(list(command)), capture_output=True, text=True, check=False, timeout=100
        )

    def aether(self, *words: str, url: str = "") -> Ended:
        """Run one command of ours whose home is the disk's folder `home`."""
        home = str(self.folder / "home")
        environment = {
            "AETHER_HOME": home,
            "AETHER_DATABASE_URL": url,
            "AETHER_DISK_RESERVE_MB": "0",  # else jobs wait for room before the disk is full
        }
        limited = bool(self._full) and self.holder is None
        return ended(_command_on_disk, self.holder, limited, words, environment=environment)

    def fill(self) -> None:
        """Leave not one byte free."""
        self._full.append(True)
        if self.mounted:
            filler = self.folder / "filler"
            self.run("sh", "-c", f"cat /dev/zero >> '{filler}' 2>/dev/null")

    def free(self) -> None:
        """Make room again."""
        self._full.clear()
        if self.mounted:
            self.run("rm", "-f", str(self.folder / "filler"))


def _command_on_disk(holder: int | None, limited: bool, words: Sequence[str]) -> int:
    """Be a command line of ours that sees the disk."""
    if holder is not None:
        folder = Path.cwd()
        with Path(f"/proc/{holder}/ns/mnt").open() as mounts:
            if ctypes.CDLL(None, use_errno=True).setns(mounts.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "the disk's mounts cannot be joined")
        os.chdir(folder)
    if limited:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return be_command(*words)


@contextmanager
def small_disk(folder: Path, *, megabytes: int, holds: Path | None = None) -> Iterator[SmallDisk]:
    """Make a small disk at a folder that is there; it is gone at the end, with all on it.

    Args:
        folder: An empty folder.
        megabytes: Its size.
        holds: A folder whose content is copied onto it as its folder `home`.
    """
    script = (
        f"mount -t tmpfs -o size={megabytes}m,mode=755 tmpfs '{folder}' && "
        f"echo {_MOUNTED} && exec cat"  # until its input ends
    )
    holder = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert holder.stdout is not None
        mounted = holder.stdout.readline().strip() == _MOUNTED
        disk = SmallDisk(folder, holder.pid if mounted else None, [])
        if holds is not None and mounted:
            disk.run("cp", "-a", str(holds), str(folder / "home"))
        elif holds is not None:
            shutil.copytree(holds, folder / "home")
        yield disk
    finally:
        holder.communicate()
