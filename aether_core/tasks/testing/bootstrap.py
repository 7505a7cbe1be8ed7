"""Cluster bootstrap of scores, the same resamples for everything compared.

Labels near each other are not independent, so whole blocks are drawn with replacement, and with
them the seeds, since folds and fits are chance too. Every resample is applied to all
representations alike: differences are paired. A score of a resample is worked out from
weighted sums of what each block contributes (confusion tables, or sums of errors), never sample by
sample.

Percentile intervals from few or very unequal blocks are too narrow; their percentiles are moved out
as Hesterberg proposes (2015, The American Statistician 69:371), with the effective number of blocks
(Kish: squared sum over sum of squares of the block sizes) in place of their number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from aether_core.tasks.testing.experiment import Experiment, ExperimentSetup, OutOfFold
from aether_core.tasks.testing.folds import home_group

FEWEST_BLOCKS = 10
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Clusters:
    """What is drawn with replacement.

    Attributes:
        number: Cluster of each sample, int64 `[n]`, 0 to `count` - 1.
        count: Number of clusters.
        effective: Number of equal clusters that would be worth as much.
        kind: `blocks`, or `labels` where fewer than ten blocks are occupied.
    """

    number: NDArray[np.int64]
    count: int
    effective: float
    kind: str


def clusters_of(setup: ExperimentSetup) -> Clusters:
    """Blocks of a setup, or its labels where too few blocks are occupied."""
    home = home_group(setup.unit, setup.block)
    kind = "blocks" if len(np.unique(home)) >= FEWEST_BLOCKS else "labels"
    groups, number = np.unique(home if kind == "blocks" else setup.unit, return_inverse=True)
    sizes = np.bincount(number, weights=setup.weight).astype(np.float64)
    effective = float(sizes.sum() ** 2 / (sizes**2).sum())
    return Clusters(number.astype(np.int64), len(groups), effective, kind)


def draw_resamples(count: int, resamples: int, seed: int) -> NDArray[np.float32]:
    """How often each of `count` things is drawn, float32 `[resamples + 1, count]`.

    The first row draws each once: the data as they are.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.concatenate([np.ones((1, count)), drawn]).astype(np.float32)


def resampled_scores(
    setup: ExperimentSetup, parts: list[OutOfFold], clusters: Clusters, weights: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    """Every metric of every seed in every resample.

    Args:
        setup: The experiment's setup.
        parts: One outcome a seed, S of them.
        clusters: What is drawn.
        weights: Result of `draw` over the clusters, `[B + 1, clusters.count]`.

    Returns:
        Metric to float64 `[B + 1, S]`, the first row being the data as they are; NaN where a
        resample holds nothing that the seed tested.
    """
    seeds = [_of_seed(setup, part, clusters, weights) for part in parts]
    return {name: np.stack([s[name] for s in seeds], axis=1) for name in setup.task.metric_names}


def mean_over_seeds(
    scores: NDArray[np.float64], seed_weights: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Mean over the drawn seeds without NaN, float64 `[B + 1]`, of two `[B + 1, S]`."""
    there = np.isfinite(scores)
    weight = np.where(there, seed_weights, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((np.where(there, scores, 0.0) * weight).sum(1) / weight.sum(1))


def interval(drawn: NDArray[np.float64], effective: float) -> tuple[float, float]:
    """95 % interval of resampled values, widened for few clusters.

    Args:
        drawn: Values of the resamples, float64 `[B]`; NaN is left out.
        effective: Effective number of clusters, above 1.
    """
    finite = drawn[np.isfinite(drawn)]
    if len(finite) == 0:
        return float("nan"), float("nan")
    many = max(effective, 2.0)
    reach = stdtrit(many - 1, (1 + LEVEL) / 2) * np.sqrt(many / (many - 1))
    outside = ndtr(-reach)
    lo, hi = np.quantile(finite, [outside, 1 - outside])
    return float(lo), float(hi)


def _of_seed(
    setup: ExperimentSetup, part: OutOfFold, clusters: Clusters, weights: NDArray[np.float32]
) -> dict[str, NDArray[np.float64]]:
    rows = part.fold >= 0
    number = clusters.number[rows]
    weight = np.ones(len(number)) if setup.weight is None else setup.weight[rows]
    return setup.task.resampled(setup.target[rows], part.prediction[rows], weight, number, weights)


def split_names(experiment: Experiment) -> list[str]:
    """Splits of an experiment in the order they were run."""
    first = next(iter(experiment.outcomes.values()))
    return list(dict.fromkeys(part.split for part in first))
