"""Means of pixels over areas, against sampling the ground at many spots."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from aether_core.eo.embedding import Embedding, open_embedding
from aether_core.errors import CancelledError, InputError
from aether_core.tasks.areas import pixels
from aether_core.tasks.areas.pixels import pixel_means
from tests.aether_core.eo.brute_force import Scene, transformer, unit_vectors, write_scene
from tests.errors import fault

ZONE, NEXT_ZONE = "EPSG:32635", "EPSG:32636"
WEST, NORTH = 400_000.0, 6_680_000.0


def scene(height: int = 40, width: int = 50, dtype: str = "int8", seed: int = 0) -> Scene:
    rng = np.random.default_rng(seed)
    return Scene(ZONE, WEST, NORTH, 10, unit_vectors(rng, height, width, dtype))


def to_degrees(shape: shapely.Geometry, crs: str = ZONE) -> shapely.Geometry:
    turn = transformer(crs, "EPSG:4326").transform
    return shapely.transform(shape, lambda xy: np.column_stack(turn(xy[:, 0], xy[:, 1])))


def shapes_in(made: Scene) -> list[shapely.Geometry]:
    """A disk, a thin strip, a spot within one pixel, two parts, a ring, one over the edge."""
    x, y = made.west, made.north
    disk = shapely.Point(x + 203, y - 187).buffer(96)
    return [
        disk,
        shapely.Polygon(
            [(x + 20, y - 20), (x + 480, y - 300), (x + 480, y - 303), (x + 20, y - 26)]
        ),
        shapely.box(x + 301, y - 209, x + 304, y - 205),
        shapely.MultiPolygon(
            [
                shapely.box(x + 11, y - 93, x + 47, y - 61),
                shapely.box(x + 400, y - 390, x + 433, y - 350),
            ]
        ),
        disk.difference(disk.buffer(-30)),
        shapely.box(x - 70, y - 55, x + 35, y + 40),
    ]


def sampled(scenes: list[Scene], shape: shapely.Geometry, step: float = 0.5) -> np.ndarray:
    """Mean direction over a fine lattice of spots; the first scene with data at a spot counts."""
    west, south, east, north = shape.bounds
    xs, ys = np.arange(west + step / 2, east, step), np.arange(south + step / 2, north, step)
    x, y = (part.ravel() for part in np.meshgrid(xs, ys))
    inside = shapely.contains_xy(shape, x, y)
    x, y = x[inside], y[inside]
    vectors = np.full((len(x), 64), np.nan)
    for one in scenes:
        there_x, there_y = transformer(ZONE, one.crs).transform(x, y)
        rows = np.floor((one.north - there_y) / one.pixel).astype(int)
        columns = np.floor((there_x - one.west) / one.pixel).astype(int)
        height, width = one.stored.shape[:2]
        held = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        held &= np.isnan(vectors).any(axis=1)
        vectors[held] = one.vectors(rows[held], columns[held])
    mean = np.nanmean(vectors, axis=0)
    return mean / np.linalg.norm(mean)


def means(embedding: Embedding, shapes: list[shapely.Geometry], **how: object) -> np.ndarray:
    return pixel_means(embedding, np.array([to_degrees(shape) for shape in shapes]), **how)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("bottom_up", [False, True])
def test_each_pixel_counts_by_the_ground_it_shares(
    tmp_path: Path, dtype: str, bottom_up: bool
) -> None:
    made = scene(dtype=dtype)
    made.stored[5:9, 12:30] = -128 if dtype == "int8" else np.nan
    made.stored[18, 20] = -128 if dtype == "int8" else np.nan
    embedding = open_embedding([write_scene(tmp_path / "a.tif", made, bottom_up=bottom_up)])
    shapes = shapes_in(made)
    found = means(embedding, shapes)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    for row, shape in zip(found, shapes, strict=True):
        assert np.abs(row - sampled([made], shape)).max() < 2e-3


def test_small_tiles_and_few_pixels_at_once_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = scene()
    embedding = open_embedding([write_scene(tmp_path / "a.tif", made)])
    whole = means(embedding, shapes_in(made))
    monkeypatch.setattr(pixels, "_TILE", 16)
    monkeypatch.setattr(pixels, "_PIXELS_AT_ONCE", 7)
    assert np.allclose(means(embedding, shapes_in(made)), whole, atol=1e-6)


def test_areas_cross_the_seams_of_files(tmp_path: Path) -> None:
    made = scene()
    halves = [Scene(ZONE, WEST, NORTH, 10, made.stored[:, :20])]
    halves.append(Scene(ZONE, WEST + 180, NORTH, 10, made.stored[:, 18:]))
    paths = [write_scene(tmp_path / f"{n}.tif", half) for n, half in enumerate(halves)]
    whole = open_embedding([write_scene(tmp_path / "whole.tif", made)])
    shapes = shapes_in(made)
    assert np.allclose(means(open_embedding(paths), shapes), means(whole, shapes), atol=1e-6)


def test_ground_that_two_zones_hold_counts_once(tmp_path: Path) -> None:
    first = scene()
    first.stored[:, 25:] = -128
    corner = transformer(ZONE, NEXT_ZONE).transform(WEST + 100, NORTH + 50)
    second = Scene(
        NEXT_ZONE,
        round(corner[0], -1),
        round(corner[1], -1) + 60,
        10,
        scene(seed=1, height=60, width=60).stored,
    )
    paths = [write_scene(tmp_path / "a.tif", first), write_scene(tmp_path / "b.tif", second)]
    shape = shapely.box(WEST + 180, NORTH - 330, WEST + 330, NORTH - 90)
    found = means(open_embedding(paths), [shape])[0]
    both = sampled([first, second], shape)
    assert np.abs(found - both).max() < 5e-3
    # The test can fail: counting the second zone alone, or its pixels everywhere, is far off.
    assert np.abs(sampled([second, first], shape) - both).max() > 2e-2


def test_pixels_of_a_raster_in_degrees_count_by_their_ground(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    made = Scene("EPSG:4326", 24.0, 70.0, 0.01, unit_vectors(rng, 400, 4, "int8"))
    embedding = open_embedding([write_scene(tmp_path / "a.tif", made)])
    tall = np.array([shapely.box(24.0, 66.0, 24.04, 70.0)])
    latitude = np.radians(70.0 - 0.01 * (np.arange(400) + 0.5))
    rows, columns = (part.ravel() for part in np.indices((400, 4)))
    mean = (made.vectors(rows, columns) * np.cos(latitude)[rows, None]).sum(axis=0)
    assert np.abs(pixel_means(embedding, tall)[0] - mean / np.linalg.norm(mean)).max() < 1e-4


def test_an_area_without_data_is_nan(tmp_path: Path) -> None:
    made = scene()
    made.stored[:10] = -128
    embedding = open_embedding([write_scene(tmp_path / "a.tif", made)])
    shapes = [
        shapely.box(WEST + 15, NORTH - 85, WEST + 95, NORTH - 15),
        shapely.box(WEST - 900, NORTH - 900, WEST - 800, NORTH - 800),
        shapely.box(WEST + 15, NORTH - 205, WEST + 95, NORTH - 145),
    ]
    assert np.isnan(means(embedding, shapes)).any(axis=1).tolist() == [True, True, False]


def test_a_head_is_applied_to_each_pixel_before_the_mean(tmp_path: Path) -> None:
    made = scene()
    embedding = open_embedding([write_scene(tmp_path / "a.tif", made)])
    shape = shapely.box(WEST + 100, NORTH - 200, WEST + 200, NORTH - 100)
    found = means(embedding, [shape], encode=lambda vectors: vectors[:, :3] ** 2)
    rows, columns = (part.ravel() for part in np.mgrid[10:20, 10:20])
    mean = (made.vectors(rows, columns)[:, :3] ** 2).mean(axis=0)
    assert found.shape == (1, 3)
    assert np.allclose(found[0], mean / np.linalg.norm(mean), atol=1e-5)


def test_progress_can_stop_the_work(tmp_path: Path) -> None:
    embedding = open_embedding([write_scene(tmp_path / "a.tif", scene())])
    reports: list[tuple[str, int, int]] = []

    def stop(stage: str, done: int, total: int) -> None:
        reports.append((stage, done, total))
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        means(embedding, shapes_in(scene()), progress=stop)
    assert reports == [("averaging pixels by area", 0, 1)]


def test_genuine_pixels_of_wisconsin(shared: Path) -> None:
    embedding = open_embedding([shared / "real" / "alphaearth" / "wisconsin_1km_int8.tif"])
    west, south, east, north = embedding.footprint.bounds
    areas = np.array([embedding.footprint.buffer(-0.002), shapely.box(west, south, east, north)])
    found = pixel_means(embedding, areas)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert found[0] @ found[1] > 0.98


def test_a_table_of_samples_has_no_pixels(shared: Path) -> None:
    embedding = open_embedding([shared / "real" / "alphaearth" / "sf_bay_urban_2024.csv"])
    with pytest.raises(InputError, check=fault("samples-without-pixels", "sf_bay_urban_2024.csv")):
        pixel_means(embedding, np.array([shapely.box(-122, 37, -121, 38)]))
