"""Zip files from outside: each that cannot be read is refused in words, whatever is wrong."""

import zipfile
from pathlib import Path

import pytest

from aether_core.errors import InputError
from aether_core.files.zip_files import opened_zip
from tests.errors import fault

METHODS = {
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}
TEXT = bytes(range(256)) * 40


def made(path: Path, method: int, name: str = "a.bin") -> bytearray:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, TEXT)
    return bytearray(path.read_bytes())


def read(path: Path) -> bytes:
    with opened_zip(path) as archive:
        return archive.read(archive.namelist()[0])


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_damaged_member_is_refused(tmp_path: Path, method: int) -> None:
    path = tmp_path / "a.zip"
    raw = made(path, method)
    assert read(path) == TEXT
    begin = 30 + len("a.bin")
    raw[begin + 4 : begin + 60] = bytes(56)
    path.write_bytes(raw)
    with pytest.raises(InputError, check=fault("zip-unreadable", "a.zip")):
        read(path)


def test_an_unknown_compression_method_is_named(tmp_path: Path) -> None:
    """Deflate64, which Windows uses for large files."""
    path = tmp_path / "a.zip"
    raw = made(path, zipfile.ZIP_DEFLATED)
    directory = raw.index(b"PK\x01\x02")
    raw[8] = raw[directory + 10] = 9
    path.write_bytes(raw)
    with pytest.raises(InputError, check=fault("zip-method-unsupported", "a.zip")):
        read(path)


def test_a_name_that_is_not_the_utf8_it_says_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    raw = made(path, zipfile.ZIP_DEFLATED, "ä.bin")
    directory = raw.index(b"PK\x01\x02")
    at = raw.index("ä".encode(), directory)
    raw[at] = 0xFF
    path.write_bytes(raw)
    with pytest.raises(InputError, check=fault("zip-unreadable", "a.zip")):
        read(path)


def test_what_the_disk_says_is_not_taken_for_a_damaged_zip(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "none.zip")
