"""What CityRep scores a head by: its names, and its way of counting."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.kinds.metrics import macro_f1

METRICS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "classification": ("F1_macro",),
        "regression": ("R2", "MAE", "RMSE"),
        "distribution": ("KL", "L1", "Chebyshev"),
    }
)
"""By type of task; the first is the one that models are ranked by."""
LOWER_IS_BETTER: Final = frozenset({"MAE", "RMSE", "KL", "L1", "Chebyshev"})
_SMALLEST_SHARE = 1e-12
"""Not that of our own KL: the benchmark clips later."""


def scores(task_type: str, truth: NDArray[Any], outputs: NDArray[np.float32]) -> dict[str, float]:
    """Score the head's outputs.

    Args:
        task_type: As the registry has it.
        truth: Of the tested samples, as `TaskSamples.target` has it.
        outputs: Float32 `[n, k]`: logits of classes or shares, or numbers.

    Returns:
        Each of the task's `METRICS`; MAE and RMSE are on the registered scale, not in the unit.
    """
    return _SCORES[task_type](truth, outputs)


def _of_classes(truth: NDArray[Any], outputs: NDArray[np.float32]) -> dict[str, float]:
    predicted = outputs.argmax(axis=1).astype(np.int64)
    return {"F1_macro": macro_f1(truth, predicted, outputs.shape[1])}


def _of_numbers(truth: NDArray[Any], outputs: NDArray[np.float32]) -> dict[str, float]:
    from sklearn.metrics import r2_score

    y, found = truth.reshape(-1).astype(np.float64), outputs.reshape(-1).astype(np.float64)
    error = found - y
    return {
        "R2": float(r2_score(y, found)),
        "MAE": float(np.abs(error).mean()),
        "RMSE": float(np.sqrt((error**2).mean())),
    }


def _of_shares(truth: NDArray[Any], outputs: NDArray[np.float32]) -> dict[str, float]:
    logits = outputs.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    y, found = _positive(truth.astype(np.float64)), _positive(np.exp(logits))
    apart = np.abs(y - found)
    return {
        "KL": float((y * np.log(y / found)).sum(axis=1).mean()),
        "L1": float(apart.sum(axis=1).mean()),
        "Chebyshev": float(apart.max(axis=1).mean()),
    }


def _positive(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of sum 1, none of whose shares is 0."""
    clipped = np.clip(shares / shares.sum(axis=1, keepdims=True), _SMALLEST_SHARE, 1.0)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


_SCORES = MappingProxyType(
    {
        "classification": _of_classes,
        "regression": _of_numbers,
        "distribution": _of_shares,
    }
)
