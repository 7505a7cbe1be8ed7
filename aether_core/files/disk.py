"""What a disk that is full, read-only or closed to this user means, in plain words."""

import errno
import os
import pwd
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from aether_core.errors import AetherError, DiskFullError, DiskReadOnlyError, InputError

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of a write that found no room: on the disk, in the quota, below the largest file size."""
_CLOSED = frozenset({errno.EACCES, errno.EPERM})
_SPOKEN = {os.strerror(number): number for number in (*FULL - {errno.EFBIG}, errno.EROFS)}
"""How the system says it; libraries without error numbers repeat these words."""
_SPOKEN["database or disk is full"] = errno.ENOSPC  # SQLite
_LEAST_FREE_BYTES = 65_536
"""Below this, whatever went wrong is taken for the disk's fault: some libraries give no reason."""


def disk_error(error: BaseException, folders: Sequence[Path] = ()) -> AetherError | None:
    """What an error says of a disk; None when it is about something else.

    The errors it came from are looked at, too: libraries wrap the system's own.

    Args:
        error: Any error.
        folders: Folders that may have been written to, the likeliest first. One of them is named
            when the error does not name a file.
    """
    for one in origins(error):
        number = _number(one)
        named = _folder_of(one)
        if number in FULL:
            return _full(number, named or next(filter(_has_no_room, folders), _any(folders)))
        if number == errno.EROFS:
            return DiskReadOnlyError(
                f"the disk of {named or next(filter(_is_read_only, folders), _any(folders))} is "
                "read-only; mount it for writing, or set AETHER_HOME to a folder on another disk"
            )
        if number in _CLOSED and named is not None:
            return _closed(one, named)
    exhausted = next(filter(_has_no_room, folders), None)
    return None if exhausted is None else _full(errno.ENOSPC, exhausted)


@contextmanager
def disk_in_words(*folders: Path) -> Iterator[None]:
    """Do what writes to these folders; a disk at fault is told in plain words.

    Raises:
        DiskFullError: There is no room.
        DiskReadOnlyError: The disk is mounted read-only.
        InputError: The folder is closed to this user.
        AetherError: What the block raises and is not about a disk.
    """
    try:
        yield
    except (OSError, AetherError) as error:
        plain = None if isinstance(error, InputError) else disk_error(error, folders)
        if plain is None:
            raise
        raise plain from error


def origins(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, what that was raised from, and so on."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or (
            None if current.__suppress_context__ else current.__context__
        )


def _number(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    message = str(error)
    return next((number for words, number in _SPOKEN.items() if words in message), None)


def _folder_of(error: BaseException) -> Path | None:
    """The folder of the file an error names, or the nearest one above that is there."""
    name = error.filename if isinstance(error, OSError) else None
    if not isinstance(name, str | bytes | os.PathLike):
        return None
    path = Path(os.path.abspath(os.fsdecode(name)))  # noqa: PTH100 - links stay as they were named
    with suppress(OSError):
        return next(one for one in path.parents if one.is_dir())
    return path.parent


def _full(number: int | None, folder: Path) -> DiskFullError:
    remedy = "make room there and try again"
    if number == errno.EDQUOT:
        return DiskFullError(f"this user's quota on the disk of {folder} is used up; {remedy}")
    if number == errno.EFBIG:
        return DiskFullError(
            f"a file in {folder} would be larger than its file system, or `ulimit -f`, allows; "
            "lift that limit, or set AETHER_HOME to a folder on another disk"
        )
    return DiskFullError(f"no room left on the disk of {folder}; {remedy}")


def _closed(error: BaseException, folder: Path) -> InputError:
    path = Path(os.fsdecode(error.filename)) if isinstance(error, OSError) else folder
    owner = ""
    with suppress(OSError, KeyError):
        there = path if path.exists() else folder
        owner = f" (it belongs to {pwd.getpwuid(there.stat().st_uid).pw_name})"
    return InputError(
        "this user has no access to the file or folder",
        f"{path}{owner}",
        "run as its owner, or set AETHER_HOME to a folder of your own",
        code="file-not-permitted",
    )


def _has_no_room(folder: Path) -> bool:
    """Whether a folder's disk has no free bytes, or no free entries, to speak of."""
    with suppress(OSError):
        state = os.statvfs(_standing(folder))
        short = state.f_blocks > 0 and state.f_bavail * state.f_frsize < _LEAST_FREE_BYTES
        return short or (state.f_files > 0 and state.f_favail == 0)
    return False


def _is_read_only(folder: Path) -> bool:
    with suppress(OSError):
        return bool(os.statvfs(_standing(folder)).f_flag & os.ST_RDONLY)
    return False


def _standing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(one for one in (folder, *folder.absolute().parents) if one.exists())


def _any(folders: Sequence[Path]) -> Path:
    return folders[0] if folders else Path(tempfile.gettempdir())
