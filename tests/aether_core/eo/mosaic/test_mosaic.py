"""The Zarr mosaic as the zarr library writes it: read by ranges, taken onto one grid, refused."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from pyproj import Transformer

from aether_core.eo.mosaic.fetch import fetch_mosaic
from aether_core.eo.mosaic.lattice import CityGrid
from aether_core.eo.mosaic.layout import MosaicLayout, read_layout
from aether_core.eo.mosaic.packing import crc32c
from aether_core.eo.mosaic.plan import PUBLIC, MosaicPlan, offline_estimate, plan_mosaic
from aether_core.errors import AetherError, CancelledError, InputError
from aether_core.net import RequestPolicy, Web
from tests.errors import fault
from tests.made_once import made_once
from tests.public_server import mosaic as made
from tests.public_server.server import Fault, PublicServer, Reply

AREA = (24.001, 60.144, 24.041, 60.162)
CITY = shapely.box(24.007, 60.148, 24.034, 60.157)
"""In two shards, with a spot without data."""
HALO_M = 200.0
QUICK = RequestPolicy(attempts=3, first_s=0.01, longest_s=1.0, silence_s=1.0)


def _write(folder: Path) -> list[made.Shard]:
    return made.write_mosaic(folder, area=AREA)


class Served:
    """A mosaic that is served, and a web that may ask for it."""

    def __init__(self, folder: Path, server: PublicServer, web: Web, cache: Path) -> None:
        self.folder, self.server, self.web, self.cache = folder, server, web, cache

    @property
    def layout(self) -> MosaicLayout:
        return read_layout(self.web, self.server.url)

    def plans(self, *years: int, city: shapely.Geometry = CITY) -> dict[int, MosaicPlan]:
        return plan_mosaic(self.web, self.layout, city, years, HALO_M, self.cache)

    def shards(self, year: int) -> list[Path]:
        number = made.YEARS.index(year)
        return sorted(self.folder.glob(f"embeddings/c/{number}/0/*/*"))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Written once; no test changes it."""
    place: Path = made_once(tmp_path_factory, "mosaic", lambda folder: (_write(folder), folder)[1])
    return place


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], Served]]:
    opened: list[tuple[PublicServer, Web]] = []

    def start(folder: Path) -> Served:
        server = PublicServer(folder)
        server.__enter__()
        web = Web(addresses=[server.url], allow_http=True, policy=QUICK)
        opened.append((server, web))
        return Served(folder, server, web, tmp_path / "cache")

    yield start
    for server, web in opened:
        web.close()
        server.stop()


@pytest.fixture
def mosaic(serve: Callable[[Path], Served], written: Path) -> Served:
    return serve(written)


@pytest.fixture
def own(serve: Callable[[Path], Served], written: Path, tmp_path: Path) -> Served:
    """One that the test may spoil."""
    return serve(Path(shutil.copytree(written, tmp_path / "own")))


def test_every_year_lies_on_one_grid_and_each_pixel_is_the_mosaics_own(
    mosaic: Served, tmp_path: Path
) -> None:
    import zarr

    plans = mosaic.plans(2024, 2018)
    asked = mosaic.web.received
    grids = []
    stored = zarr.open_group(mosaic.folder, mode="r")["embeddings"]
    for year, plan in plans.items():
        assert (plan.absent, plan.kept, plan.zones) == (0, 0, ("35N",))
        (path,) = fetch_mosaic(mosaic.web, plan, tmp_path)
        with rasterio.open(path) as raster:
            grids.append((raster.crs, raster.transform, raster.shape))
            assert raster.tags()["YEAR"] == str(year)
            values = raster.read()
            rows, columns = np.nonzero(np.ones(raster.shape, dtype=bool))
            x, y = raster.xy(rows, columns)
            to_lonlat = Transformer.from_crs(raster.crs, "EPSG:4326", always_xy=True)
            inside = shapely.contains_xy(plan.grid.outline, np.array(x), np.array(y))
        lon, lat = (np.array(one)[inside] for one in to_lonlat.transform(x, y))
        down = np.floor((made.NORTH - lat) / made.PIXEL).astype(int)
        across = np.floor((lon - made.WEST) / made.PIXEL).astype(int)
        window = stored[
            made.YEARS.index(year),
            :,
            slice(down.min(), down.max() + 1),
            slice(across.min(), across.max() + 1),
        ]
        wanted = window[:, down - down.min(), across - across.min()]
        assert np.array_equal(values[:, rows[inside], columns[inside]], wanted)
        assert (wanted != -128).any()
        assert (wanted == -128).all(axis=0).any()  # the spot without data
    assert grids[0] == grids[1]
    sizes = sum(plan.bytes for plan in plans.values())
    assert mosaic.web.received - asked == sizes
    assert all(plan.missing == 0 for plan in mosaic.plans(2024, 2018).values())
    expected = offline_estimate(CITY, HALO_M)
    assert expected.zones == ("35N",)
    assert expected.tiles <= 2


