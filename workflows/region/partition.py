"""What is kept of a piece of a region: files, and a record with their checksums, written last.

A piece whose record holds is done and is not computed again; whatever else lies there (cut,
changed, without a record, of other input) is made anew.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aether_core.errors import DamagedFileError
from aether_core.files.whole import atomic_path, sha256_of

CELLS, PIXELS, RECORDS = "cells", "pixels", "records"
"""Folders of a region: GeoParquet of cells, GeoTIFFs of pixels, what is known of each piece."""


@dataclass(frozen=True)
class Partition:
    """A piece that is done.

    Attributes:
        name: Of its block group.
        key: All that decides its content.
        cells: Cells with data.
        left_out: Cells with data in less than half of their window.
        pixels: Embedded pixels with data; 0 where none were asked for.
        seconds: What it took.
        cpu_seconds: Of its process meanwhile.
        peak_bytes: The most memory its process had held by then.
        process: Number of that process.
        files: Path in the region's folder to SHA-256.
    """

    name: str
    key: str
    cells: int
    left_out: int
    pixels: int
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    process: int
    files: dict[str, str]


def done_before(folder: Path, name: str, key: str) -> Partition | None:
    """A piece that is whole and of this input, or None."""
    found = _record(folder, name)
    if found is None or found.key != key or not _holds(folder, found):
        return None
    return found


def write_record(folder: Path, partition: Partition) -> None:
    """Say that a piece is done; its files are whole by now."""
    with atomic_path(_path(folder, partition.name), force=True) as path:
        path.write_text(json.dumps(asdict(partition)))


def records(folder: Path) -> list[Partition]:
    """Every piece with a record, by name; whether its files hold is not looked at."""
    names = sorted(path.stem for path in (folder / RECORDS).glob("*.json"))
    return [found for name in names if (found := _record(folder, name)) is not None]


def check_whole(folder: Path, partition: Partition) -> None:
    """Refuse a piece whose files are not those that were written.

    Raises:
        DamagedFileError: One is cut, changed or gone.
    """
    if not _holds(folder, partition):
        raise DamagedFileError(
            "a partition of the region is damaged or only half there",
            partition.name,
            "run region embed with the same input again, which makes this one anew",
            code="region-partition-damaged",
        )


def cell_vectors(
    folder: Path, partitions: list[Partition]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.float32]]]:
    """Yield H3 indexes and vectors of each piece that has cells.

    Raises:
        DamagedFileError: A piece is not whole.
    """
    for partition in partitions:
        check_whole(folder, partition)
        if partition.cells:
            path = folder / CELLS / f"{partition.name}.parquet"
            table = pq.read_table(path, columns=["h3", "vector"])
            flat = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
            yield (
                table["h3"].to_numpy().astype(np.uint64),
                flat.astype(np.float32, copy=False).reshape(table.num_rows, -1),
            )


def _path(folder: Path, name: str) -> Path:
    return folder / RECORDS / f"{name}.json"


def _record(folder: Path, name: str) -> Partition | None:
    try:
        return Partition(**json.loads(_path(folder, name).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _holds(folder: Path, partition: Partition) -> bool:
    try:
        return all(sha256_of(folder / path) == sum_ for path, sum_ in partition.files.items())
    except OSError:
        return False
