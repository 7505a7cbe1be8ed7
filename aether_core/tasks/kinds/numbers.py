"""Numbers: one number for each place, such as a price or people a km2; and their map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.findings import LayerKind, Record
from aether_core.language import _, mark
from aether_core.progress import Progress, silent
from aether_core.tasks.findings import Findings, MapTest
from aether_core.tasks.kinds.kind import Fit, Target, TaskKind
from aether_core.tasks.kinds.metrics import NUMBER_METRICS, scores_of_sums
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.predictors.predictor import NumberPredictor, fit_numbers
from aether_core.tasks.testing.experiment import Described, ExperimentSetup, OutOfFold
from aether_core.tasks.testing.fairness import GroupFigures, by_group
from aether_core.tasks.testing.protocols import PROTOCOLS
from aether_core.tasks.testing.splits import SPLITS
from aether_core.tasks.testing.tested import applicability_figures, tested
from aether_core.tasks.uncertainty.applicability import fit_applicability
from aether_core.tasks.uncertainty.intervals import mean_interval
from aether_core.tasks.uncertainty.number_intervals import NumberIntervals, interval_across_folds
from aether_core.tasks.values.transform import NONE, Transform

FloatArray = NDArray[np.float32]

_STRATA = 5
_MOST_SHOWN = 2000
"""Held-out samples kept with a map, for its chart of predicted against true numbers."""


class NumberCoverage(Record):
    """How often the interval held the truth, on samples it was not calibrated with.

    Attributes:
        level: Coverage asked for.
        share: Share of the samples whose interval holds the true number.
        lo: Lower end of the 95 % interval of `share`.
        hi: Upper end.
        mean_width: Mean width of the intervals, in the field's unit.
        n: Number of samples.
    """

    level: float
    share: float
    lo: float
    hi: float
    mean_width: float
    n: int


class HeldOutNumbers(Record):
    """Samples as predicted by a fit that had not seen them, at most 2,000 drawn at random.

    Attributes:
        truth: Their numbers.
        predicted: What was predicted.
    """

    truth: list[float]
    predicted: list[float]


class NumberTest(MapTest):
    """Of a map of numbers.

    Attributes:
        coverage: Of the intervals, by split.
        pairs: On the split that uncertainty was calibrated on.
    """

    coverage: dict[str, NumberCoverage]
    pairs: HeldOutNumbers


class NumberFindings(Findings):
    """Of a map of numbers.

    Attributes:
        transform: Scale it was fitted on, a name in `TRANSFORMS`.
        unit: What the numbers are a part of, such as `per km²`; "" as given.
        least: Smallest number of the samples.
        most: Largest.
        mean: Their mean.
    """

    task: Literal["value"] = "value"
    transform: str
    unit: str = ""
    least: float
    most: float
    mean: float
    test: NumberTest

    @property
    def field(self) -> str:
        """The field that was mapped."""
        return self.outcomes[0]


class NumbersKind(TaskKind):
    """Targets are numbers in the file's unit, float64 `[n, 1]`; so are predictions, float32.

    What is fitted is the number on the scale of `transform`. A prediction never leaves the range of
    what was observed: nothing was seen beyond it. On a logarithmic scale it is the typical number
    of such a place (the median), not the mean, which few large values pull up.
    """

    name = "value"
    command = "estimate"
    title = mark("Estimates")
    predicts = mark("a number")
    symbol = "straighten"
    about = (
        "Map a number, such as a price, from places where it is known.\n\n"
        "Fits on them, predicts every cell with an interval, keeps the layer."
    )
    samples = mark("samples")
    outcomes = mark("fields")
    metrics = NUMBER_METRICS
    error = mark("absolute error (in the field's unit)")
    layers = (LayerKind("value", "numbers", mark("Map of a number"), "", NumberFindings),)

    def __init__(self, transform: Transform = NONE) -> None:
        """The kind, with the scale it fits on.

        Args:
            transform: The scale.
        """
        self.transform = transform

    def check(self, target: Target, names: Sequence[str]) -> None:
        """Refuse a number that is everywhere the same."""
        if len(np.unique(target)) < 2:
            raise InputError(
                f"{names[0]} has the same value everywhere",
                f"{np.ravel(target)[0]:g} in {len(target)} samples",
                "choose a field that differs from place to place",
                code="constant-number",
            )

    def check_fold(self, target: Target, names: Sequence[str], fold: int) -> None:
        """Any numbers can be learnt from."""

    def apart(self, target: Target) -> NDArray[np.float64]:
        """Normal scores: few large numbers would hide how alike neighbours are.

        Measured on the family incomes of Atlanta's census tracts: their own variogram is flat
        within its noise (each tract would be a block), that of their normal scores reaches 30 km,
        and R² on such blocks is 0.25 instead of 0.52.
        """
        from scipy.special import ndtri
        from scipy.stats import rankdata

        ranks = rankdata(np.asarray(target, dtype=np.float64), axis=0)
        return np.asarray(ndtri((ranks - 0.5) / len(target)))

    def fewest_labels(self, names: Sequence[str]) -> int:
        """Two samples."""
        del names
        return 2

    def strata(self, target: Target) -> NDArray[np.int64]:
        """Fifths, from the smallest numbers to the largest."""
        rank = np.argsort(np.argsort(target[:, 0], kind="stable"), kind="stable")
        return np.asarray(rank * _STRATA // max(len(rank), 1), dtype=np.int64)

    def fit_and_predict(
        self,
        x: NDArray[np.float32],
        target: Target,
        weight: NDArray[np.float64] | None,
        to_predict: NDArray[np.float32],
        fit: Fit,
    ) -> NDArray[np.float32]:
        """The number, within the range of those it was fitted on."""
        number = self._scaled(target)
        predictor = fit_numbers(
            fit.predictor, x, number, weight, seed=fit.seed, trainer=fit.trainer
        )
        return self.predicted(predictor, number, to_predict)

    def predicted(
        self, predictor: NumberPredictor, fitted: NDArray[np.float64], x: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Numbers in the file's unit, float32 `[m, 1]`.

        Args:
            predictor: Fitted on the scale.
            fitted: What it was fitted to, on the scale, float64 `[n]`.
            x: Representation of what to predict, float32 `[m, d]`.
        """
        within = np.clip(predictor.numbers(x), fitted.min(), fitted.max())
        return self.transform.back(within)[:, None].astype(np.float32)

    def resampled(
        self,
        target: Target,
        prediction: NDArray[np.float32],
        weight: NDArray[np.float64],
        cluster: NDArray[np.int64],
        drawn: NDArray[np.float32],
    ) -> dict[str, NDArray[np.float64]]:
        """Metrics of weighted sums of each cluster."""
        truth = np.asarray(target, dtype=np.float64)[:, 0]
        error = truth - prediction[:, 0]
        centred = truth - truth.mean()
        parts = (np.ones(len(truth)), centred, centred**2, np.abs(error), error**2)
        sums = np.stack(
            [np.bincount(cluster, weight * part, minlength=drawn.shape[1]) for part in parts],
            axis=1,
        )
        return scores_of_sums(drawn.astype(np.float64) @ sums)

    def _scaled(self, target: Target) -> NDArray[np.float64]:
        return self.transform.forward(np.asarray(target, dtype=np.float64)[:, 0])


