"""The fixed splits of a release: which samples train, stop and test the head, seed by seed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aether_core.cityrep.protocols import SEEDS
from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.reading import in_own_process

PARTS = ("train", "val", "test")
_LEAST = MappingProxyType({"train": 1, "test": 2})
"""Of a single number there is no R²."""


@dataclass(frozen=True)
class Fold:
    """One seed's partition of a task's samples.

    Attributes:
        seed: It also decides the head's first weights and the order of batches.
        train: Rows of samples, int64, in the file's order, which decides the batches.
        val: Rows that decide when to stop; may be empty.
        test: Rows that are scored.
    """

    seed: int
    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]


def split_path(folder: Path, protocol: str, task_id: str) -> Path:
    """Where the release keeps the folds of a task."""
    return folder / "splits" / protocol / f"{task_id}.json"


@in_own_process
def read_split(path: Path, ids: NDArray[np.object_]) -> list[Fold]:
    """Read the folds of a task, each of which must part its samples.

    Args:
        path: A JSON file with `folds`: `seed`, and ids under `train`, `val` and `test`.
        ids: The ids of the task's samples, object `[n]` of str.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be read, its seeds are not the published ones, or a fold is no
            partition: an id is unknown, stands twice, or is left out, or too few are trained on or
            tested.
    """
    file = local_file(path, suffixes=frozenset({".json"}))
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        folds = [_parts_of(one) for one in document["folds"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "the split file cannot be read",
            f"{file.name}: {error or type(error).__name__}",
            "download the release again",
            code="cityrep-split-unreadable",
        ) from error
    seeds = tuple(seed for seed, _ in folds)
    if seeds != SEEDS:
        raise InputError(
            "the seeds of a split file are not those that are published",
            f"{file.name}: {', '.join(map(str, seeds)) or 'none'}",
            f"they are {', '.join(map(str, SEEDS))}",
            code="cityrep-split-seeds",
        )
    row = {name: number for number, name in enumerate(ids.tolist())}
    return [_fold(seed, parts, row, file.name) for seed, parts in folds]


def _parts_of(fold: Mapping[str, Any]) -> tuple[int, dict[str, list[str]]]:
    parts = {name: [str(one) for one in fold.get(name, [])] for name in PARTS}
    return int(fold["seed"]), parts


def _fold(seed: int, parts: dict[str, list[str]], row: Mapping[str, int], file: str) -> Fold:
    """Find the rows of a fold, and see that it parts all of them."""
    where = f"{file}, seed {seed}"
    unknown = [one for part in parts.values() for one in part if one not in row]
    if unknown:
        raise _no_partition(
            f"names {len(unknown):,} samples that the task does not have",
            f"{where}: {', '.join(unknown[:5])}",
            "cityrep-split-unknown-ids",
        )
    rows = {
        name: np.fromiter((row[one] for one in part), dtype=np.int64, count=len(part))
        for name, part in parts.items()
    }
    times = {name: np.bincount(part, minlength=len(row)) for name, part in rows.items()}
    names = list(row)

    def shown(chosen: NDArray[np.bool_]) -> str:
        first = [names[one] for one in np.flatnonzero(chosen)[:5]]
        return f"{where}: {', '.join(first)}"

    repeated = np.any([count > 1 for count in times.values()], axis=0)
    if repeated.any():
        raise _no_partition(
            f"has {repeated.sum():,} samples twice in one part",
            shown(repeated),
            "cityrep-split-id-repeated",
        )
    total = np.sum(list(times.values()), axis=0)
    if (total > 1).any():
        raise _no_partition(
            f"has {(total > 1).sum():,} samples in two parts",
            shown(total > 1),
            "cityrep-split-overlaps",
        )
    if (total == 0).any():
        raise _no_partition(
            f"leaves out {(total == 0).sum():,} samples",
            shown(total == 0),
            "cityrep-split-incomplete",
        )
    small = [name for name, least in _LEAST.items() if len(rows[name]) < least]
    if small:
        raise _no_partition(
            "has too few samples in a part",
            f"{where}: {', '.join(small)}",
            "cityrep-split-part-too-small",
        )
    return Fold(seed, **rows)


def _no_partition(what: str, value: str, code: str) -> InputError:
    return InputError(
        f"a split does not part the task's samples: it {what}",
        value,
        "download the splits of the same release as the samples",
        code=code,
    )