def test_what_came_before_a_stop_is_not_asked_for_again(mosaic: Served, tmp_path: Path) -> None:
    (plan,) = mosaic.plans(2024).values()
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    whole.mkdir()
    resumed.mkdir()

    def stop(stage: str, done: int, _total: int) -> None:
        if stage.startswith("assembling") and done:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        fetch_mosaic(mosaic.web, plan, resumed, progress=stop)
    asked = mosaic.web.received
    (again,) = fetch_mosaic(mosaic.web, plan, resumed)
    (path,) = fetch_mosaic(mosaic.web, plan, whole)
    assert mosaic.web.received == asked
    assert again.read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("document", "change"),
    [
        ("embeddings/zarr.json", {"data_type": "uint8"}),
        ("embeddings/zarr.json", {"fill_value": 0}),
        ("embeddings/zarr.json", {"shape": [3, 32, made.HEIGHT, made.WIDTH]}),
        ("embeddings/zarr.json", {"shape": [3, 64, made.HEIGHT]}),
        ("embeddings/zarr.json", {"dimension_names": ["time", "band", "x", "y"]}),
        ("embeddings/zarr.json", {"codecs": [{"name": "bytes"}]}),
        ("embeddings/zarr.json", {"zarr_format": 2}),
        ("zarr.json", {"attributes": made.attributes() | {"proj:code": "EPSG:3857"}}),
        ("zarr.json", {"attributes": made.attributes() | {"spatial:transform": [1, 0, 0]}}),
        (
            "zarr.json",
            {"attributes": made.attributes() | {"geoemb:quantization": {"formula": "x / 127"}}},
        ),
        ("zarr.json", {"attributes": {}}),
        ("time/zarr.json", {"shape": [4]}),
        ("time/zarr.json", {"data_type": "float32"}),
    ],
)
def test_a_mosaic_of_another_kind_is_refused(
    mosaic: Served, document: str, change: dict[str, Any]
) -> None:
    said = json.loads((mosaic.folder / document).read_text())
    mosaic.server.handle(f"/{document}", lambda _: Reply(json.dumps(said | change).encode()))
    with pytest.raises(AetherError, check=fault("mosaic-unlike-alphaearth", document)):
        read_layout(mosaic.web, mosaic.server.url)


def test_documents_that_are_none_and_unknown_packing_are_refused(mosaic: Served) -> None:
    said = json.loads((mosaic.folder / "embeddings/zarr.json").read_text())
    said["codecs"][0]["configuration"]["codecs"][1]["name"] = "blosc"
    mosaic.server.handle("/embeddings/zarr.json", lambda _: Reply(json.dumps(said).encode()))
    with pytest.raises(AetherError, check=fault("mosaic-packing-unknown", "blosc")):
        read_layout(mosaic.web, mosaic.server.url)
    mosaic.server.handle("/zarr.json", lambda _: Reply(b"[1"))
    with pytest.raises(AetherError, check=fault("mosaic-metadata-unreadable")):
        read_layout(mosaic.web, mosaic.server.url)


def test_what_is_missing_holds_no_data_and_is_counted(own: Served, tmp_path: Path) -> None:
    with pytest.raises(InputError, check=fault("mosaic-lacks-year", 2020, "2017, 2018, 2024")):
        own.plans(2020)
    with pytest.raises(InputError, check=fault("mosaic-lacks-area", 2017)):
        own.plans(2017)
    own.shards(2024)[0].unlink()
    (plan,) = own.plans(2024).values()
    assert (plan.absent, plan.tiles) == (1, 1)
    (path,) = fetch_mosaic(own.web, plan, tmp_path)
    with rasterio.open(path) as raster:
        values = raster.read(1)
    assert 0.1 < (values == -128).mean() < 0.95