NUMBERS = NumbersKind()
TASK_KINDS[NUMBERS.name] = NUMBERS


@dataclass(frozen=True)
class NumberMap:
    """Predicted numbers of cells, and all that was found out about them.

    Attributes:
        value: In the file's unit, float32 `[m]`; NaN rows have no data.
        low: Lower end of each interval, float32 `[m]`.
        high: Upper end.
        applicable: Inside the area of applicability, bool `[m]`.
        test: How far to trust it.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    applicable: NDArray[np.bool_]
    test: NumberTest

    @property
    def there(self) -> NDArray[np.bool_]:
        """Cells with data, bool `[m]`."""
        return np.asarray(np.isfinite(self.value))

    def columns(self, name: str) -> dict[str, NDArray[Any]]:
        """Values of the cells with data, one column a field of `number_fields`."""
        there = self.there
        return {
            name: self.value[there],
            f"{name}_lo": self.low[there],
            f"{name}_hi": self.high[there],
            "applicable": self.applicable[there],
        }


def advice(found: NumberFindings) -> str | None:
    """What to do with a map that says no more than the mean of all known places; None of others.

    Args:
        found: What was measured of it.
    """
    split = found.test.hardest
    score = found.test.accuracy[split]["r2"]
    if score.lo > 0:
        return None
    return _(
        "Take this map as a hint only: {where} places with a known number it explains "
        "nothing for certain (R² {mean:.2f}, {lo:.2f} to {hi:.2f}); give more places, "
        "spread over the city, or a number that can be told from what stands on the "
        "ground.",
        where=SPLITS[split].where,
        mean=score.mean,
        lo=score.lo,
        hi=score.hi,
    )


def number_fields(name: str, unit: str, level: float) -> list[dict[str, str]]:
    """Name, type and unit of each value of a layer of numbers.

    Args:
        name: The field.
        unit: What the numbers are a part of; "" as given.
        level: Coverage of the intervals.
    """
    beside = f", {unit}" if unit else ""
    return [
        {"name": name, "type": "float", "unit": f"estimate{beside}"},
        {
            "name": f"{name}_lo",
            "type": "float",
            "unit": f"lower end, {level:.0%} interval{beside}",
        },
        {
            "name": f"{name}_hi",
            "type": "float",
            "unit": f"upper end, {level:.0%} interval{beside}",
        },
        {"name": "applicable", "type": "bool", "unit": "inside the area of applicability"},
    ]


def map_numbers(
    setup: ExperimentSetup,
    representation: str,
    samples: FloatArray,
    cells: FloatArray,
    *,
    level: float = 0.9,
    groups: Mapping[str, NDArray[np.object_]] | None = None,
    tested_as: Described | None = None,
    progress: Progress = silent,
) -> NumberMap:
    """Test a regression, fit it on all samples, and predict the cells.

    Intervals and the threshold of applicability come from predictions of samples the regression had
    not seen, those of the setup's last split.

    Args:
        setup: Numbers, folds and protocol; its task is a `NumbersKind` with its scale.
        representation: Name of the representation.
        samples: Representation of the samples, finite float32 `[n, d]`.
        cells: Representation of the cells, float32 `[m, d]`; a NaN row has no data.
        level: Share of true values the intervals are made to hold.
        groups: Names `[n]` to tell errors apart by, by what they are.
        tested_as: What is tested in their place: the choice of the representation, made anew in
            each fold, where it was chosen by how well it does.
        progress: Told as folds are fitted.

    Raises:
        InputError: The samples cannot be split or fitted as asked.
    """
    kind = setup.task
    if not isinstance(kind, NumbersKind):
        msg = f"the task is {kind.name}, not a number"
        raise TypeError(msg)
    seen: Described = samples if tested_as is None else tested_as
    checked = tested(setup, representation, seen, progress)
    truth = np.asarray(setup.target, dtype=np.float64)[:, 0]
    scaled = kind.transform.forward(truth)
    held_out = checked.calibrating
    tested_rows = held_out.fold >= 0
    intervals = NumberIntervals.calibrate(
        scaled[tested_rows],
        _scaled(kind, held_out)[tested_rows],
        samples[tested_rows],
        held_out.fold[tested_rows],
        level,
    )
    progress("drawing the map", 0, 1)
    trainer = PROTOCOLS[setup.protocol].trainer
    predictor = fit_numbers(
        setup.predictor, samples, scaled, setup.weight, seed=setup.seeds[0], trainer=trainer
    )
    applicability = fit_applicability(samples, held_out.fold, predictor.importance())
    there: NDArray[np.bool_] = np.asarray(np.isfinite(cells).all(axis=1))
    value, low, high = (np.full(len(cells), np.nan, dtype=np.float32) for _ in range(3))
    value[there] = kind.predicted(predictor, scaled, cells[there])[:, 0]
    ends = intervals.interval(kind.transform.forward(value[there].astype(np.float64)), cells[there])
    low[there], high[there] = _ends(kind, ends, truth)
    inside = applicability.inside(cells) & there
    progress("drawing the map", 1, 1)
    return NumberMap(
        value,
        low,
        high,
        inside,
        NumberTest(
            accuracy=checked.accuracy,
            coverage={
                split: _coverage(kind, outcome, truth, samples, level, setup.block)
                for split, outcome in checked.outcomes.items()
            },
            pairs=_pairs(truth, held_out, setup.seeds[0]),
            calibrated_on=checked.calibrated_on,
            applicability=applicability_figures(applicability.threshold, inside, there),
            fairness=_fairness(kind, setup, held_out, samples, level, groups or {}),
        ),
    )


def _scaled(kind: NumbersKind, outcome: OutOfFold) -> NDArray[np.float64]:
    """Out-of-fold predictions on the scale of the fit, float64 `[n]`."""
    return kind.transform.forward(outcome.prediction[:, 0].astype(np.float64))


def _ends(
    kind: NumbersKind,
    ends: tuple[NDArray[np.float64], NDArray[np.float64]],
    truth: NDArray[np.float64],
) -> tuple[FloatArray, FloatArray]:
    """Ends of intervals in the file's unit; not below 0 where no number is."""
    low, high = (kind.transform.back(end) for end in ends)
    if truth.min() >= 0:
        low = np.maximum(low, 0.0)
    return low.astype(np.float32), high.astype(np.float32)


