"""Whole rasters in the joint space: what is written, what a stop leaves, what is refused."""

import hashlib
import resource
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from rasterio.enums import Resampling
from rio_cogeo import cog_validate

from aether_core.eo.alphaearth import dequantise
from aether_core.eo.embedding import open_embedding
from aether_core.eo.pooling.view import View
from aether_core.eo.raster.embedding import open_rasters
from aether_core.errors import CancelledError, ConflictError, DiskFullError, InputError
from aether_core.model.heads.heads import Heads, HeadShape, Shortcut
from aether_core.model.heads.inference import encode_eo
from aether_core.model.raster.block_embedder import FoldedEOHead
from aether_core.model.raster.embed import (
    BAND_NAMES,
    EmbeddedRaster,
    ModelIdentity,
    embed_raster,
)
from aether_core.progress import Progress, silent
from tests.aether_core.eo.brute_force import Scene, transformer, unit_vectors, write_scene
from tests.errors import fault

ZONE = "EPSG:32635"
WEST, NORTH = 400_000.0, 6_680_000.0
_EXPECTED: dict[tuple[bytes, int], np.ndarray] = {}
MODEL = ModelIdentity("ab" * 32, "tinytown-7", ("Places: somebody.",))


@pytest.fixture(scope="module")
def heads() -> Heads:
    torch.manual_seed(3)
    made = Heads()
    # Weights as of a trained model: an untrained one maps all pixels close together.
    with torch.no_grad():
        for weight in made.eo.parameters():
            weight.mul_(2)
    return made.eval()


@cache
def vectors_of(height: int, width: int, dtype: str, seed: int) -> np.ndarray:
    return unit_vectors(np.random.default_rng(seed), height, width, dtype)


def scene(height: int = 270, width: int = 330, dtype: str = "int8", seed: int = 0) -> Scene:
    """A raster of two blocks by two with holes, one of them a block."""
    made = Scene(ZONE, WEST, NORTH, 10, vectors_of(height, width, dtype, seed).copy())
    nothing = -128 if dtype == "int8" else np.nan
    made.stored[40:90, 100:140] = nothing
    made.stored[:256, 256:] = nothing  # a block without any data
    return made


def expected(heads: Heads, made: Scene) -> np.ndarray:
    """Return `[h, w, 128]` as `encode_eo` has it, NaN where there is no data."""
    stored = made.stored
    content = (hashlib.sha256(stored.tobytes()).digest(), id(heads))
    if content not in _EXPECTED:
        vectors = dequantise(stored) if stored.dtype == np.int8 else stored
        unit = encode_eo(heads, vectors.reshape(-1, vectors.shape[2]).astype(np.float32))
        _EXPECTED[content] = unit.reshape(*stored.shape[:2], 128)
    return _EXPECTED[content]


def embed(
    heads: Heads,
    source: Path | list[Path],
    target: Path,
    dtype: str = "int8",
    *,
    force: bool = False,
    progress: Progress = silent,
) -> EmbeddedRaster:
    work = target.parent / "work"
    work.mkdir(exist_ok=True)
    embedding = open_rasters(source if isinstance(source, list) else [source])
    return embed_raster(
        heads, embedding, target, model=MODEL, work=work, dtype=dtype, force=force,
        progress=progress,
    )  # fmt: skip


def read(path: Path) -> np.ndarray:
    """Return `[h, w, 128]` unit vectors float32, NaN where there is no data."""
    with rasterio.open(path) as dataset:
        stored = np.moveaxis(dataset.read(), 0, 2)
    return dequantise(stored) if stored.dtype == np.int8 else stored.astype(np.float32)


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    there = ~np.isnan(second[..., 0])
    assert (np.isnan(first).all(axis=2) == ~there).all()
    one, other = first[there].astype(np.float64), second[there].astype(np.float64)
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.asarray((one * other).sum(axis=1) / lengths)


@pytest.mark.parametrize("bottom_up", [False, True])
def test_int8_says_what_the_head_says(tmp_path: Path, heads: Heads, bottom_up: bool) -> None:
    made = scene()
    source = write_scene(tmp_path / "a.tif", made, bottom_up=bottom_up, interleave="pixel")
    target = tmp_path / "z.tif"
    done = embed(heads, source, target)
    truth = expected(heads, made)
    with_data = int((~np.isnan(truth[..., 0])).sum())
    assert (done.width, done.height, done.bands, done.dtype) == (330, 270, 128, "int8")
    assert (done.pixels, done.blocks, done.resumed) == (with_data, 4 + 1, 0)
    assert cosines(read(target), truth).min() >= 0.999
    assert cog_validate(target, strict=True) == (True, [], [])
    with rasterio.open(target) as dataset:
        assert dataset.nodata == -128
        assert dataset.descriptions == BAND_NAMES
        assert dataset.crs == ZONE
        assert dataset.transform.e < 0
        assert (dataset.transform.c, dataset.transform.f) == (WEST, NORTH)
        tags = dataset.tags()
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert tags["MODEL"] == MODEL.name
    assert tags["MODEL_WEIGHTS_SHA256"] == MODEL.sha256
    assert "127.5" in tags["VALUES"]
    assert "Google DeepMind" in tags["ATTRIBUTION"]
    assert "Places: somebody." in tags["ATTRIBUTION"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "work", "z.tif"]
    assert list((tmp_path / "work").iterdir()) == []


