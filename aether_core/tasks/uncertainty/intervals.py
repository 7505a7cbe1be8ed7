"""Intervals of a share, of a mean over rows that lie near each other, and of new rows."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
"""Confidence of every interval of a figure, as a part of 1."""

_BATCH_BYTES = 64 * 2**20


def wilson(share: float, n: int, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson score interval of a share of `n` independent rows.

    Source: Wilson (1927), J. Am. Stat. Assoc. 22:209. Unlike the normal interval it keeps within 0
    to 1 and does not shrink to nothing where the share is 0 or 1.

    Args:
        share: Share of the rows, 0 to 1.
        n: Number of rows, at least 1.
        confidence: Confidence of the interval, as a part of 1.
    """
    from scipy.special import ndtri

    z = float(ndtri(0.5 + confidence / 2))
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def conformal_quantile(score: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    """Quantile of the scores of calibration rows, corrected for few rows.

    Of n + 1 exchangeable scores the new one is as likely to have any rank, so the one of rank
    (n + 1) level, rounded up, is not exceeded as often as asked for (Lei et al. 2018, J. Am. Stat.
    Assoc. 113:1094).

    Args:
        score: Float64 `[n]` or `[n, k]`, finite.
        level: Part of new rows not to exceed the quantile, above 0 and below 1.

    Returns:
        Float64 `[]` or `[k]`; infinity where there are too few rows for the level.
    """
    n = len(score)
    # Rounded first, or 18.000000000000004 would be taken for more than 18.
    rank = math.ceil(round((n + 1) * level, 9))
    if rank > n:
        return np.full(score.shape[1:], np.inf)
    return np.asarray(np.partition(score, rank - 1, axis=0)[rank - 1])


def mean_interval(
    value: NDArray[np.bool_] | NDArray[np.float64],
    block: NDArray[np.int64] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % interval of the mean of `value`, whole blocks at a time where blocks are given.

    Rows near each other are alike, so that an interval that takes them for independent is too
    narrow: blocks are resampled instead. Few blocks, or rows that all agree, make a bootstrap too
    narrow in its turn, so the interval never falls short of that of independent rows: Wilson's for
    shares, a bootstrap of single rows for other values.

    Args:
        value: Bool `[n]` for a share or float64 `[n]`, at least one row, finite.
        block: Number of the spatial block of each row, int64 `[n]`.
        resamples: Bootstrap resamples.
        seed: Of the resampling.
    """
    if value.dtype == np.bool_:
        lo, hi = wilson(float(value.mean()), len(value))
    else:
        rows = np.arange(len(value), dtype=np.int64)
        lo, hi = _block_interval(value, rows, resamples, seed)
    if block is not None and len(np.unique(block)) > 1:
        block_lo, block_hi = _block_interval(value, block, resamples, seed)
        lo, hi = min(lo, block_lo), max(hi, block_hi)
    return lo, hi


def block_counts(blocks: int, *, resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Draw how often each of `blocks` blocks is in each resample, with replacement.

    Args:
        blocks: Number of blocks to draw from; as many are drawn in each resample.
        resamples: Resamples in all.
        seed: Of the draws.

    Yields:
        Int64 `[r, blocks]`, batches of resamples that together make `resamples`.
    """
    rng = np.random.default_rng(seed)
    batch = max(1, min(resamples, _BATCH_BYTES // (8 * blocks)))
    for start in range(0, resamples, batch):
        rows = min(batch, resamples - start)
        drawn = rng.integers(blocks, size=(rows, blocks)) + np.arange(rows)[:, None] * blocks
        yield np.bincount(drawn.reshape(-1), minlength=rows * blocks).reshape(rows, blocks)


def percentile_interval(drawn: NDArray[np.float64]) -> tuple[float, float]:
    """95 % percentile interval of the resampled figures, float64 `[resamples]`."""
    tail = 50 * (1 - CONFIDENCE)
    lo, hi = np.percentile(drawn, [tail, 100 - tail])
    return float(lo), float(hi)


def _block_interval(
    value: NDArray[np.bool_] | NDArray[np.float64],
    block: NDArray[np.int64],
    resamples: int,
    seed: int,
) -> tuple[float, float]:
    number = np.unique(block, return_inverse=True)[1].reshape(-1)
    sums = np.bincount(number, weights=value.astype(np.float64))
    sizes = np.bincount(number)
    means = [
        (counts @ sums) / (counts @ sizes)
        for counts in block_counts(len(sizes), resamples=resamples, seed=seed)
    ]
    return percentile_interval(np.concatenate(means))