def _index_of(shard: Path) -> tuple[bytes, np.ndarray[Any, Any]]:
    content = shard.read_bytes()
    size = 16 * (made.SHARD // made.CHUNK) ** 2
    return content[: -size - 4], np.frombuffer(content[-size - 4 : -4], "<u8").copy()


def _with_index(shard: Path, change: Callable[[np.ndarray[Any, Any]], None]) -> None:
    """Change the index and keep its checksum true."""
    chunks, index = _index_of(shard)
    change(index)
    table = index.tobytes()
    shard.write_bytes(chunks + table + crc32c(table).to_bytes(4, "little"))


def _far(index: np.ndarray[Any, Any]) -> None:
    index[np.flatnonzero(index != np.uint64(2**64 - 1))[0]] = 2**62


def _half(index: np.ndarray[Any, Any]) -> None:
    index[np.flatnonzero(index != np.uint64(2**64 - 1))[0]] = 2**64 - 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda shard: shard.write_bytes(shard.read_bytes()[:100]),
        lambda shard: shard.write_bytes(shard.read_bytes()[:-300]),
        lambda shard: shard.write_bytes(shard.read_bytes()[:-1] + b"?"),
        lambda shard: shard.write_bytes(b""),
        lambda shard: _with_index(shard, _far),
        lambda shard: _with_index(shard, _half),
    ],
    ids=["no index", "cut short", "wrong checksum", "empty", "far chunk", "half an entry"],
)
def test_a_damaged_shard_is_named(own: Served, spoil: Callable[[Path], object]) -> None:
    (shard, *_) = own.shards(2024)
    spoil(shard)
    with pytest.raises(AetherError, check=fault("mosaic-shard-damaged", shard.name)):
        own.plans(2024)
    own.plans(2018)


def test_chunks_that_are_none_are_asked_for_again_and_named(own: Served, tmp_path: Path) -> None:
    import zarr

    (plan,) = own.plans(2024).values()
    offset = int(plan.shards[0].layout.offsets[plan.shards[0].blocks[0]])
    own.server.misbehave("/embeddings/c/2", Fault("flip_byte", offset=offset + 2))
    fetch_mosaic(own.web, plan, tmp_path)  # passing: the frame's head does not unpack
    assert [one.fault for one in own.server.log].count("flip_byte") == 1
    (shard, *_) = own.shards(2018)
    content = bytearray(shard.read_bytes())
    (broken,) = own.plans(2018).values()
    content[int(broken.shards[0].layout.offsets[broken.shards[0].blocks[0]])] ^= 0xFF
    shard.write_bytes(content)
    (broken,) = own.plans(2018).values()
    with pytest.raises(AetherError, check=fault("block-damaged")):
        fetch_mosaic(own.web, broken, tmp_path)
    rows, columns = made.window(AREA, made.CHUNK)
    array = zarr.open_group(own.folder, mode="r+")["embeddings"]
    array[made.YEARS.index(2018), :, rows, columns] = 3
    (strange,) = own.plans(2018).values()
    with pytest.raises(AetherError, check=fault("mosaic-chunk-without-embedding")):
        fetch_mosaic(own.web, strange, tmp_path)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (Fault("web_page"), "remote-web-page"),
        (Fault("status", code=403), "remote-refuses-access"),
    ],
)
def test_a_web_page_or_a_refusal_is_no_missing_shard(
    mosaic: Served, trouble: Fault, code: str
) -> None:
    mosaic.server.misbehave("/embeddings/c/2", trouble, times=-1)
    with pytest.raises(AetherError, check=fault(code)):
        mosaic.plans(2024)


def test_the_grid_holds_across_the_180th_meridian_and_in_the_south() -> None:
    east, west = shapely.box(179.99, -17, 180, -16.98), shapely.box(-180, -17, -179.995, -16.98)
    nairobi = shapely.box(36.80, -1.30, 36.82, -1.28)
    for boundary, zone in ((shapely.union(east, west), "60S"), (nairobi, "37S")):
        grid = CityGrid.of(boundary, 100.0)
        assert grid.zone == zone
        chunks = set(PUBLIC.chunks(grid))
        lon, lat = shapely.get_coordinates(boundary).T
        rows, columns = PUBLIC.locate(lon, lat)
        here = lon < 180
        corners = {
            (int(row) // PUBLIC.chunk, int(column) // PUBLIC.chunk)
            for row, column in zip(rows[here], columns[here], strict=True)
        }
        assert corners <= chunks
        assert len(chunks) < 40
        assert len({row for row, _ in chunks}) < 8
