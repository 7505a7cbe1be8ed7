"""A fetch of the mosaic: chunks to the cache, then one raster a year, all on one grid."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.alphaearth import BANDS, INT8_NODATA, INT8_SCALE
from aether_core.eo.cog.block_store import BlockStore, open_block_store
from aether_core.eo.cog.pyramid import BLOCK
from aether_core.eo.mirror.blocks import bring_again, download_blocks, open_blocks
from aether_core.eo.mirror.fetch import CONNECTIONS, check_room
from aether_core.eo.mirror.local_raster import (
    PlacedPyramid,
    add_block,
    is_made_of,
    lay_out,
    make_overviews,
)
from aether_core.eo.mirror.step_counter import StepCounter
from aether_core.eo.mosaic.lattice import ChunkKey
from aether_core.eo.mosaic.packing import PackingError
from aether_core.eo.mosaic.plan import MosaicPlan, PlannedShard
from aether_core.files.whole import atomic_path
from aether_core.net import RemoteError, Web
from aether_core.progress import Progress, silent

NORM_TOLERANCE = 0.05
ODD_SHARE = 0.25
"""Where files met, the mosaic holds means of theirs, shorter than 1; never of so many pixels."""

_LAYOUT = 1
_MB = 1_000_000
_CHUNKS_HELD = 24
_CENTRES = np.arange(BLOCK, dtype=np.float64) + 0.5


def fetch_mosaic(
    web: Web,
    plan: MosaicPlan,
    folder: Path,
    *,
    connections: int = CONNECTIONS,
    progress: Progress = silent,
) -> list[Path]:
    """Bring all that a plan names and write the raster of its year.

    May be stopped at any moment, also by a kill: the same call goes on, and nothing is downloaded
    again but what was under way. The raster is the same to the last bit.

    Args:
        web: May ask the mosaic's host.
        plan: From `aether_core.eo.mosaic.plan.plan_mosaic`.
        folder: Existing folder for `alphaearth-<year>-<zone>.tif`, int8 in the zone's CRS, 10 m,
            north-up, nodata -128, tiled, with overviews; each pixel is the mosaic's that its centre
            lies in.
        connections: How many answers may be under way at once.
        progress: Told megabytes, then blocks; what it raises stops the work.

    Returns:
        The raster.

    Raises:
        DiskFullError: There is not enough room, beforehand or on the way; what came is kept.
        RemoteError: A server misbehaves, or a shard holds damaged chunks.
        OfflineError: No connection comes about.
    """
    check_room(plan.missing, plan.written, plan.shards[0].store.parent, folder)
    coming = StepCounter(progress, f"downloading AlphaEarth {plan.year}, MB", plan.missing, _MB)
    for shard in plan.shards:
        with open_blocks(shard, coming.report_waiting) as store:
            download_blocks(web, shard, store, connections, coming.add)
    blocks = len(plan.grid.touched)
    placing = StepCounter(progress, f"assembling AlphaEarth {plan.year}", blocks)
    target = folder / f"alphaearth-{plan.year}-{plan.grid.zone}.tif"
    _assemble(web, plan, target, placing)
    return [target]


def _assemble(web: Web, plan: MosaicPlan, target: Path, counter: StepCounter) -> None:
    """Write the raster from the chunks kept, whole or not at all."""
    grid, tags = plan.grid, {"YEAR": str(plan.year), "SOURCE": plan.url}
    key = _key(plan, tags)
    if is_made_of(target, key):
        counter.add(len(grid.touched))
        return
    path = target.with_name(f"{key}.blocks")
    with open_block_store(path, waiting=counter.report_waiting) as made, ExitStack() as opened:
        stores = {
            shard.at: (shard, opened.enter_context(open_blocks(shard, counter.report_waiting)))
            for shard in plan.shards
        }
        chunks = _Chunks(web, plan, stores, counter)
        for block in grid.touched:
            number = grid.number(block)
            if (0, number) not in made:
                add_block(made, 0, number, _nearest(plan, block, chunks))
            counter.add(1)
        make_overviews(grid.levels, made)
        with atomic_path(target, force=True) as temporary:
            placed = PlacedPyramid(grid.zone, grid.transform, grid.levels)
            lay_out(temporary, placed, made, key, tags, counter.keep_alive)
        path.unlink()


def _nearest(plan: MosaicPlan, block: tuple[int, int], chunks: "_Chunks") -> NDArray[np.int8]:
    """A block of the city's grid, int8 `[64, 256, 256]`: each pixel the mosaic's it lies in."""
    lattice = plan.layout.lattice
    side = lattice.chunk
    rows, columns = (one.ravel() for one in lattice.locate(*plan.grid.lonlat(block, _CENTRES)))
    inside = (rows >= 0) & (rows < lattice.height) & (columns >= 0) & (columns < lattice.width)
    across = -(-lattice.width // side)
    chunk = np.where(inside, rows // side * across + columns // side, -1)
    within = rows % side * side + columns % side
    values = np.full((BANDS, BLOCK * BLOCK), INT8_NODATA, dtype=np.int8)
    for number in np.unique(chunk[inside]):
        held = chunks[divmod(int(number), across)]
        if held is not None:
            here = np.flatnonzero(chunk == number)
            values[:, here] = np.take(held.reshape(BANDS, -1), within[here], axis=1)
    return values.reshape(BANDS, BLOCK, BLOCK)


class _Chunks(Mapping[ChunkKey, NDArray[np.int8] | None]):
    """The mosaic's chunks, unpacked and checked; the last ones stay in memory.

    None is a chunk that holds no data.
    """

    def __init__(
        self,
        web: Web,
        plan: MosaicPlan,
        stores: dict[tuple[int, int], tuple[PlannedShard, BlockStore]],
        counter: StepCounter,
    ) -> None:
        self._web, self._plan, self._stores, self._counter = web, plan, stores, counter
        self._held: OrderedDict[ChunkKey, NDArray[np.int8]] = OrderedDict()

    def __iter__(self) -> Iterator[ChunkKey]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __getitem__(self, key: ChunkKey) -> NDArray[np.int8] | None:
        at, place = self._plan.layout.lattice.shard_of(key)
        if at not in self._stores:
            return None
        shard, store = self._stores[at]
        if place not in shard.places or not shard.layout.counts[0, place]:
            return None
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        self._held[key] = self._checked(shard, store, place)
        if len(self._held) > _CHUNKS_HELD:
            self._held.popitem(last=False)
        return self._held[key]

    def _checked(self, shard: PlannedShard, store: BlockStore, place: int) -> NDArray[np.int8]:
        """Unpack a chunk; where it is bad it is asked for once more."""
        found = self._unpacked(shard, store, place)
        if found is None or not _holds_embedding(found):
            bring_again(self._web, shard, store, [(0, place)], self._counter.keep_alive)
            found = self._unpacked(shard, store, place)
        if found is None or not _holds_embedding(found):
            raise RemoteError(
                shard.file.url,
                f"holds no embedding in its chunk {place}, requested twice: vector lengths or"
                " nodata values are not as expected",
                "try again later, or use another mirror of the mosaic",
                code="mosaic-chunk-without-embedding",
            )
        return found

    def _unpacked(
        self, shard: PlannedShard, store: BlockStore, place: int
    ) -> NDArray[np.int8] | None:
        content = store.checked_block(0, place)
        if content is None:
            return None
        try:
            values = shard.packing.unpack(content, shard.chunk_bytes)
        except PackingError:
            return None
        side = self._plan.layout.lattice.chunk
        return np.frombuffer(values, dtype=np.int8).reshape(BANDS, side, side)


def _holds_embedding(values: NDArray[np.int8]) -> bool:
    """Whether nearly all pixels of a chunk are unit vectors, or no data in every band."""
    without = np.count_nonzero(values == INT8_NODATA, axis=0)
    squares = np.zeros(values.shape[1:], dtype=np.float32)
    for band in values:
        square = np.square(band, dtype=np.float32)  # the value's root
        squares += np.square(square)
    off = np.abs(np.sqrt(squares) / INT8_SCALE**2 - 1) > NORM_TOLERANCE
    valid = without == 0
    odd = np.count_nonzero(off & valid) + np.count_nonzero(~valid & (without < len(values)))
    with_data = values[0].size - np.count_nonzero(without == len(values))
    return bool(odd <= ODD_SHARE * with_data)


def _key(plan: MosaicPlan, tags: Mapping[str, str]) -> str:
    """Name the work by everything that decides the bytes of the raster."""
    decided_by: list[object] = [
        _LAYOUT,
        plan.grid.zone,
        plan.grid.outline.wkb_hex,
        plan.layout.lattice,
        sorted(tags.items()),
    ]
    decided_by += [(shard.file.url, shard.file.etag, shard.file.size) for shard in plan.shards]
    return hashlib.sha256(repr(decided_by).encode()).hexdigest()[:32]
