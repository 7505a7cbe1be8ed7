"""A region searched in parts: the same list whoever scans them."""

from pathlib import Path

import pytest

from aether_core.errors import DamagedFileError, InputError
from tests.errors import fault
from tests.workflows.region.bringing import bring
from workflows.home.settings import Settings, read_settings
from workflows.locations.disk import DiskFolder
from workflows.region import scan
from workflows.region.partition import CELLS
from workflows.region.region import RegionRequest, embed_region
from workflows.region.search import RegionAnswer, search_region


@pytest.fixture(scope="module")
def region(tmp_path_factory: pytest.TempPathFactory) -> DiskFolder:
    made = tmp_path_factory.mktemp("region")
    bring(made)
    location = DiskFolder(made / "map")
    embed_region(RegionRequest((DiskFolder(made / "rasters"),), made / "model", location))
    return location


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(scan, "PART_CELLS", 100)
    return read_settings()


def asked(settings: Settings, region: DiskFolder, scheduler: str, top: int = 40) -> RegionAnswer:
    return search_region(settings, region, "a school", top, scheduler=scheduler)


def test_workers_find_the_list_of_one_process(region: DiskFolder, settings: Settings) -> None:
    alone = asked(settings, region, "here")
    assert alone.parts > 2
    for part in (region.path / scan.INDEX).rglob("cells*"):
        part.unlink()
    together = asked(settings, region, "local")
    assert together.results == alone.results
    assert (together.cells, together.parts) == (alone.cells, alone.parts)
    assert len(list((region.path / scan.INDEX).rglob("cells.npy"))) == alone.parts


def test_parts_find_what_the_whole_finds(
    region: DiskFolder, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_parts = asked(settings, region, "here", 10_000)
    kept = {path.name for path in (region.path / scan.INDEX).iterdir()}
    assert len(kept) == in_parts.parts
    monkeypatch.setattr(scan, "PART_CELLS", 2**20)
    whole = asked(settings, region, "here", 10_000)
    assert whole.parts == 1
    assert len(whole.results) == whole.cells == in_parts.cells
    for key in ("cell", "percentile"):
        assert [hit[key] for hit in whole.results] == [hit[key] for hit in in_parts.results]
    now = {path.name for path in (region.path / scan.INDEX).iterdir()}
    assert len(now) == 1
    assert not now & kept


def test_a_part_that_is_damaged_is_told_by_its_worker(
    region: DiskFolder, settings: Settings
) -> None:
    victim = next((region.path / CELLS).iterdir())
    whole = victim.read_bytes()
    for part in (region.path / scan.INDEX).rglob("cells*"):
        part.unlink()
    victim.write_bytes(whole[:1000])
    with pytest.raises(DamagedFileError, check=fault("region-partition-damaged", victim.stem)):
        asked(settings, region, "local")
    victim.write_bytes(whole)
    with pytest.raises(InputError, check=fault("no-such-scheduler", "spark")):
        asked(settings, region, "spark")
