"""How well a text query finds what a truth layer says is there."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.tasks.uncertainty.intervals import block_counts, percentile_interval

_TOP = {"precision_at_1": 0.01, "precision_at_5": 0.05, "precision_at_10": 0.10}


@dataclass(frozen=True)
class TruthScore:
    """One figure of one query against the truth.

    Attributes:
        query: The query, as typed.
        metric: `auc` (0.5 by chance), `average_precision` (the share of true cells by chance), or
            `precision_at_1`, `_5`, `_10`: share of true cells among the best 1, 5, 10 % of cells.
        value: The figure, 0 to 1; equal scores count as in a random order of them.
        lo: Lower end of the 95 % interval over resampled blocks; None where all cells lie in one
            block, so that there is nothing to resample.
        hi: Upper end.
        positives: Number of true cells.
        cells: Number of cells with a score.
    """

    query: str
    metric: str
    value: float
    lo: float | None
    hi: float | None
    positives: int
    cells: int


@dataclass(frozen=True)
class _Ranked:
    """Cells from the best score to the lowest.

    Attributes:
        truth: Float64 `[m]`, 1 where true.
        block: Int64 `[m]`, 0 to blocks - 1.
        last: Place of the last cell of each run of equal scores, int64 `[g]`.
    """

    truth: NDArray[np.float64]
    block: NDArray[np.int64]
    last: NDArray[np.int64]


def score_query(
    score: NDArray[np.float32],
    truth: NDArray[np.bool_],
    block: NDArray[np.int64],
    *,
    query: str,
    resamples: int = 500,
    seed: int = 0,
) -> list[TruthScore]:
    """Judge the scores of one query, with intervals from resampled spatial blocks.

    Args:
        score: Score of each cell, higher is better, float32 `[m]`; NaN has no data and is left out.
        truth: Whether each cell is what the query asks for, bool `[m]`.
        block: Number of the spatial block of each cell, int64 `[m]`.
        query: The query, as typed.
        resamples: Bootstrap resamples; those without a true or without a false cell say nothing
            and are left out.
        seed: Of the resampling.

    Returns:
        One score a metric, in the order of `TruthScore.metric`.

    Raises:
        InputError: No cell is true, or all are.
    """
    there = np.isfinite(score)
    score, truth, block = score[there], truth[there], block[there]
    positives = int(truth.sum())
    if positives in {0, len(truth)}:
        raise InputError(
            f"the labels cover {'no cell' if positives == 0 else 'every cell'} with data, "
            "so the query cannot be scored",
            query,
            "give labels that cover part of the city for this query",
            code="truth-without-cells" if positives == 0 else "truth-of-every-cell",
        )
    ranked = _rank(score, truth, block)
    blocks = int(ranked.block.max()) + 1
    values = _figures(ranked, np.ones(blocks, dtype=np.int64))
    ends = _ends(ranked, blocks, resamples, seed) if blocks > 1 else {}
    return [
        TruthScore(
            query=query,
            metric=metric,
            value=value,
            lo=ends[metric][0] if metric in ends else None,
            hi=ends[metric][1] if metric in ends else None,
            positives=positives,
            cells=len(truth),
        )
        for metric, value in values.items()
    ]


def _rank(
    score: NDArray[np.float32], truth: NDArray[np.bool_], block: NDArray[np.int64]
) -> _Ranked:
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    return _Ranked(
        truth=truth[order].astype(np.float64),
        block=np.unique(block, return_inverse=True)[1].reshape(-1)[order],
        last=np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1),
    )


def _ends(
    ranked: _Ranked, blocks: int, resamples: int, seed: int
) -> dict[str, tuple[float, float]]:
    """95 % interval of each metric."""
    drawn: dict[str, list[float]] = {}
    for batch in block_counts(blocks, resamples=resamples, seed=seed):
        for counts in batch:
            for metric, value in _figures(ranked, counts).items():
                drawn.setdefault(metric, []).append(value)
    return {metric: percentile_interval(np.array(values)) for metric, values in drawn.items()}


def _figures(ranked: _Ranked, counts: NDArray[np.int64]) -> dict[str, float]:
    """All metrics where block b is there `counts[b]` times; empty without two kinds of cells.

    The cells are sorted once; a resample only changes how much each weighs.
    """
    weight = counts[ranked.block].astype(np.float64)
    total = np.cumsum(weight)[ranked.last]
    true = np.cumsum(weight * ranked.truth)[ranked.last]
    all_true, all_false = true[-1], total[-1] - true[-1]
    if not (all_true > 0 and all_false > 0):
        return {}
    new_true = np.diff(true, prepend=0.0)
    false = total - true
    # A true cell beats the false ones after its run, and half of those in it (Mann-Whitney).
    beaten = all_false - false + np.diff(false, prepend=0.0) / 2
    here = new_true > 0
    result = {
        "auc": float((new_true * beaten).sum() / (all_true * all_false)),
        "average_precision": float((new_true[here] * true[here] / total[here]).sum() / all_true),
    }
    # Between the ends of runs the line is what a random order within the run gives on average.
    at, found = np.append(0.0, total), np.append(0.0, true)
    for metric, part in _TOP.items():
        wanted = part * total[-1]
        result[metric] = float(np.interp(wanted, at, found) / wanted)
    return result
