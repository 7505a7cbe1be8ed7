"""Classes: one of k for each sample, such as a land use; and the map that says how sure it is."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aether_core.errors import InputError
from aether_core.findings import LayerKind, Record
from aether_core.language import mark
from aether_core.progress import Progress, silent
from aether_core.tasks.findings import Findings, MapTest
from aether_core.tasks.kinds.class_map import CellSources, LandUseMap
from aether_core.tasks.kinds.kind import Fit, Target, TaskKind
from aether_core.tasks.kinds.metrics import (
    CLASS_METRICS,
    confusion,
    per_class,
    scores_of_confusion,
)
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.labels.count import LabelCount
from aether_core.tasks.predictors.predictor import fit_probe
from aether_core.tasks.predictors.softmax import softmax
from aether_core.tasks.samples.observed import Observed
from aether_core.tasks.samples.small_classes import RareClasses
from aether_core.tasks.samples.units import cut_large_units
from aether_core.tasks.testing.experiment import Described, ExperimentSetup, OutOfFold
from aether_core.tasks.testing.fairness import GroupFigures, by_group
from aether_core.tasks.testing.tested import applicability_figures, tested
from aether_core.tasks.uncertainty.applicability import fit_applicability
from aether_core.tasks.uncertainty.calibration import (
    Reliability,
    cross_fitted,
    fit_temperature,
    reliability,
    temper,
)
from aether_core.tasks.uncertainty.conformal import (
    ConformalSets,
    Coverage,
    coverage_across_folds,
    covered_across_folds,
)

FloatArray = NDArray[np.float32]

LARGEST_SET = 2
"""A set of more classes than this says too little to colour a cell by."""
_SMALLEST_PROBABILITY = 1e-30
"""Of a class the training rows lacked; the temperature leaves such rows out."""


class ClassFigures(Record):
    """One class: precision, recall, F1, and number of true samples."""

    name: str
    precision: float
    recall: float
    f1: float
    n: int


class ClassTest(MapTest):
    """Of a map of classes; `reliability`, `coverage`, `confusion` and `per_class` by split.

    Attributes:
        confusion: Rows are true classes, columns predicted ones.
        temperature: What logits were divided by.
        always_in_set: Classes with too few samples to be ruled out.
        trusted: Part of the cells with data whose prediction is inside the area of applicability
            and has at most two classes in its set, whether the map shows it or what was observed.
    """

    reliability: dict[str, Reliability]
    coverage: dict[str, Coverage]
    confusion: dict[str, list[list[int]]]
    per_class: dict[str, list[ClassFigures]]
    temperature: float
    always_in_set: list[str] = Field(default_factory=list)
    trusted: float


class ClassFindings(Findings):
    """Of a map of classes.

    Attributes:
        samples: Rows the probe was fitted on.
        class_counts: Samples of each class.
        labels: The labels, counted once; None of maps made before they were.
        rare: What was done with classes of few labels; None of maps made before it was chosen.
        cells: Which cells are observed; None of maps made before any were.
    """

    task: Literal["landuse"] = "landuse"
    samples: int
    class_counts: dict[str, int]
    labels: LabelCount | None = None
    rare: RareClasses | None = None
    cells: CellSources | None = None
    test: ClassTest

    @property
    def usable(self) -> float:
        """Part of the map that is observed, or predicted and to be relied on."""
        return self.test.trusted if self.cells is None else self.cells.usable

    @classmethod
    def _from_version_1(cls, document: Mapping[str, Any]) -> dict[str, Any]:
        new = super()._from_version_1(document)
        new["test"]["per_class"] = {
            split: [
                {("name" if key == "class" else key): value for key, value in row.items()}
                for row in rows
            ]
            for split, rows in new["test"]["per_class"].items()
        }
        return new


def sentences(found: ClassFindings) -> list[str]:
    """What every place that shows a map says of it: its cells, and its rare classes."""
    lines = found.cells.sentences if found.cells is not None else []
    if found.rare is not None and found.rare.classes:
        lines.append(found.rare.sentence)
    return lines


class ClassesKind(TaskKind):
    """Targets are classes, int64 `[n]`; predictions are probabilities."""

    name = "landuse"
    title = mark("Land use")
    predicts = mark("land use")
    symbol = "category"
    about = (
        "Map land use from labelled points or polygons.\n\n"
        "Fits on them, predicts every cell, keeps the layer. Cells that labelled ground covers "
        "keep its class; predictions fill the gaps."
    )
    samples = mark("labels")
    outcomes = mark("classes")
    metrics = CLASS_METRICS
    error = mark("share of misclassified samples")
    layers = (
        LayerKind(
            "landuse",
            mark("land use"),
            mark("Land use map"),
            "landuse",
            ClassFindings,
            of_classes=True,
        ),
    )

    def check(self, target: Target, names: Sequence[str]) -> None:
        """Refuse labels of a single class."""
        if len(np.unique(target)) < 2:
            raise InputError(
                "all labels have the same class",
                f"{len(target)} labels of {', '.join(names) or '(none)'}",
                "give labels of at least two classes with data",
                code="labels-of-one-class",
            )

    def check_fold(self, target: Target, names: Sequence[str], fold: int) -> None:
        """Refuse a fold that leaves a single class."""
        left = np.unique(target)
        if len(left) < 2:
            only = ", ".join(names[int(label)] for label in left) or "none"
            raise InputError(
                "a fold leaves only one class to train on",
                f"only {only}, fold {fold + 1}",
                "give labels of the other classes from more places, or merge classes",
                code="fold-of-one-class",
            )

    def units(
        self,
        unit: NDArray[np.int64],
        target: Target,
        block: NDArray[np.int64],
        folds: int,
    ) -> NDArray[np.int64]:
        """The labels; large ones of a class that has few are cut along the blocks."""
        return cut_large_units(unit, target.astype(np.int64), block, folds)

    def fewest_labels(self, names: Sequence[str]) -> int:
        """One of each class."""
        return max(2, len(names))

    def strata(self, target: Target) -> NDArray[np.int64]:
        """The classes."""
        return np.asarray(target, dtype=np.int64)

    def fit_and_predict(
        self,
        x: NDArray[np.float32],
        target: Target,
        weight: NDArray[np.float64] | None,
        to_predict: NDArray[np.float32],
        fit: Fit,
    ) -> NDArray[np.float32]:
        """Probabilities of each class."""
        probe = fit_probe(
            fit.predictor, x, target.astype(np.int64), weight,
            classes=len(fit.names), seed=fit.seed, trainer=fit.trainer,
        )  # fmt: skip
        return softmax(probe.logits(to_predict))

    def resampled(
        self,
        target: Target,
        prediction: NDArray[np.float32],
        weight: NDArray[np.float64],
        cluster: NDArray[np.int64],
        drawn: NDArray[np.float32],
    ) -> dict[str, NDArray[np.float64]]:
        """Scores of weighted sums of each cluster's confusion table."""
        k, clusters = prediction.shape[1], drawn.shape[1]
        pair = target.astype(np.int64) * k + prediction.argmax(axis=1)
        tables = np.bincount(cluster * k * k + pair, weights=weight, minlength=clusters * k * k)
        summed = drawn @ tables.reshape(clusters, k * k).astype(np.float32)
        return scores_of_confusion(summed.reshape(-1, k, k).astype(np.float64))


