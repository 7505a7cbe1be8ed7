"""The kinds of task a release has: a registered object each.

Scores are CityRep's own, by its names and its way of counting.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.kinds.metrics import macro_f1

if TYPE_CHECKING:
    import torch

    from aether_core.cityrep.registry import TaskEntry

Floats = NDArray[np.float64]
Outputs = NDArray[np.float32]

_MOST_CLASSES = 10_000
_EPS = 1e-6
"""Added to a standard deviation, as the published evaluator does."""
_SMALLEST_SHARE = 1e-12
"""Not that of our own KL: the benchmark clips later."""


@dataclass(frozen=True)
class TaskKind:
    """What differs by kind of task.

    Attributes:
        name: In the registry, its `task_type`.
        metrics: Their names; the first is the one that models are ranked by.
        has_shares: Whether it has several columns of labels, parts of one whole.
        of_cells: Whether a raster is averaged over the cells of the task's own grid.
        usable: Whether labels, finite float64 `[n, k]`, can be used.
        target: What is predicted, on the scale it is fitted on: classes int64 `[n]`, numbers
            float32 `[n, 1]`, or shares float32 `[n, k]`.
        loss: Of a batch: the head's outputs, and the target.
        scores: Each of the metrics, of the truth as `target` has it and outputs float32 `[n, k]`:
            logits of classes or shares, or numbers. MAE and RMSE are on the registered scale, not
            in the unit.
    """

    name: str
    metrics: tuple[str, ...]
    has_shares: bool
    of_cells: bool
    usable: Callable[[Floats, "TaskEntry"], bool]
    target: Callable[[Floats, "TaskEntry"], NDArray[Any]]
    loss: Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]
    scores: Callable[[NDArray[Any], Outputs], dict[str, float]]


@dataclass(frozen=True)
class Normalization:
    """A scale that numbers are brought to, over the whole table before any split.

    Attributes:
        above: Numbers have to be larger than this.
        apply: Float32 `[n]` to float32 `[n]`.
    """

    above: float
    apply: Callable[[Outputs], Outputs]


def _as_given(values: Outputs) -> Outputs:
    return values


def _standardised(values: Outputs) -> Outputs:
    mean, deviation = float(values.mean()), float(values.std() + _EPS)
    return ((values - mean) / deviation).astype(np.float32)


def _standardised_logarithms(values: Outputs) -> Outputs:
    return _standardised(np.log1p(values))


NORMALIZATIONS: Final[Mapping[str, Normalization]] = MappingProxyType(
    {
        "zscore": Normalization(-np.inf, _standardised),
        "log1p_zscore": Normalization(-1.0, _standardised_logarithms),
        "none": Normalization(-np.inf, _as_given),
    }
)
"""By name."""


def _are_classes(given: Floats, _entry: "TaskEntry") -> bool:
    return bool(((given == np.floor(given)) & (given >= 0) & (given < _MOST_CLASSES)).all())


def _classes(given: Floats, _entry: "TaskEntry") -> NDArray[Any]:
    return given[:, 0].astype(np.int64)


def _class_loss(outputs: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    from torch.nn import functional

    return functional.cross_entropy(outputs, truth)


def _class_scores(truth: NDArray[Any], outputs: Outputs) -> dict[str, float]:
    predicted = outputs.argmax(axis=1).astype(np.int64)
    return {"F1_macro": macro_f1(truth, predicted, outputs.shape[1])}


def _have_a_scale(given: Floats, entry: "TaskEntry") -> bool:
    return bool((given.astype(np.float32) > NORMALIZATIONS[entry.normalization].above).all())


def _numbers(given: Floats, entry: "TaskEntry") -> NDArray[Any]:
    values = given[:, 0].astype(np.float32)
    return NORMALIZATIONS[entry.normalization].apply(values)[:, None]


def _number_loss(outputs: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    from torch.nn import functional

    return functional.mse_loss(outputs, truth)


def _number_scores(truth: NDArray[Any], outputs: Outputs) -> dict[str, float]:
    from sklearn.metrics import r2_score

    y, found = truth.reshape(-1).astype(np.float64), outputs.reshape(-1).astype(np.float64)
    error = found - y
    return {
        "R2": float(r2_score(y, found)),
        "MAE": float(np.abs(error).mean()),
        "RMSE": float(np.sqrt((error**2).mean())),
    }


def _are_parts(given: Floats, _entry: "TaskEntry") -> bool:
    shares = given.astype(np.float32)
    return bool((shares >= 0).all() and (shares.sum(axis=1) > 0).all())


def _shares(given: Floats, entry: "TaskEntry") -> NDArray[Any]:
    shares = given.astype(np.float32)
    return shares / shares.sum(axis=1, keepdims=True) if entry.renormalize_distribution else shares


def _share_loss(outputs: "torch.Tensor", truth: "torch.Tensor") -> "torch.Tensor":
    from torch.nn import functional

    return functional.kl_div(functional.log_softmax(outputs, dim=1), truth, reduction="batchmean")


def _share_scores(truth: NDArray[Any], outputs: Outputs) -> dict[str, float]:
    logits = outputs.astype(np.float64)
    logits -= logits.max(axis=1, keepdims=True)
    y, found = _positive(truth.astype(np.float64)), _positive(np.exp(logits))
    apart = np.abs(y - found)
    return {
        "KL": float((y * np.log(y / found)).sum(axis=1).mean()),
        "L1": float(apart.sum(axis=1).mean()),
        "Chebyshev": float(apart.max(axis=1).mean()),
    }


def _positive(shares: Floats) -> Floats:
    """Rows of sum 1, none of whose shares is 0."""
    clipped = np.clip(shares / shares.sum(axis=1, keepdims=True), _SMALLEST_SHARE, 1.0)
    return np.asarray(clipped / clipped.sum(axis=1, keepdims=True))


TASK_KINDS: Final[Mapping[str, TaskKind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            TaskKind(
                "classification", ("F1_macro",), has_shares=False, of_cells=False,
                usable=_are_classes, target=_classes, loss=_class_loss, scores=_class_scores,
            ),
            TaskKind(
                "regression", ("R2", "MAE", "RMSE"), has_shares=False, of_cells=True,
                usable=_have_a_scale, target=_numbers, loss=_number_loss, scores=_number_scores,
            ),
            TaskKind(
                "distribution", ("KL", "L1", "Chebyshev"), has_shares=True, of_cells=True,
                usable=_are_parts, target=_shares, loss=_share_loss, scores=_share_scores,
            ),
        )
    }
)  # fmt: skip
"""By name."""
