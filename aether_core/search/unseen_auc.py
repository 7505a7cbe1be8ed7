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
    drawn = resampled_auc(score, positive, block, resamples=resamples, seed=seed)
    if drawn is None:
        return None
    lo = hi = None
    held = len(np.unique(block[positive]))
    if held > 1:
        lo, hi = percentile_interval(drawn[1:][np.isfinite(drawn[1:])])
    return BlockAuc(float(drawn[0]), lo, hi, int(positive.sum()), held)


def resampled_auc(
    score: NDArray[np.float32],
    positive: NDArray[np.bool_],
    block: NDArray[np.int64],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> NDArray[np.float64] | None:
    """AUC as it is, and in every resample of the blocks.

    Args:
        score: As for `block_auc`, and so are the others. With equal blocks and seed the resamples
            are the same, whatever is looked for.

    Returns:
        Float64 `[resamples + 1]`, NaN where a resample leaves out all places of one side; None
        where no place is looked for, or all are.
    """
    if not 0 < positive.sum() < len(positive):
        return None
    number = np.unique(block, return_inverse=True)[1].reshape(-1)
    count = int(number.max()) + 1
    found = np.bincount(number[positive], minlength=count)
    others = np.bincount(number[~positive], minlength=count)
    wins = _wins(score, positive, number, count)
    values = [np.array([wins.sum() / (found.sum() * others.sum())])]
    for batch in block_counts(count, resamples=resamples, seed=seed):
        weight = batch.astype(np.float64)
        pairs = (weight @ found) * (weight @ others)
        won = ((weight @ wins) * weight).sum(axis=1)
        with np.errstate(invalid="ignore"):
            values.append(won / pairs)
    return np.concatenate(values)


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
