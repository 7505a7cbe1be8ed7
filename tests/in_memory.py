"""Where tests write: in memory, where the machine has room there."""

import os
import shutil
from pathlib import Path

_IN_MEMORY, _ROOM_BYTES = Path("/dev/shm"), 4 * 1024**3  # noqa: S108 - folders of ours are made in it


def quick_folder() -> Path | None:
    """The folder in memory, where the machine has one with room to spare.

    A database has 500 files: made and deleted by the hundred on a disk, each takes the system 0.1
    to 0.3 s of processor, in memory 0.03 s. All clusters of a run take about a gigabyte.
    """
    usable = _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK)
    return _IN_MEMORY if usable and shutil.disk_usage(_IN_MEMORY).free > _ROOM_BYTES else None


def write_in_memory() -> None:
    """Let tests, and the processes they start, put their temporary files there.

    Files that a store keeps are written through to the disk before they count, which a disk takes
    its time for. Where programs may not be started from that folder, as in many containers, the
    system's own is used: tests write programs, too.
    """
    folder = quick_folder()
    if folder is not None and not os.statvfs(folder).f_flag & os.ST_NOEXEC:
        os.environ.setdefault("TMPDIR", str(folder))
