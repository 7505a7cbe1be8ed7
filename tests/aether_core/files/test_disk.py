"""Disks that are full, read-only or closed, told in plain words whatever library meets them."""

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from aether_core.errors import (
    AetherError,
    ConflictError,
    DiskFullError,
    DiskReadOnlyError,
    InputError,
    StoreUnavailableError,
)
from aether_core.files.disk import disk_error, disk_in_words


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EFBIG, DiskFullError),
        (errno.EROFS, DiskReadOnlyError),
        (errno.EACCES, InputError),
    ],
)
def test_the_file_named_says_which_folder(
    tmp_path: Path, number: int, kind: type[AetherError]
) -> None:
    name = tmp_path / "not" / "made" / "yet.bin"
    reported = disk_error(OSError(number, os.strerror(number), str(name)))
    assert type(reported) is kind
    assert reported.exit_code == 2
    assert str(tmp_path) in str(reported)
    assert "\n" not in str(reported)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_without_a_name_the_likeliest_folder_is_named(tmp_path: Path, number: int) -> None:
    reported = disk_error(OSError(number, os.strerror(number)), [tmp_path])
    assert reported is not None
    assert str(tmp_path) in str(reported)


def test_a_real_write_without_room(tmp_path: Path) -> None:
    def write() -> None:
        with disk_in_words(tmp_path), Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    with pytest.raises(DiskFullError) as reported:
        write()
    assert str(tmp_path) in str(reported.value)


def test_a_library_that_only_repeats_the_systems_words(tmp_path: Path) -> None:
    for words in ("write: No space left on device (os error 28)", "database or disk is full"):
        assert isinstance(disk_error(RuntimeError(words), [tmp_path]), DiskFullError)


def test_what_an_error_came_from_counts_unless_it_was_put_aside(tmp_path: Path) -> None:
    cause = OSError(errno.EROFS, os.strerror(errno.EROFS))
    wrapped = ValueError("cannot write")
    wrapped.__cause__ = cause
    assert isinstance(disk_error(wrapped, [tmp_path]), DiskReadOnlyError)
    while_handling = KeyError("lost")
    while_handling.__context__ = cause
    assert isinstance(disk_error(while_handling, [tmp_path]), DiskReadOnlyError)
    while_handling.__suppress_context__ = True  # as `raise ... from None` does
    assert disk_error(while_handling, [tmp_path]) is None


def test_errors_about_something_else_stay(tmp_path: Path) -> None:
    for error in (
        ValueError("no"),
        FileNotFoundError(errno.ENOENT, "gone", str(tmp_path)),
        sqlite3.OperationalError("no such table"),
        PermissionError(errno.EPERM, "a process, no file"),
    ):
        assert disk_error(error, [tmp_path]) is None


def test_in_a_block_our_own_errors_are_told_by_what_they_came_from(tmp_path: Path) -> None:
    def refuse(cause: OSError | None) -> None:
        with disk_in_words(tmp_path):
            raise StoreUnavailableError("cannot start") from cause

    with pytest.raises(DiskFullError):
        refuse(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(StoreUnavailableError):
        refuse(None)
    conflict = ConflictError("a", "b", "c")
    with pytest.raises(ConflictError), disk_in_words(tmp_path):
        raise conflict
