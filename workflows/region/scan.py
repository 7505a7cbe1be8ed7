"""The scan of a region's cells, part by part: a part is the same whoever scans it.

A part is a run of pieces with about a million cells. Whoever scans it lays its vectors out as one
array beside a copy of a byte a value, both mapped from the disk, derived from the pieces and made
anew where they are damaged.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.files.held_folder import hold_folder, is_held_name, remove_left
from aether_core.search.nearest import Best, Quantised, nearest_rows
from workflows.home.kept_arrays import Rows, kept, kept_quantised
from workflows.locations.location import Location
from workflows.region.partition import Partition, cell_vectors

INDEX: Final = "index"
PART_CELLS: Final = 2**20
"""A part ends with the piece that makes it this large."""


@dataclass(frozen=True)
class Part:
    """A run of pieces.

    Attributes:
        location: Of the region.
        cache: Takes the arrays of a region that lies in a bucket, on the machine that scans.
        pieces: In the order of the region.
        key: All that decides the arrays.
    """

    location: Location
    cache: Path
    pieces: tuple[Partition, ...] = field(compare=False)
    key: str


@dataclass(frozen=True, eq=False)
class ScanTask:
    """A part to be scanned.

    Attributes:
        number: Of the part in its region.
        part: The part.
        direction: float32 `[d]`, unit length.
        top: How many cells.
    """

    number: int
    part: Part
    direction: NDArray[np.float32]
    top: int

    @property
    def name(self) -> str:
        """Tells it apart from the others."""
        return f"scan-{self.part.key}-{self.number}"


@dataclass(frozen=True, eq=False)
class PartBest:
    """The best of a part.

    Attributes:
        number: Of the part.
        cells: H3 indexes, int64 `[n]`, best first.
        best: Their scores, and what ranks them among other parts' cells.
    """

    number: int
    cells: NDArray[np.int64]
    best: Best


def parts_of(location: Location, cache: Path, pieces: Sequence[Partition]) -> list[Part]:
    """Cut a region into parts; at least one.

    Args:
        location: Of the region.
        cache: As for `Part`.
        pieces: All of it, in order.
    """
    return [
        Part(location, cache, tuple(run), _key_of(run)) for run in _runs(pieces, PART_CELLS)
    ] or [Part(location, cache, (), _key_of(()))]


def _runs(pieces: Sequence[Partition], most: int) -> Iterator[list[Partition]]:
    run: list[Partition] = []
    for piece in pieces:
        run.append(piece)
        if sum(one.cells for one in run) >= most:
            yield run
            run = []
    if run:
        yield run


def _key_of(pieces: Sequence[Partition]) -> str:
    content = sorted(f"{file} {sum_}" for piece in pieces for file, sum_ in piece.files.items())
    return sha256("\n".join(content).encode()).hexdigest()[:16]


def scan(task: ScanTask) -> PartBest:
    """Find the best cells of a part.

    Raises:
        DamagedFileError: A piece is damaged.
    """
    keys, z, copy = _laid_out(task.part)
    best = nearest_rows(z, copy, task.direction, task.top)
    return PartBest(task.number, keys[best.rows], best)


def forget_others(parts: Sequence[Part]) -> None:
    """Delete what is laid out on this machine for other pieces than these."""
    index = parts[0].location.local_folder(INDEX, parts[0].cache)
    kept_names = {part.key for part in parts}
    for other in index.iterdir() if index.exists() else ():
        if other.name not in kept_names and not is_held_name(other.name):
            shutil.rmtree(other, ignore_errors=True)


@lru_cache(maxsize=256)
def _laid_out(part: Part) -> tuple[NDArray[np.int64], NDArray[np.float32], Quantised]:
    """H3 indexes in memory, vectors and their copy mapped; checked once a process."""
    index = part.location.local_folder(INDEX, part.cache)
    index.mkdir(parents=True, exist_ok=True)
    remove_left(index, part.key)
    held = hold_folder(index, part.key)
    try:
        keys, z = kept(index / part.key, "cells", lambda: _vectors(part, held.path))
    finally:
        held.remove()
    return keys, z, kept_quantised(index / part.key, "cells", z)


def _vectors(part: Part, scratch: Path) -> Rows:
    """Of all pieces; on the disk, as those of a country are larger than the memory."""
    from aether_core.model.heads.heads import JOINT_DIM

    total = sum(piece.cells for piece in part.pieces)
    if not total:
        return np.empty(0, dtype=np.int64), np.empty((0, JOINT_DIM), dtype=np.float32)
    keys, start = np.empty(total, dtype=np.int64), 0
    z = np.lib.format.open_memmap(
        scratch / "z.npy", mode="w+", dtype=np.float32, shape=(total, JOINT_DIM)
    )
    for cells, vectors in cell_vectors(part.location, list(part.pieces)):
        end = start + len(cells)
        keys[start:end], z[start:end] = cells, vectors
        start = end
    return keys, z
