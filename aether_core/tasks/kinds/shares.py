"""Shares: parts of one whole for each area, such as people by occupation; and their map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aether_core.findings import LayerKind
from aether_core.language import mark
from aether_core.progress import Progress, silent
from aether_core.tasks.findings import Findings, MapTest
from aether_core.tasks.kinds.kind import Fit, Target, TaskKind
from aether_core.tasks.kinds.metrics import SHARE_METRICS, share_errors
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.predictors.predictor import fit_shares
from aether_core.tasks.testing.experiment import Described, ExperimentSetup, OutOfFold
from aether_core.tasks.testing.fairness import GroupFigures, by_group
from aether_core.tasks.testing.tested import applicability_figures, tested
from aether_core.tasks.uncertainty.applicability import fit_applicability
from aether_core.tasks.uncertainty.share_intervals import (
    FieldCoverage,
    ShareIntervals,
    dominant,
    entropy,
    share_coverage_across_folds,
    share_covered_across_folds,
)

FloatArray = NDArray[np.float32]


class ShareTest(MapTest):
    """Of a map of shares.

    Attributes:
        coverage: Of the intervals, by split and field.
    """

    coverage: dict[str, dict[str, FieldCoverage]]


class ShareFindings(Findings):
    """Of a map of shares.

    Attributes:
        given: Whether the areas had `shares` or `counts`.
        mean_shares: Mean observed share of each field.
    """

    note: ClassVar[str | None] = mark(
        "A prediction about areas from how they look from above. It says nothing about any person, "
        "household or building."
    )
    task: Literal["socioeconomic"] = "socioeconomic"
    given: str
    mean_shares: dict[str, float]
    test: ShareTest

    def points(self, l1: float) -> float:
        """An L1 distance of all shares as the error of one, in percentage points."""
        return 100 * l1 / len(self.outcomes)

    @classmethod
    def _from_version_1(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        new = super()._from_version_1(document)
        new.pop("note", None)
        new["mean_shares"] = {name: row["observed"] for name, row in new["mean_shares"].items()}
        return new


class SharesKind(TaskKind):
    """Targets are shares with rows that sum to 1, float64 `[n, k]`; so are predictions."""

    name = "socioeconomic"
    title = mark("Population and housing")
    predicts = mark("area shares")
    symbol = "groups"
    about = (
        "Map shares of groups from areas with shares or counts.\n\n"
        "Fits on them, predicts areas and cells, keeps the layers."
    )
    samples = mark("areas")
    outcomes = mark("fields")
    metrics = SHARE_METRICS
    error = mark("KL divergence (nats)")
    layers = (
        LayerKind(
            "socioeconomic",
            mark("shares by cell"),
            mark("Population and housing, by cell"),
            "dominant",
            ShareFindings,
        ),
        LayerKind(
            mark("socioeconomic areas"),
            mark("shares by area"),
            mark("Population and housing, by area"),
            "dominant",
            ShareFindings,
        ),
    )

    def check(self, target: Target, names: Sequence[str]) -> None:
        """Any shares can be learnt from."""

    def check_fold(self, target: Target, names: Sequence[str], fold: int) -> None:
        """Any shares can be learnt from."""

    def fewest_labels(self, names: Sequence[str]) -> int:
        """Two areas, however many fields."""
        del names
        return 2

    def strata(self, target: Target) -> NDArray[np.int64]:
        """One for all: shares have no classes to spread."""
        return np.zeros(len(target), dtype=np.int64)

    def fit_and_predict(
        self,
        x: NDArray[np.float32],
        target: Target,
        weight: NDArray[np.float64] | None,
        to_predict: NDArray[np.float32],
        fit: Fit,
    ) -> NDArray[np.float32]:
        """Shares of each field."""
        shares = target.astype(np.float64)
        return fit_shares(
            fit.predictor, x, shares, weight, seed=fit.seed, trainer=fit.trainer
        ).shares(to_predict)

    def resampled(
        self,
        target: Target,
        prediction: NDArray[np.float32],
        weight: NDArray[np.float64],
        cluster: NDArray[np.int64],
        drawn: NDArray[np.float32],
    ) -> dict[str, NDArray[np.float64]]:
        """Means of weighted sums of each cluster's errors."""
        errors = share_errors(target.astype(np.float64), prediction)
        sums = [
            np.bincount(cluster, weights=value, minlength=drawn.shape[1])
            for value in (weight, *(weight * error for error in errors.values()))
        ]
        total, *parts = (drawn.astype(np.float64) @ np.stack(sums, axis=1)).T
        with np.errstate(invalid="ignore", divide="ignore"):
            return {name: value / total for name, value in zip(errors, parts, strict=True)}


SHARES = SharesKind()
TASK_KINDS[SHARES.name] = SHARES


