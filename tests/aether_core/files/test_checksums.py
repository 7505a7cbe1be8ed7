"""A file is known by its checksum, which is computed once for each time it was changed."""

import os
from pathlib import Path

import pytest

from aether_core.errors import DamagedFileError, NotFoundError
from aether_core.files import checksums
from aether_core.files.checksums import check_sha256
from aether_core.files.whole import sha256_of
from tests.errors import fault


def test_one_changed_byte_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(1000))
    expected = sha256_of(path)
    check_sha256(path, expected, remedy="again")
    with path.open("r+b") as file:
        file.seek(500)
        file.write(b"\x01")
    os.utime(path, ns=(0, 0))  # the same second would be a version of its own only by luck
    with pytest.raises(DamagedFileError, check=fault("damaged-file", Path(*path.parts[-3:]))):
        check_sha256(path, expected, remedy="again")
    path.unlink()
    with pytest.raises(NotFoundError):
        check_sha256(path, expected, remedy="again")


def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    expected, read = sha256_of(path), []
    monkeypatch.setattr(checksums, "sha256_of", lambda path: read.append(path) or expected)
    for _ in range(3):
        check_sha256(path, expected, remedy="again")
    assert read == [path]
