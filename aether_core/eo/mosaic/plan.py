"""What a fetch of the mosaic has to bring, first guessed without a network, then known exactly."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from aether_core.eo.alphaearth import BANDS
from aether_core.eo.cog.block_store import kept_bytes
from aether_core.eo.cog.pyramid import BLOCK
from aether_core.eo.mirror.plan import MirrorEstimate, with_overviews_twice
from aether_core.eo.mirror.zones import HALO_M
from aether_core.eo.mosaic.lattice import PIXEL_M, CityGrid, MosaicLattice
from aether_core.eo.mosaic.layout import MosaicLayout
from aether_core.eo.mosaic.packing import MISSING, Packing, PackingError, index_bytes, read_index
from aether_core.errors import InputError
from aether_core.files.kept_file import read_kept, write_kept
from aether_core.net import (
    CancelCheck,
    RemoteError,
    RemoteFile,
    RemoteMissingError,
    RemotePageError,
    Web,
)
from aether_core.progress import Progress, silent

PUBLIC = MosaicLattice(
    west=-180.0,
    north=83.68570533713473,
    pixel=8.983111749910169e-05,
    height=1_859_584,
    width=4_009_984,
    shard=4096,
    chunk=256,
)
"""The grid of `tge-labs/aef-mosaic` as public reports have it; what a server states wins."""
TYPICAL_CHUNK_BYTES = 2_400_000
"""A chunk of all bands at the upper end; reported are 1 to 3 MB of the 4.2 MB unpacked."""


@dataclass(frozen=True)
class ShardIndex:
    """Where the chunks of a shard lie.

    Args:
        offsets: int64 `[1, chunks]`, where each begins; 0 where none is stored.
        counts: int64 `[1, chunks]`, its bytes; 0 where none is stored: no data.
    """

    offsets: NDArray[np.int64]
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class PlannedShard:
    """A shard and what is read of it.

    Args:
        at: Its row and column in the mosaic.
        file: As the server has it.
        layout: Where its chunks lie.
        places: Which chunks are wanted, by their number in it.
        store: Where they are kept.
        packing: Of its chunks.
        chunk_bytes: Of each, unpacked.
    """

    at: tuple[int, int]
    file: RemoteFile
    layout: ShardIndex
    places: tuple[int, ...]
    store: Path
    packing: Packing
    chunk_bytes: int

    def unpacks(self, content: bytes) -> bool:
        """Whether a chunk's bytes unpack to the chunk's size."""
        try:
            self.packing.unpack(content, self.chunk_bytes)
        except PackingError:
            return False
        return True

    @property
    def blocks(self) -> list[tuple[int, int]]:
        """The chunks wanted as (0, place); those without data not."""
        return [(0, place) for place in self.places if self.layout.counts[0, place]]

    @property
    def bytes(self) -> int:
        """Of all chunks wanted."""
        return int(self.layout.counts[0, list(self.places)].sum())


@dataclass(frozen=True)
class MosaicPlan:
    """What a fetch of one year brings, exactly.

    Args:
        year: Of the embedding.
        layout: Of the mosaic.
        grid: Of the city; the same for every year.
        shards: Those there are.
        absent: Shards that the mosaic does not have: no data there.
        kept: Bytes of the chunks wanted that lie in the cache already.
    """

    year: int
    layout: MosaicLayout
    grid: CityGrid
    shards: tuple[PlannedShard, ...]
    absent: int
    kept: int

    @property
    def url(self) -> str:
        """Address of the mosaic."""
        return self.layout.url

    @property
    def zones(self) -> tuple[str, ...]:
        """The zone whose grid the city gets."""
        return (self.grid.zone,)

    @property
    def tiles(self) -> int:
        """Files that are read."""
        return len(self.shards)

    @property
    def bytes(self) -> int:
        """Of all chunks wanted, kept already or not."""
        return sum(shard.bytes for shard in self.shards)

    @property
    def missing(self) -> int:
        """Bytes still to be downloaded."""
        return self.bytes - self.kept

    @property
    def written(self) -> int:
        """Room for the raster, with the blocks it is laid out from."""
        stored = sum(len(shard.blocks) for shard in self.shards) * self.layout.chunk_bytes
        local = len(self.grid.touched) * BANDS * BLOCK**2
        return with_overviews_twice(local * self.bytes // max(stored, 1))

    @property
    def disk_bytes(self) -> int:
        """Room needed while it lasts: chunks as they come, and what is made of them."""
        return self.missing + self.written

    @property
    def pixels(self) -> int:
        """Of the area and its halo."""
        return round(float(self.grid.outline.area) / PIXEL_M**2)


def offline_estimate(boundary: BaseGeometry, halo_m: float = HALO_M) -> MirrorEstimate:
    """Say what a year costs by the public mosaic's grid alone, without a network.

    Args:
        boundary: WGS84.
        halo_m: Reach of windows beyond it in metres.

    Raises:
        InputError: The area lies at a pole.
    """
    grid = CityGrid.of(boundary, halo_m)
    wanted = _wanted(PUBLIC, grid)
    chunks = sum(len(places) for places in wanted.values())
    written = len(grid.touched) * TYPICAL_CHUNK_BYTES * BLOCK**2 // PUBLIC.chunk**2
    size = chunks * TYPICAL_CHUNK_BYTES
    return MirrorEstimate(
        (grid.zone,),
        len(wanted),
        chunks,
        size,
        size + with_overviews_twice(written),
        round(grid.outline.area / PIXEL_M**2),
    )


def plan_mosaic(
    web: Web,
    layout: MosaicLayout,
    boundary: BaseGeometry,
    years: Sequence[int],
    halo_m: float,
    cache: Path,
    progress: Progress = silent,
) -> dict[int, MosaicPlan]:
    """Find out which chunks of which shards an area needs; the shards' indexes are read.

    Args:
        web: May ask the mosaic's host.
        layout: From `read_layout`.
        boundary: WGS84.
        years: Of the embedding.
        halo_m: Reach of windows beyond the boundary in metres.
        cache: Folder of what is kept between fetches; made when missing.
        progress: Told before each shard.

    Raises:
        InputError: The mosaic lacks a year, or has no data of the area in it.
        RemoteError: A shard is not as it should be.
        OfflineError: No connection comes about.
    """
    lacking = [year for year in years if year not in layout.years]
    if lacking:
        raise InputError(
            "the mosaic has no embedding for this year",
            ", ".join(map(str, lacking)),
            f"these years are available: {', '.join(map(str, sorted(layout.years)))}",
            code="mosaic-lacks-year",
        )
    folder = cache / "shards"
    folder.mkdir(parents=True, exist_ok=True)
    grid = CityGrid.of(boundary, halo_m)
    wanted = _wanted(layout.lattice, grid)
    plans: dict[int, MosaicPlan] = {}
    for number, year in enumerate(years):
        shards: list[PlannedShard] = []
        for done, (at, places) in enumerate(wanted.items()):
            check_cancelled = partial(
                progress,
                "reading the indexes of the mosaic",
                number * len(wanted) + done,
                len(years) * len(wanted),
            )
            check_cancelled()
            found = _planned(web, layout, year, at, places, folder, check_cancelled)
            if found is not None:
                shards.append(found)
        if not any(shard.blocks for shard in shards):
            raise InputError(
                "the mosaic has no data for this area and year; it is open sea or too close to a "
                "pole",
                f"{year}, {len(wanted)} of its files",
                "choose another area or year",
                code="mosaic-lacks-area",
            )
        kept = sum(_kept(shard) for shard in shards)
        absent = len(wanted) - len(shards)
        plans[year] = MosaicPlan(year, layout, grid, tuple(shards), absent, kept)
    return plans


def _wanted(lattice: MosaicLattice, grid: CityGrid) -> dict[tuple[int, int], list[int]]:
    """Which chunks of which shards, by the shard's row and column."""
    wanted: dict[tuple[int, int], list[int]] = {}
    for key in lattice.chunks(grid):
        shard, place = lattice.shard_of(key)
        wanted.setdefault(shard, []).append(place)
    return {shard: sorted(places) for shard, places in sorted(wanted.items())}


