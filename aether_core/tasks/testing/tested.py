"""What a single representation's test says, as maps report it."""

import numpy as np
from numpy.typing import NDArray

from aether_core.progress import Progress
from aether_core.tasks.findings import Score
from aether_core.tasks.testing.comparison import compare
from aether_core.tasks.testing.experiment import (
    Experiment,
    ExperimentSetup,
    OutOfFold,
    run_experiment,
)

FloatArray = NDArray[np.float32]


def tested_everywhere(
    setup: ExperimentSetup,
    representation: str,
    x: FloatArray,
    experiment: Experiment,
    progress: Progress,
) -> dict[str, OutOfFold]:
    """The first seed's out-of-fold predictions of every label, by split."""
    every = setup.tested_everywhere
    if every is not setup:
        experiment = run_experiment(every, {representation: x}, progress)
    first: dict[str, OutOfFold] = {}
    for outcome in experiment.outcomes[representation]:
        first.setdefault(outcome.split, outcome)
    return first


def accuracy_by_split(experiment: Experiment, representation: str) -> dict[str, dict[str, Score]]:
    """`{split: {metric: score}}`, intervals at 95 %."""
    found: dict[str, dict[str, Score]] = {}
    for row in compare(experiment, against=representation).rows:
        found.setdefault(row.split, {})[row.metric] = Score(
            mean=row.mean, sd=row.sd, lo=row.lo, hi=row.hi, n_seeds=row.n_seeds
        )
    return found
