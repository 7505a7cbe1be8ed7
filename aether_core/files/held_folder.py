"""Scratch folders that a living process holds, so that what a killed one left can be told apart.

A held folder is called `.<name>.aether-<random>` and holds a locked file. The lock is the kernel's
and goes with the process, however it ends: a folder nobody has locked was left behind.
"""

import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path

_LOCK_FILE = ".aether-held"
_LONGEST_NAME = 60
_LEFT = re.compile(r"\.(?P<name>.*)\.aether-[a-z0-9_]{8}")


class HeldFolder:
    """A folder of this process alone; made by `hold_folder`.

    Attributes:
        path: Where it is; empty but for the file that locks it.
    """

    def __init__(self, path: Path, lock: int | None) -> None:
        self.path = path
        self._lock = lock

    def remove(self) -> None:
        """Remove it with all that is in it, and let go of it."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def hold_folder(parent: Path, name: str) -> HeldFolder:
    """Make a new folder that stays this process's until it is removed.

    Args:
        parent: An existing folder, on the file system where the content is to go in the end.
        name: What it is for; shortened when long.

    Raises:
        OSError: It cannot be made.
    """
    while True:
        path = Path(tempfile.mkdtemp(prefix=f".{_short(name)}.aether-", dir=parent))
        try:
            lock = os.open(path / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            continue  # somebody who cleans up took it before it was locked
        except OSError:
            shutil.rmtree(path, ignore_errors=True)
            raise
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a file system without locks: nobody will find it unlocked, either
            os.close(lock)
            return HeldFolder(path, None)
        if _is(path / _LOCK_FILE, lock):
            return HeldFolder(path, lock)
        os.close(lock)


def is_held_name(name: str) -> bool:
    """Whether a folder of this name was made by `hold_folder`."""
    return _LEFT.fullmatch(name) is not None


def remove_left(parent: Path, name: str | None = None) -> list[Path]:
    """Remove the folders that processes left which ended without removing them.

    Args:
        parent: Where to look; folders below are not looked into.
        name: Only those for this name; all when left out.

    Returns:
        What was removed.
    """
    wanted = None if name is None else _short(name)
    try:
        entries = [entry for entry in os.scandir(parent) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    found = [(Path(entry.path), _LEFT.fullmatch(entry.name)) for entry in entries]
    return [
        path
        for path, match in found
        if match and (wanted is None or match["name"] == wanted) and _removed(path)
    ]


def _removed(path: Path) -> bool:
    """Remove a folder unless somebody holds it."""
    try:
        lock = os.open(path / _LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(path, ignore_errors=True)
    except OSError:  # held, or a file system without locks, where nothing can be told
        return False
    finally:
        os.close(lock)
    return not path.exists()


def _short(name: str) -> str:
    """As much of a name as leaves room for the rest, whatever its letters take as bytes."""
    short = name[:_LONGEST_NAME]
    while len(os.fsencode(short)) > 4 * _LONGEST_NAME - 40:
        short = short[:-1]
    return short


def _is(path: Path, descriptor: int) -> bool:
    """Whether a path still names the open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