@pytest.mark.parametrize(("dtype", "tolerance"), [("float16", 3e-4), ("float32", 1e-6)])
@pytest.mark.parametrize("source_dtype", ["int8", "float32"])
def test_floats_are_the_heads_own_numbers(
    tmp_path: Path, heads: Heads, dtype: str, tolerance: float, source_dtype: str
) -> None:
    made = scene(dtype=source_dtype)
    target = tmp_path / "z.tif"
    embed(heads, write_scene(tmp_path / "a.tif", made), target, dtype)
    np.testing.assert_allclose(read(target), expected(heads, made), atol=tolerance)
    assert cog_validate(target, strict=True) == (True, [], [])
    with rasterio.open(target) as dataset:
        assert np.isnan(dataset.nodata)
        bits = dataset.tags(1, ns="IMAGE_STRUCTURE").get("NBITS")
    assert (bits == "16") == (dtype == "float16")


@pytest.mark.parametrize("shortcut", ["gated", "plain", "none"])
@pytest.mark.parametrize("post_mlp", [True, False])
def test_a_folded_head_is_the_head(shortcut: Shortcut, post_mlp: bool) -> None:
    torch.manual_seed(4)
    head = Heads(HeadShape(shortcut=shortcut, post_mlp=post_mlp)).eo.eval()
    vectors = torch.nn.functional.normalize(torch.randn(500, 64), dim=1)
    with torch.no_grad():
        truth = head(vectors)
        torch.testing.assert_close(FoldedEOHead(head, torch.float32)(vectors), truth)
        rounded = FoldedEOHead(head, torch.bfloat16)(vectors)
    assert torch.nn.functional.cosine_similarity(rounded, truth).min() > 0.9999


def test_an_overview_is_the_mean_direction_of_sixteen_pixels(tmp_path: Path, heads: Heads) -> None:
    made = scene()
    target = tmp_path / "z.tif"
    embed(heads, write_scene(tmp_path / "a.tif", made), target, "float32")
    with rasterio.open(target) as dataset:
        assert dataset.overviews(1) == [4]
        found = dataset.read(out_shape=(128, 68, 83), resampling=Resampling.nearest)
    padded = np.full((272, 332, 128), np.nan)
    padded[:270, :330] = expected(heads, made)
    sums = np.nansum(padded.reshape(68, 4, 83, 4, 128), axis=(1, 3))
    sums[(sums == 0).all(axis=2)] = np.nan
    means = sums / np.linalg.norm(sums, axis=2, keepdims=True)
    np.testing.assert_allclose(np.moveaxis(found, 0, 2), means, atol=1e-5)


def test_what_we_write_is_an_embedding_we_read(tmp_path: Path, heads: Heads) -> None:
    made = scene()
    target = tmp_path / "z.tif"
    embed(heads, write_scene(tmp_path / "a.tif", made), target)
    embedding = open_embedding([target])
    assert (embedding.dim, embedding.pixels) == (128, embed_pixels(made))
    lonlat = np.array([transformer(ZONE, "EPSG:4326").transform(WEST + 305, NORTH - 1_505)])
    pooled = embedding.pool(lonlat, [View("base", "square", radius_px=4)])
    mean = read(target)[146:155, 26:35].reshape(-1, 128).astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(pooled.vectors[0, 0], mean / np.linalg.norm(mean), atol=1e-6)


def embed_pixels(made: Scene) -> int:
    return int((made.stored != -128).all(axis=2).sum())


def test_files_of_one_grid_become_one_raster(tmp_path: Path, heads: Heads) -> None:
    whole = scene(200, 300)
    whole.stored[:] = unit_vectors(np.random.default_rng(5), 200, 300, "int8")
    left = Scene(ZONE, WEST, NORTH, 10, whole.stored[:, :130])
    right = Scene(ZONE, WEST + 1_300, NORTH - 500, 10, whole.stored[50:, 130:])
    paths = [
        write_scene(tmp_path / "a.tif", left),
        write_scene(tmp_path / "b.tif", right, bottom_up=True),
    ]
    whole.stored[:50, 130:] = -128
    target = tmp_path / "z.tif"
    done = embed(heads, paths, target)
    assert (done.width, done.height, done.pixels) == (300, 200, embed_pixels(whole))
    assert cosines(read(target), expected(heads, whole)).min() >= 0.999


