"""Multinomial logistic regression on standardised inputs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.predictors.softmax import ABSENT_LOGIT

_INVERSE_PENALTY = 0.1
_TOLERANCE = 1e-3
_MOST_STEPS = 500


@dataclass(frozen=True)
class LinearProbe:
    """A fitted logistic regression.

    Attributes:
        mean: Mean of each input over the training rows, float32 `[d]`.
        scale: Standard deviation likewise; 1 for a constant input.
        coefficient: Float32 `[d, K]`, zero for absent classes.
        intercept: Float32 `[K]`, `ABSENT_LOGIT` for absent classes.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    coefficient: NDArray[np.float32]
    intercept: NDArray[np.float32]

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logit of each class, float32 `[n, K]`."""
        standard = (np.asarray(x, dtype=np.float32) - self.mean) / self.scale
        return np.asarray(standard @ self.coefficient + self.intercept, dtype=np.float32)

    def importance(self) -> NDArray[np.float64]:
        """Mean absolute coefficient of each standardised input over the classes, float64 `[d]`."""
        present = self.intercept > ABSENT_LOGIT / 2
        return np.asarray(np.abs(self.coefficient[:, present]).mean(axis=1), dtype=np.float64)


def fit_linear_probe(
    x: NDArray[np.float32],
    label: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    *,
    classes: int,
) -> LinearProbe:
    """Fit by L-BFGS with an L2 penalty (C = 0.1 in scikit-learn's terms) to tolerance 1e-3.

    Args:
        x: Finite float32 `[n, d]`.
        label: Int64 `[n]`, at least two classes.
        weight: Float64 `[n]` or None.
        classes: Number of classes; those without a row get `ABSENT_LOGIT`.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(np.asarray(x, dtype=np.float64))
    mean, scale = scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32)
    regression = LogisticRegression(
        C=_INVERSE_PENALTY, solver="lbfgs", tol=_TOLERANCE, max_iter=_MOST_STEPS
    )
    regression.fit((np.asarray(x, dtype=np.float32) - mean) / scale, label, sample_weight=weight)
    fitted, offset = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # scikit-learn keeps one row of coefficients for two classes
        fitted, offset = np.vstack([-fitted, fitted]) / 2, np.concatenate([-offset, offset]) / 2
    coefficient = np.zeros((x.shape[1], classes), dtype=np.float32)
    intercept = np.full(classes, ABSENT_LOGIT, dtype=np.float32)
    coefficient[:, regression.classes_] = fitted.T
    intercept[regression.classes_] = offset
    return LinearProbe(mean, scale, coefficient, intercept)
