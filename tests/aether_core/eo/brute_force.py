"""Pooling as its definition reads, pixel by pixel, for the tests to compare with."""

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pyproj import Geod, Transformer
from rasterio.transform import Affine

from aether_core.eo.pooling.view import View

GEOD = Geod(ellps="WGS84")
transformer = lru_cache(partial(Transformer.from_crs, always_xy=True))


@dataclass
class Scene:
    """A raster as a test means it: rows from north to south, NaN where there is no data."""

    crs: str
    west: float
    north: float
    pixel: float
    stored: np.ndarray  # [h, w, 64], int8 as stored or float32

    def vectors(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Embedding values of pixels as float64 `[n, 64]`, NaN where there is no data."""
        stored = self.stored[rows, columns].astype(np.float64)
        if self.stored.dtype != np.int8:
            return stored
        values = np.sign(stored) * (stored / 127.5) ** 2
        values[(stored == -128).any(axis=1)] = np.nan
        return values


def unit_vectors(rng: np.random.Generator, height: int, width: int, dtype: str) -> np.ndarray:
    """Random unit vectors, smooth enough that neighbours differ little, int8 or float32."""
    values = rng.standard_normal((height, width, 64), dtype=np.float32)
    values *= 0.8
    values += rng.standard_normal(64, dtype=np.float32)
    values /= np.sqrt(np.einsum("hwd,hwd->hw", values, values))[..., None]
    if dtype == "int8":
        return np.rint(np.copysign(np.sqrt(np.abs(values)), values) * 127.5).astype(np.int8)
    return values


def write_scene(path: Path, scene: Scene, *, bottom_up: bool = False, **creation: Any) -> Path:
    """Write a scene as a GeoTIFF in any row order and block layout."""
    height, width, bands = scene.stored.shape
    transform = Affine(scene.pixel, 0, scene.west, 0, -scene.pixel, scene.north)
    stored = scene.stored
    if bottom_up:
        stored = stored[::-1]
        south = scene.north - height * scene.pixel
        transform = Affine(scene.pixel, 0, scene.west, 0, scene.pixel, south)
    profile: dict[str, Any] = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": bands,
        "dtype": stored.dtype,
        "crs": scene.crs,
        "transform": transform,
        "compress": "deflate",
        "nodata": -128 if stored.dtype == np.int8 else np.nan,
    }
    with rasterio.open(path, "w", **(profile | creation)) as dataset:
        dataset.write(np.moveaxis(stored, 2, 0))
    return path


def pool_by_definition(
    scenes: list[Scene], lonlat: np.ndarray, views: list[View], *, geodesic: bool = False
) -> np.ndarray:
    """Return `[views, n, 64]`: each point from the CRS where its windows hold most valid pixels."""
    pooled = np.full((len(views), len(lonlat), 64), np.nan)
    for place, (lon, lat) in enumerate(lonlat):
        best = 0
        for crs in dict.fromkeys(scene.crs for scene in scenes):
            same = [scene for scene in scenes if scene.crs == crs]
            found = [_window(same, lon, lat, view, geodesic=geodesic) for view in views]
            total = sum(len(valid) for valid, _ in found)
            if total <= best:
                continue
            best = total
            for which, (valid, full) in enumerate(found):
                pooled[which, place] = np.nan
                if len(valid) and 2 * len(valid) >= full:
                    mean = valid.mean(axis=0)
                    pooled[which, place] = mean / np.linalg.norm(mean)
    return pooled


def _window(
    scenes: list[Scene], lon: float, lat: float, view: View, *, geodesic: bool
) -> tuple[np.ndarray, int]:
    """Return (valid vectors of the window, pixels of the whole window) in one CRS."""
    first = scenes[0]
    x, y = transformer("EPSG:4326", first.crs).transform(lon, lat)
    column = int(np.floor((x - first.west) / first.pixel))
    row = int(np.floor((first.north - y) / first.pixel))
    side = view.radius_px if view.shape == "square" else int(view.radius_m / 4) + 2
    steps = np.arange(-side, side + 1)
    down, across = (part.ravel() for part in np.meshgrid(steps, steps, indexing="ij"))
    centre_x = first.west + (column + across + 0.5) * first.pixel
    centre_y = first.north - (row + down + 0.5) * first.pixel
    if view.shape == "disk":
        if geodesic:
            there = transformer(first.crs, "EPSG:4326").transform(centre_x, centre_y)
            here = np.full(len(down), lon), np.full(len(down), lat)
            distance = GEOD.inv(*here, *there)[2]
        else:
            distance = np.hypot(centre_x - x, centre_y - y)
        inside = distance <= view.radius_m + 1e-6
        centre_x, centre_y = centre_x[inside], centre_y[inside]
    vectors = np.full((len(centre_x), 64), np.nan)
    for scene in scenes:
        rows = np.floor((scene.north - centre_y) / scene.pixel).astype(int)
        columns = np.floor((centre_x - scene.west) / scene.pixel).astype(int)
        height, width = scene.stored.shape[:2]
        there = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
        open_pixels = np.flatnonzero(there & np.isnan(vectors).any(axis=1))
        vectors[open_pixels] = scene.vectors(rows[open_pixels], columns[open_pixels])
    return vectors[~np.isnan(vectors).any(axis=1)], len(centre_x)
