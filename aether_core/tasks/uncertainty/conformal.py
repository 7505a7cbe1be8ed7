"""Sets of classes that hold the true one as often as was asked for, class by class."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.tasks.uncertainty.calibration import tested_folds
from aether_core.tasks.uncertainty.intervals import conformal_quantile, mean_interval, wilson

# Scores this near each other are equal: a probability that rounds to 0 is as good as 1e-9.
_ALIKE = 1e-8


@dataclass(frozen=True)
class ConformalSets:
    """Prediction sets calibrated per class.

    One split-conformal calibration (Angelopoulos and Bates 2023, Found. Trends Mach. Learn. 16:494,
    arXiv 2107.07511) on the rows of each class, by the score of Sadinle, Lei and Wasserman (2019,
    J. Am. Stat. Assoc. 114:223): 1 - probability of the class. Class k is in the set where its
    score is at most the conformal quantile of those of its own rows. So each class, a rare one
    too, is in the set of its own rows as often as was asked for (Mondrian conformal prediction:
    Vovk 2012, arXiv 1209.2673), not only all classes together.

    A set is never empty: where no class is admitted, the likeliest one is put in. That can only
    raise the coverage.

    Attributes:
        level: Coverage asked for, 0.5 to below 1.
        unlimited: Classes with too few calibration rows for the level (fewer than 10 at 90 %):
            nothing can be ruled out for them, so they are in every set.
        rows: Number of calibration rows of each class.
        threshold: Largest score at which a class is in a set, float64 `[K]`; infinity for those of
            `unlimited`.
    """

    level: float
    unlimited: tuple[int, ...]
    rows: tuple[int, ...]
    threshold: NDArray[np.float64]

    @classmethod
    def calibrate(
        cls, prob: NDArray[np.float32], label: NDArray[np.int64], level: float = 0.9
    ) -> "ConformalSets":
        """Calibrate on rows the probe was not trained on.

        Args:
            prob: Probabilities, float32 `[n, K]`; NaN rows are left out.
            label: Class of each row, int64 `[n]`.
            level: Coverage to reach in each class, 0.5 to below 1.

        Raises:
            InputError: The level is out of range.
        """
        needed = _rows_needed(level)
        there = np.isfinite(prob).all(axis=1)
        classes = range(prob.shape[1])
        own = [_score(prob[there & (label == number), number]) for number in classes]
        return cls(
            level=level,
            unlimited=tuple(number for number in classes if len(own[number]) < needed),
            rows=tuple(len(score) for score in own),
            threshold=np.array(
                [
                    conformal_quantile(score, level) if len(score) >= needed else np.inf
                    for score in own
                ]
            ),
        )

    def sets(self, prob: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Tell which classes each row may be of.

        Args:
            prob: Probabilities, float32 `[m, K]`.

        Returns:
            Bool `[m, K]`, at least one True in each row; all False where a row is NaN.
        """
        there = np.isfinite(prob).all(axis=1)
        admitted = self.admitted(prob)
        none = np.flatnonzero(there & ~admitted.any(axis=1))
        admitted[none, prob[none].argmax(axis=1)] = True
        return admitted

    def admitted(self, prob: NDArray[np.float32]) -> NDArray[np.bool_]:
        """As `sets`, but before the likeliest class is put into an empty set."""
        there = np.isfinite(prob).all(axis=1, keepdims=True)
        return np.asarray(there & (_score(prob) - self.threshold <= _ALIKE))


@dataclass(frozen=True)
class Coverage:
    """How often the sets held the truth, on rows they were not calibrated with.

    Attributes:
        level: Coverage asked for.
        share: Share of the rows whose set holds their class.
        lo: Lower end of the 95 % interval of `share`: Wilson's, widened by resampling whole blocks
            where blocks were given.
        hi: Upper end.
        mean_size: Mean number of classes in a set.
        empty_share: Share of the rows for which no class was admitted, so that the likeliest one
            was put in.
        by_class: For each class that occurs: `share`, `n`, and `lo`, `hi` (Wilson).
        n: Number of rows.
    """

    level: float
    share: float
    lo: float
    hi: float
    mean_size: float
    empty_share: float
    by_class: dict[str, dict[str, float | int]]
    n: int


