"""What a prediction is judged by: class metrics, share metrics and metrics of numbers.

Rows are samples, columns classes or fields. Weights default to one. Shares are clipped at 1e-6 and
brought to sum 1 before the logarithms of the Kullback-Leibler divergence, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.language import Marked, as_marked, capitalised, mark


@dataclass(frozen=True)
class Metric:
    """A figure that predictions are judged by.

    Attributes:
        name: In findings, commands and JSON.
        title: What people call it, as inside a sentence.
        unit: Its unit or range.
        lower_is_better: Which way is good.
    """

    name: str
    title: str
    unit: str = ""
    lower_is_better: bool = False

    @property
    def heading(self) -> Marked:
        """The title as a heading has it; capitals inside it stay."""
        return capitalised(as_marked(self.title))


CLASS_METRICS = (
    Metric("macro_f1", mark("macro-F1"), mark("0 to 1")),
    Metric("weighted_f1", mark("weighted F1"), mark("0 to 1")),
    Metric("accuracy", mark("accuracy"), mark("0 to 1")),
)
SHARE_METRICS = (
    Metric("kl", mark("KL divergence"), mark("nats"), lower_is_better=True),
    Metric("chebyshev", mark("Chebyshev distance"), mark("0 to 1"), lower_is_better=True),
    Metric("cosine", mark("cosine similarity"), mark("0 to 1")),
    Metric("l1", mark("L1 distance"), mark("0 to 2"), lower_is_better=True),
)
NUMBER_METRICS = (
    Metric("r2", mark("R²"), mark("1 is perfect, 0 no better than the mean")),
    Metric("mae", mark("mean absolute error"), mark("in the field's unit"), lower_is_better=True),
    Metric(
        "rmse", mark("root mean squared error"), mark("in the field's unit"), lower_is_better=True
    ),
)
SMALLEST_SHARE = 1e-6

Weights = NDArray[np.float64] | None


def confusion(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Count each pair of true and predicted class.

    Args:
        truth: Class of each sample, int64 `[n]`, 0 to `classes` - 1.
        predicted: The predicted class, likewise.
        classes: Number of classes, k.

    Returns:
        Int64 `[k, k]`: row is the truth, column the prediction.
    """
    return _confusion(truth, predicted, classes, None).astype(np.int64)


def _confusion(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int, weight: Weights
) -> NDArray[np.float64]:
    pair = np.asarray(truth, dtype=np.int64) * classes + np.asarray(predicted, dtype=np.int64)
    counts = np.bincount(pair, weights=weight, minlength=classes * classes)
    return counts.astype(np.float64).reshape(classes, classes)


def scores_of_confusion(
    table: NDArray[np.float64] | NDArray[np.int64],
) -> dict[str, NDArray[np.float64]]:
    """Class metrics of one confusion table or of many at once.

    F1 of a class is `2 tp / (2 tp + fp + fn)`. `macro_f1` averages it over the classes that occur
    in truth or prediction (as scikit-learn does), `weighted_f1` over the true classes by their
    weight; `accuracy` is the part on the diagonal.

    Args:
        table: Counts or weights `[..., k, k]`, rows true.

    Returns:
        Each of `CLASS_METRICS` as float64 `[...]`; NaN where a table is empty.
    """
    hit = np.diagonal(table, axis1=-2, axis2=-1)
    true, claimed = table.sum(axis=-1), table.sum(axis=-2)
    total = true.sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        f1 = np.nan_to_num(2 * hit / (true + claimed))
        occurs = (true + claimed > 0).sum(axis=-1)
        return {
            "macro_f1": f1.sum(axis=-1) / np.where(occurs > 0, occurs, np.nan),
            "weighted_f1": (f1 * true).sum(axis=-1) / total,
            "accuracy": hit.sum(axis=-1) / total,
        }


def class_scores(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int, weight: Weights = None
) -> dict[str, float]:
    """Every class metric of one prediction; arguments as in `confusion`.

    `weight` is float64 `[n]`; None weighs the samples alike.
    """
    scores = scores_of_confusion(_confusion(truth, predicted, classes, weight))
    return {name: float(value) for name, value in scores.items()}


def macro_f1(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int, weight: Weights = None
) -> float:
    """Mean F1 over the classes that occur in truth or prediction; arguments of `class_scores`."""
    return class_scores(truth, predicted, classes, weight)["macro_f1"]


def per_class(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> list[dict[str, float]]:
    """Precision, recall, F1 and number of true samples of each class.

    Returns:
        One dict a class with `precision`, `recall`, `f1`, `n`; a figure without a denominator is 0.
    """
    table = confusion(truth, predicted, classes)
    hit, true, claimed = np.diagonal(table), table.sum(axis=1), table.sum(axis=0)
    return [
        {
            "precision": float(hit[k] / max(claimed[k], 1)),
            "recall": float(hit[k] / max(true[k], 1)),
            "f1": float(2 * hit[k] / max(true[k] + claimed[k], 1)),
            "n": int(true[k]),
        }
        for k in range(classes)
    ]


def share_errors(
    truth: NDArray[np.float64], predicted: NDArray[np.floating]
) -> Mapping[str, NDArray[np.float64]]:
    """Every share metric of each row.

    `kl` is `sum t ln(t / p)` in nats, `chebyshev` `max |t - p|`, `cosine` `t.p / (|t| |p|)`
    (a similarity: 1 is best), `l1` `sum |t - p|`.

    Args:
        truth: True shares, rows sum to 1, float64 `[n, k]`.
        predicted: Predicted shares, rows sum to 1, `[n, k]`.

    Returns:
        Each of `SHARE_METRICS` as float64 `[n]`.
    """
    t, p = np.asarray(truth, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    safe_t, safe_p = positive_shares(t), positive_shares(p)
    length = np.linalg.norm(t, axis=1) * np.linalg.norm(p, axis=1)
    return {
        "kl": (safe_t * np.log(safe_t / safe_p)).sum(axis=1),
        "chebyshev": np.abs(t - p).max(axis=1),
        "cosine": (t * p).sum(axis=1) / np.maximum(length, 1e-12),
        "l1": np.abs(t - p).sum(axis=1),
    }


def share_scores(
    truth: NDArray[np.float64], predicted: NDArray[np.floating], weight: Weights = None
) -> dict[str, float]:
    """Mean of each share metric over the rows; arguments as in `share_errors`."""
    errors = share_errors(truth, predicted)
    return {name: float(np.average(row, weights=weight)) for name, row in errors.items()}


def positive_shares(shares: NDArray[np.floating]) -> NDArray[np.float64]:
    """Shares clipped at `SMALLEST_SHARE` and brought back to sum 1, float64 `[n, k]`."""
    clipped = np.maximum(np.asarray(shares, dtype=np.float64), SMALLEST_SHARE)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


def scores_of_sums(sums: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Metrics of numbers from weighted sums over the samples, of one set of them or of many.

    `r2` is `1 - sum w (y - p)^2 / sum w (y - mean)^2` with the mean of the same samples.

    Args:
        sums: Float64 `[..., 5]`: the sums of `w`, `w y`, `w y^2`, `w |y - p|` and `w (y - p)^2`.
            Take a constant near the mean from `y` first: squares of large numbers lose digits.

    Returns:
        Each of `NUMBER_METRICS` as float64 `[...]`; NaN where nothing is summed, and `r2` also
        where all truths are equal.
    """
    total, first, second, absolute, squared = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = second - first**2 / total
        return {
            "r2": 1 - squared / np.where(spread > 1e-12 * np.abs(second), spread, np.nan),
            "mae": absolute / total,
            "rmse": np.sqrt(squared / total),
        }
