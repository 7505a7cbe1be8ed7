"""A fetch gives exactly the mirror's pixels, and brings each byte once."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from numpy.typing import NDArray
from rio_cogeo import cog_validate

from aether_core.eo.embedding import open_embedding
from aether_core.eo.mirror.fetch import fetch_mirror
from aether_core.eo.mirror.zones import zone_parts
from aether_core.eo.pooling.pooled import OUTSIDE
from aether_core.eo.pooling.view import View
from aether_core.errors import CancelledError
from tests.aether_core.eo.brute_force import Scene, pool_by_definition, transformer
from tests.aether_core.eo.mirror.conftest import BLOCK, CITY, HALO_M, Mirror, Serve
from tests.public_server.alphaearth import NO_DATA, write_mirror


def scenes(mirror: Mirror, year: int = 2024) -> list[Scene]:
    """The mirror's files of a year as rasterio itself reads them, turned north-up."""
    found = []
    for tile in mirror.tiles:
        if tile.year != year:
            continue
        with rasterio.open(mirror.folder / tile.path) as dataset:
            assert dataset.transform.e > 0
            stored = np.moveaxis(dataset.read(), 0, 2)[::-1]
            found.append(Scene(tile.crs, tile.west, tile.north, 10, stored))
    return found


def read(path: Path) -> tuple[NDArray[np.int8], rasterio.Affine, str]:
    with rasterio.open(path) as dataset:
        return np.moveaxis(dataset.read(), 0, 2), dataset.transform, dataset.crs.to_string()


def expected(
    path: Path, mirror: Mirror, city: shapely.Geometry = CITY, step: int = BLOCK
) -> NDArray[np.int8]:
    """What a local raster must hold: the mirror's pixels in each block that touches the area."""
    local, transform, crs = read(path)
    wanted = np.full_like(local, -128)
    (outline,) = (p.outline for p in zone_parts(city, HALO_M) if f"EPSG:{p.epsg}" == crs)
    for scene in (scene for scene in scenes(mirror) if scene.crs == crs):
        top, left = round((transform.f - scene.north) / 10), round((scene.west - transform.c) / 10)
        for row in range(0, scene.stored.shape[0], step):
            for column in range(0, scene.stored.shape[1], step):
                down, across = top + row, left + column
                west, north = transform.c + across * 10, transform.f - down * 10
                square = shapely.box(west, north - step * 10, west + step * 10, north)
                if outline.intersects(square):
                    part = scene.stored[row : row + step, column : column + step]
                    wanted[down : down + step, across : across + step] = part
    return wanted


