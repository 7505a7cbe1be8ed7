"""Scratch folders: held by a living process, found when it was killed."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from aether_core.files.held_folder import hold_folder, is_held_name, remove_left
from aether_core.files.whole import atomic_path

ROOT = Path(__file__).resolve().parents[3]
HOLD = """
import sys
from pathlib import Path
from aether_core.files.held_folder import hold_folder
held = hold_folder(Path(sys.argv[1]), "a.gpkg")
(held.path / "half").write_text("half")
print("held", flush=True)
sys.stdin.read()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """A process that holds a folder for `a.gpkg` until it is ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def killed(process: subprocess.Popen[str]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_what_a_living_process_holds_stays_and_what_a_killed_one_left_goes(tmp_path: Path) -> None:
    process = holder(tmp_path)
    (there,) = tmp_path.iterdir()
    assert is_held_name(there.name)
    assert remove_left(tmp_path) == []
    assert (there / "half").exists()
    killed(process)
    assert remove_left(tmp_path, "b.gpkg") == []
    assert remove_left(tmp_path, "a.gpkg") == [there]
    assert list(tmp_path.iterdir()) == []


def test_the_next_file_of_that_name_clears_what_was_left(tmp_path: Path) -> None:
    living, dead = holder(tmp_path), holder(tmp_path)
    killed(dead)
    with atomic_path(tmp_path / "a.gpkg") as written:
        written.write_text("whole")
    left = [path for path in tmp_path.iterdir() if path.name != "a.gpkg"]
    assert len(left) == 1  # the living one's
    killed(living)
    with atomic_path(tmp_path / "a.gpkg", force=True) as written:
        written.write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a.gpkg"]


def test_folders_of_others_are_never_taken_for_left(tmp_path: Path) -> None:
    for name in (".a.gpkg.backup12", ".a.gpkg", "a.gpkg.aether-abcdefgh", ".a.aether-x"):
        (tmp_path / name).mkdir()
    (tmp_path / ".a.gpkg.aether-12345678").write_text("a file")
    before = sorted(tmp_path.iterdir())
    assert remove_left(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == before


def test_whoever_cleans_up_never_takes_what_is_being_made(tmp_path: Path) -> None:
    stop = threading.Event()

    def clean() -> None:
        while not stop.is_set():
            remove_left(tmp_path)

    cleaning = threading.Thread(target=clean)
    cleaning.start()
    try:
        for _ in range(300):
            held = hold_folder(tmp_path, "x")
            (held.path / "content").write_text("content")
            assert (held.path / "content").read_text() == "content"
            held.remove()
    finally:
        stop.set()
        cleaning.join()
    remove_left(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_of_wide_letters_fits(tmp_path: Path) -> None:
    target = tmp_path / ("ä" * 100 + "𝕏" * 10 + ".csv")
    with atomic_path(target) as written:
        written.write_text("x")
    assert target.read_text() == "x"
