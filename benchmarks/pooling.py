"""Pooling against a plain loop of rasterio windows: time, ratio, peak memory.

    python benchmarks/pooling.py --pois 20000 --size 1500

The loop is what one writes first: a window read, dequantised and averaged for each place and each
radius.
It runs on a share of the places and is scaled up, for it is slow.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from pyproj import Transformer
from rasterio.transform import Affine
from rasterio.windows import Window

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aether_core.eo.alphaearth import dequantise
from aether_core.eo.embedding import open_embedding
from aether_core.eo.view import View

RADII_PX = (4, 9)
RADII_M = (100.0, 225.0)
CRS = "EPSG:32635"
WEST, NORTH, PIXEL = 380_000.0, 6_680_000.0, 10.0
BLOCK = 512


def write_raster(path: Path, size: int, seed: int, interleave: str) -> None:
    """Write a square int8 raster of unit vectors, block by block."""
    rng = np.random.default_rng(seed)
    profile = {
        "driver": "GTiff",
        "width": size,
        "height": size,
        "count": 64,
        "dtype": "int8",
        "nodata": -128,
        "crs": CRS,
        "transform": Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH),
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
        "zlevel": 1,
        "interleave": interleave,
        "BIGTIFF": "IF_SAFER",
    }
    library = rng.normal(size=(4096, 64))
    library /= np.linalg.norm(library, axis=1, keepdims=True)
    levels = np.rint(np.sign(library) * np.sqrt(np.abs(library)) * 127.5).astype(np.int8)
    with rasterio.open(path, "w", **profile) as dataset:
        for row in range(0, size, BLOCK):
            for column in range(0, size, BLOCK):
                height, width = min(BLOCK, size - row), min(BLOCK, size - column)
                block = levels[rng.integers(len(levels), size=(height, width))]
                window = Window(column, row, width, height)
                dataset.write(np.moveaxis(block, 2, 0), window=window)


def places_in(size: int, count: int, seed: int) -> NDArray[np.float64]:
    """Return lon/lat `[n, 2]` of places spread over the raster, off its rim."""
    rng = np.random.default_rng(seed)
    rim = 30 * PIXEL
    x = WEST + rng.uniform(rim, size * PIXEL - rim, count)
    y = NORTH - rng.uniform(rim, size * PIXEL - rim, count)
    to_wgs84 = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    return np.column_stack(to_wgs84.transform(x, y))


def window_loop(path: Path, lonlat: NDArray[np.float64]) -> NDArray[np.float32]:
    """Pool squares one window at a time."""
    to_raster = Transformer.from_crs("EPSG:4326", CRS, always_xy=True)
    vectors = np.empty((len(RADII_PX), len(lonlat), 64), dtype=np.float32)
    with rasterio.open(path) as dataset:
        for place, (lon, lat) in enumerate(lonlat):
            row, column = dataset.index(*to_raster.transform(lon, lat))
            for which, radius in enumerate(RADII_PX):
                side = 2 * radius + 1
                window = Window(column - radius, row - radius, side, side)
                mean = dequantise(dataset.read(window=window)).mean(axis=(1, 2))
                vectors[which, place] = mean / np.linalg.norm(mean)
    return vectors


def timed(work: Callable[[], NDArray[np.float32]]) -> tuple[float, NDArray[np.float32]]:
    """Return (seconds, result)."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def peak_megabytes() -> float:
    """Return the most memory this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pois", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=1_500, help="pixels of the raster's side")
    parser.add_argument("--loop-pois", type=int, default=1_000, help="places of the plain loop")
    parser.add_argument("--interleave", choices=("pixel", "band"), default="band")
    parser.add_argument("--seed", type=int, default=42)
    settings = parser.parse_args()
    squares = [View(str(radius), "square", radius_px=radius) for radius in RADII_PX]
    disks = [View(f"{radius:g}", "disk", radius_m=radius) for radius in RADII_M]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "embedding.tif"
        write_raster(path, settings.size, settings.seed, settings.interleave)
        lonlat = places_in(settings.size, settings.pois, settings.seed)
        few = lonlat[: settings.loop_pois]
        base = peak_megabytes()
        opening, embedding = time.perf_counter(), open_embedding([path])
        opening = time.perf_counter() - opening
        square_time, pooled = timed(lambda: embedding.pool(lonlat, squares).vectors)
        square_peak = peak_megabytes()
        disk_time, _ = timed(lambda: embedding.pool(lonlat, disks).vectors)
        disk_peak = peak_megabytes()
        loop_time, looped = timed(lambda: window_loop(path, few))
    loop_time *= len(lonlat) / len(few)
    difference = float(np.abs(pooled[:, : len(few)] - looped).max())
    assert difference < 1e-5, f"the two ways differ by {difference}"
    print(f"{settings.size} x {settings.size} x 64 int8, {settings.pois} places, two radii")
    print(f"opened and checked                 {opening:9.2f} s")
    print(f"pooled, squares {RADII_PX} px        {square_time:9.2f} s   peak {square_peak:6.0f} MB")
    print(f"pooled, disks {RADII_M} m  {disk_time:9.2f} s   peak {disk_peak:6.0f} MB")
    print(f"plain loop, squares (from {len(few)})   {loop_time:9.2f} s")
    print(f"ratio loop / pooled squares        {loop_time / square_time:9.1f}")
    print(f"largest difference {difference:.1e}; memory before pooling {base:.0f} MB")


if __name__ == "__main__":
    main()
