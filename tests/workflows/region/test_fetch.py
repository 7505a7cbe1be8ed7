"""A region's embedding from the local mirror, by one process and by workers."""

import json
from pathlib import Path

import pytest

from aether_core.city.outline import box_boundary
from aether_core.eo.raster.embedding import open_rasters
from aether_core.errors import InputError
from tests.errors import fault
from tests.public_server.server import PublicServer
from tests.public_server.whole import BOX, YEARS
from workflows.home.settings import Settings, read_settings
from workflows.locations.disk import DiskFolder
from workflows.region.fetch import FetchRegion, fetch_region, region_area

pytestmark = pytest.mark.usefixtures("good_server")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    return read_settings()


def rasters(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.tif"))
    }


def test_one_process_and_two_fetch_the_same_and_nothing_twice(
    settings: Settings, server: PublicServer, tmp_path: Path
) -> None:
    area, year = box_boundary(*BOX), YEARS[0]
    alone = fetch_region(settings, FetchRegion(area, year, DiskFolder(tmp_path / "alone")))
    assert alone.fetched == alone.tiles > 1
    together = fetch_region(
        settings, FetchRegion(area, year, DiskFolder(tmp_path / "two"), scheduler="local")
    )
    assert (together.tiles, together.rasters) == (alone.tiles, alone.rasters)
    assert rasters(Path(alone.folder)) == rasters(Path(together.folder))
    assert not list(Path(alone.folder).rglob("*.blocks"))
    embedding = open_rasters(sorted(Path(alone.folder).rglob("*.tif")))
    assert embedding.footprint.buffer(1e-6).covers(area)
    victim = next(Path(alone.folder).rglob("*.tif"))
    victim.write_bytes(victim.read_bytes()[:500])
    server.log.clear()
    again = fetch_region(settings, FetchRegion(area, year, DiskFolder(Path(alone.folder))))
    assert again.fetched == 1
    assert rasters(Path(alone.folder)) == rasters(Path(together.folder))
    assert json.loads(next(Path(alone.folder).rglob("fetched.json")).read_bytes())["files"]


def test_an_area_is_given_in_one_way(tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("no-area-given")):
        region_area(None, None, None)
    with pytest.raises(InputError, check=fault("area-given-twice")):
        region_area("1,2,3,4", tmp_path / "a.geojson", None)
