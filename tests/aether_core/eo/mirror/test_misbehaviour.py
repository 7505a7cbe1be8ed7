"""Servers that misbehave, disks that fill up, files that are not what they should be."""

import resource
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from aether_core.eo.cog.block_store import open_block_store
from aether_core.eo.mirror import fetch as fetch_module
from aether_core.eo.mirror.place import BlockError, unpack_block
from aether_core.eo.mirror.tile_header import LayoutError, TileLayout, read_layout
from aether_core.errors import CancelledError, DiskFullError
from aether_core.net import OfflineError, RemoteError, RemoteMissingError, Web
from tests.aether_core.eo.mirror.conftest import BLOCK, Mirror, Serve
from tests.errors import fault
from tests.public_server.alphaearth import MirrorTile, write_index
from tests.public_server.server import Fault, PublicServer

SMALL = shapely.box(24.009, 60.1555, 24.013, 60.1575)
"""In one file of one zone."""


def path_of(mirror: Mirror) -> str:
    return mirror.plan(SMALL).zones[0].tiles[0].tile.path


def pixels(path: Path) -> np.ndarray:
    with rasterio.open(path) as dataset:
        return dataset.read()


@pytest.fixture(scope="module")
def plain(
    written: tuple[Path, list[MirrorTile]], tmp_path_factory: pytest.TempPathFactory
) -> np.ndarray:
    """What an undisturbed fetch gives."""
    out = tmp_path_factory.mktemp("plain")
    with PublicServer(written[0]) as server, Web(addresses=[server.url], allow_http=True) as web:
        undisturbed = Mirror(server, web, written[1], written[0] / "annual", out / "cache")
        (path,) = undisturbed.fetch(out, SMALL)
    return pixels(path)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("cut", after=700),
        Fault("hang_up"),
        Fault("status", code=429, retry_after="0"),
        Fault("status", code=503),
        Fault("wrong_length", extra=7),
        Fault("wrong_length", extra=-7),
        Fault("other_range"),
        Fault("stall", after=10),
        Fault("slow", rate=1_000_000),
    ],
    ids=lambda fault: f"{fault.kind}{fault.code if fault.kind == 'status' else ''}",
)
def test_a_passing_fault_changes_no_pixel(
    mirror: Mirror, tmp_path: Path, plain: np.ndarray, fault: Fault
) -> None:
    plan = mirror.plan(SMALL)
    mirror.server.misbehave(".tiff", fault, times=3, method="GET")
    (tmp_path / "out").mkdir()
    (path,) = fetch_module.fetch_mirror(mirror.web, plan, tmp_path / "out")
    assert np.array_equal(pixels(path), plain)


@pytest.mark.parametrize("unpacks", [False, True], ids=["spoils packing", "spoils values"])
def test_a_flipped_bit_is_noticed_and_the_block_asked_for_again(
    mirror: Mirror, tmp_path: Path, plain: np.ndarray, unpacks: bool
) -> None:
    tile = mirror.plan(SMALL).zones[0].tiles[0]
    key = tile.blocks[20]
    start, count = int(tile.layout.offsets[key]), int(tile.layout.counts[key])
    block = (mirror.folder / tile.tile.path).read_bytes()[start : start + count]
    at = next(at for at in range(count) if harm_of_flip(tile.layout, block, at) == unpacks)
    mirror.server.misbehave(tile.tile.path, Fault("flip_byte", offset=start + at))
    (path,) = mirror.fetch(tmp_path / "out", SMALL)
    sent = mirror.server.bytes_of(f"/annual/{tile.tile.path}")
    assert sum(a <= start + at < b for a, b in sent) == 2
    assert np.array_equal(pixels(path), plain)


def harm_of_flip(layout: TileLayout, block: bytes, at: int) -> bool | None:
    """Whether a block with one bit turned still unpacks; None when it then shows hardly a change.

    A small change of one value is within what rounding does to a vector's length: no check of
    values can see it, and encrypted connections do not let it happen.
    """
    turned = bytearray(block)
    turned[at] ^= 0x10
    try:
        values = unpack_block(layout, bytes(turned)).astype(int)
    except BlockError:
        return False
    change = np.abs(values - unpack_block(layout, block)).max()
    return True if change > 90 else None


def test_a_block_that_is_damaged_on_the_server_is_named(mirror: Mirror, tmp_path: Path) -> None:
    tile = mirror.plan(SMALL).zones[0].tiles[0]
    start, count = (
        int(part[5, tile.places[0]]) for part in (tile.layout.offsets, tile.layout.counts)
    )
    mirror.server.misbehave(tile.tile.path, Fault("flip_byte", offset=start + 1), times=-1)
    with pytest.raises(RemoteError, check=fault("block-damaged", tile.tile.path, count)):
        mirror.fetch(tmp_path / "out", SMALL)
    mirror.server.behave()
    assert mirror.plan(SMALL).kept > 0
    mirror.fetch(tmp_path / "out", SMALL)


