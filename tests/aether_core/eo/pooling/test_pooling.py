"""Pooling against its definition: every layout, seams, zones, nodata, shapes, tile borders."""

import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.transform import Affine
from rasterio.windows import Window

from aether_core.eo.pooling.tiling import Tiling
from aether_core.eo.pooling.view import View
from aether_core.eo.raster.embedding import RasterEmbedding, open_rasters
from aether_core.eo.raster.file import read_header
from aether_core.errors import CancelledError, InputError
from tests.aether_core.eo.brute_force import (
    GEOD,
    Scene,
    pool_by_definition,
    transformer,
    unit_vectors,
    write_scene,
)
from tests.errors import fault

ZONE_35, ZONE_36 = "EPSG:32635", "EPSG:32636"
SMALL_TILES = Tiling(read_side=16, sum_side=8)
LAYOUTS = [
    {"tiled": True, "blockxsize": 16, "blockysize": 16, "interleave": "pixel"},
    {"tiled": True, "blockxsize": 32, "blockysize": 16, "interleave": "band"},
    {"blockysize": 1, "interleave": "pixel"},
    {"blockysize": 7, "interleave": "band"},
    {"blockysize": 1000, "interleave": "pixel"},
]


def close(pooled: np.ndarray, expected: np.ndarray) -> None:
    """Assert the same rows are NaN and the others are equal within 1e-6."""
    np.testing.assert_array_equal(np.isnan(pooled), np.isnan(expected))
    np.testing.assert_allclose(pooled, expected, atol=1e-6, rtol=0, equal_nan=True)


