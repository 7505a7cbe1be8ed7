"""Making all blocks of an embedded raster: read, compute and compress at the same time.

The raster is read in rectangles of whole blocks while threads compute and compress those read
before; what is held in memory does not grow with the raster.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self

import numpy as np

from aether_core.eo.cog.block_store import BlockStore
from aether_core.eo.cog.pyramid import BLOCK, FACTOR, Level, encode_block, parts_of
from aether_core.eo.raster.file import open_raster
from aether_core.eo.raster.grid import Grid
from aether_core.eo.raster.rectangle import Box, Rectangle, read_rectangle
from aether_core.model.heads.heads import JOINT_DIM
from aether_core.model.raster.block_embedder import (
    BlockEmbedder,
    nodata,
    reduce_block,
)
from aether_core.progress import Progress
from aether_core.threads import one_thread_each

_READ_BYTES = 64 * 1024**2
_STRIPE_BYTES = 256 * 1024**2
_MOST_BLOCK_ROWS = 4


def embed_blocks(
    grid: Grid,
    levels: Sequence[Level],
    embedder: BlockEmbedder,
    store: BlockStore,
    progress: Progress,
) -> None:
    """Make every block that is not in the store yet, the full size first, then the overviews.

    Args:
        grid: What to read.
        levels: From `pyramid`.
        embedder: Computes a block.
        store: Takes the blocks.
        progress: Told after each block, in the calling thread; what it raises stops the work.

    Raises:
        InputError: A block of the raster is damaged.
        DiskFullError: The store's disk is full.
    """
    with one_thread_each() as threads, _Workers(threads, len(store), levels, progress) as workers:
        for rectangle, blocks in _rectangles(grid, levels[0], store):
            for number, part in blocks:
                workers.submit(_embed, embedder, store, number, rectangle.crop(part))
        for level in range(1, len(levels)):
            workers.finish()
            for number in range(levels[level].blocks):
                if (level, number) not in store:
                    workers.submit(_overview, embedder.kind, store, levels, level, number)
        workers.finish()


class _Workers:
    """Threads with a short queue: who submits waits while it is full, so memory stays bounded."""

    def __init__(
        self, threads: int, done: int, levels: Sequence[Level], progress: Progress
    ) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._most = 2 * threads
        self._pending: deque[Future[None]] = deque()
        self._done = done
        self._total = sum(level.blocks for level in levels)
        self._progress = progress

    def __enter__(self) -> Self:
        self._tell()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:  # noqa: ANN401
        """Queue a block's work."""
        while len(self._pending) >= self._most:
            self._wait_for_one()
        self._pending.append(self._pool.submit(work, *arguments))

    def finish(self) -> None:
        """Wait until nothing is queued."""
        while self._pending:
            self._wait_for_one()

    def _wait_for_one(self) -> None:
        self._pending.popleft().result()
        self._done += 1
        self._tell()

    def _tell(self) -> None:
        self._progress("embedding every pixel", self._done, self._total)


def _rectangles(
    grid: Grid, level: Level, store: BlockStore
) -> Iterator[tuple[Rectangle, list[tuple[int, Box]]]]:
    """Yield rectangles with the blocks in them that are still to be made."""
    height, width = _read_shape(grid)
    with ExitStack() as stack:
        datasets = {
            placed.file: stack.enter_context(open_raster(placed.file.path)) for placed in grid.files
        }
        for top in range(0, level.height, height):
            for left in range(0, level.width, width):
                box = Box(
                    top, min(top + height, level.height), left, min(left + width, level.width)
                )
                blocks = [item for item in _blocks_in(box, level) if (0, item[0]) not in store]
                if blocks:
                    yield read_rectangle(grid, box, datasets.__getitem__), blocks


def _read_shape(grid: Grid) -> tuple[int, int]:
    """Return (rows, columns) to read at once: whole stored blocks, and not too many."""
    files = [placed.file for placed in grid.files]
    stored_rows = max(file.block_height for file in files)
    rows = BLOCK * min(_MOST_BLOCK_ROWS, -(-stored_rows // BLOCK))
    stripes = any(file.block_width == file.width for file in files)
    pixel_bytes = grid.bands * (1 if grid.quantised else np.dtype(np.float32).itemsize)
    most = (_STRIPE_BYTES if stripes else _READ_BYTES) // (rows * pixel_bytes)
    return rows, max(1, most // BLOCK) * BLOCK


def _blocks_in(box: Box, level: Level) -> Iterator[tuple[int, Box]]:
    """Yield the number and place of each block that begins in a box."""
    for top in range(box.top, box.bottom, BLOCK):
        for left in range(box.left, box.right, BLOCK):
            number = top // BLOCK * level.columns + left // BLOCK
            yield number, Box(top, top + BLOCK, left, left + BLOCK).meet(box)


def _embed(embedder: BlockEmbedder, store: BlockStore, number: int, part: Rectangle) -> None:
    block = embedder.block(part.values, part.valid)
    encoded = encode_block(block.values)
    store.add(0, number, encoded, block.reduced.tobytes(), valid=block.valid)


def _overview(
    kind: np.dtype[Any], store: BlockStore, levels: Sequence[Level], level: int, number: int
) -> None:
    """Put a block of an overview together from the reductions of those below it."""
    values = np.full((BLOCK, BLOCK, JOINT_DIM), nodata(kind), dtype=kind)
    side = BLOCK // FACTOR
    for below, row, column in parts_of(levels, level, number):
        part = np.frombuffer(store.reduced(level - 1, below), dtype=kind)
        values[row : row + side, column : column + side] = part.reshape(side, side, JOINT_DIM)
    reduced = reduce_block(values)
    store.add(level, number, encode_block(values), reduced.tobytes(), valid=0)
