"""One piece of a region: pooled at its cells, embedded, written. May be done twice, or half."""

import os
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from aether_core.eo.pooling.view import View
from aether_core.eo.raster.embedding import RasterEmbedding, open_rasters
from aether_core.export.geoparquet import write_geoparquet
from aether_core.files.whole import atomic_path, sha256_of
from aether_core.model.raster.block_group import BlockGroup, cells_in, pixels_of
from aether_core.threads import one_thread_each
from workflows.region.partition import CELLS, PIXELS, Partition, done_before, write_record

if TYPE_CHECKING:
    from aether_core.model.heads.heads import Heads
    from aether_core.model.raster.embed import ModelIdentity


@dataclass(frozen=True)
class RegionInput:
    """What all pieces of a region share; the same on every machine that computes.

    Attributes:
        folder: Where results go, under this path on every machine.
        key: All that decides the results.
        rasters: Paths of the rasters.
        kind: Name of their embedding, where they do not say it.
        model: Folder of the model.
        identity: Which model it is.
        resolution: Of the H3 cells.
        view: What is pooled at a cell.
        pixels: Whether every pixel is embedded, too.
        credits: Whom the results are owed to.
    """

    folder: Path
    key: str
    rasters: tuple[Path, ...]
    kind: str | None
    model: Path
    identity: "ModelIdentity"
    resolution: int
    view: View
    pixels: bool
    credits: tuple[str, ...]


@dataclass(frozen=True)
class GroupTask:
    """A piece to be made."""

    given: RegionInput
    group: BlockGroup

    @property
    def name(self) -> str:
        """What its files are called."""
        return self.group.name


def make_partition(task: GroupTask) -> Partition:
    """Make a piece, unless it lies there whole.

    Products are computed on one thread, so that the bits are those of any other process.

    Raises:
        InputError: A raster or the model cannot be read.
        DiskFullError: No room left.
    """
    given, name = task.given, task.group.name
    found = done_before(given.folder, name, given.key)
    if found is not None:
        return found
    began, busy = time.perf_counter(), time.process_time()
    files: dict[str, str] = {}
    with one_thread_each():
        cells, left_out = _write_cells(task, files)
        pixels = _write_pixels(task, files) if given.pixels else 0
    done = Partition(
        name=name,
        key=given.key,
        cells=cells,
        left_out=left_out,
        pixels=pixels,
        seconds=time.perf_counter() - began,
        cpu_seconds=time.process_time() - busy,
        peak_bytes=_peak_bytes(),
        process=os.getpid(),
        files=files,
    )
    write_record(given.folder, done)
    return done


def _write_cells(task: GroupTask, files: dict[str, str]) -> tuple[int, int]:
    """Write the piece's cells; how many have data, and how many are left out."""
    from aether_core.model.heads.inference import encode_eo

    given = task.given
    embedding = _embedding(given)
    cells = cells_in(embedding.grids, task.group, given.resolution)
    if cells is None:
        return 0, 0
    pooled = embedding.pool(cells.lonlat, [given.view]).vectors[0]
    there = np.isfinite(pooled).all(axis=1)
    if not there.any():
        return 0, len(cells)
    cells = cells.take(there)
    frame = gpd.GeoDataFrame(
        {
            "cell": cells.codes(),
            "h3": cells.h3,
            "lon": cells.lonlat[:, 0],
            "lat": cells.lonlat[:, 1],
            "vector": list(encode_eo(_heads(given.model), pooled[there])),
        },
        geometry=cells.polygons(),
        crs="EPSG:4326",
    )
    path = given.folder / CELLS / f"{task.group.name}.parquet"
    facts = {"attribution": " ".join(given.credits), "model_sha256": given.identity.sha256}
    with atomic_path(path, force=True) as temporary, temporary.open("wb") as file:
        write_geoparquet(frame, file, facts)
    files[str(path.relative_to(given.folder))] = sha256_of(path)
    return len(cells), int((~there).sum())


def _write_pixels(task: GroupTask, files: dict[str, str]) -> int:
    """Write the piece's pixels as a GeoTIFF; how many have data."""
    from aether_core.model.raster.embed import embed_box

    given = task.given
    embedding = _embedding(given)
    path = given.folder / PIXELS / f"{task.group.name}.tif"
    pixels = embed_box(
        _heads(given.model),
        embedding.grids[task.group.grid],
        pixels_of(embedding.grids, task.group),
        path,
        model=given.identity,
        any_length=not embedding.unit_pixels,
    )
    files[str(path.relative_to(given.folder))] = sha256_of(path)
    return pixels


def _peak_bytes() -> int:
    """The most memory this process has held: what it began as its parent's part does not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def _embedding(given: RegionInput) -> RasterEmbedding:
    return _opened(given.rasters, given.kind, given.key)


@lru_cache(maxsize=1)
def _opened(rasters: tuple[Path, ...], kind: str | None, _key: str) -> RasterEmbedding:
    """Headers are read once a process; files are opened for each piece and closed after it."""
    return open_rasters(rasters, kind=kind)


@lru_cache(maxsize=1)
def _heads(model: Path) -> "Heads":
    from aether_core.model.files.folder import load_heads

    return load_heads(model)
