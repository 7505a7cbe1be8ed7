"""Where a model may be asked at all: the area of applicability.

Source: Meyer & Pebesma (2021), Methods in Ecology and Evolution 12:1620,
doi:10.1111/2041-210X.13650. Predictors are standardised, weighted by their importance, and the
distance of a new row to the nearest training row is set against the mean distance among training
rows: the dissimilarity index (DI). What is farther than training rows are from the other folds of
the cross-validation is outside: the score of the cross-validation says nothing about it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.progress import Progress, silent

_MOST_ROWS_FOR_MEAN = 2000
_CHUNK_BYTES = 128 * 2**20


@dataclass(frozen=True)
class Applicability:
    """What is needed to tell how far a row is from everything the model was trained on.

    Attributes:
        threshold: DI above which a row is outside: upper whisker (75th percentile plus 1.5 times
            the interquartile range, at most the largest) of `training`.
        mean_distance: Mean distance between training rows, standardised and weighted.
        training: DI of each tested training row to the rows of other folds, float32 `[t]`.
        centre: Mean of each predictor in training, float64 `[d]`.
        scale: What a centred predictor is multiplied by: importance over standard deviation, 0
            where the predictor never varies in training, float64 `[d]`.
        rows: Training rows, standardised and weighted, float32 `[n, d]`.
    """

    threshold: float
    mean_distance: float
    training: NDArray[np.float32]
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    rows: NDArray[np.float32]

    def dissimilarity(
        self, new: NDArray[np.float32], progress: Progress = silent
    ) -> NDArray[np.float32]:
        """DI of each row: 0 is a training row, 1 as far as training rows are from each other.

        Args:
            new: Predictors as in training, float32 `[m, d]`.
            progress: Told how many rows are done.

        Returns:
            Float32 `[m]`; infinite where a row is not finite.
        """
        result = np.full(len(new), np.inf, dtype=np.float32)
        there = np.flatnonzero(np.isfinite(new).all(axis=1))
        weighted = _weighted(new[there], self.centre, self.scale)
        result[there] = _nearest(weighted, self.rows, progress) / self.mean_distance
        return result

    def inside(self, new: NDArray[np.float32], progress: Progress = silent) -> NDArray[np.bool_]:
        """Tell which rows `[m, d]` the model may be asked about, bool `[m]`."""
        return np.asarray(self.dissimilarity(new, progress) <= self.threshold)


def fit_applicability(
    x: NDArray[np.float32],
    fold: NDArray[np.int64],
    importance: NDArray[np.float64],
    *,
    seed: int = 0,
) -> Applicability:
    """Learn the area of applicability of a model from what it was trained on.

    Args:
        x: Predictors in training, float32 `[n, d]`; rows that are not finite are left out.
        fold: Fold each row was tested in, int64 `[n]`; -1 was trained on and never tested. The
            folds decide how strict it is: spatial ones ask about places farther off, so that more
            lies inside.
        importance: Importance of each predictor on its standardised scale, `[d]`, at least 0; all
            0 counts as all equal.
        seed: Decides which 2,000 rows give the mean distance where there are more.

    Raises:
        InputError: Fewer than two folds, or training rows that are all equal.
    """
    there = np.isfinite(x).all(axis=1)
    x, fold = x[there], fold[there]
    if len(np.unique(fold)) < 2 or not (fold >= 0).any():
        raise InputError(
            "the area of applicability needs training rows of other folds",
            f"{len(np.unique(fold))} fold, {len(x)} rows",
            "use at least 2 folds",
            code="training-rows-of-one-fold",
        )
    centre = x.mean(axis=0, dtype=np.float64)
    deviation = x.std(axis=0, dtype=np.float64, ddof=1)
    weight = np.maximum(importance, 0.0) if np.any(importance > 0) else np.ones(x.shape[1])
    # A predictor that never varies has no scale to be compared on.
    varies = deviation > 1e-12
    scale = np.where(varies, weight / np.where(varies, deviation, 1.0), 0.0)
    rows = _weighted(x, centre, scale)
    mean_distance = _mean_distance(rows, seed)
    if not mean_distance > 0:
        raise InputError(
            "all training rows are identical",
            f"{len(x)} rows",
            "give labels from different locations",
            code="training-rows-equal",
        )
    training = _across_folds(rows, fold) / np.float32(mean_distance)
    return Applicability(
        threshold=_upper_whisker(training),
        mean_distance=mean_distance,
        training=training,
        centre=centre,
        scale=scale,
        rows=rows,
    )


def _weighted(
    x: NDArray[np.float32], centre: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float32]:
    return np.asarray((x - centre) * scale, dtype=np.float32)


def _mean_distance(rows: NDArray[np.float32], seed: int) -> float:
    """Mean distance over all pairs of different rows, of at most 2,000 of them."""
    n = len(rows)
    if n > _MOST_ROWS_FOR_MEAN:
        chosen = np.random.default_rng(seed).choice(n, _MOST_ROWS_FOR_MEAN, replace=False)
        rows, n = rows[np.sort(chosen)], _MOST_ROWS_FOR_MEAN
    wide = rows.astype(np.float64)
    squares = (wide**2).sum(axis=1)
    squared = squares[:, None] + squares[None, :] - 2 * (wide @ wide.T)
    np.fill_diagonal(squared, 0.0)
    return float(np.sqrt(np.maximum(squared, 0.0)).sum() / (n * (n - 1)))


def _across_folds(rows: NDArray[np.float32], fold: NDArray[np.int64]) -> NDArray[np.float32]:
    """Distance of each tested row to the nearest row of another fold, `[t]`."""
    distance = np.empty(len(rows), dtype=np.float32)
    tested = fold >= 0
    for number in np.unique(fold[tested]):
        here = fold == number
        distance[here] = _nearest(rows[here], rows[~here], silent)
    return distance[tested]


def _nearest(
    new: NDArray[np.float32], rows: NDArray[np.float32], progress: Progress
) -> NDArray[np.float32]:
    """Distance of each new row to the nearest of `rows`, float32 `[m]`, by chunks of a product."""
    half_squares = (rows**2).sum(axis=1) / 2
    chunk = max(1, _CHUNK_BYTES // (4 * len(rows)))
    result = np.empty(len(new), dtype=np.float32)
    turned = np.ascontiguousarray(rows.T)
    for start in range(0, len(new), chunk):
        part = new[start : start + chunk]
        nearest = (half_squares - part @ turned).argmin(axis=1)
        # The product finds the neighbour; only the difference itself gives its distance to the
        # last digit, and 0 for a row that is there twice.
        result[start : start + chunk] = np.linalg.norm(part - rows[nearest], axis=1)
        progress("comparing with the training data", min(start + chunk, len(new)), len(new))
    return result


def _upper_whisker(values: NDArray[np.float32]) -> float:
    low, high = np.percentile(np.asarray(values, dtype=np.float64), [25, 75])
    return float(min(high + 1.5 * (high - low), values.max()))
