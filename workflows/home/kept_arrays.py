"""Arrays that are kept on the disk because they take long to compute, and for no other reason.

Whatever happens to the files costs time and nothing else: what is cut, empty, mixed up or changed
is told by its checksum, deleted and computed again.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from aether_core.errors import AetherError
from aether_core.files.whole import atomic_path, sha256_of

log = structlog.get_logger()

Rows = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Row ids `[n]`, and the vectors `[n, d]` that belong to them."""


def kept(folder: Path, what: str, compute: Callable[[], Rows]) -> Rows:
    """Rows from the disk, computed and kept where they are not there or not whole.

    Args:
        folder: Whose name says all that decides the numbers; made when missing.
        what: Which of the folder's arrays.
        compute: Makes them.

    Returns:
        The ids in memory, the vectors mapped from the disk; all in memory where the disk takes
        nothing.
    """
    found = _read(folder, what)
    if found is not None:
        return found
    rows = compute()
    try:
        _write(folder, what, rows)
    except (AetherError, OSError) as error:
        log.warning("vectors not kept", folder=str(folder), reason=str(error))
        return rows
    return _read(folder, what) or rows


def _paths(folder: Path, what: str) -> tuple[Path, Path, Path]:
    """The files of the ids, of the vectors, and of the checksums of both, written last."""
    return folder / f"{what}-ids.npy", folder / f"{what}.npy", folder / f"{what}.json"


def _read(folder: Path, what: str) -> Rows | None:
    ids, vectors, sums = _paths(folder, what)
    if not sums.exists():
        return None
    try:
        expected = json.loads(sums.read_bytes())
        if expected == [sha256_of(ids), sha256_of(vectors)]:
            return np.load(ids), np.load(vectors, mmap_mode="r")
    except (OSError, ValueError):
        pass
    log.warning("kept vectors are damaged and computed again", folder=str(folder), what=what)
    for path in (sums, ids, vectors):
        with suppress(OSError):
            path.unlink()
    return None


def _write(folder: Path, what: str, rows: Rows) -> None:
    ids, vectors, sums = _paths(folder, what)
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[Path, NDArray[Any]] = {ids: rows[0], vectors: rows[1]}
    for path, array in arrays.items():
        with atomic_path(path, force=True) as temporary:
            np.save(temporary, array)
    with atomic_path(sums, force=True) as temporary:
        temporary.write_text(json.dumps([sha256_of(path) for path in arrays]))
