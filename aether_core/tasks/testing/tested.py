"""What a single representation's test says, as maps report it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.progress import Progress
from aether_core.tasks.findings import ApplicabilityFigures, Score
from aether_core.tasks.testing.comparison import compare
from aether_core.tasks.testing.experiment import (
    Described,
    Experiment,
    ExperimentSetup,
    OutOfFold,
    run_experiment,
)

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Tested:
    """What held-out samples say of one representation.

    Attributes:
        accuracy: `{split: {metric: score}}`, intervals at 95 %.
        outcomes: The first seed's out-of-fold predictions of every sample, by split.
        calibrated_on: The split that uncertainty is calibrated on: the setup's last.
    """

    accuracy: dict[str, dict[str, Score]]
    outcomes: Mapping[str, OutOfFold]
    calibrated_on: str

    @property
    def calibrating(self) -> OutOfFold:
        """The predictions that uncertainty is calibrated on."""
        return self.outcomes[self.calibrated_on]


def tested(setup: ExperimentSetup, representation: str, x: Described, progress: Progress) -> Tested:
    """Predict every sample out of fold, and score it.

    Args:
        setup: What is to be predicted and how.
        representation: Name of the representation.
        x: Its values, or what gives them fold by fold.
        progress: Told as folds are fitted.

    Raises:
        InputError: The samples cannot be split or fitted as asked.
    """
    experiment = run_experiment(setup, {representation: x}, progress)
    every = setup.tested_everywhere
    whole = experiment if every is setup else run_experiment(every, {representation: x}, progress)
    first: dict[str, OutOfFold] = {}
    for outcome in whole.outcomes[representation]:
        first.setdefault(outcome.split, outcome)
    return Tested(_accuracy(experiment, representation), first, setup.splits[-1])


def applicability_figures(
    threshold: float, inside: NDArray[np.bool_], there: NDArray[np.bool_]
) -> ApplicabilityFigures:
    """Say how much of a map lies outside the area of applicability.

    Args:
        threshold: Dissimilarity above which a cell is outside.
        inside: Whether a cell is inside, bool `[m]`.
        there: Whether a cell has data, bool `[m]`; all counts as outside where none has.
    """
    outside = float(1 - inside[there].mean()) if there.any() else 1.0
    return ApplicabilityFigures(threshold=float(threshold), outside=outside)


def _accuracy(experiment: Experiment, representation: str) -> dict[str, dict[str, Score]]:
    found: dict[str, dict[str, Score]] = {}
    for row in compare(experiment, against=representation).rows:
        found.setdefault(row.split, {})[row.metric] = Score(
            mean=row.mean, sd=row.sd, lo=row.lo, hi=row.hi, n_seeds=row.n_seeds
        )
    return found
