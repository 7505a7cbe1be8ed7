"""Arrays that are kept on the disk because they take long to compute, and for no other reason.

Whatever happens to the files costs time and nothing else: what is cut, empty, mixed up or changed
is told by its checksum, deleted and computed again.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import structlog
from numpy.typing import NDArray

from aether_core.errors import AetherError
from aether_core.files.whole import atomic_path, sha256_of
from aether_core.search.nearest import Quantised, quantised

log = structlog.get_logger()

Rows = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Row ids `[n]`, and the vectors `[n, d]` that belong to them."""


_IDS, _VECTORS = "-ids", ""


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

    def computed() -> Arrays:
        ids, vectors = compute()
        return {_IDS: ids, _VECTORS: vectors}

    found = _kept(folder, what, (_IDS, _VECTORS), computed)
    return found[_IDS], found[_VECTORS]


def kept_quantised(folder: Path, what: str, z: NDArray[np.float32]) -> Quantised:
    """The copy of rows that scans read, as `kept`; its codes are mapped from the disk.

    Args:
        folder: Where the rows are kept.
        what: The rows' name there.
        z: The rows, float32 `[n, d]`.
    """

    def computed() -> Arrays:
        made = quantised(z)
        limits = np.array([made.error, made.length])
        return {"-step": made.step, "-limits": limits, "-there": made.there, "": made.codes}

    found = _kept(folder, f"{what}-int8", ("-step", "-limits", "-there", ""), computed)
    error, length = found["-limits"].tolist()
    return Quantised(found[""], found["-step"], error, length, found["-there"])


Arrays = dict[str, NDArray[Any]]
"""By the ending of their file's name; the last one is the largest and is mapped."""


def _kept(folder: Path, what: str, names: Sequence[str], compute: Callable[[], Arrays]) -> Arrays:
    found = _read(folder, what, names)
    if found is not None:
        return found
    made = compute()
    try:
        _write(folder, what, made)
    except (AetherError, OSError) as error:
        log.warning("vectors not kept", folder=str(folder), reason=str(error))
        return made
    return _read(folder, what, names) or made


def _paths(folder: Path, what: str, names: Sequence[str]) -> tuple[list[Path], Path]:
    """The files of the arrays, and of the checksums of all, written last."""
    return [folder / f"{what}{name}.npy" for name in names], folder / f"{what}.json"


def _read(folder: Path, what: str, names: Sequence[str]) -> Arrays | None:
    files, sums = _paths(folder, what, names)
    if not sums.exists():
        return None
    try:
        expected = json.loads(sums.read_bytes())
        if expected == [sha256_of(file) for file in files]:
            modes: list[Literal["r"] | None] = [*(None for _ in files[1:]), "r"]
            return {
                name: np.load(file, mmap_mode=mode)
                for name, file, mode in zip(names, files, modes, strict=True)
            }
    except (OSError, ValueError):
        pass
    log.warning("kept vectors are damaged and computed again", folder=str(folder), what=what)
    for path in (sums, *files):
        with suppress(OSError):
            path.unlink()
    return None


def _write(folder: Path, what: str, arrays: Arrays) -> None:
    files, sums = _paths(folder, what, list(arrays))
    folder.mkdir(parents=True, exist_ok=True)
    for path, array in zip(files, arrays.values(), strict=True):
        with atomic_path(path, force=True) as temporary:
            np.save(temporary, array)
    with atomic_path(sums, force=True) as temporary:
        temporary.write_text(json.dumps([sha256_of(path) for path in files]))
