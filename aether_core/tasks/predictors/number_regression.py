"""Ridge regression of one number on standardised inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PENALTIES = np.logspace(-1, 5, 19)
"""Tried in turn; the one with the least leave-one-out error is taken."""


@dataclass(frozen=True)
class LinearNumbers:
    """A fitted ridge regression.

    Attributes:
        mean: Mean of each input over the training rows, float64 `[d]`.
        scale: Standard deviation likewise; 1 for a constant input.
        coefficient: Float64 `[d]`, of the standardised inputs.
        intercept: What is predicted at the mean of the inputs.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    coefficient: NDArray[np.float64]
    intercept: float

    def numbers(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """The number of each row, float64 `[n]`."""
        # Not standardised row by row: a city's cells in double precision would fill the memory.
        slope = self.coefficient / self.scale
        return np.asarray(x @ slope.astype(np.float32) + (self.intercept - self.mean @ slope))

    def importance(self) -> NDArray[np.float64]:
        """Absolute coefficient of each standardised input, float64 `[d]`."""
        return np.abs(self.coefficient)


def fit_linear_numbers(
    x: NDArray[np.float32], number: NDArray[np.float64], weight: NDArray[np.float64] | None
) -> LinearNumbers:
    """Minimise the squared error with the penalty that leave-one-out prefers.

    The problem is convex, so the fit depends on no seed and on no order of the rows.

    Args:
        x: Finite float32 `[n, d]`.
        number: Float64 `[n]`.
        weight: Float64 `[n]` or None.
    """
    from sklearn.linear_model import RidgeCV

    wide = np.asarray(x, dtype=np.float64)
    mean, deviation = wide.mean(axis=0), wide.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0)
    found = RidgeCV(alphas=_PENALTIES).fit((wide - mean) / scale, number, sample_weight=weight)
    return LinearNumbers(mean, scale, np.asarray(found.coef_), float(found.intercept_))
