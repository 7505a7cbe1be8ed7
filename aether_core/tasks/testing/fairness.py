"""For whom a prediction is worse: error and coverage by group."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.uncertainty.intervals import mean_interval

FEWEST_ROWS = 10
"""Rows below which a group gets no figure: it would say more about chance than about the group."""

DENSITY_GROUPS = (
    "sparsest quarter of places",
    "second sparsest quarter of places",
    "second densest quarter of places",
    "densest quarter of places",
)


Figure = Literal["error", "accuracy", "coverage"]


@dataclass(frozen=True)
class GroupFigures:
    """What was measured on one group of rows; None where it was not, or of too few.

    Attributes:
        group: Name of the group.
        n: Number of rows.
        error: Mean error.
        lo: Lower end of its 95 % interval.
        hi: Upper end.
        accuracy: Part of the rows predicted right; of classes.
        macro_f1: Over the classes that occur in the group; of classes.
        coverage: Part of the rows whose set or interval holds the truth.
        coverage_lo: Lower end of its 95 % interval.
        coverage_hi: Upper end.
    """

    group: str
    n: int
    error: float | None = None
    lo: float | None = None
    hi: float | None = None
    accuracy: float | None = None
    macro_f1: float | None = None
    coverage: float | None = None
    coverage_lo: float | None = None
    coverage_hi: float | None = None

    @property
    def too_few(self) -> bool:
        """Whether a figure would say more about chance than about the group."""
        return self.n < FEWEST_ROWS

    def figure(self, name: Figure) -> tuple[float, float, float]:
        """A figure and its interval; NaN where there is none."""
        if self.too_few:
            return math.nan, math.nan, math.nan
        low, high = {
            "error": (self.lo, self.hi),
            "coverage": (self.coverage_lo, self.coverage_hi),
            "accuracy": (None, None),
        }[name]
        value: float | None = getattr(self, name)
        return _or_nan(value), _or_nan(low), _or_nan(high)


def by_group(
    group: NDArray[np.object_],
    label: NDArray[np.int64] | None = None,
    predicted: NDArray[np.int64] | None = None,
    covered: NDArray[np.bool_] | NDArray[np.float64] | None = None,
    *,
    error: NDArray[np.float64] | None = None,
    block: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> list[GroupFigures]:
    """Break error and coverage down by group, on rows the model was not trained on.

    Give `label` and `predicted` (land use; the error of a row is 1 where they differ), or `error`
    (shares; such as the KL divergence of each row).

    Args:
        group: Name of the group of each row, str `[n]`.
        label: Class of each row, int64 `[n]`.
        predicted: Class each row was predicted to be, int64 `[n]`.
        covered: Whether the conformal set of each row holds its class, bool `[n]`, or the part of
            the fields whose interval holds the truth, float64 `[n]`; calibrated on other folds
            (`covered_across_folds`, `share_covered_across_folds`).
        error: Error of each row, float64 `[n]`; NaN rows are left out.
        block: Number of the spatial block of each row, int64 `[n]`, for the intervals.
        seed: Of the resampling.

    Returns:
        The groups ordered by name, `DENSITY_GROUPS` from sparse to dense.
    """
    if error is None:
        if label is None or predicted is None:
            msg = "give label and predicted, or error"
            raise ValueError(msg)
        wrong: NDArray[Any] = label != predicted
    else:
        wrong = np.asarray(error, dtype=np.float64)
    there = np.isfinite(wrong)
    found = []
    names = np.array([str(one) for one in group])
    for name in sorted(set(names[there].tolist()), key=_place_in_order):
        rows = np.flatnonzero(there & (names == name))
        figures: dict[str, float] = {}
        if len(rows) >= FEWEST_ROWS:
            where = None if block is None else block[rows]
            lo, hi = mean_interval(wrong[rows], where, seed=seed)
            figures |= {"error": float(wrong[rows].mean()), "lo": lo, "hi": hi}
            if label is not None and predicted is not None:
                figures |= _class_figures(label[rows], predicted[rows])
            if covered is not None:
                figures |= _coverage_figures(covered[rows], where, seed)
        found.append(GroupFigures(name, len(rows), **figures))
    return found


def density_groups(count: NDArray[np.int64]) -> NDArray[np.object_]:
    """Group rows by how many places there are around them, into quarters of about equal size.

    Equal counts are in the same group, so that where many rows have no place at all the sparsest
    group is larger than a quarter and the next may be missing.

    Args:
        count: Number of places around each row, `[n]`.

    Returns:
        Name out of `DENSITY_GROUPS` for each row, object `[n]`.
    """
    if len(count) == 0:
        return np.empty(0, dtype=object)
    edges = np.percentile(count, [25, 50, 75])
    names = np.array(DENSITY_GROUPS, dtype=object)
    return np.asarray(names[np.searchsorted(edges, count, side="left")])


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def _place_in_order(name: str) -> tuple[int, str]:
    return (DENSITY_GROUPS.index(name) if name in DENSITY_GROUPS else 0, name)


def _class_figures(label: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, float]:
    from sklearn.metrics import f1_score

    return {
        "accuracy": float((label == predicted).mean()),
        "macro_f1": float(f1_score(label, predicted, average="macro", zero_division=0.0)),
    }


def _coverage_figures(
    covered: NDArray[np.bool_] | NDArray[np.float64], block: NDArray[np.int64] | None, seed: int
) -> dict[str, float]:
    lo, hi = mean_interval(covered, block, seed=seed)
    return {"coverage": float(covered.mean()), "coverage_lo": lo, "coverage_hi": hi}