def test_a_run_that_stopped_goes_on_to_the_same_bytes(tmp_path: Path, heads: Heads) -> None:
    source = write_scene(tmp_path / "a.tif", scene(270, 600))
    whole, target = tmp_path / "whole.tif", tmp_path / "z.tif"
    blocks = embed(heads, source, whole).blocks

    def stop(_stage: str, done: int, total: int) -> None:
        if total == blocks and done == 4:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        embed(heads, source, target, progress=stop)
    assert not target.exists()
    (left,) = (tmp_path / "work").iterdir()
    kept = shutil.copy(left, tmp_path / "kept")
    for torn in (0, 1, 60_000):
        shutil.copy(kept, left)
        with left.open("r+b") as file:  # what a kill in the middle of a write leaves
            file.truncate(left.stat().st_size - torn)
        done = embed(heads, source, target, force=True)
        assert 3 <= done.resumed < blocks, torn
        assert target.read_bytes() == whole.read_bytes(), torn
        assert list((tmp_path / "work").iterdir()) == []
        target.unlink()


def test_other_files_weights_or_types_do_not_go_on_from_it(tmp_path: Path, heads: Heads) -> None:
    source = write_scene(tmp_path / "a.tif", scene())

    def stop(_stage: str, done: int, total: int) -> None:
        if total > 1 and done == 3:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        embed(heads, source, tmp_path / "z.tif", progress=stop)
    assert embed(heads, source, tmp_path / "z.tif", "float16").resumed == 0
    other = write_scene(tmp_path / "b.tif", scene(seed=1))
    assert embed(heads, other, tmp_path / "y.tif").resumed == 0
    assert embed(heads, source, tmp_path / "x.tif").resumed >= 3


def test_a_full_disk_leaves_no_output_and_says_what_is_kept(tmp_path: Path, heads: Heads) -> None:
    source = write_scene(tmp_path / "a.tif", scene())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000_000, before[1]))
    try:
        with pytest.raises(
            DiskFullError, check=fault("disk-full", "of 5 blocks", tmp_path / "work")
        ):
            embed(heads, source, tmp_path / "z.tif")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "work"]
    assert embed(heads, source, tmp_path / "z.tif").resumed >= 1


def test_a_damaged_block_is_said_and_leaves_nothing(tmp_path: Path, heads: Heads) -> None:
    source = write_scene(tmp_path / "a.tif", scene(), tiled=True, interleave="pixel")
    embedding = open_rasters([source])
    with rasterio.open(source) as dataset:
        offset = int(dataset.get_tag_item("BLOCK_OFFSET_1_1", "TIFF", bidx=1))
    with source.open("r+b") as file:
        file.seek(offset)
        file.write(b"\xff" * 400)
    work = tmp_path / "work"
    work.mkdir()
    with pytest.raises(InputError, check=fault("raster-unreadable", "a.tif")):
        embed_raster(heads, embedding, tmp_path / "z.tif", model=MODEL, work=work)
    assert list(work.iterdir()) == []
    assert not (tmp_path / "z.tif").exists()


def test_what_cannot_be_embedded_is_refused(tmp_path: Path, heads: Heads) -> None:
    source = write_scene(tmp_path / "a.tif", scene(20, 30))
    wide = Heads(HeadShape(eo_dim=128))
    with pytest.raises(InputError, check=fault("embedding-length-mismatch", 64, 128, "a.tif")):
        embed(wide, source, tmp_path / "z.tif")
    embed(heads, source, tmp_path / "z.tif")
    with pytest.raises(InputError, check=fault("embedding-length-mismatch", 128, 64, "z.tif")):
        embed(heads, tmp_path / "z.tif", tmp_path / "y.tif")
    with pytest.raises(InputError, check=fault("output-is-input", "z.tif")):
        embed(wide, tmp_path / "z.tif", tmp_path / "z.tif", force=True)
    with pytest.raises(ConflictError):
        embed(heads, source, tmp_path / "z.tif")
    with pytest.raises(InputError, check=fault("no-such-value-type", "uint8", "float16")):
        embed(heads, source, tmp_path / "y.tif", "uint8")
    with pytest.raises(InputError, check=fault("output-wrong-ending", "y.png", ".tif")):
        embed(heads, source, tmp_path / "y.png")
    shifted = scene(20, 30)
    shifted.west += 3
    other = write_scene(tmp_path / "b.tif", shifted)
    with pytest.raises(InputError, check=fault("rasters-on-different-grids", "a.tif", "b.tif")):
        embed(heads, [source, other], tmp_path / "y.tif")