def covered_across_folds(
    prob: NDArray[np.float32], label: NDArray[np.int64], fold: NDArray[np.int64], level: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Sets of each fold, calibrated on the other folds.

    Args:
        prob: Out-of-fold probabilities, float32 `[n, K]`; NaN rows get no set.
        label: Class of each row, int64 `[n]`.
        fold: Fold each row was tested in, int64 `[n]`; -1 was never tested.
        level: Coverage to reach in each class.

    Returns:
        The sets, bool `[n, K]`, and where no class was admitted before the likeliest one was put
        in, bool `[n]`. A row without a set has no True in either.

    Raises:
        InputError: There is one fold only, or the level is out of range.
    """
    tested = (fold >= 0) & np.isfinite(prob).all(axis=1)
    sets = np.zeros(prob.shape, dtype=np.bool_)
    empty = np.zeros(len(prob), dtype=np.bool_)
    for number in tested_folds(np.where(tested, fold, -1)):
        here = tested & (fold == number)
        others = tested & (fold != number)
        calibrated = ConformalSets.calibrate(prob[others], label[others], level)
        sets[here] = calibrated.sets(prob[here])
        empty[here] = ~calibrated.admitted(prob[here]).any(axis=1)
    return sets, empty


def coverage_across_folds(
    prob: NDArray[np.float32],
    label: NDArray[np.int64],
    fold: NDArray[np.int64],
    level: float,
    names: Sequence[str],
    block: NDArray[np.int64] | None = None,
) -> Coverage:
    """Measure the coverage of sets on folds they were not calibrated with.

    With spatial folds the calibration rows lie elsewhere than the rows they are asked about, which
    is what the level does not promise anything for: the figure then shows what is really reached.

    Args:
        prob: Out-of-fold probabilities, float32 `[n, K]` (`cross_fitted`).
        label: Class of each row, int64 `[n]`.
        fold: Fold each row was tested in, int64 `[n]`; -1 was never tested.
        level: Coverage to reach in each class.
        names: Name of each class, `K` of them.
        block: Number of the spatial block of each row, int64 `[n]`, for the interval.

    Raises:
        InputError: There is one fold only, or the level is out of range.
    """
    sets, empty = covered_across_folds(prob, label, fold, level)
    used = sets.any(axis=1)
    covered = sets[np.arange(len(label)), label]
    lo, hi = mean_interval(covered[used], None if block is None else block[used])
    by_class: dict[str, dict[str, float | int]] = {}
    for number in np.unique(label[used]):
        own = covered[used & (label == number)]
        share = float(own.mean())
        class_lo, class_hi = wilson(share, len(own))
        by_class[names[number]] = {"share": share, "n": len(own), "lo": class_lo, "hi": class_hi}
    return Coverage(
        level=level,
        share=float(covered[used].mean()),
        lo=lo,
        hi=hi,
        mean_size=float(sets[used].sum(axis=1).mean()),
        empty_share=float(empty[used].mean()),
        by_class=by_class,
        n=int(used.sum()),
    )


def _score(prob: NDArray[np.float32]) -> NDArray[np.float64]:
    """How little a class fits, float64 0 to 1, of its probability in any shape."""
    return np.asarray(1.0 - np.clip(np.asarray(prob, dtype=np.float64), 0.0, 1.0))


def _rows_needed(level: float) -> int:
    """Calibration rows below which the level cannot be told from certainty: 1 / (1 - level).

    Of fewer, less than one is expected beyond the threshold. The quantile exists from
    level / (1 - level) rows on, one fewer.
    """
    if not 0.5 <= level < 1:
        raise InputError(
            "coverage level is out of range",
            level,
            "give 0.5 to 0.99, such as 0.9",
            code="coverage-level-out-of-range",
        )
    return math.ceil(round(1 / (1 - level), 9))
