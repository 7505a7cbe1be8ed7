"""What is kept of a piece of a region: files, and a record with their checksums, written last.

A piece whose record holds is done and is not computed again; whatever else lies there (cut,
changed, without a record, of other input) is made anew.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aether_core.errors import DamagedFileError
from aether_core.files.whole import sha256_of
from workflows.locations.location import Location, Stored

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
        files: Path in the region to SHA-256.
        versions: The same path to what the location said of the file then, where it says any.
        run: Which run made it.
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
    versions: dict[str, str] = field(default_factory=dict)
    run: str = ""


def done_before(location: Location, name: str, key: str) -> Partition | None:
    """A piece that is whole and of this input, or None."""
    found = _partition(location.read(_path(name)))
    if found is None or found.key != key:
        return None
    if not holds(location, found.files, found.versions):
        return None
    return found


def write_record(location: Location, partition: Partition) -> None:
    """Say that a piece is done; its files are whole by now."""
    location.write(_path(partition.name), json.dumps(asdict(partition)).encode())


def records(location: Location) -> list[Partition]:
    """Every piece with a record, by name; whether its files hold is not looked at."""
    names = [name for name in location.files(RECORDS) if name.endswith(".json")]
    every = map(_partition, location.read_all(names))
    return [found for found in every if found is not None]


def is_whole(location: Location, partition: Partition, listed: Mapping[str, Stored]) -> bool:
    """Whether a piece's files are those that were written.

    Args:
        location: Of the region.
        partition: The piece.
        listed: The location's files.
    """
    return holds(
        location,
        partition.files,
        partition.versions,
        lambda name: listed[name].version if name in listed else None,
    )


def cell_vectors(
    location: Location, partitions: list[Partition]
) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.float32]]]:
    """Yield H3 indexes and vectors of each piece that has cells.

    Raises:
        DamagedFileError: A piece is not whole.
    """
    for partition in partitions:
        name = f"{CELLS}/{partition.name}.parquet"
        if not partition.cells:
            continue
        try:
            with location.file(name) as path:
                if sha256_of(path) != partition.files[name]:
                    raise _damaged(partition)
                yield _read(path)
        except FileNotFoundError:
            raise _damaged(partition) from None


def holds(
    location: Location,
    files: Mapping[str, str],
    versions: Mapping[str, str],
    version_of: Callable[[str], str | None] | None = None,
) -> bool:
    """Whether files are there with the content that they had.

    Where the location tells versions and they are the same, nothing is read.

    Args:
        location: Of the files.
        files: Name to SHA-256.
        versions: Name to version, where one was told.
        version_of: Tells the version that a file has now; the location by default.
    """
    now = version_of or location.version
    for name, expected in files.items():
        if name in versions and now(name) == versions[name]:
            continue
        try:
            with location.file(name) as path:
                if sha256_of(path) != expected:
                    return False
        except OSError:
            return False
    return True


def versions_of(location: Location, files: Mapping[str, str]) -> dict[str, str]:
    """What the location says of each file, where it says any."""
    told = {name: location.version(name) for name in files}
    return {name: version for name, version in told.items() if version is not None}


def _read(path: Path) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    table = pq.read_table(path, columns=["h3", "vector"])
    flat = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return (
        table["h3"].to_numpy().astype(np.uint64),
        flat.astype(np.float32, copy=False).reshape(table.num_rows, -1),
    )


def _damaged(partition: Partition) -> DamagedFileError:
    return DamagedFileError(
        "a partition of the region is damaged or only half there",
        partition.name,
        "run region embed with the same input again, which makes this one anew",
        code="region-partition-damaged",
    )


def _path(name: str) -> str:
    return f"{RECORDS}/{name}.json"


def _partition(content: bytes | None) -> Partition | None:
    if content is None:
        return None
    try:
        return Partition(**json.loads(content))
    except (ValueError, TypeError):
        return None
