"""A region in an object store: the bits of one on a disk, whatever dies or is changed there."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aether_core.city.outline import box_boundary
from aether_core.errors import ConflictError, DamagedFileError, InputError, NotFoundError
from cli.__main__ import run
from tests.errors import fault
from tests.object_store import BUCKET, KEY, SECRET, ObjectStore, serving
from tests.public_server.whole import BOX, YEARS
from tests.workflows.region.bringing import bring
from tests.workflows.region.killed_worker import KillsAWorker
from workflows.home.settings import Settings, read_settings
from workflows.locations.addresses import location_of
from workflows.locations.disk import DiskFolder
from workflows.locations.location import Location
from workflows.region import scan
from workflows.region.fetch import FetchRegion, fetch_region
from workflows.region.partition import CELLS, PIXELS
from workflows.region.region import RegionDone, RegionRequest, embed_region, show_region
from workflows.region.search import search_region

PIECE = "00-0000-0002"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with serving(tmp_path_factory.mktemp("store")) as running:
        yield running


@pytest.fixture(autouse=True)
def leads_there(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in store.environment().items():
        monkeypatch.setenv(name, value)
    store.requests.clear()
    store.refused = ""


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory, store: ObjectStore) -> Path:
    """Rasters and a model on the disk, the rasters in the bucket, too."""
    made = tmp_path_factory.mktemp("region")
    bring(made)
    store.path("rasters").mkdir()
    for raster in (made / "rasters").iterdir():
        store.path(f"rasters/{raster.name}").write_bytes(raster.read_bytes())
    return made


@pytest.fixture(scope="module")
def alone(brought: Path) -> RegionDone:
    """The region made by this process, on the disk."""
    rasters, folder = DiskFolder(brought / "rasters"), DiskFolder(brought / "alone")
    return embed_region(RegionRequest((rasters,), brought / "model", folder, pixels=True))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("AETHER_HOME", str(tmp_path / "home"))
    return read_settings()


def request(brought: Path, settings: Settings, name: str) -> RegionRequest:
    """Rasters from the bucket, results into it."""
    return RegionRequest(
        (location_of(settings, f"s3://{BUCKET}/rasters"),),
        brought / "model",
        location_of(settings, f"s3://{BUCKET}/{name}"),
        pixels=True,
    )


@pytest.fixture
def map_there(
    brought: Path, settings: Settings, store: ObjectStore, alone: RegionDone
) -> Iterator[RegionRequest]:
    """The region in the bucket, whole when a test begins and when it ends."""
    asked = request(brought, settings, "map")
    done = embed_region(asked)
    assert done.cells == alone.cells
    store.requests.clear()
    yield asked
    store.refused = ""
    embed_region(asked)


def content(location: Location) -> dict[str, bytes | None]:
    names = [*location.files(CELLS), *location.files(PIXELS)]
    return dict(zip(names, location.read_all(names), strict=True))


def test_workers_that_are_killed_write_the_bits_of_a_disk(
    brought: Path,
    settings: Settings,
    alone: RegionDone,
    store: ObjectStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    kill = KillsAWorker()
    asked = replace(request(brought, settings, "together"), scheduler="local")
    done = embed_region(asked, kill)
    assert kill.killed
    assert (done.pieces, done.made, done.cells) == (alone.pieces, alone.pieces, alone.cells)
    assert content(asked.location) == content(DiskFolder(Path(alone.folder)))
    with asked.location.file("region.json") as path:  # who comes next takes away what was left
        assert list(scratch.glob(".bucket-*")) == [path.parent]
    kept = [path.read_bytes() for path in store.path("together").rglob("*") if path.is_file()]
    assert not any(word.encode() in one for word in (KEY, SECRET) for one in kept)


def test_what_is_there_whole_is_neither_read_nor_made(
    map_there: RegionRequest, store: ObjectStore
) -> None:
    again = embed_region(map_there)
    assert again.made == 0
    read = [path for method, path in store.requests if method == "GET"]
    assert not [path for path in read if f"/{CELLS}/" in path or f"/{PIXELS}/" in path]
    found = show_region(map_there.location)
    assert (found.done, found.damaged, found.cells) == (again.pieces, (), again.cells)


@pytest.mark.parametrize("change", ["changed", "cut", "gone"])
def test_a_changed_piece_is_told_and_made_again(
    change: str, map_there: RegionRequest, store: ObjectStore, settings: Settings
) -> None:
    before = content(map_there.location)
    victim = store.path(f"map/{CELLS}/{PIECE}.parquet")
    bytes_ = victim.read_bytes()
    victim.unlink()
    if change != "gone":
        victim.write_bytes(bytes_[:1000] if change == "cut" else bytes_[:-1] + b"?")
    assert show_region(map_there.location).damaged == (PIECE,)
    with pytest.raises(DamagedFileError, check=fault("region-partition-damaged", PIECE)):
        search_region(settings, map_there.location, "a school")
    assert embed_region(map_there).made == 1
    assert content(map_there.location) == before


def test_a_piece_without_its_record_is_half_written(
    map_there: RegionRequest, store: ObjectStore, settings: Settings, alone: RegionDone
) -> None:
    store.path(f"map/records/{PIECE}.json").unlink()
    assert show_region(map_there.location).done == alone.pieces - 1
    with pytest.raises(ConflictError, check=fault("region-not-done")):
        search_region(settings, map_there.location, "a school")
    assert embed_region(map_there).made == 1


def test_search_answers_as_on_a_disk_from_an_index_of_this_machine(
    map_there: RegionRequest,
    alone: RegionDone,
    store: ObjectStore,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
) -> None:
    answers = []
    for folder in (alone.folder, map_there.location.address, map_there.location.address):
        store.requests.clear()
        assert run(["region", "search", folder, "a school", "--top", "30", "--json"]) == 0
        answers.append(json.loads(capsys.readouterr().out)["results"])
    assert answers[0] == answers[1] == answers[2]
    assert not [path for _, path in store.requests if f"/{CELLS}/" in path]
    assert {method for method, _ in store.requests} <= {"GET", "HEAD"}
    by_workers = search_region(settings, map_there.location, "a school", 30, scheduler="local")
    assert list(by_workers.results) == answers[0]
    index = next(settings.regions.rglob("cells.npy"))
    index.write_bytes(index.read_bytes()[:-4])
    scan._laid_out.cache_clear()  # as a process that begins
    found = search_region(settings, map_there.location, "a school", 30)
    assert list(found.results) == answers[0]


def test_an_index_of_other_pieces_is_made_anew(
    map_there: RegionRequest, store: ObjectStore, settings: Settings
) -> None:
    search_region(settings, map_there.location, "a school")
    old = next(settings.regions.rglob("cells.npy")).parent
    record = store.path(f"map/records/{PIECE}.json")
    told = json.loads(record.read_bytes())
    cells = f"{CELLS}/{PIECE}.parquet"
    other = f"{CELLS}/00-0000-0001.parquet"
    store.path(f"map/{cells}").write_bytes(store.path(f"map/{other}").read_bytes())
    source = json.loads(store.path("map/records/00-0000-0001.json").read_bytes())
    record.write_text(
        json.dumps(
            told
            | {"cells": source["cells"], "files": {cells: source["files"][other]}, "versions": {}}
        )
    )
    found = search_region(settings, map_there.location, "a school")
    assert found.cells == show_region(map_there.location).cells
    assert [path.parent for path in settings.regions.rglob("cells.npy")] != [old]
    record.unlink()


def test_a_prefix_that_lists_nothing_is_told(
    brought: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = location_of(settings, f"s3://{BUCKET}/nothing")
    with pytest.raises(NotFoundError, check=fault("no-such-region", empty.address)):
        show_region(empty)
    asked = replace(request(brought, settings, "none"), rasters=(empty,))
    with pytest.raises(InputError, check=fault("folder-without-rasters", empty.address)):
        embed_region(asked)
    with pytest.raises(ConflictError, check=fault("folder-not-empty")):
        embed_region(request(brought, settings, "rasters"))
    assert run(["region", "show", "s3://no-such-maps/x"]) == 2
    assert "no-such-maps" in capsys.readouterr().err


def test_what_a_worker_may_not_write_is_told(
    brought: Path, settings: Settings, store: ObjectStore
) -> None:
    store.refused = f"refused/{CELLS}/"
    asked = replace(request(brought, settings, "refused"), scheduler="local", workers=1)
    with pytest.raises(InputError, check=fault("bucket-access-denied", asked.location.address)):
        embed_region(asked)
    assert show_region(asked.location).done == 0


@pytest.mark.usefixtures("good_server")
def test_rasters_are_fetched_into_a_bucket_as_onto_a_disk(
    settings: Settings, store: ObjectStore, tmp_path: Path
) -> None:
    area, year = box_boundary(*BOX), YEARS[0]
    disk = DiskFolder(tmp_path / "disk")
    there = location_of(settings, f"s3://{BUCKET}/fetched")
    on_disk = fetch_region(settings, FetchRegion(area, year, disk))
    done = fetch_region(settings, FetchRegion(area, year, there, "local"))
    assert (done.fetched, done.rasters) == (on_disk.fetched, on_disk.rasters)
    names = [name for name in there.files() if name.endswith(".tif")]
    assert names == [name for name in disk.files() if name.endswith(".tif")]
    assert there.read_all(names) == disk.read_all(names)
    assert not list(settings.regions.rglob("*.tif"))
    store.path(f"fetched/{names[0]}").unlink()
    again = fetch_region(settings, FetchRegion(area, year, there))
    assert again.fetched == 1
    assert there.read_all(names) == disk.read_all(names)