def _held_out_ends(
    kind: NumbersKind,
    outcome: OutOfFold,
    truth: NDArray[np.float64],
    x: FloatArray,
    level: float,
) -> tuple[FloatArray, FloatArray]:
    """Ends of each sample's interval, calibrated on other folds; NaN where never tested."""
    scaled = kind.transform.forward(truth)
    return _ends(
        kind,
        interval_across_folds(scaled, _scaled(kind, outcome), x, outcome.fold, level),
        truth,
    )


def _covered(truth: NDArray[np.float64], low: FloatArray, high: FloatArray) -> NDArray[np.bool_]:
    # The ends are float32: a true number on an end must not fall beside it.
    own = truth.astype(np.float32)
    return np.asarray((low <= own) & (own <= high))


def _coverage(
    kind: NumbersKind,
    outcome: OutOfFold,
    truth: NDArray[np.float64],
    x: FloatArray,
    level: float,
    block: NDArray[np.int64],
) -> NumberCoverage:
    low, high = _held_out_ends(kind, outcome, truth, x, level)
    used = np.isfinite(outcome.prediction[:, 0])
    covered = _covered(truth, low, high)[used]
    lo, hi = mean_interval(covered, block[used])
    return NumberCoverage(
        level=level,
        share=float(covered.mean()),
        lo=lo,
        hi=hi,
        mean_width=float((high - low)[used].astype(np.float64).mean()),
        n=len(covered),
    )


def _pairs(truth: NDArray[np.float64], outcome: OutOfFold, seed: int) -> HeldOutNumbers:
    rows = np.flatnonzero(np.isfinite(outcome.prediction[:, 0]))
    if len(rows) > _MOST_SHOWN:
        rows = np.sort(np.random.default_rng(seed).choice(rows, _MOST_SHOWN, replace=False))
    return HeldOutNumbers(
        truth=truth[rows].tolist(),
        predicted=outcome.prediction[rows, 0].astype(np.float64).tolist(),
    )


def _fairness(
    kind: NumbersKind,
    setup: ExperimentSetup,
    outcome: OutOfFold,
    x: FloatArray,
    level: float,
    groups: Mapping[str, NDArray[np.object_]],
) -> dict[str, list[GroupFigures]]:
    """Error and coverage apart by group, on samples the regression had not seen."""
    truth = np.asarray(setup.target, dtype=np.float64)[:, 0]
    error = np.abs(truth - outcome.prediction[:, 0])
    covered = _covered(truth, *_held_out_ends(kind, outcome, truth, x, level))
    return {
        name: by_group(names, error=error, covered=covered, block=setup.block)
        for name, names in groups.items()
    }
