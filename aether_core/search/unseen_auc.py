"""Whether scores find places where the model was not trained: AUC with an interval over blocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.uncertainty.intervals import block_counts, percentile_interval

RESAMPLES = 500


@dataclass(frozen=True)
class BlockAuc:
    """How well scores tell some places from the others.

    Attributes:
        auc: Chance that one of them scores above another place; equal scores count half.
        lo: Lower end of the 95 % interval over resampled blocks; None with fewer than two blocks
            that hold such places, where nothing can be resampled.
        hi: Upper end.
        places: How many such places there are.
        blocks: How many blocks hold one.
    """

    auc: float
    lo: float | None
    hi: float | None
    places: int
    blocks: int


def block_auc(
    score: NDArray[np.float32],
    positive: NDArray[np.bool_],
    block: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> BlockAuc | None:
    """AUC of the places that are looked for against the rest.

    Wins are counted once for each pair of blocks, so that a resample is a weighted sum of them.

    Args:
        score: Float32 `[n]`, higher is better, finite.
        positive: The places looked for, bool `[n]`.
        block: Spatial block of each place, int64 `[n]`.
        resamples: Bootstrap resamples; those that leave out all places of one side are dropped.
        seed: Of the resampling.

    Returns:
        None where no place is looked for, or all are.
    """
    if not 0 < positive.sum() < len(positive):
        return None
    number = np.unique(block, return_inverse=True)[1].reshape(-1)
    count = int(number.max()) + 1
    found = np.bincount(number[positive], minlength=count)
    others = np.bincount(number[~positive], minlength=count)
    wins = _wins(score, positive, number, count)
    held = np.flatnonzero(found)
    auc = float(wins.sum() / (found.sum() * others.sum()))
    lo = hi = None
    if len(held) > 1:
        values = []
        for batch in block_counts(count, resamples=resamples, seed=seed):
            weight = batch.astype(np.float64)
            pairs = (weight @ found) * (weight @ others)
            both = pairs > 0
            won = ((weight @ wins) * weight).sum(axis=1)
            values.append(won[both] / pairs[both])
        lo, hi = percentile_interval(np.concatenate(values))
    return BlockAuc(auc, lo, hi, int(positive.sum()), len(held))


def _wins(
    score: NDArray[np.float32], positive: NDArray[np.bool_], block: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """How often places of block i that are looked for beat others of block j, `[count, count]`."""
    wins = np.zeros((count, count))
    sought, where = score[positive], block[positive]
    others = score[~positive]
    order = np.lexsort((others, block[~positive]))
    ends = np.cumsum(np.bincount(block[~positive], minlength=count))
    for j, in_block in enumerate(np.split(others[order], ends[:-1])):
        if len(in_block):
            below = np.searchsorted(in_block, sought, side="left")
            at_most = np.searchsorted(in_block, sought, side="right")
            wins[:, j] = np.bincount(where, weights=(below + at_most) / 2, minlength=count)
    return wins
