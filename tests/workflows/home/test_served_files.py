"""Files that browsers fetch by address: named by content, kept while they are looked at."""

import os
from pathlib import Path

import pytest

from workflows.home import served_files
from workflows.home.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_equal_content_is_one_file(settings: Settings) -> None:
    name = served_files.put(settings, b"abc", "bin")
    assert name is not None
    assert served_files.put(settings, b"abc", "bin") == name
    assert served_files.put(settings, b"abcd", "bin") != name
    found = served_files.find(settings, name)
    assert found is not None
    assert found.read_bytes() == b"abc"
    assert len(list(settings.served.iterdir())) == 2


@pytest.mark.parametrize(
    "name", ["../../secret.bin", "/etc/passwd", "", "a.bin", f"{'a' * 32}.py", f"{'A' * 32}.bin"]
)
def test_nothing_else_can_be_named(settings: Settings, name: str) -> None:
    (settings.home / "secret.bin").write_bytes(b"secret")
    served_files.put(settings, b"abc", "bin")
    assert served_files.find(settings, name) is None


def test_what_was_not_used_for_longest_is_forgotten(settings: Settings) -> None:
    names = [served_files.put(settings, bytes([n]) * 100, "bin") for n in range(4)]
    for age, name in enumerate(names):
        assert name is not None
        os.utime(settings.served / name, (1000 + age, 1000 + age))
    assert served_files.put(settings, bytes([0]) * 100, "bin") == names[0]  # used again
    assert served_files.forget_unused(settings, most_bytes=200) == 2
    left = {path.name for path in settings.served.iterdir()}
    assert left == {names[0], names[3]}
    assert not served_files.use(settings, str(names[1]))
    assert served_files.use(settings, str(names[0]))