CLASSES = ClassesKind()
TASK_KINDS[CLASSES.name] = CLASSES


def map_land_use(
    setup: ExperimentSetup,
    representation: str,
    samples: FloatArray,
    cells: FloatArray,
    *,
    level: float = 0.9,
    groups: Mapping[str, NDArray[np.object_]] | None = None,
    observed: Observed | None = None,
    tested_as: Described | None = None,
    progress: Progress = silent,
) -> LandUseMap:
    """Test a probe, fit it on all labels, and predict every cell.

    What was observed is laid over the predictions at the end; no figure comes from observed cells.

    Temperature, conformal thresholds and the threshold of applicability all come from predictions
    of labels the probe had not seen, those of the setup's last split: whole blocks held out where
    there are spatial folds. The probe that draws the map is then fitted on all labels.

    Args:
        setup: Labels, folds and protocol; `task` is `landuse`.
        representation: Name of the representation.
        samples: Representation of the labels, finite float32 `[n, d]`.
        cells: Representation of the cells, float32 `[m, d]`; a NaN row has no data.
        level: Share of true classes the sets are made to hold.
        groups: Names `[n]` to tell errors apart by, by what they are, such as districts.
        observed: Cells whose class is known; None shows predictions everywhere.
        tested_as: What is tested in their place: the choice of the representation, made anew in
            each fold, where it was chosen by how well it does.
        progress: Told as folds are fitted.

    Raises:
        InputError: The labels cannot be split or fitted as asked.
    """
    seen: Described = samples if tested_as is None else tested_as
    checked = tested(setup, representation, seen, progress)
    calibrating = checked.calibrating
    label = setup.target.astype(np.int64)
    temperature = fit_temperature(_logits(calibrating), label, setup.weight)
    progress("drawing the map", 0, 1)
    probe = fit_probe(
        setup.predictor,
        samples,
        label,
        setup.weight,
        classes=len(setup.names),
        seed=setup.seeds[0],
    )
    there: NDArray[np.bool_] = np.asarray(np.isfinite(cells).all(axis=1))
    probability = np.full((len(cells), len(setup.names)), np.nan, dtype=np.float32)
    probability[there] = temper(probe.logits(cells[there]), temperature)
    conformal = ConformalSets.calibrate(temper(_logits(calibrating), temperature), label, level)
    sets = np.zeros(probability.shape, dtype=bool)
    sets[there] = conformal.sets(probability[there])
    applicability = fit_applicability(samples, calibrating.fold, probe.importance())
    dissimilarity = applicability.dissimilarity(cells)
    applicable = there & (dissimilarity <= applicability.threshold)
    size = sets.sum(axis=1)
    likeliest = np.nan_to_num(probability, nan=-1.0).argmax(axis=1)
    named = sets[np.arange(len(sets)), likeliest]
    trusted = applicable & named & (size <= min(LARGEST_SET, len(setup.names) - 1))
    test = ClassTest(
        accuracy=checked.accuracy,
        **_by_split(setup, checked.outcomes, level),
        temperature=temperature,
        calibrated_on=checked.calibrated_on,
        always_in_set=[setup.names[k] for k in conformal.unlimited],
        applicability=applicability_figures(applicability.threshold, applicable, there),
        trusted=float(trusted[there].mean()) if there.any() else 0.0,
        fairness=_fairness(setup, calibrating, level, groups or {}),
    )
    progress("drawing the map", 1, 1)
    return LandUseMap(
        setup.names,
        probability,
        sets,
        dissimilarity,
        applicable,
        trusted,
        test,
        observed=Observed.nothing(len(cells)) if observed is None else observed,
        everywhere=observed is None,
    )