@dataclass(frozen=True)
class Shares:
    """Predicted shares of areas or cells.

    Attributes:
        share: float32 `[m, k]`, rows sum to 1; NaN rows have no data.
        low: Lower end of each interval, float32 `[m, k]`.
        high: Upper end, float32 `[m, k]`.
        dominant: Field with the largest share, int64 `[m]`; -1 without data.
        entropy: 0 where one field has all, 1 where all have the same, float32 `[m]`.
        applicable: Inside the area of applicability, bool `[m]`.
    """

    share: FloatArray
    low: FloatArray
    high: FloatArray
    dominant: NDArray[np.int64]
    entropy: FloatArray
    applicable: NDArray[np.bool_]

    @property
    def there(self) -> NDArray[np.bool_]:
        """Rows with data, bool `[m]`."""
        return np.asarray(np.isfinite(self.share).all(axis=1))

    def columns(self, names: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Values of the rows with data, one column a field of `share_fields`."""
        there = self.there
        ends = {"": self.share, "_lo": self.low, "_hi": self.high}
        columns: dict[str, NDArray[Any]] = {
            f"{name}{end}": values[there, k].round(4)
            for end, values in ends.items()
            for k, name in enumerate(names)
        }
        columns["dominant"] = np.array(names, dtype=object)[self.dominant[there]]
        columns["entropy"] = self.entropy[there].round(4)
        columns["applicable"] = self.applicable[there]
        return columns


def share_fields(names: Sequence[str], level: float) -> list[dict[str, str]]:
    """Name, type and unit of each value of a layer of shares."""
    ends = {"_lo": "lower", "_hi": "upper"}
    return [
        *({"name": name, "type": "float", "unit": "predicted share, 0 to 1"} for name in names),
        *(
            {
                "name": f"{name}{end}",
                "type": "float",
                "unit": f"{word} end, {level:.0%} interval",
            }
            for name in names
            for end, word in ends.items()
        ),
        {"name": "dominant", "type": "text", "unit": "field with the largest share"},
        {"name": "entropy", "type": "float", "unit": "0: one field only, 1: all equal"},
        {"name": "applicable", "type": "bool", "unit": "inside the area of applicability"},
    ]


@dataclass(frozen=True)
class SocioeconomicMap:
    """The map and all that was found out about it.

    Attributes:
        cells: Predictions of cells, from a fit on all areas.
        areas: Predictions of the areas given, each from a fit that had not seen it.
        test: How far to trust it.
    """

    cells: Shares
    areas: Shares
    test: ShareTest


def map_socioeconomic(
    setup: ExperimentSetup,
    representation: str,
    areas: FloatArray,
    cells: FloatArray,
    *,
    level: float = 0.9,
    groups: Mapping[str, NDArray[np.object_]] | None = None,
    tested_as: Described | None = None,
    progress: Progress = silent,
) -> SocioeconomicMap:
    """Test a share regression, fit it on all areas, and predict areas and cells.

    Intervals and the threshold of applicability come from predictions of areas the regression had
    not seen, those of the setup's last split.

    Args:
        setup: Shares, folds and protocol; `task` is `socioeconomic`.
        representation: Name of the representation.
        areas: Representation of the areas, finite float32 `[a, d]`.
        cells: Representation of the cells, float32 `[m, d]`; a NaN row has no data.
        level: Share of true values the intervals are made to hold.
        groups: Names `[a]` to tell errors apart by, by what they are.
        tested_as: What is tested in their place: the choice of the representation, made anew in
            each fold, where it was chosen by how well it does.
        progress: Told as folds are fitted.

    Raises:
        InputError: The areas cannot be split or fitted as asked.
    """
    seen: Described = areas if tested_as is None else tested_as
    checked = tested(setup, representation, seen, progress)
    calibrating = checked.calibrating
    truth = np.asarray(setup.target, dtype=np.float64)
    intervals = ShareIntervals.calibrate(truth, calibrating.prediction, level)
    progress("drawing the map", 0, 1)
    predictor = fit_shares(setup.predictor, areas, truth, setup.weight, seed=setup.seeds[0])
    applicability = fit_applicability(areas, calibrating.fold, predictor.importance())
    there: NDArray[np.bool_] = np.asarray(np.isfinite(cells).all(axis=1))
    share = np.full((len(cells), truth.shape[1]), np.nan, dtype=np.float32)
    share[there] = predictor.shares(cells[there])
    mapped = _shares(share, intervals, applicability.inside(cells))
    held_out = _shares(calibrating.prediction, intervals, np.ones(len(areas), dtype=bool))
    progress("drawing the map", 1, 1)
    return SocioeconomicMap(
        cells=mapped,
        areas=held_out,
        test=ShareTest(
            accuracy=checked.accuracy,
            coverage={
                split: share_coverage_across_folds(
                    truth, outcome.prediction, outcome.fold, level, setup.names, block=setup.block
                )
                for split, outcome in checked.outcomes.items()
            },
            calibrated_on=checked.calibrated_on,
            applicability=applicability_figures(applicability.threshold, mapped.applicable, there),
            fairness=_fairness(setup, calibrating, level, groups or {}),
        ),
    )


def _shares(share: FloatArray, intervals: ShareIntervals, inside: NDArray[np.bool_]) -> Shares:
    there = np.isfinite(share).all(axis=1)
    low, high = (np.full(share.shape, np.nan, dtype=np.float32) for _ in range(2))
    low[there], high[there] = intervals.interval(share[there])
    leading = np.full(len(share), -1, dtype=np.int64)
    leading[there] = dominant(share[there])
    evenness = np.full(len(share), np.nan, dtype=np.float32)
    evenness[there] = entropy(share[there])
    return Shares(share, low, high, leading, evenness, inside & there)


def _fairness(
    setup: ExperimentSetup,
    outcome: OutOfFold,
    level: float,
    groups: Mapping[str, NDArray[np.object_]],
) -> dict[str, list[GroupFigures]]:
    """Error and coverage apart by group, on areas the regression had not seen."""
    truth = np.asarray(setup.target, dtype=np.float64)
    error = share_errors(truth, outcome.prediction)["kl"]
    covered, _ = share_covered_across_folds(truth, outcome.prediction, outcome.fold, level)
    return {
        kind: by_group(names, error=error, covered=covered.mean(axis=1), block=setup.block)
        for kind, names in groups.items()
    }
