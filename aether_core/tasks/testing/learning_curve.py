"""Score against the number of labels: would more of them help?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aether_core.progress import Progress, silent
from aether_core.tasks.testing.bootstrap import (
    clusters_of,
    draw_resamples,
    interval,
    mean_over_seeds,
    resampled_scores,
)
from aether_core.tasks.testing.experiment import (
    ExperimentSetup,
    OutOfFold,
    check_setup,
    fit_and_predict,
)

_RESAMPLES = 500


@dataclass(frozen=True)
class LearningPoint:
    """Score with a number of training labels.

    Attributes:
        n: Training labels (not samples: a polygon is one label).
        mean: Mean score over the seeds: macro-F1 for classes, KL for shares.
        lo: Lower end of the 95 % bootstrap interval.
        hi: Upper end.
    """

    n: int
    mean: float
    lo: float
    hi: float


def learning_curve(
    setup: ExperimentSetup,
    x: NDArray[np.float32],
    *,
    sizes: Sequence[int],
    seeds: Sequence[int],
    split: str,
    progress: Progress = silent,
) -> list[LearningPoint]:
    """Score one representation with ever more training labels on unchanged test folds.

    Subsets are nested: a larger one holds all of a smaller one, and each keeps about the parts of
    the classes, with one label of every class first.

    Args:
        setup: What is to be predicted and how; its own seeds and splits are not used.
        x: Representation, finite float32 `[n, d]`.
        sizes: Numbers of training labels. Those below the number of classes (or 2) are left out,
            those beyond what the smallest training part holds become that many.
        seeds: One repetition each.
        split: One of `splits.OFFERED`.
        progress: Told after each repetition.

    Returns:
        One point a size, rising.
    """
    setup = replace(setup, seeds=tuple(seeds), splits=(split,), district=None)
    check_setup(setup, {"learning curve": x})
    folds = [one.fold for one in setup.rounds]
    most = min(
        len(np.unique(setup.unit[fold != number]))
        for fold in folds
        for number in range(setup.folds)
    )
    least = setup.task.fewest_labels(setup.names)
    wanted = sorted({min(size, most) for size in sizes if size >= least})
    clusters = clusters_of(setup)
    weights = draw_resamples(clusters.count, _RESAMPLES, 0)
    metric = setup.task.main_metric.name
    points = []
    for done, size in enumerate(wanted):
        progress("learning curve", done, len(wanted))
        parts = [
            _tested(setup, x, split, fold, seed, size)
            for fold, seed in zip(folds, seeds, strict=True)
        ]
        scores = resampled_scores(setup, parts, clusters, weights)[metric]
        mean = mean_over_seeds(scores, draw_resamples(len(parts), _RESAMPLES, 1))
        points.append(LearningPoint(size, float(mean[0]), *interval(mean[1:], clusters.effective)))
    progress("learning curve", len(wanted), len(wanted))
    return points


def _tested(
    setup: ExperimentSetup,
    x: NDArray[np.float32],
    split: str,
    fold: NDArray[np.int64],
    seed: int,
    size: int,
) -> OutOfFold:
    """Predict every fold from `size` labels of the others."""
    prediction = np.empty((len(x), len(setup.names)), dtype=np.float32)
    for number in range(setup.folds):
        tested = fold == number
        chosen = training_order(setup, ~tested, seed)[:size]
        trained = ~tested & np.isin(setup.unit, chosen)
        prediction[tested] = fit_and_predict(setup, x, trained, x[tested], seed)
    return OutOfFold(split, seed, fold, prediction)


def training_order(
    setup: ExperimentSetup, trained: NDArray[np.bool_], seed: int
) -> NDArray[np.int64]:
    """Order the labels that may be trained on, so that each beginning is a fair smaller set.

    Args:
        setup: What is to be predicted.
        trained: Samples that may be trained on, bool `[n]`.
        seed: Decides the order.

    Returns:
        Numbers of the labels, int64.
    """
    units, first = np.unique(setup.unit[trained], return_index=True)
    chance = np.random.default_rng(seed).random(len(units))
    stratum = setup.task.strata(setup.target[trained][first])
    place = np.empty(len(units))
    for value in np.unique(stratum):
        of_class = np.flatnonzero(stratum == value)
        rank = chance[of_class].argsort().argsort()
        # Spread each class evenly over the order; its first label comes before all second ones.
        place[of_class] = np.where(rank == 0, -1, (rank + chance[of_class]) / len(of_class))
    return np.asarray(units[place.argsort(kind="stable")], dtype=np.int64)