def _logits(outcome: OutOfFold) -> FloatArray:
    logits: FloatArray = np.log(np.clip(outcome.prediction, _SMALLEST_PROBABILITY, 1))
    return logits


class _BySplit(TypedDict):
    reliability: dict[str, Reliability]
    coverage: dict[str, Coverage]
    confusion: dict[str, list[list[int]]]
    per_class: dict[str, list[ClassFigures]]


def _by_split(setup: ExperimentSetup, checked: Mapping[str, OutOfFold], level: float) -> _BySplit:
    """Reliability, coverage and confusion of labels the probe had not seen, by split."""
    label = setup.target.astype(np.int64)
    found = _BySplit(reliability={}, coverage={}, confusion={}, per_class={})
    for split, outcome in checked.items():
        probability = cross_fitted(_logits(outcome), label, outcome.fold, setup.weight)
        predicted = probability.argmax(axis=1)
        found["reliability"][split] = reliability(probability, label)
        found["coverage"][split] = coverage_across_folds(
            probability, label, outcome.fold, level, setup.names, block=setup.block
        )
        found["confusion"][split] = confusion(label, predicted, len(setup.names)).tolist()
        found["per_class"][split] = [
            ClassFigures.model_validate({"name": name, **row})
            for name, row in zip(
                setup.names, per_class(label, predicted, len(setup.names)), strict=True
            )
        ]
    return found


def _fairness(
    setup: ExperimentSetup,
    outcome: OutOfFold,
    level: float,
    groups: Mapping[str, NDArray[np.object_]],
) -> dict[str, list[GroupFigures]]:
    """Accuracy and coverage apart by group, on labels the probe had not seen."""
    label = setup.target.astype(np.int64)
    probability = cross_fitted(_logits(outcome), label, outcome.fold, setup.weight)
    sets, _ = covered_across_folds(probability, label, outcome.fold, level)
    covered = sets[np.arange(len(label)), label]
    kinds = {mark("land-use class"): np.array(setup.names, dtype=object)[label], **groups}
    return {
        kind: by_group(names, label, probability.argmax(axis=1), covered, block=setup.block)
        for kind, names in kinds.items()
    }
