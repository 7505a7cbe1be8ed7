"""A land-use map that says how sure it is: probe, calibration, sets, area of applicability."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from aether_core.progress import Progress, silent
from aether_core.tasks.findings import ClassFigures, ClassTest
from aether_core.tasks.kinds.metrics import confusion, per_class
from aether_core.tasks.predictors.predictor import fit_probe
from aether_core.tasks.testing.experiment import ExperimentSetup, OutOfFold
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


@dataclass(frozen=True)
class LandUseMap:
    """What the map says of each cell.

    Attributes:
        classes: Names of the classes.
        probability: Calibrated probabilities, float32 `[m, K]`.
        sets: Whether a class is in the cell's conformal set, bool `[m, K]`.
        dissimilarity: Dissimilarity index, float32 `[m]`; inf without data.
        applicable: Inside the area of applicability, bool `[m]`.
        trusted: Applicable, and the set holds the likeliest class and at most one more,
            bool `[m]`.
        test: How far to trust it.
    """

    classes: tuple[str, ...]
    probability: FloatArray
    sets: NDArray[np.bool_]
    dissimilarity: FloatArray
    applicable: NDArray[np.bool_]
    trusted: NDArray[np.bool_]
    test: ClassTest

    @property
    def there(self) -> NDArray[np.bool_]:
        """Cells with data, bool `[m]`: those of the layer."""
        return np.asarray(np.isfinite(self.probability).all(axis=1))

    def fields(self, level: float) -> list[dict[str, str]]:
        """Name, type and unit of each value of its layer."""
        share = "probability, 0 to 1"
        return [
            {"name": "landuse", "type": "text", "unit": "most probable class"},
            {"name": "confidence", "type": "float", "unit": f"its calibrated {share}"},
            {
                "name": "set",
                "type": "list",
                "unit": f"set that contains the true class with coverage {level:.0%}",
            },
            {"name": "applicable", "type": "bool", "unit": "inside the area of applicability"},
            {
                "name": "trusted",
                "type": "bool",
                "unit": "inside the area of applicability, with a small set",
            },
            *({"name": f"p_{name}", "type": "float", "unit": share} for name in self.classes),
        ]

    def columns(self) -> dict[str, Any]:
        """Values of the cells with data, one column a field."""
        there = self.there
        names = np.array(self.classes, dtype=object)
        probability = self.probability[there].round(4)
        best = probability.argmax(axis=1)
        order = np.argsort(-probability, axis=1, kind="stable")
        return {
            "landuse": names[best],
            "confidence": probability.max(axis=1),
            "set": [
                names[ranked[admitted[ranked]]].tolist()
                for ranked, admitted in zip(order, self.sets[there], strict=True)
            ],
            "applicable": self.applicable[there],
            "trusted": self.trusted[there],
            **{f"p_{name}": probability[:, k] for k, name in enumerate(self.classes)},
        }


def map_land_use(
    setup: ExperimentSetup,
    representation: str,
    samples: FloatArray,
    cells: FloatArray,
    *,
    level: float = 0.9,
    groups: Mapping[str, NDArray[np.object_]] | None = None,
    progress: Progress = silent,
) -> LandUseMap:
    """Test a probe, fit it on all labels, and predict every cell.

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
        progress: Told as folds are fitted.

    Raises:
        InputError: The labels cannot be split or fitted as asked.
    """
    checked = tested(setup, representation, samples, progress)
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
    return LandUseMap(setup.names, probability, sets, dissimilarity, applicable, trusted, test)


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
    kinds = {"land-use class": np.array(setup.names, dtype=object)[label], **groups}
    return {
        kind: by_group(names, label, probability.argmax(axis=1), covered, block=setup.block)
        for kind, names in kinds.items()
    }