def test_local_rasters_hold_the_mirrors_pixels_bit_for_bit(mirror: Mirror, tmp_path: Path) -> None:
    files = mirror.fetch(tmp_path / "out")
    assert [path.name for path in files] == ["alphaearth-2024-34N.tif", "alphaearth-2024-35N.tif"]
    assert sorted((tmp_path / "out").iterdir()) == files
    for path in files:
        local, transform, _ = read(path)
        assert transform.e == -10
        assert np.array_equal(local, expected(path, mirror))
        assert cog_validate(path, quiet=True)[:2] == (True, [])
        with rasterio.open(path) as dataset:
            assert (dataset.dtypes[0], dataset.nodata) == ("int8", -128)
            assert dataset.descriptions[63] == "A63"
            tags = dataset.tags()
            assert "Google DeepMind" in tags["ATTRIBUTION"]
            assert (tags["YEAR"], tags["SOURCE"]) == ("2024", "127.0.0.1/annual")
            assert tags["UTM_ZONE"] == path.stem[-3:]
            assert dataset.overviews(1) == [4]
            small = dataset.read(1, out_shape=(dataset.height // 4, dataset.width // 4))
            assert np.array_equal(small, local[2::4, 2::4, 0])
    assert (read(files[1])[0] == -128).all(axis=2).any()  # the spot without data


def test_blocks_outside_the_area_are_neither_asked_for_nor_stored(
    serve: Serve, tmp_path: Path
) -> None:
    here = shapely.Point(24.006, 60.156).buffer(0.0005)
    area = here.buffer(0.002).bounds
    tiles = write_mirror(
        tmp_path / "own" / "annual", zones=("35N",), years=(2024,), area=area, side=512
    )
    mirror = serve(tmp_path / "own", tiles)
    plan = mirror.plan(here)
    header = mirror.web.received
    (path,) = mirror.fetch(tmp_path / "out", here)
    assert 1 < plan.places < 16
    assert plan.bytes <= mirror.web.received - header < plan.bytes + 8 * 64 * plan.places
    assert np.array_equal(read(path)[0], expected(path, mirror, here, 64))
    assert plan.pixels == round(zone_parts(here, HALO_M)[0].outline.area / 100)


def test_pooled_values_across_the_seam_equal_a_brute_force_reference(
    mirror: Mirror, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    west, south, east, north = CITY.bounds
    lonlat = np.column_stack([rng.uniform(west, east, 60), rng.uniform(south, north, 60)])
    lonlat[:20, 0] = rng.uniform(23.9985, 24.0015, 20)  # windows that cross the border at 24
    views = [View("base", "square", radius_px=4), View("wide", "square", radius_px=9)]
    pooled = open_embedding(mirror.fetch(tmp_path / "out")).pool(lonlat, views)
    reference = pool_by_definition(scenes(mirror), lonlat, views)
    assert not (pooled.reasons == OUTSIDE).any()
    assert np.isfinite(reference).all(axis=2).mean() > 0.9
    np.testing.assert_allclose(pooled.vectors, reference, atol=2e-7)


def test_a_year_has_its_own_pixels(mirror: Mirror, tmp_path: Path) -> None:
    here = shapely.box(23.994, 60.157, 23.997, 60.159)
    found = []
    for year in (2018, 2024):
        (tmp_path / str(year)).mkdir()
        plan = mirror.plan(here, year)
        (path,) = fetch_mirror(mirror.web, plan, tmp_path / str(year))
        found.append(read(path)[0])
    changed = (found[0] != found[1]).any(axis=2)
    assert 0.02 < changed.mean() < 0.98


@pytest.mark.parametrize(
    ("compress", "predictor", "block"), [("ZSTD", 2, 256), ("DEFLATE", 1, 512), ("NONE", 1, 256)]
)
def test_every_packing_and_block_size_gives_the_same_pixels(
    serve: Serve, tmp_path: Path, compress: str, predictor: int, block: int
) -> None:
    side = max(block, 256)
    area = (24.004, 60.155, 24.008, 60.157)
    tiles = write_mirror(
        tmp_path / "own" / "annual",
        zones=("35N",),
        years=(2024,),
        area=area,
        side=side,
        block=block,
        compress=compress,
        predictor=predictor,
    )
    mirror = serve(tmp_path / "own", tiles)
    city = shapely.box(*area)
    (path,) = mirror.fetch(tmp_path / "out", city)
    assert np.array_equal(read(path)[0], expected(path, mirror, city, min(block, 256)))


def test_a_southern_zone_counts_its_grid_from_the_equator(serve: Serve, tmp_path: Path) -> None:
    area = (18.42, -33.93, 18.43, -33.92)
    tiles = write_mirror(
        tmp_path / "own" / "annual", zones=("34S",), years=(2024,), area=area, side=256, block=256
    )
    mirror = serve(tmp_path / "own", tiles)
    (path,) = mirror.fetch(tmp_path / "out", shapely.box(*area).buffer(-0.003))
    local, transform, crs = read(path)
    assert (path.name, crs) == ("alphaearth-2024-34S.tif", "EPSG:32734")
    assert (10_000_000 - transform.f) % 2560 == 0
    x, y = transformer("EPSG:4326", crs).transform(18.425, -33.925)
    row, column = int((transform.f - y) // 10), int((x - transform.c) // 10)
    vectors = pool_by_definition(
        scenes(mirror), np.array([[18.425, -33.925]]), [View("one", "square", radius_px=1)]
    )
    stored = local[row - 1 : row + 2, column - 1 : column + 2].reshape(-1, 64).astype(float)
    mean = (np.sign(stored) * stored**2).mean(axis=0)
    np.testing.assert_allclose(vectors[0, 0], mean / np.linalg.norm(mean), atol=1e-9)


def test_the_next_city_takes_shared_blocks_from_the_cache(mirror: Mirror, tmp_path: Path) -> None:
    mirror.fetch(tmp_path / "one", shapely.box(23.996, 60.147, 24.002, 60.150))
    before = mirror.sent()
    plan = mirror.plan()
    assert 0 < plan.kept < plan.bytes
    again = mirror.fetch(tmp_path / "two")
    for path, spans in mirror.sent().items():
        new = [span for span in spans if span not in before[path]]
        assert not any(a < d and c < b for a, b in new for c, d in before[path])
    fresh = mirror.fetch(tmp_path / "three", cache=tmp_path / "other-cache")
    for one, other in zip(again, fresh, strict=True):
        assert one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("stage", ["downloading", "assembling"])
def test_a_stopped_fetch_goes_on_and_ends_with_the_same_bytes(
    mirror: Mirror, tmp_path: Path, stage: str
) -> None:
    calls = 0

    def stop(words: str, done: int, total: int) -> None:
        nonlocal calls
        assert 0 <= done <= total
        calls += words.startswith(stage)
        if calls == 4:
            raise CancelledError("enough")

    with pytest.raises(CancelledError):
        mirror.fetch(tmp_path / "out", progress=stop)
    files = mirror.fetch(tmp_path / "out")
    assert sorted((tmp_path / "out").iterdir()) == files
    received = mirror.web.received
    uncut = mirror.fetch(tmp_path / "uncut", cache=tmp_path / "other-cache")
    assert mirror.web.received - received > 0.8 * mirror.plan().bytes
    for one, other in zip(files, uncut, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_a_finished_fetch_costs_nothing_again(mirror: Mirror, tmp_path: Path) -> None:
    files = mirror.fetch(tmp_path / "out")
    plan, stamps = mirror.plan(), [path.stat().st_mtime_ns for path in files]
    assert (plan.missing, plan.kept) == (0, plan.bytes)
    received = mirror.web.received
    assert mirror.fetch(tmp_path / "out") == files
    assert mirror.web.received == received
    assert [path.stat().st_mtime_ns for path in files] == stamps


def test_the_spot_without_data_stays_without(mirror: Mirror, tmp_path: Path) -> None:
    lon, lat, _ = NO_DATA
    here = shapely.Point(lon, lat).buffer(0.001)
    (path,) = mirror.fetch(tmp_path / "out", here)
    pooled = open_embedding([path]).pool(
        np.array([[lon, lat]]), [View("base", "square", radius_px=4)]
    )
    assert np.isnan(pooled.vectors).all()
