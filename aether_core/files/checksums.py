"""Whether a file still holds what was put into it."""

from functools import lru_cache
from pathlib import Path

from aether_core.errors import DamagedFileError, NotFoundError
from aether_core.files.whole import sha256_of


def check_sha256(path: Path, expected: str, *, remedy: str) -> None:
    """Refuse a file whose content is not what it was.

    The file is read once a process for each time it was changed, since rasters have gigabytes.

    Args:
        path: The file.
        expected: Its SHA-256 as 64 hexadecimal digits.
        remedy: What to do if it is another, without a full stop.

    Raises:
        NotFoundError: The file is gone.
        DamagedFileError: It holds something else.
    """
    shown = Path(*path.parts[-3:])  # whole paths are cut where the name of the file stands
    try:
        there = path.stat()
        found = _digest(path, there.st_dev, there.st_ino, there.st_mtime_ns, there.st_size)
    except FileNotFoundError:
        raise NotFoundError(
            "a file in the home folder is missing", shown, remedy, code="home-file-gone"
        ) from None
    except OSError as error:
        raise DamagedFileError(
            "a file in the home folder cannot be read", f"{shown} ({error.strerror})", remedy
        ) from error
    if found != expected:
        raise DamagedFileError("a file in the home folder was damaged or changed", shown, remedy)


@lru_cache(maxsize=4096)
def _digest(path: Path, _device: int, _inode: int, _changed: int, _size: int) -> str:
    return sha256_of(path)