def _planned(
    web: Web,
    layout: MosaicLayout,
    year: int,
    at: tuple[int, int],
    places: Sequence[int],
    folder: Path,
    check_cancelled: CancelCheck,
) -> PlannedShard | None:
    """Look at a shard, and read its index where that is not kept; None where there is none."""
    url = layout.shard_url(year, *at)
    try:
        file = web.look(url, check_cancelled=check_cancelled)
    except RemotePageError:
        raise
    except RemoteMissingError:
        return None  # what Zarr leaves out holds the fill value, no data
    address = hashlib.sha256(file.url.encode()).hexdigest()[:24]
    version = hashlib.sha256(f"{file.etag} {file.size}".encode()).hexdigest()[:8]
    kept = folder / f"{address}-{version}.index"
    index = _index(web, layout, file, kept, check_cancelled)
    return PlannedShard(
        at,
        file,
        index,
        tuple(places),
        kept.with_suffix(".blocks"),
        layout.packing,
        layout.chunk_bytes,
    )


def _index(
    web: Web, layout: MosaicLayout, file: RemoteFile, kept: Path, check_cancelled: CancelCheck
) -> ShardIndex:
    chunks = layout.lattice.across**2
    size = index_bytes(chunks)
    content = read_kept(kept)
    try:
        if content is not None:
            return _checked(read_index(content, chunks), file.size - size, layout.chunk_bytes)
        start = max(file.size - size, 0)
        content = web.read_range(file, start, file.size - start, check_cancelled=check_cancelled)
        index = _checked(read_index(content, chunks), start, layout.chunk_bytes)
    except PackingError as error:
        raise RemoteError(
            file.url,
            f"is a damaged shard of the mosaic: it {error}",
            "try again later, or use another mirror of the mosaic",
            code="mosaic-shard-damaged",
        ) from error
    write_kept(kept, content)
    return index


def _checked(index: NDArray[np.uint64], end: int, chunk_bytes: int) -> ShardIndex:
    """Refuse chunks outside the shard, and such that no chunk packs to."""
    stored = index[:, 0] != MISSING
    if (stored != (index[:, 1] != MISSING)).any():
        raise PackingError("has an index that contradicts itself")
    offsets, counts = (np.where(stored, index[:, at], 0) for at in (0, 1))
    longest = np.uint64(2 * chunk_bytes)
    far = (offsets > end) | (counts > longest)
    if far.any() or (offsets + counts > end).any() or (stored & (counts == 0)).any():
        raise PackingError("has an index that refers to chunks outside it")
    return ShardIndex(offsets.astype(np.int64)[None], counts.astype(np.int64)[None])


def _kept(shard: PlannedShard) -> int:
    present = kept_bytes(shard.store)
    return sum(int(shard.layout.counts[key]) for key in shard.blocks if key in present)