def test_values_that_no_embedding_has_are_named_with_their_place(
    serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    mirror = own_mirror(serve, written, tmp_path)
    target = mirror.folder / path_of(mirror)
    with rasterio.open(target) as dataset:
        profile, values = dataset.profile, dataset.read()
    values[7] = 99
    profile |= {"tiled": True, "blockxsize": 128, "blockysize": 128}
    with rasterio.open(target, "w", **profile) as dataset:
        dataset.write(values)
    with pytest.raises(RemoteError, check=fault("block-without-embedding", target.name)):
        mirror.fetch(tmp_path / "out", SMALL)
    assert not list((tmp_path / "out").glob("*.tif"))


def test_a_few_odd_pixels_of_the_file_itself_are_taken_as_they_are(
    serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    mirror = own_mirror(serve, written, tmp_path)
    target = mirror.folder / path_of(mirror)
    with rasterio.open(target) as dataset:
        profile, values = dataset.profile, dataset.read()
    values[3, 140, 40] = 120  # stored row 140 from the south
    profile |= {"tiled": True, "blockxsize": 128, "blockysize": 128}
    with rasterio.open(target, "w", **profile) as dataset:
        dataset.write(values)
    (path,) = mirror.fetch(tmp_path / "one", SMALL)
    assert (pixels(path) == 120).any()
    received = mirror.web.received
    mirror.fetch(tmp_path / "two", SMALL)
    assert mirror.web.received == received


def test_a_file_that_is_missing_or_moved(mirror: Mirror, tmp_path: Path) -> None:
    path = path_of(mirror)
    mirror.server.misbehave(path, Fault("missing"))
    with pytest.raises(RemoteMissingError, check=fault("remote-missing", path)):
        mirror.fetch(tmp_path / "out", SMALL)
    moved = f"{mirror.url}/{path}?at=another-place"
    mirror.server.misbehave(path, Fault("moved", url=moved), times=2)
    mirror.fetch(tmp_path / "out", SMALL)


def test_a_file_that_changes_on_the_server_is_taken_anew(
    serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    mirror = own_mirror(serve, written, tmp_path)
    plan = mirror.plan(SMALL)
    target = mirror.folder / path_of(mirror)
    with rasterio.open(target, "r+") as dataset:
        dataset.update_tags(VERSION="2")
    with pytest.raises(RemoteError, check=fault("remote-changed", target.name)):
        fetch_module.fetch_mirror(mirror.web, plan, tmp_path)
    (path,) = mirror.fetch(tmp_path / "out", SMALL)
    assert (pixels(path) != -128).any()


def test_a_file_that_lies_elsewhere_than_the_index_says_is_refused(
    serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    mirror = own_mirror(serve, written, tmp_path)
    right = next(tile for tile in mirror.tiles if tile.path == path_of(mirror))
    other = next(
        tile for tile in mirror.tiles if tile.zone == right.zone and tile.north != right.north
    )
    shutil.copy(mirror.folder / other.path, mirror.folder / right.path)
    with pytest.raises(RemoteError, check=fault("mirror-file-misplaced", right.path)):
        mirror.plan(SMALL)


def test_no_network_at_all_says_offline_and_keeps_what_came(mirror: Mirror, tmp_path: Path) -> None:
    plan = mirror.plan(SMALL)
    (tmp_path / "out").mkdir()
    mirror.server.stop()
    with pytest.raises(OfflineError, check=fault("offline")):
        fetch_module.fetch_mirror(mirror.web, plan, tmp_path / "out")


def test_too_little_room_is_told_before_anything_is_downloaded(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = mirror.plan(SMALL)
    received = mirror.web.received
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(
        fetch_module.shutil, "disk_usage", lambda _: usage._replace(free=plan.disk_bytes)
    )
    free, needed = plan.disk_bytes / 1e6, plan.disk_bytes / 1e6 + 100
    with pytest.raises(
        DiskFullError, check=fault("disk-full", f"{free:,.0f} MB", f"{needed:,.0f} MB")
    ):
        fetch_module.fetch_mirror(mirror.web, plan, tmp_path)
    assert mirror.web.received == received


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """Let no file grow beyond a size, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_disk_that_fills_up_on_the_way_keeps_what_came(
    mirror: Mirror, tmp_path: Path, plain: np.ndarray
) -> None:
    size = mirror.plan(SMALL).bytes
    with files_up_to(size // 2), pytest.raises(DiskFullError, check=fault("disk-full")):
        mirror.fetch(tmp_path / "out", SMALL)
    assert mirror.plan(SMALL).kept > size // 4
    (path,) = mirror.fetch(tmp_path / "out", SMALL)
    assert np.array_equal(pixels(path), plain)


def test_a_fetch_waits_for_another_one_at_the_same_file(mirror: Mirror, tmp_path: Path) -> None:
    plan = mirror.plan(SMALL)
    said: list[str] = []
    held = threading.Event()

    def hold() -> None:
        with open_block_store(plan.zones[0].tiles[0].store, check_later=True):
            held.set()
            while not any("waiting for another fetch" in words for words in said):
                time.sleep(0.01)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    (path,) = mirror.fetch(tmp_path, SMALL, progress=lambda words, *_: said.append(words))
    thread.join()
    assert path.exists()


def test_cancelling_while_another_fetch_is_at_work_ends_the_wait(
    mirror: Mirror, tmp_path: Path
) -> None:
    def stop(words: str, _done: int, _total: int) -> None:
        if words.startswith("waiting"):
            raise CancelledError("enough")

    with (
        open_block_store(mirror.plan(SMALL).zones[0].tiles[0].store, check_later=True),
        pytest.raises(CancelledError),
    ):
        mirror.fetch(tmp_path / "out", SMALL, progress=stop)


def test_bytes_that_rotted_in_the_cache_are_downloaded_again(
    mirror: Mirror, tmp_path: Path, plain: np.ndarray
) -> None:
    mirror.fetch(tmp_path / "one", SMALL)
    store = mirror.plan(SMALL).zones[0].tiles[0].store
    content = bytearray(store.read_bytes())
    content[len(content) // 2] ^= 1
    store.write_bytes(content)
    (path,) = mirror.fetch(tmp_path / "two", SMALL)
    assert np.array_equal(pixels(path), plain)


def test_a_record_that_a_kill_cut_off_is_thrown_away(
    mirror: Mirror, tmp_path: Path, plain: np.ndarray
) -> None:
    mirror.fetch(tmp_path / "one", SMALL)
    tile = mirror.plan(SMALL).zones[0].tiles[0]
    tile.store.write_bytes(tile.store.read_bytes()[:-100])
    plan, received = mirror.plan(SMALL), mirror.web.received
    assert plan.missing == tile.layout.counts[tile.blocks[-1]]
    (path,) = mirror.fetch(tmp_path / "two", SMALL)
    assert mirror.web.received - received == plan.missing
    assert np.array_equal(pixels(path), plain)


def own_mirror(serve: Serve, written: tuple[Path, list[MirrorTile]], tmp_path: Path) -> Mirror:
    """A mirror whose files may be changed."""
    folder = tmp_path / "own"
    tiles = [tile for tile in written[1] if (tile.zone, tile.year) == ("35N", 2024)]
    for tile in tiles:
        target = folder / "annual" / tile.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(written[0] / "annual" / tile.path, target)
    write_index(folder / "annual", tiles)
    return serve(folder, tiles)


def layout_of(path: Path) -> TileLayout:
    with path.open("rb") as file:
        return read_layout(file, path.stat().st_size)


def test_a_layout_is_what_gdal_reads(written: tuple[Path, list[MirrorTile]]) -> None:
    tile = written[1][0]
    layout = layout_of(written[0] / "annual" / tile.path)
    assert (layout.west, layout.north, layout.epsg) == (tile.west, tile.north, 32634)
    assert (layout.side, layout.block, layout.bottom_up) == (BLOCK, BLOCK, True)
    with rasterio.open(written[0] / "annual" / tile.path) as dataset:
        for band in (0, 30, 63):
            found = [
                int(dataset.get_tag_item(f"BLOCK_{what}_0_0", "TIFF", bidx=band + 1))
                for what in ("OFFSET", "SIZE")
            ]
            assert found == [layout.offsets[band, 0], layout.counts[band, 0]]
    again = TileLayout.from_json(layout.to_json())
    assert np.array_equal(again.offsets, layout.offsets)
    with pytest.raises(ValueError, match="no layout"):
        TileLayout.from_json("[1]")


@pytest.mark.parametrize(
    ("creation", "said"),
    [
        ({"interleave": "pixel"}, ("tile-unlike-alphaearth", "planar configuration")),
        ({"dtype": "float32", "nodata": None}, ("tile-unlike-alphaearth", "bits", "32")),
        ({"nodata": 0}, ("tile-unlike-alphaearth", "nodata", "0")),
        ({"count": 3}, ("tile-unlike-alphaearth", "bands", "3")),
        ({"height": 512}, ("tile-unlike-alphaearth", "squares")),
        ({"compress": "LZW"}, ("tile-packing-unknown", "5")),
        ({"blockxsize": 48, "blockysize": 48}, ("tile-block-size-unusable", "48")),
    ],
)
def test_another_layout_is_refused(
    tmp_path: Path, creation: dict[str, object], said: tuple[str, ...]
) -> None:
    profile = {"driver": "GTiff", "width": 256, "height": 256, "count": 64, "dtype": "int8"}
    profile |= {"nodata": -128, "crs": "EPSG:32634", "tiled": True, "interleave": "band"}
    profile |= {
        "blockxsize": 64,
        "blockysize": 64,
        "transform": rasterio.Affine(10, 0, 0, 0, 10, 0),
    }
    path = tmp_path / "x.tif"
    with rasterio.open(path, "w", **profile | creation):
        pass
    with pytest.raises(LayoutError, check=fault(*said)):
        layout_of(path)


def test_a_damaged_directory_is_refused(
    written: tuple[Path, list[MirrorTile]], tmp_path: Path
) -> None:
    whole = (written[0] / "annual" / written[1][0].path).read_bytes()
    for content in (b"<html>", whole[:300], whole[:20_000], b"II+\0" + bytes(400)):
        (tmp_path / "x.tif").write_bytes(content)
        with pytest.raises(LayoutError):
            layout_of(tmp_path / "x.tif")
