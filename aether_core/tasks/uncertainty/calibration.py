"""Probabilities that mean what they say: temperature scaling, and how far off it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError

COLDEST, HOTTEST = 0.05, 20.0
"""Bounds of the temperature: beyond them a probe is certain of everything or knows nothing."""

_BINS = 10
# A probe gives a class it has never seen -1e9 (`predictors`), or a probability of about 0 as a
# float32; no temperature can mend that.
_NEVER_SEEN = -60.0


@dataclass(frozen=True)
class Reliability:
    """How well the probability of the likeliest class matches how often it is right.

    Attributes:
        ece: Expected calibration error: mean over rows of |accuracy - confidence| of their bin, 0
            to 1 (Naeini et al. 2015; Guo et al. 2017).
        n: Number of rows.
        bins: Ten bins of equal width over the top probability, empty ones left out, each with
            `low` and `high` (edges), `confidence` (mean top probability), `accuracy` and `n`.
    """

    ece: float
    n: int
    bins: list[dict[str, float | int]]


def fit_temperature(
    logits: NDArray[np.float32], label: NDArray[np.int64], weight: NDArray[np.float64] | None = None
) -> float:
    """Find the one number to divide logits by so that probabilities fit the labels best.

    Minimises the weighted negative log likelihood, which has one minimum in the temperature (it is
    convex in its inverse). Source: Guo et al. (2017), arXiv 1706.04599.

    Args:
        logits: Of rows the probe was not trained on, float32 `[n, K]`. Rows whose own class the
            probe never saw, and NaN rows, say nothing about the temperature and are left out.
        label: Class of each row, int64 `[n]`.
        weight: Weight of each row, float64 `[n]`.

    Returns:
        Temperature between 0.05 and 20; 1 where no row says anything.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import log_softmax

    own = np.take_along_axis(np.asarray(logits, dtype=np.float64), label[:, None], axis=1)[:, 0]
    used = np.isfinite(own) & (own - logits.max(axis=1) > _NEVER_SEEN)
    if not used.any():
        return 1.0
    z = np.asarray(logits[used], dtype=np.float64)
    chosen = label[used][:, None]
    w = np.ones(len(z)) if weight is None else np.asarray(weight, dtype=np.float64)[used]

    def loss(log_temperature: float) -> float:
        log_p = log_softmax(z / np.exp(log_temperature), axis=1)
        return -float(np.average(np.take_along_axis(log_p, chosen, axis=1)[:, 0], weights=w))

    found = minimize_scalar(loss, bounds=(np.log(COLDEST), np.log(HOTTEST)), method="bounded")
    return float(np.clip(np.exp(found.x), COLDEST, HOTTEST))


def temper(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Probabilities at a temperature, float32 `[n, K]`, rows sum to 1; NaN rows stay NaN."""
    from scipy.special import softmax

    scaled = np.asarray(logits, dtype=np.float64) / temperature
    return np.asarray(softmax(scaled, axis=1), dtype=np.float32)


def cross_fitted(
    logits: NDArray[np.float32],
    label: NDArray[np.int64],
    fold: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Calibrate out-of-fold logits, each fold at the temperature of the others.

    Args:
        logits: Out-of-fold, float32 `[n, K]`.
        label: Class of each row, int64 `[n]`.
        fold: Fold each row was tested in, int64 `[n]`; -1 was never tested.
        weight: Weight of each row, float64 `[n]`.

    Returns:
        Probabilities, float32 `[n, K]`; NaN where a row was never tested.

    Raises:
        InputError: There is one fold only, so that no other can calibrate it.
    """
    result = np.full(logits.shape, np.nan, dtype=np.float32)
    for number in tested_folds(fold):
        here = fold == number
        others = (fold >= 0) & ~here
        temperature = fit_temperature(
            logits[others], label[others], None if weight is None else weight[others]
        )
        result[here] = temper(logits[here], temperature)
    return result


def tested_folds(fold: NDArray[np.int64]) -> list[int]:
    """List the folds that were tested, ascending.

    Raises:
        InputError: There are fewer than two, so that none can be judged by the others.
    """
    numbers = [int(number) for number in np.unique(fold[fold >= 0])]
    if len(numbers) < 2:
        raise InputError(
            "a probability cannot be checked on the labels it was calibrated with",
            f"{len(numbers)} test fold",
            "use at least 2 folds of cross-validation",
            code="too-few-tested-folds",
        )
    return numbers


def reliability(prob: NDArray[np.float32], label: NDArray[np.int64]) -> Reliability:
    """Compare the top probability with how often the top class is right.

    Args:
        prob: Probabilities of rows the probe was not trained on, float32 `[n, K]`; NaN rows are
            left out.
        label: Class of each row, int64 `[n]`.

    Raises:
        InputError: No row has a probability.
    """
    there = np.isfinite(prob).all(axis=1)
    if not there.any():
        raise InputError(
            "there are no tested labels to check",
            "0 rows",
            "give at least one",
            code="no-tested-labels",
        )
    confidence = np.asarray(prob[there], dtype=np.float64).max(axis=1)
    right = prob[there].argmax(axis=1) == label[there]
    # The last bin holds its upper edge, or a probability of 1 would be in none.
    number = np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)
    bins: list[dict[str, float | int]] = []
    error = 0.0
    for index in np.unique(number):
        here = number == index
        mean, accuracy = float(confidence[here].mean()), float(right[here].mean())
        error += abs(accuracy - mean) * float(here.mean())
        bins.append(
            {
                "low": float(index) / _BINS,
                "high": float(index + 1) / _BINS,
                "confidence": mean,
                "accuracy": accuracy,
                "n": int(here.sum()),
            }
        )
    return Reliability(ece=error, n=int(there.sum()), bins=bins)
