"""Files are written whole or not at all."""

import shutil
from pathlib import Path

import pytest

from aether_core.errors import AetherError, ConflictError, InputError
from aether_core.files.whole import atomic_folder, atomic_path, sha256_of
from tests.errors import fault
from tests.forks import run_script

ROOT = Path(__file__).resolve().parents[3]


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with atomic_path(target) as written:
        written.write_text("new")
        assert written.suffix == ".txt"
        assert not target.exists()
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_nothing_and_keeps_what_was(tmp_path: Path) -> None:
    target = tmp_path / "a.gpkg"
    target.write_text("old")

    def fail() -> None:
        with atomic_path(target, force=True) as written:
            written.write_text("half")
            written.with_name("a.gpkg-journal").write_text("left by a database")
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(ConflictError, check=fault("file-exists")), atomic_path(target):
        pytest.fail("the block must not run")
    with atomic_path(target, force=True) as written:
        written.write_text("new")
    assert target.read_text() == "new"


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"

    def race() -> None:
        with atomic_path(target) as written:
            written.write_text("mine")
            target.write_text("theirs")

    with pytest.raises(ConflictError):
        race()
    assert target.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


def test_folders_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(InputError, check=fault("no-such-output-folder")),
        atomic_path(tmp_path / "no" / "a.txt"),
    ):
        pytest.fail("the block must not run")
    with (
        pytest.raises(InputError, check=fault("output-is-a-folder")),
        atomic_path(tmp_path, force=True),
    ):
        pytest.fail("the block must not run")


def test_a_full_disk_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    # A limit on the size of files fails a write the way a full disk does, without filling one.
    script = """
        import resource, sys
        from pathlib import Path
        from aether_core.errors import AetherError
        from aether_core.files.whole import atomic_path
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
        try:
            with atomic_path(Path(sys.argv[1])) as written, written.open("wb") as file:
                file.write(bytes(50_000))
        except AetherError as error:
            print(error.code, error)
    """
    done = run_script(script, str(tmp_path / "a.bin"))
    assert done.out.startswith("disk-full ")
    assert "a.bin" in done.out
    assert list(tmp_path.iterdir()) == []


def test_a_device_that_is_full_is_named(tmp_path: Path) -> None:
    def fill() -> None:
        with atomic_path(tmp_path / "a.bin"), Path("/dev/full").open("wb") as file:
            file.write(bytes(100_000))

    with pytest.raises(AetherError, check=fault("disk-full", "a.bin")):
        fill()


def test_a_folder_removed_meanwhile_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()

    def write() -> None:
        with atomic_path(folder / "a") as written:
            shutil.rmtree(folder)
            written.write_text("too late")

    with pytest.raises(InputError, check=fault("output-folder-removed")):
        write()
    assert list(tmp_path.iterdir()) == []


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_of(tmp_path / "a") == expected


def fill(folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / name).write_text(content)


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    for target in (tmp_path / "new", tmp_path / "empty"):
        if target.name == "empty":
            target.mkdir()
        with atomic_folder(target) as whole:
            fill(whole, a="1", b="2")
            assert not target.exists() or not list(target.iterdir())
        assert sorted(child.name for child in target.iterdir()) == ["a", "b"]
    assert sorted(child.name for child in tmp_path.iterdir()) == ["empty", "new"]


def test_an_error_leaves_the_folder_that_was(tmp_path: Path) -> None:
    target = tmp_path / "m"
    target.mkdir()
    fill(target, a="old")

    def fail() -> None:
        with atomic_folder(target, force=True, holds={"a"}) as whole:
            fill(whole, a="half")
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    assert [(child.name, child.read_text()) for child in target.iterdir()] == [("a", "old")]
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_is_replaced_only_if_nothing_else_is_in_it(tmp_path: Path) -> None:
    target = tmp_path / "m"
    target.mkdir()
    fill(target, a="old", c="old")
    with atomic_folder(target, force=True, holds={"a", "b", "c"}) as whole:
        fill(whole, b="new")
    assert [child.name for child in target.iterdir()] == ["b"]
    with (
        pytest.raises(InputError, check=fault("folder-holds-other-things", "b")),
        atomic_folder(target, force=True, holds={"a"}),
    ):
        pytest.fail("the block must not run")
    with (
        pytest.raises(ConflictError, check=fault("folder-exists")),
        atomic_folder(target, holds={"b"}),
    ):
        pytest.fail("the block must not run")
    (tmp_path / "file").touch()
    with pytest.raises(ConflictError, check=fault("output-folder-is-a-file")):
        atomic_folder(tmp_path / "file", force=True).__enter__()
    with pytest.raises(InputError, check=fault("no-such-output-folder")):
        atomic_folder(tmp_path / "no" / "m").__enter__()


def test_a_folder_filled_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "m"

    def race() -> None:
        with atomic_folder(target) as whole:
            fill(whole, a="mine")
            target.mkdir()
            fill(target, a="theirs")

    with pytest.raises(ConflictError):
        race()
    assert (target / "a").read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "name", ["x" * 300 + ".csv", "a\0b.csv", "ä" * 200, "/".join(["d"] * 3000)]
)
def test_names_no_file_can_have_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        atomic_path(tmp_path / name).__enter__()
    with pytest.raises(InputError):
        atomic_folder(tmp_path / name).__enter__()
    assert list(tmp_path.iterdir()) == []