@st.composite
def mosaics(draw: st.DrawFn) -> tuple[list[Scene], list[dict[str, object]], np.ndarray]:
    """Scenes on one or two UTM zones' lattices, how each is stored, and points in and around."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # Zones 35 and 36 meet at 30 degrees east; at 60 north both grids hold this place.
    to_zone = {
        zone: transformer("EPSG:4326", zone).transform(30, 60) for zone in (ZONE_35, ZONE_36)
    }
    zones = draw(st.sampled_from([[ZONE_35], [ZONE_35, ZONE_36]]))
    scenes, stored = [], []
    for zone in zones:
        west, north = (np.floor(part / 10) * 10 for part in to_zone[zone])
        for _ in range(draw(st.integers(1, 3 if len(zones) == 1 else 2))):
            height, width = draw(st.integers(6, 30)), draw(st.integers(6, 30))
            vectors = unit_vectors(rng, height, width, draw(st.sampled_from(["int8", "float32"])))
            missing = rng.random((height, width)) < draw(st.sampled_from([0.0, 0.1, 0.5]))
            missing[0, 0] = False
            vectors[missing] = -128 if vectors.dtype == np.int8 else np.nan
            column, row = draw(st.integers(-20, 20)), draw(st.integers(-20, 20))
            scenes.append(Scene(zone, west + 10 * column, north + 10 * row, 10, vectors))
            layout = draw(st.sampled_from(LAYOUTS))
            stored.append({"bottom_up": draw(st.booleans()), **layout})
    metres = rng.uniform(-400, 400, (12, 2)) + to_zone[ZONE_35]
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    return scenes, stored, np.column_stack(to_wgs84.transform(*metres.T))


@given(
    mosaic=mosaics(),
    squares=st.lists(st.integers(0, 9), min_size=1, max_size=2),
    disks=st.lists(st.floats(8, 90), max_size=2),
    tiling=st.sampled_from([SMALL_TILES, Tiling(read_side=64, sum_side=4), Tiling()]),
)
@settings(max_examples=80)
def test_equals_the_definition(
    mosaic: tuple[list[Scene], list[dict[str, object]], np.ndarray],
    squares: list[int],
    disks: list[float],
    tiling: Tiling,
) -> None:
    scenes, stored, lonlat = mosaic
    views = [View(f"s{radius}", "square", radius_px=radius) for radius in squares]
    views += [View(f"d{radius}", "disk", radius_m=radius) for radius in disks]
    with TemporaryDirectory() as folder:
        paths = [
            write_scene(Path(folder) / f"{number}.tif", scene, **layout)
            for number, (scene, layout) in enumerate(zip(scenes, stored, strict=True))
        ]
        embedding = open_rasters(paths, tiling=tiling)
        pooled = embedding.pool(lonlat, views)
    close(pooled.vectors, pool_by_definition(scenes, lonlat, views))
    missing = np.isnan(pooled.vectors).any(axis=(0, 2))
    np.testing.assert_array_equal(pooled.ok, ~missing)
    assert sum(pooled.dropped.values()) == missing.sum()


@pytest.mark.parametrize(
    ("crs", "lon", "lat", "pixel"),
    [
        ("EPSG:4326", 24.9, 60.2, 0.0001),
        ("EPSG:3857", 24.9, 60.2, 10.0),
        ("EPSG:3035", -20.0, 64.0, 10.0),
        ("EPSG:2263", -74.0, 40.7, 32.0),  # US survey feet
    ],
)
def test_disks_are_metres_on_the_ground_in_any_crs(
    tmp_path: Path, crs: str, lon: float, lat: float, pixel: float
) -> None:
    rng = np.random.default_rng(7)
    x, y = transformer("EPSG:4326", crs).transform(lon, lat)
    scene = Scene(crs, x - 40 * pixel, y + 40 * pixel, pixel, unit_vectors(rng, 80, 80, "int8"))
    path = write_scene(tmp_path / "scene.tif", scene)
    around = GEOD.fwd(
        np.full(60, lon), np.full(60, lat), rng.uniform(0, 360, 60), rng.uniform(0, 80, 60)
    )
    lonlat = np.column_stack(around[:2])
    views = [View("base", "disk", radius_m=100)]
    pooled = open_rasters([path], tiling=SMALL_TILES).pool(lonlat, views).vectors
    # Points with a pixel centre within 5 mm of the rim are left out: there the two ways of
    # measuring (along the ellipsoid, and by the local metric) may decide differently.
    within, beyond = (
        pool_by_definition([scene], lonlat, [View("base", "disk", radius_m=radius)], geodesic=True)
        for radius in (99.995, 100.005)
    )
    clear = (within == beyond).all(axis=(0, 2))
    assert clear.sum() > 20
    np.testing.assert_allclose(pooled[:, clear], within[:, clear], atol=1e-6)


def test_of_two_zones_with_all_of_a_window_the_first_given_serves(tmp_path: Path) -> None:
    scenes, paths = [], []
    for number, zone in enumerate((ZONE_36, ZONE_35)):
        x, y = transformer("EPSG:4326", zone).transform(30, 60)
        vectors = unit_vectors(np.random.default_rng(number), 40, 40, "int8")
        scenes.append(Scene(zone, x - 200, y + 200, 10, vectors))
        paths.append(write_scene(tmp_path / f"{number}.tif", scenes[-1]))
    lonlat, views = np.array([[30.0, 60.0]]), [View("base", "square", radius_px=3)]
    for order in ([0, 1], [1, 0]):
        pooled = open_rasters([paths[number] for number in order]).pool(lonlat, views)
        close(pooled.vectors, pool_by_definition([scenes[order[0]]], lonlat, views))


def test_a_pixel_on_the_rim_of_a_disk_counts(tmp_path: Path) -> None:
    scene = Scene(
        ZONE_35, 400_000, 6_680_000, 10, unit_vectors(np.random.default_rng(0), 60, 60, "int8")
    )
    path = write_scene(tmp_path / "scene.tif", scene)
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    # On a pixel's centre, 6-8-10 triangles put pixels at exactly 100 m.
    lonlat = np.array([to_wgs84.transform(400_305, 6_679_705)])
    rim = open_rasters([path]).pool(lonlat, [View("base", "disk", radius_m=100)]).vectors
    expected = pool_by_definition([scene], lonlat, [View("base", "disk", radius_m=100)])
    close(rim, expected)
    inside = pool_by_definition([scene], lonlat, [View("base", "disk", radius_m=99.9)])
    assert np.abs(rim - inside).max() > 1e-5


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_wide_windows_do_not_overflow(tmp_path: Path, dtype: str) -> None:
    # 481 x 481 pixels of 107 * 107, and the disk's, pass what 32 bits hold; in one
    # block, so that they are summed at once.
    vector = np.zeros(64, dtype=np.int8)
    vector[[3, 7]] = 107, -107
    stored = np.tile(vector, (500, 500, 1))
    if dtype == "float32":
        stored = (np.sign(stored) * (stored / 127.5) ** 2).astype(np.float32)
    path = write_scene(
        tmp_path / "flat.tif", Scene(ZONE_35, 400_000, 6_680_000, 10, stored), blockysize=500
    )
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    lonlat = np.array([to_wgs84.transform(402_500, 6_677_500)])
    pooled = open_rasters([path]).pool(
        lonlat, [View("a", "square", radius_px=240), View("b", "disk", radius_m=2_450)]
    )
    expected = np.zeros(64)
    expected[[3, 7]] = np.sqrt(0.5), -np.sqrt(0.5)
    np.testing.assert_allclose(pooled.vectors[:, 0], [expected, expected], atol=1e-6)


def test_blocks_without_points_are_not_read(tmp_path: Path) -> None:
    scene = Scene(
        ZONE_35, 400_000, 6_680_000, 10, unit_vectors(np.random.default_rng(1), 64, 64, "int8")
    )
    path = write_scene(
        tmp_path / "scene.tif", scene, tiled=True, blockxsize=16, blockysize=16, interleave="pixel"
    )
    with rasterio.open(path) as dataset:
        offset = int(dataset.get_tag_item("BLOCK_OFFSET_3_3", "TIFF", bidx=1))
        size = int(dataset.get_tag_item("BLOCK_SIZE_3_3", "TIFF", bidx=1))
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * size)
    embedding = RasterEmbedding([read_header(path)])
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    views = [View("base", "square", radius_px=4)]
    sound = np.array([to_wgs84.transform(400_435, 6_679_565)])  # window ends beside the bad block
    close(embedding.pool(sound, views).vectors, pool_by_definition([scene], sound, views))
    damaged = np.array([to_wgs84.transform(400_455, 6_679_545)])  # window reaches into it
    with pytest.raises(InputError, check=fault("raster-unreadable")):
        embedding.pool(damaged, views)


def test_memory_stays_bounded_on_a_large_raster(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    side = 10_000
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=64, dtype="int8", nodata=-128,
        crs=ZONE_35, transform=Affine(10, 0, 400_000, 0, -10, 6_700_000), tiled=True,
        blockxsize=512, blockysize=512, interleave="pixel", compress="deflate", SPARSE_OK=True,
    ) as dataset:  # fmt: skip
        corners = [(0, 0), (512 * 19, 0), (512 * 7, 512 * 11), (512 * 19, 512 * 19)]
        for column, row in corners:
            height, width = min(512, side - row), min(512, side - column)
            vectors = unit_vectors(np.random.default_rng(row), 8, 8, "int8")
            block = np.broadcast_to(vectors[0, 0][:, None, None], (64, height, width))
            dataset.write(block, window=Window(column, row, width, height))
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    metres = np.array([(400_000 + 10 * c + 1_000, 6_700_000 - 10 * r - 1_000) for c, r in corners])
    lonlat = np.column_stack(to_wgs84.transform(*metres.T))
    embedding = open_rasters([path])
    tracemalloc.start()
    pooled = embedding.pool(lonlat, [View("base", "square", radius_px=9)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pooled.ok.all()
    assert peak < 100e6


def test_reasons_say_why_a_point_is_dropped(tmp_path: Path) -> None:
    scene = Scene(
        ZONE_35, 400_000, 6_680_000, 10, unit_vectors(np.random.default_rng(2), 40, 40, "int8")
    )
    scene.stored[:, 20:] = -128
    path = write_scene(tmp_path / "scene.tif", scene)
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    x = np.array([400_105.0, 400_355.0, 450_000.0])
    lonlat = np.column_stack(to_wgs84.transform(x, np.full(3, 6_679_805.0)))
    lonlat = np.vstack([lonlat, [[np.nan, 60]], [[24, 95]], [[-150, -60]]])
    pooled = open_rasters([path]).pool(lonlat, [View("base", "square", radius_px=4)])
    outside = "outside the embedding"
    assert pooled.reasons.tolist() == [
        "", "less than half the window has data", outside, outside, outside, outside,
    ]  # fmt: skip
    assert pooled.dropped == {"less than half the window has data": 1, outside: 4}
    np.testing.assert_allclose(np.linalg.norm(pooled.vectors[0, 0]), 1, atol=1e-6)


def test_no_points_give_no_rows(tmp_path: Path) -> None:
    scene = Scene(
        ZONE_35, 400_000, 6_680_000, 10, unit_vectors(np.random.default_rng(3), 9, 9, "int8")
    )
    embedding = open_rasters([write_scene(tmp_path / "scene.tif", scene)])
    views = [View("a", "square", radius_px=1), View("b", "disk", radius_m=30)]
    pooled = embedding.pool(np.empty((0, 2)), views)
    assert pooled.vectors.shape == (2, 0, 64)
    assert pooled.dropped == {}


def test_half_a_window_is_enough_and_less_is_not(tmp_path: Path) -> None:
    stored = unit_vectors(np.random.default_rng(4), 9, 9, "int8")
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    lonlat = np.array([to_wgs84.transform(400_045, 6_679_955)])
    for missing, poolable in ((40, True), (41, False)):  # of 81
        holed = stored.copy()
        holed.reshape(81, 64)[:missing] = -128
        path = write_scene(
            tmp_path / f"{missing}.tif", Scene(ZONE_35, 400_000, 6_680_000, 10, holed)
        )
        pooled = open_rasters([path]).pool(lonlat, [View("base", "square", radius_px=4)])
        assert pooled.ok.tolist() == [poolable]


@pytest.mark.parametrize(
    ("radius", "code"),
    [(3.0, "radius-smaller-than-pixel"), (6_000.0, "radius-spans-too-many-pixels")],
)
def test_a_radius_that_makes_no_sense_for_the_raster_is_refused(
    tmp_path: Path, radius: float, code: str
) -> None:
    scene = Scene(
        ZONE_35, 400_000, 6_680_000, 10, unit_vectors(np.random.default_rng(5), 9, 9, "int8")
    )
    embedding = open_rasters([write_scene(tmp_path / "scene.tif", scene)])
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    lonlat = np.array([to_wgs84.transform(400_040, 6_679_960)])  # a pixel's corner
    with pytest.raises(InputError, check=fault(code, f"{radius:g} m")):
        embedding.pool(lonlat, [View("base", "disk", radius_m=radius)])


def test_progress_counts_up_and_can_stop_the_work(tmp_path: Path) -> None:
    scene = Scene(
        ZONE_35, 400_000, 6_680_000, 10, unit_vectors(np.random.default_rng(6), 40, 40, "int8")
    )
    embedding = open_rasters([write_scene(tmp_path / "s.tif", scene)], tiling=SMALL_TILES)
    x, y = np.meshgrid(np.linspace(400_100, 400_300, 5), np.linspace(6_679_700, 6_679_900, 5))
    to_wgs84 = transformer(ZONE_35, "EPSG:4326")
    lonlat = np.column_stack(to_wgs84.transform(x.ravel(), y.ravel()))
    told = []
    views = [View("base", "square", radius_px=4)]
    embedding.pool(lonlat, views, lambda _stage, done, total: told.append((done, total)))
    assert told == [(done, told[-1][1]) for done in range(len(told))]
    assert told[-1][0] == told[-1][1] > 1

    def stop(_stage: str, _done: int, _total: int) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        embedding.pool(lonlat, views, stop)


@pytest.mark.parametrize(("radius", "name"), [(4, "window_r4"), (9, "window_r9")])
@pytest.mark.parametrize("tiling", [SMALL_TILES, Tiling()])
def test_conformance_with_the_published_code(
    shared: Path, radius: float, name: str, tiling: Tiling
) -> None:
    reference = np.load(shared / "conformance" / "london_pooling.npz")
    embedding = open_rasters([shared / "conformance" / "london_pooling.tif"], tiling=tiling)
    pooled = embedding.pool(reference["lonlat"], [View("base", "square", radius_px=radius)])
    assert pooled.ok.sum() >= 190
    np.testing.assert_allclose(pooled.vectors[0, pooled.ok], reference[name][pooled.ok], atol=1e-6)


def test_genuine_pixels(shared: Path) -> None:
    path = shared / "real" / "alphaearth" / "wisconsin_1km_int8.tif"
    if not path.exists():
        pytest.skip("genuine AlphaEarth pixels not present")
    embedding = open_rasters([path])
    assert embedding.pixels == 9_963
    assert embedding.crs == "EPSG:32616"
    centre = embedding.footprint.centroid
    lonlat = np.array([[centre.x, centre.y]])
    with rasterio.open(path) as dataset:
        stored = np.moveaxis(dataset.read(), 0, 2)
        scene = Scene("EPSG:32616", dataset.transform.c, dataset.transform.f, 10, stored)
    views = [View("base", "square", radius_px=4), View("wide", "disk", radius_m=225)]
    close(embedding.pool(lonlat, views).vectors, pool_by_definition([scene], lonlat, views))
    # A kilometre's disk is three times the raster: too little of it is there.
    far = embedding.pool(lonlat, [View("base", "disk", radius_m=1_000)])
    assert far.dropped == {"less than half the window has data": 1}
