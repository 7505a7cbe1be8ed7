"""A simulated region, embedded by one and by two local workers, and searched.

One file of 4,096 x 4,096 pixels is copied side by side, each copy with its own place, so every
piece has its own cells and all files the same values: what it costs is that of a region, what is
found is not. Run: `.venv/bin/python -m benchmarks.region --work FOLDER [--files 5] [--workers 1 2]
[--pixels] [--search]`. 5 files a side are 205 x 205 km, 17 GB.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
from rasterio.transform import Affine

from aether_core.files.whole import sha256_of
from aether_core.model.files.card import EmbeddingCard, EncoderCard, ModelCard
from aether_core.model.files.folder import save_model
from aether_core.model.heads.heads import Heads
from aether_core.search.nearest import nearest_rows
from benchmarks.inputs import NORTH, PIXEL, SEED, WEST, unit_rows, write_raster
from workflows.home.kept_arrays import kept_quantised
from workflows.locations.disk import DiskFolder
from workflows.region.partition import CELLS, PIXELS, cell_vectors, records
from workflows.region.region import RegionRequest, embed_region

SIDE = 4096
_QUERIES = 9


def make(work: Path, files: int) -> tuple[Path, Path]:
    """Rasters and a model, kept for the next run."""
    rasters, model = work / f"rasters-{files}", work / "model"
    if not model.exists():
        torch.manual_seed(SEED)
        save_model(model, Heads(), card())
    patch = work / "patch.tif"
    if not patch.exists():
        write_raster(patch, SIDE, "int8", tiled=True, interleave="pixel", compress="deflate")
    if not rasters.exists():
        rasters.mkdir()
        for row in range(files):
            for column in range(files):
                path = rasters / f"{row}-{column}.tif"
                shutil.copyfile(patch, path)
                west, north = WEST + column * SIDE * PIXEL, NORTH - row * SIDE * PIXEL
                with rasterio.open(path, "r+") as dataset:
                    dataset.transform = Affine(PIXEL, 0, west, 0, -PIXEL, north)
    return rasters, model


def card() -> ModelCard:
    """A card for weights that were never trained: what they cost is what trained ones cost."""
    return ModelCard(
        name="untrained",
        city="none",
        recipe="aether",
        settings={},
        seed=SEED,
        device="cpu",
        encoder=EncoderCard(name="all-MiniLM-L6-v2", dim=384),
        embedding=EmbeddingCard(kind="raster", dim=64, year=2024, simulated=True),
        data_hashes={},
        pois_used=0,
        held_out=0,
        kept_epoch=0,
        losses={},
        validation=None,
        versions={},
        created="2026-01-01T00:00:00+00:00",
    )


def sums(folder: Path) -> dict[str, str]:
    """Checksums of all that was made."""
    return {
        path.name: sha256_of(path) for room in (CELLS, PIXELS) for path in (folder / room).iterdir()
    }


def search(folder: Path) -> None:
    """Print what the best 1,000 of the region's cells take, and of the same in float32."""
    keys, vectors = zip(*cell_vectors(DiskFolder(folder), records(DiskFolder(folder))), strict=True)
    path = folder / "vectors.npy"
    np.save(path, np.concatenate(vectors))
    z = np.load(path, mmap_mode="r")
    copy = kept_quantised(folder, "vectors", z)
    laps: dict[str, list[float]] = {"ours": [], "float32": []}
    for direction in unit_rows(np.random.default_rng(SEED), _QUERIES, z.shape[1]):
        began = time.perf_counter()
        found = nearest_rows(z, copy, direction, 1000)
        middle = time.perf_counter()
        score = z @ direction
        np.argpartition(-score, 1000)
        laps["ours"].append(middle - began)
        laps["float32"].append(time.perf_counter() - middle)
    for name, took in laps.items():
        print(
            f"best 1,000 of {sum(map(len, keys)):,} cells, {name}: median"
            f" {1000 * float(np.median(took)):.0f} ms, least {1000 * min(took):.0f} ms"
            f" ({found.scored:,} scored in float32)"
        )


def main() -> int:
    """Print the figures; 1 where two runs differ in a bit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--files", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--pixels", action="store_true")
    parser.add_argument("--search", action="store_true")
    chosen = parser.parse_args()
    chosen.work.mkdir(parents=True, exist_ok=True)
    rasters, model = make(chosen.work, chosen.files)
    made = None
    for workers in chosen.workers:
        folder = chosen.work / f"region-{chosen.files}-{workers}-{'p' if chosen.pixels else 'c'}"
        request = RegionRequest(
            (DiskFolder(rasters),),
            model,
            DiskFolder(folder),
            pixels=chosen.pixels,
            scheduler="local",
            workers=workers,
        )
        done = embed_region(request)
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        print(
            f"{workers} workers: {done.made} of {done.pieces} pieces, {done.cells:,} cells,"
            f" {done.pixels:,} pixels, {done.seconds:.1f} s; work {done.work_seconds:.1f} s,"
            f" {done.cpu_seconds:.1f} s CPU;"
            f" at most {done.peak_bytes / 1e6:.0f} MB a worker, {size / 1e6:,.0f} MB written",
            flush=True,
        )
        found = sums(folder)
        if made is not None and found != made:
            print("the runs differ")
            return 1
        made = found
    if chosen.search:
        search(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
