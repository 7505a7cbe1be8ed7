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
from aether_core.export.geoparquet import write_geoparquet
from aether_core.files.whole import sha256_of
from aether_core.model.raster.block_group import BlockGroup, cells_in, pixels_of
from aether_core.threads import one_thread_each
from workflows.locations.location import Location
from workflows.region.heads import region_heads
from workflows.region.partition import (
    CELLS,
    PIXELS,
    Partition,
    done_before,
    versions_of,
    write_record,
)
from workflows.region.rasters import RegionRasters, embedding_at

if TYPE_CHECKING:
    from aether_core.eo.raster.embedding import RasterEmbedding
    from aether_core.model.heads.heads import Heads
    from aether_core.model.raster.embed import ModelIdentity


@dataclass(frozen=True)
class RegionInput:
    """What all pieces of a region share; the same on every machine that computes.

    Attributes:
        location: Where results go, and where the model lies.
        key: All that decides the results.
        run: Which run this is.
        rasters: What is embedded.
        identity: Which model it is.
        resolution: Of the H3 cells.
        view: What is pooled at a cell.
        pixels: Whether every pixel is embedded, too.
        credits: Whom the results are owed to.
    """

    location: Location
    key: str
    run: str
    rasters: RegionRasters
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
    found = done_before(given.location, name, given.key)
    if found is not None:
        return found
    began, busy = time.perf_counter(), time.process_time()
    files: dict[str, str] = {}
    with one_thread_each():
        embedding, heads = (
            embedding_at(given.rasters, task.group),
            _heads(given.location, given.key),
        )
        cells, left_out = _write_cells(task, embedding, heads, files)
        pixels = _write_pixels(task, embedding, heads, files) if given.pixels else 0
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
        versions=versions_of(given.location, files),
        run=given.run,
    )
    write_record(given.location, done)
    return done


def _write_cells(
    task: GroupTask, embedding: "RasterEmbedding", heads: "Heads", files: dict[str, str]
) -> tuple[int, int]:
    """Write the piece's cells; how many have data, and how many are left out."""
    from aether_core.model.heads.inference import encode_eo

    given = task.given
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
            "vector": list(encode_eo(heads, pooled[there])),
        },
        geometry=cells.polygons(),
        crs="EPSG:4326",
    )
    name = f"{CELLS}/{task.group.name}.parquet"
    facts = {"attribution": " ".join(given.credits), "model_sha256": given.identity.sha256}
    with given.location.writing(name) as path:
        with path.open("wb") as file:
            write_geoparquet(frame, file, facts)
        files[name] = sha256_of(path)
    return len(cells), int((~there).sum())


def _write_pixels(
    task: GroupTask, embedding: "RasterEmbedding", heads: "Heads", files: dict[str, str]
) -> int:
    """Write the piece's pixels as a GeoTIFF; how many have data."""
    from aether_core.model.raster.embed import embed_box

    given = task.given
    name = f"{PIXELS}/{task.group.name}.tif"
    with given.location.writing(name) as path:
        pixels = embed_box(
            heads,
            embedding.grids[task.group.grid],
            pixels_of(embedding.grids, task.group),
            path,
            model=given.identity,
            any_length=not embedding.unit_pixels,
        )
        files[name] = sha256_of(path)
    return pixels


def _peak_bytes() -> int:
    """The most memory this process has held: what it began as its parent's part does not count."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


@lru_cache(maxsize=1)
def _heads(location: Location, _key: str) -> "Heads":
    return region_heads(location)
