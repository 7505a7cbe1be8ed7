"""Scoring a city's cells for a query, the encoding of the query excluded.

Both ways give what the map and the list show: a score and a percentile for every cell, and the
twenty best. Vectors lie in a memory-mapped file that has been read before, as in the app after a
city's first query.
"""

import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import SEED, unit_rows
from benchmarks.line import Case, Clock, Line, Size, Took, Way, every, seconds_at_most

_QUERIES = 15
_TOP = 20
_WARM_UP = 2

Answer = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]


def prepare(case: Case) -> None:
    """Keep unit vectors of cells."""
    random = np.random.default_rng(SEED)
    np.save(case.folder / "cells.npy", unit_rows(random, case.size["cells"], 128))


def _times(
    case: Case, answer: Callable[[NDArray[np.float32], NDArray[np.float32]], Answer]
) -> Took:
    """The median query after two that warm up."""
    z = np.load(case.folder / "cells.npy", mmap_mode="r")
    directions = unit_rows(np.random.default_rng(SEED + 1), _QUERIES, 128)
    laps = []
    for direction in directions:
        with Clock() as lap:
            found = answer(z, direction)
        laps.append(lap)
    np.savez(case.folder / answer.__name__, score=found[0], percentile=found[1], best=found[2])
    return Took(
        statistics.median(lap.seconds for lap in laps[_WARM_UP:]),
        statistics.median(lap.cpu_seconds for lap in laps[_WARM_UP:]),
        facts={"slowest": max(lap.seconds for lap in laps[_WARM_UP:])},
    )


def ours(case: Case) -> Took:
    """`aether_core.search.scoring`."""
    from aether_core.search.scoring import best_rows, cosine_scores, percentiles

    def scoring(z: NDArray[np.float32], direction: NDArray[np.float32]) -> Answer:
        score = cosine_scores(z, direction)
        return score, percentiles(score), best_rows(score, _TOP)

    return _times(case, scoring)


def plain(case: Case) -> Took:
    """A product, SciPy's ranks and a sort."""
    from scipy.stats import rankdata

    def ranking(z: NDArray[np.float32], direction: NDArray[np.float32]) -> Answer:
        score = z @ direction
        percentile = (rankdata(score) - 1) / (len(score) - 1) * 100
        return score, percentile, np.argsort(-score)[:_TOP]

    return _times(case, ranking)


def agree(folder: Path) -> None:
    """Refuse figures of ways that answer differently."""
    a, b = np.load(folder / "scoring.npz"), np.load(folder / "ranking.npz")
    assert np.allclose(a["score"], b["score"], atol=1e-6)
    assert np.allclose(a["percentile"], b["percentile"], atol=1e-3)
    assert np.allclose(a["score"][a["best"]], b["score"][b["best"]], atol=1e-6)


def _line(name: str, cells: int, seconds: float) -> Line:
    def size(part: float) -> Size:
        return {"cells": max(500, round(cells * part))}

    return Line(
        name=name,
        module=__name__,
        size=size,
        words=lambda size: f"score and rank {size['cells']:,} cells for a query, warm",
        items="cells",
        prepare=prepare,
        ways={
            "ours": Way("cosine_scores, percentiles, best_rows", ours),
            "reference": Way("a product, scipy's rankdata, argsort", plain),
        },
        checks=every(seconds_at_most(seconds)),
        agree=agree,
    )


LINES = (_line("query", 250_000, 0.030), _line("query-large", 2_000_000, 0.150))
