"""The representation that does best where it was not tested: chosen by inner folds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.language import mark
from aether_core.tasks.testing.experiment import Described, ExperimentSetup, out_of_fold
from aether_core.tasks.testing.folds import make_folds
from aether_core.tasks.testing.splits import SPATIAL

BEST: Final = "best"
"""What it goes by among the representations that are compared."""
BEST_TITLE: Final = mark("best by inner folds")
INNER_FOLDS = 3
FEWEST_CANDIDATES: Final = 2
"""With one there is nothing to choose."""


@dataclass(frozen=True, eq=False)
class ChosenByInnerFolds:
    """For each fold the candidate that does best on folds of what may be trained on.

    The tested samples have no part in the choice, so that what is reported of it is honest.

    Attributes:
        candidates: By name, in the order in which they win where two do equally well.
    """

    candidates: Mapping[str, Described]

    def of_fold(
        self, setup: ExperimentSetup, tested: NDArray[np.bool_], seed: int
    ) -> NDArray[np.float32]:
        """See `experiment.FoldRepresentation`."""
        described = {
            name: x if isinstance(x, np.ndarray) else x.of_fold(setup, tested, seed)
            for name, x in self.candidates.items()
        }
        return described[best_of(setup, described, ~tested, seed)]


def best_of(
    setup: ExperimentSetup,
    described: Mapping[str, NDArray[np.float32]],
    known: NDArray[np.bool_],
    seed: int,
) -> str:
    """Name the representation with the best main metric on spatial folds of some samples.

    Args:
        setup: What is to be predicted and how; its spatial blocks are dealt anew.
        described: The candidates, finite float32 `[n, d]` each.
        known: Samples that may be used, bool `[n]`.
        seed: Deals the folds.

    Raises:
        InputError: The samples lie in fewer blocks than there are inner folds.
    """
    inner = replace(
        setup,
        target=setup.target[known],
        unit=setup.unit[known],
        block=setup.block[known],
        weight=None if setup.weight is None else setup.weight[known],
        district=None,
        blind=False,
    )
    fold = make_folds(
        SPATIAL.name, inner.target, inner.unit, inner.block, folds=INNER_FOLDS, seed=seed
    )
    metric = setup.task.main_metric
    scores = {
        name: _score(inner, out_of_fold(x[known], inner, fold, seed))
        for name, x in described.items()
    }
    pick = min if metric.lower_is_better else max
    return pick(scores, key=lambda name: scores[name])


def _score(setup: ExperimentSetup, prediction: NDArray[np.float32]) -> float:
    """The main metric over all samples."""
    rows = len(prediction)
    weight = np.ones(rows) if setup.weight is None else setup.weight
    everything, once = np.zeros(rows, dtype=np.int64), np.ones((1, 1), dtype=np.float32)
    found = setup.task.resampled(setup.target, prediction, weight, everything, once)
    return float(found[setup.task.main_metric.name][0])
