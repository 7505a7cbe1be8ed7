"""The best 1,000 of many cells for a query: what a list needs, where a map scores all of them.

FAISS is measured beside it where it is installed (`pip install faiss-cpu`, in an environment of its
own: it's no part of Aether); an exact index in PostgreSQL (pgvector) where a server has it is not.
"""

import importlib.util
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import SEED, unit_rows
from benchmarks.line import Case, Check, Clock, Line, Size, Took, Way, every, seconds_at_most

_QUERIES = 15
_BEST = 1000
_WARM_UP = 2
_RECALL = 0.99
_BLOCK = 250_000

Find = Callable[[NDArray[np.float32]], NDArray[np.integer]]


def prepare(case: Case) -> None:
    """Keep unit vectors of cells, made in blocks, and their copy as cities keep it."""
    from workflows.home.kept_arrays import kept_quantised

    random = np.random.default_rng(SEED)
    count = case.size["cells"]
    z = np.lib.format.open_memmap(
        case.folder / "cells.npy", mode="w+", dtype=np.float32, shape=(count, 128)
    )
    for start in range(0, count, _BLOCK):
        z[start : start + _BLOCK] = unit_rows(random, min(_BLOCK, count - start), 128)
    z.flush()
    kept_quantised(case.folder, "cells", z)


def _times(case: Case, name: str, find: Find) -> Took:
    """The median query after two that warm up; what was found is kept."""
    directions = unit_rows(np.random.default_rng(SEED + 1), _QUERIES, 128)
    laps, found = [], []
    for direction in directions:
        with Clock() as lap:
            found.append(find(direction))
        laps.append(lap)
    np.save(case.folder / f"found-{name}", np.array(found))
    return Took(
        statistics.median(lap.seconds for lap in laps[_WARM_UP:]),
        statistics.median(lap.cpu_seconds for lap in laps[_WARM_UP:]),
        facts={"least": min(lap.seconds for lap in laps[_WARM_UP:])},
    )


def _cells(case: Case) -> NDArray[np.float32]:
    z: NDArray[np.float32] = np.load(case.folder / "cells.npy", mmap_mode="r")
    return z


def ours(case: Case) -> Took:
    """`aether_core.search.nearest`, rows and copy mapped from the disk."""
    from aether_core.search.nearest import nearest_rows
    from workflows.home.kept_arrays import kept_quantised

    z = _cells(case)
    copy = kept_quantised(case.folder, "cells", z)
    return _times(case, "ours", lambda direction: nearest_rows(z, copy, direction, _BEST).rows)


def plain(case: Case) -> Took:
    """A product in float32, and the best of it."""
    z = _cells(case)

    def find(direction: NDArray[np.float32]) -> NDArray[np.integer]:
        score = z @ direction
        best = np.argpartition(-score, min(_BEST, len(score) - 1))[:_BEST]
        return best[np.argsort(-score[best])]

    return _times(case, "plain", find)


def faiss_flat(case: Case) -> Took:
    """FAISS, exact inner products."""
    import faiss  # type: ignore[import-not-found] # measured against, and never installed with us

    index = faiss.IndexFlatIP(128)
    index.add(_cells(case))
    return _times(case, "faiss", lambda direction: index.search(direction[None], _BEST)[1][0])


def faiss_bytes(case: Case) -> Took:
    """FAISS, a byte a value, the best 4,000 of which are scored again."""
    import faiss

    z = _cells(case)
    index = faiss.IndexScalarQuantizer(
        128, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    index.train(np.array(z[:100_000]))
    index.add(z)

    def find(direction: NDArray[np.float32]) -> NDArray[np.integer]:
        near = np.sort(index.search(direction[None], 4 * _BEST)[1][0])
        return near[np.argsort(-(z[near] @ direction))[:_BEST]]

    return _times(case, "faiss-bytes", find)


def agree(folder: Path) -> list[Check]:
    """How many of the best in float32 each way finds; ours has a target."""
    exact = np.load(folder / "found-plain.npy")
    checks = []
    for path in sorted(folder.glob("found-*.npy")):
        pairs = zip(exact, np.load(path), strict=True)
        recall = float(np.mean([len(np.intersect1d(*pair)) / len(pair[0]) for pair in pairs]))
        name = path.stem.removeprefix("found-")
        if name != "plain":
            checks.append(Check(f"recall of the best, {name}", recall, _RECALL, "", at_least=True))
    return checks


def _size(part: float) -> Size:
    return {"cells": max(4 * _BEST, round(2_000_000 * part))}


_WAYS = {
    "ours": Way("nearest_rows, mapped from the disk", ours),
    "reference": Way("a product and argpartition, mapped from the disk", plain),
}
_OTHERS = {
    "faiss": Way("FAISS, IndexFlatIP in memory", faiss_flat),
    "faiss-bytes": Way("FAISS, 8 bits in memory, 4,000 scored again", faiss_bytes),
}

LINES = (
    Line(
        name="best-of-many",
        module=__name__,
        size=_size,
        words=lambda size: f"the best {_BEST:,} of {size['cells']:,} cells for a query, warm",
        items="cells",
        prepare=prepare,
        ways=_WAYS | (_OTHERS if importlib.util.find_spec("faiss") else {}),
        checks=every(seconds_at_most(0.050)),
        agree=agree,
        disk_bytes=lambda size: size["cells"] * 128 * 5,
    ),
)
