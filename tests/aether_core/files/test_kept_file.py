"""Kept files may cost time and nothing else."""

from pathlib import Path

import pytest

from aether_core.files.kept_file import read_kept, write_kept


def test_what_was_kept_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept"
    assert read_kept(path) is None
    for content in (b"", b"a\nb\n", bytes(range(256))):
        write_kept(path, content)
        assert read_kept(path) == content


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda whole: whole[:70],
        lambda whole: whole[:40],
        lambda whole: whole + b"x",
        lambda whole: whole[:-1] + bytes([whole[-1] ^ 1]),
        lambda _: b"\xff\x00" * 200,
    ],
)
def test_what_is_damaged_is_forgotten(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "kept"
    write_kept(path, b"content of the file")
    path.write_bytes(damage(path.read_bytes()))
    assert read_kept(path) is None
    assert not path.exists()
