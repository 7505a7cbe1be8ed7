"""Shares: parts of one whole for each area, such as people by occupation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.kinds.kind import Fit, Target, TaskKind
from aether_core.tasks.kinds.metrics import SHARE_METRICS, share_errors
from aether_core.tasks.predictors.predictor import fit_shares


class SharesKind(TaskKind):
    """Targets are shares with rows that sum to 1, float64 `[n, k]`; so are predictions."""

    name = "socioeconomic"
    samples = "areas"
    outcomes = "fields"
    metrics = SHARE_METRICS

    def check(self, target: Target) -> None:
        """Any shares can be learnt from."""

    def check_fold(self, target: Target, names: Sequence[str], fold: int) -> None:
        """Any shares can be learnt from."""

    def fewest_labels(self, names: Sequence[str]) -> int:
        """Two areas, however many fields."""
        del names
        return 2

    def strata(self, target: Target) -> NDArray[np.int64]:
        """One for all: shares have no classes to spread."""
        return np.zeros(len(target), dtype=np.int64)

    def fit_and_predict(
        self,
        x: NDArray[np.float32],
        target: Target,
        weight: NDArray[np.float64] | None,
        asked: NDArray[np.float32],
        fit: Fit,
    ) -> NDArray[np.float32]:
        """Shares of each field."""
        shares = target.astype(np.float64)
        return fit_shares(
            fit.predictor, x, shares, weight, seed=fit.seed, trainer=fit.trainer
        ).shares(asked)

    def resampled(
        self,
        target: Target,
        prediction: NDArray[np.float32],
        weight: NDArray[np.float64],
        cluster: NDArray[np.int64],
        drawn: NDArray[np.float32],
    ) -> dict[str, NDArray[np.float64]]:
        """Means of weighted sums of each cluster's errors."""
        errors = share_errors(target.astype(np.float64), prediction)
        sums = [
            np.bincount(cluster, weights=value, minlength=drawn.shape[1])
            for value in (weight, *(weight * error for error in errors.values()))
        ]
        total, *parts = (drawn.astype(np.float64) @ np.stack(sums, axis=1)).T
        with np.errstate(invalid="ignore", divide="ignore"):
            return {name: value / total for name, value in zip(errors, parts, strict=True)}


SHARES = SharesKind()
