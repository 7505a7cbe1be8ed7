"""Writing files whole or not at all, and knowing them by their content."""

import errno
import hashlib
import os
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from aether_core.errors import AetherError, ConflictError, DiskFullError, InputError
from aether_core.files.held_folder import HeldFolder, hold_folder, remove_left

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NOT_ALLOWED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT})
_LONGEST_NAME_BYTES = 255
_LONGEST_PATH_BYTES = 4095
_LEAST_FREE_BYTES = 65_536
"""Below this much free space a library's own write error is taken for a full disk."""


@contextmanager
def atomic_path(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Write a file whole or not at all.

    The caller writes the path that is yielded. It carries the name of the target in a temporary
    folder beside it, so that the journals some formats keep next to a file vanish with it. When the
    block ends well the file is synchronised to the disk and renamed over the target; when it ends
    in an error, everything is removed and the target is as it was. What a process that was killed
    left of the same target goes, too.

    Args:
        path: The file to be written.
        force: Replace a file that is already there.

    Yields:
        The path to write, on the file system of the target and with its name.

    Raises:
        ConflictError: The file exists and `force` is false.
        InputError: The folder does not exist, the path is a folder, or writing is not permitted.
        AetherError: The disk is full.
    """
    target = Path(path)
    check_target(target, force=force)
    scratch = _scratch_folder(target)
    try:
        written = scratch.path / target.name
        yield written
        check_target(target, force=force)
        synchronise(written)
        written.replace(target)
        synchronise(target.parent)
    except AetherError:
        raise
    except Exception as error:
        explained = _explain(error, target)
        if explained is None:
            raise
        raise explained from error
    finally:
        scratch.remove()


@contextmanager
def atomic_folder(
    path: Path, *, force: bool = False, holds: Collection[str] = ()
) -> Iterator[Path]:
    """Write a folder of plain files whole or not at all.

    The caller fills the folder that is yielded. When the block ends well its files are synchronised
    to the disk and it is renamed to the target; when it ends in an error, everything is removed and
    the target is as it was. A target that is there and empty is taken as if it were not there.

    Args:
        path: The folder to be written.
        force: Replace a folder that is there, if it holds nothing but files named in `holds`.
        holds: Names of files that may be replaced; anything else is somebody's and stays.

    Yields:
        An empty folder on the file system of the target and with its name.

    Raises:
        ConflictError: The folder holds something and `force` is false.
        InputError: The parent does not exist, the path is a file, the folder holds something else,
            or writing is not permitted.
        DiskFullError: There is no room left.
        AetherError: The file system refused in another way.
    """
    _check_name(Path(path))
    target = Path(os.path.realpath(path))
    _check_folder(target, force=force, holds=holds)
    scratch = _scratch_folder(target)
    try:
        whole = scratch.path / target.name
        whole.mkdir()
        yield whole
        for written in whole.iterdir():
            synchronise(written)
        synchronise(whole)
        _check_folder(target, force=force, holds=holds)
        _take_place(whole, target, scratch.path / ".before")
        synchronise(target.parent)
    except OSError as error:
        explained = _explain(error, target)
        raise explained or AetherError(
            f"{target} could not be written: {error.strerror}", code="output-not-written"
        ) from error
    finally:
        scratch.remove()


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def synchronise(path: Path) -> None:
    """Force a file's content, or a folder's entries, to the disk.

    Raises:
        OSError: The disk refuses it.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_target(target: Path, *, force: bool) -> None:
    """Refuse a file that cannot or must not be written, before the work that would fill it.

    Args:
        target: The file to be written.
        force: Replace a file that is already there.

    Raises:
        ConflictError: The file exists and `force` is false.
        InputError: The folder does not exist, the path is a folder, or no file can have this name.
    """
    _check_name(target)
    if not target.parent.is_dir():
        raise InputError(
            "the folder of the output file does not exist",
            target,
            "create the folder first",
            code="no-such-output-folder",
        )
    if target.is_dir():
        raise InputError(
            "the output path is a folder",
            target,
            "give the name of a file in it",
            code="output-is-a-folder",
        )
    if target.exists() and not force:
        raise ConflictError(
            "file exists", target, "choose another name or add --force", code="file-exists"
        )


def _check_name(target: Path) -> None:
    """Refuse a name that no file system takes, which would fail in words of its own.

    Raises:
        InputError: It holds a NUL, or is longer than a name or a path may be.
    """
    if "\0" in str(target):
        raise InputError(
            "the output's name holds a NUL character",
            repr(str(target)),
            "leave it out",
            code="output-name-with-nul",
        )
    longest = max((len(os.fsencode(part)) for part in target.parts), default=0)
    if longest > _LONGEST_NAME_BYTES or len(os.fsencode(target)) > _LONGEST_PATH_BYTES:
        raise InputError(
            "the output's name is too long for a file",
            target,
            "give a shorter one",
            code="output-name-too-long",
        )


def _check_folder(target: Path, *, force: bool, holds: Collection[str]) -> None:
    """Refuse a folder that cannot or must not be written."""
    _check_name(target)
    if not target.parent.is_dir():
        raise InputError(
            "the folder of the output does not exist",
            target.parent,
            "create the folder first",
            code="no-such-output-folder",
        )
    if not target.exists():
        return
    if not target.is_dir():
        raise ConflictError(
            "a file with this name exists",
            target,
            "give the name of a folder",
            code="output-folder-is-a-file",
        )
    present = sorted(child.name for child in target.iterdir())
    if present and not force:
        raise ConflictError(
            "folder exists", target, "choose another name or add --force", code="folder-exists"
        )
    others = [name for name in present if name not in holds]
    if others:
        raise InputError(
            "the folder contains other files, so it is not replaced",
            f"{target} with {others[0]}",
            "choose another name",
            code="folder-holds-other-things",
        )


def _take_place(whole: Path, target: Path, before: Path) -> None:
    """Rename a folder to a target that may be there; what was there comes back on an error."""
    if target.exists():
        target.rename(before)
    try:
        whole.rename(target)
    except OSError:
        if before.exists():
            before.rename(target)
        raise


def _scratch_folder(target: Path) -> HeldFolder:
    """Make the temporary folder beside the target, in the place of those that were left there."""
    try:
        remove_left(target.parent, target.name)
        return hold_folder(target.parent, target.name)
    except OSError as error:
        explained = _explain(error, target)
        if explained is None:
            raise
        raise explained from error


def _explain(error: Exception, target: Path) -> AetherError | None:
    """Return the plain error for a failed write, or None when it is not about the file system."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, OSError) and not target.parent.is_dir():
        return InputError(
            "the output folder was removed in the meantime",
            target.parent,
            "create it again",
            code="output-folder-removed",
        )
    # GDAL and SQLite report a full disk in words of their own, without an error number.
    room = shutil.disk_usage(target.parent)
    if number in _FULL or 0 < room.free < _LEAST_FREE_BYTES or (room.total and not room.free):
        return DiskFullError(
            f"disk full while writing {target.name}; make room in {target.parent} and try again"
        )
    if number in _NOT_ALLOWED:
        return InputError(
            "this user has no permission to write the output file",
            target,
            "choose a folder you can write to",
            code="output-not-permitted",
        )
    return None
