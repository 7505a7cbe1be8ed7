"""Bringing the blocks of a file of the mirror to the disk, each byte once.

Blocks are kept as they came, so that a fetch that was cut off goes on from them and the next city
that touches them needs no network for them. Neighbours in the file come together.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.cog.block_store import BlockStore, open_block_store
from aether_core.eo.mirror.place import (
    ODD_SHARE,
    BlockError,
    Place,
    unpack_place,
)
from aether_core.eo.mirror.plan import PlannedTile
from aether_core.errors import CancelledError
from aether_core.net import LONGEST_RANGE, RemoteError, RemoteFile, Web

_LONGEST_GAP = 64
"""Blocks of a cloud-optimised file lie 8 bytes apart; a wider gap is somebody else's block."""
_LOOK_AGAIN_S = 0.5

Key = tuple[int, int]
"""A block: its band and its place."""


class Spans(Protocol):
    """Where the blocks of a file lie: int64 `[bands, places]` each, 0 where none is stored."""

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each block begins."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """Its bytes."""


class WantedBlocks(Protocol):
    """A remote file and what is wanted of it: a `PlannedTile`, a shard of the mosaic."""

    @property
    def file(self) -> RemoteFile:
        """As the server has it."""

    @property
    def layout(self) -> Spans:
        """Where its blocks lie."""

    @property
    def store(self) -> Path:
        """Where its blocks are kept."""

    @property
    def blocks(self) -> list[Key]:
        """Those that are wanted, as they lie in the file."""

    def unpacks(self, content: bytes) -> bool:
        """Whether a block's bytes unpack to the block's size."""


@dataclass(frozen=True)
class Run:
    """Blocks that lie side by side in the file and come in one answer.

    Args:
        start: First byte.
        length: Bytes.
        keys: The blocks, in order.
    """

    start: int
    length: int
    keys: tuple[Key, ...]


@contextmanager
def open_blocks(tile: WantedBlocks, waiting: Callable[[], None]) -> Iterator[BlockStore]:
    """Open what is kept of a file; while another fetch is at the same file this waits."""
    with open_block_store(tile.store, waiting=waiting, check_later=True) as store:
        yield store


def runs(layout: Spans, keys: Iterable[Key], longest: int = LONGEST_RANGE) -> list[Run]:
    """Join blocks that lie side by side.

    Args:
        layout: Where they lie.
        keys: Which are wanted, all of them stored.
        longest: Bytes of a run, unless a single block is longer.
    """
    joined: list[Run] = []
    for key in sorted(keys, key=lambda key: int(layout.offsets[key])):
        start, length = int(layout.offsets[key]), int(layout.counts[key])
        last = joined[-1] if joined else None
        if last is not None:
            gap = start - (last.start + last.length)
            whole = start + length - last.start
            if 0 <= gap <= _LONGEST_GAP and whole <= longest:
                joined[-1] = Run(last.start, whole, (*last.keys, key))
                continue
        joined.append(Run(start, length, (key,)))
    return joined


def download_blocks(
    web: Web,
    tile: WantedBlocks,
    store: BlockStore,
    connections: int,
    came: Callable[[int], None],
) -> None:
    """Bring every block of a file that is wanted and not kept yet.

    Args:
        web: May ask the mirror's host.
        tile: What is wanted.
        store: Takes the blocks; what is there stays good whatever happens.
        connections: How many answers may be under way.
        came: Told the bytes that came, in the calling thread, at least twice a second; what it
            raises stops the work.

    Raises:
        AetherError: As `Web.read_range`; a block is damaged twice; the disk is full.
    """
    missing = runs(tile.layout, (key for key in tile.blocks if key not in store))
    stop = Event()

    def check_cancelled() -> None:
        if stop.is_set():
            raise CancelledError("stopped")

    def bring(run: Run) -> int:
        _bring(web, tile, store, run, check_cancelled)
        return run.length

    with ThreadPoolExecutor(connections) as pool:
        pending: set[Future[int]] = set()
        try:
            for run in missing:
                if len(pending) >= 2 * connections:
                    pending = _wait_for_some(pending, came)
                pending.add(pool.submit(bring, run))
            while pending:
                pending = _wait_for_some(pending, came)
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def checked_place(
    web: Web, tile: PlannedTile, store: BlockStore, place: int, check_cancelled: Callable[[], None]
) -> Place:
    """Unpack a place from the blocks kept; where it is bad its blocks are asked for once more.

    A few odd pixels that come again are the file's own; that it has them is kept, too.

    Args:
        web: May ask the mirror's host.
        tile: Whose place.
        store: With all blocks of the place.
        place: As the file counts them.
        check_cancelled: See `aether_core.net.CancelCheck`.

    Raises:
        RemoteError: It is bad again, or the file itself holds no embedding there.
    """
    before = _unpacked(tile, store, place)
    confirmed = (tile.layout.bands, place)
    if before is not None and (not before.odd or confirmed in store):
        return before
    keys = [(band, at) for band, at in tile.blocks if at == place]
    bring_again(web, tile, store, keys, check_cancelled)
    again = _unpacked(tile, store, place)
    if again is None or again.odd > ODD_SHARE * max(again.valid, 1):
        down, across = tile.layout.corner(place)
        raise RemoteError(
            tile.file.url,
            f"holds no embedding in its block {down} pixels south and {across} east of its corner,"
            " requested twice: vector lengths or nodata values are not as expected",
            "try again later, or use another mirror",
            code="block-without-embedding",
        )
    if again.odd:
        store.add(*confirmed, b"", b"", valid=0)
    return again


def bring_again(
    web: Web,
    tile: WantedBlocks,
    store: BlockStore,
    keys: Iterable[Key],
    check_cancelled: Callable[[], None],
) -> None:
    """Ask for blocks anew that are kept and proved bad.

    Raises:
        AetherError: As `Web.read_range`; a block is damaged twice; the disk is full.
    """
    for run in runs(tile.layout, keys):
        _bring(web, tile, store, run, check_cancelled)


def _bring(
    web: Web,
    tile: WantedBlocks,
    store: BlockStore,
    run: Run,
    check_cancelled: Callable[[], None],
    *,
    again: bool = False,
) -> None:
    """Ask for a run and keep its blocks that unpack; the others are asked for once more."""
    content = web.read_range(tile.file, run.start, run.length, check_cancelled=check_cancelled)
    bad = []
    for key in run.keys:
        block = _cut(tile.layout, run, key, content)
        if tile.unpacks(block):
            store.add(*key, block, b"", valid=0)
        else:
            bad.append(key)
    if bad and again:
        raise RemoteError(
            tile.file.url,
            f"sent a damaged block twice: {tile.layout.counts[bad[0]]} bytes from"
            f" {tile.layout.offsets[bad[0]]}",
            "try again later, or use another mirror",
            code="block-damaged",
        )
    for part in runs(tile.layout, bad):
        _bring(web, tile, store, part, check_cancelled, again=True)


def _cut(layout: Spans, run: Run, key: Key, content: bytes) -> bytes:
    start = int(layout.offsets[key]) - run.start
    return content[start : start + int(layout.counts[key])]


def _unpacked(tile: PlannedTile, store: BlockStore, place: int) -> Place | None:
    """Unpack what is kept of a place; None when a block is damaged."""
    blocks = []
    for band in range(tile.layout.bands):
        content = None
        if tile.layout.counts[band, place]:
            content = store.checked_block(band, place)
            if content is None:
                return None
        blocks.append(content)
    try:
        return unpack_place(tile.layout, blocks)
    except BlockError:
        return None


def _wait_for_some(pending: set[Future[int]], came: Callable[[int], None]) -> set[Future[int]]:
    """Wait up to half a second for answers, tell what came, and return those under way."""
    done, rest = wait(pending, timeout=_LOOK_AGAIN_S, return_when=FIRST_COMPLETED)
    came(sum(future.result() for future in done))
    return rest
