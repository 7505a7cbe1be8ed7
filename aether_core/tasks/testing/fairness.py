"""For whom a prediction is worse: error and coverage by group."""

from typing import Any

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


def by_group(
    group: NDArray[np.object_],
    label: NDArray[np.int64] | None = None,
    predicted: NDArray[np.int64] | None = None,
    covered: NDArray[np.bool_] | NDArray[np.float64] | None = None,
    *,
    error: NDArray[np.float64] | None = None,
    block: NDArray[np.int64] | None = None,
    seed: int = 0,
) -> list[dict[str, Any]]:
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
        For each group, ordered by name (`DENSITY_GROUPS` from sparse to dense): `group`, `n`,
        `too_few`, and unless too few (under 10 rows) `error` (mean), `lo`, `hi` (its 95 %
        interval); with labels `accuracy` and `macro_f1` (over the classes that occur in the group);
        with `covered` also `coverage`, `coverage_lo` and `coverage_hi`.
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
        figures: dict[str, Any] = {
            "group": name,
            "n": len(rows),
            "too_few": len(rows) < FEWEST_ROWS,
        }
        if not figures["too_few"]:
            where = None if block is None else block[rows]
            lo, hi = mean_interval(wrong[rows], where, seed=seed)
            figures |= {"error": float(wrong[rows].mean()), "lo": lo, "hi": hi}
            if label is not None and predicted is not None:
                figures |= _class_figures(label[rows], predicted[rows])
            if covered is not None:
                figures |= _coverage_figures(covered[rows], where, seed)
        found.append(figures)
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
