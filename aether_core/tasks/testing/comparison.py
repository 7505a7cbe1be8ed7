"""Which representation is better here, by how much, and whether that can be told at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.embedding_kind import ALPHAEARTH, short_title
from aether_core.language import Marked, Numeral, as_marked, capitalised, mark, translated
from aether_core.tasks.kinds.metrics import Metric
from aether_core.tasks.samples.representations import REPRESENTATION_KINDS
from aether_core.tasks.testing.bootstrap import (
    clusters_of,
    draw_resamples,
    interval,
    mean_over_seeds,
    resampled_scores,
    split_names,
)
from aether_core.tasks.testing.chosen import BEST, BEST_TITLE
from aether_core.tasks.testing.experiment import Experiment
from aether_core.tasks.testing.splits import BLIND, RANDOM, SPATIAL


def representation_names(embedding: str = ALPHAEARTH) -> dict[str, str]:
    """What representations are called, by their names, marked.

    `alphaearth` is the city's embedding as it is, whichever that may be.

    Args:
        embedding: Name of the city's embedding.
    """
    title = short_title(embedding)
    names = {name: mark(kind.title, embedding=title) for name, kind in REPRESENTATION_KINDS.items()}
    return {**names, BEST: as_marked(BEST_TITLE)}


def spoken_names(embedding: str = ALPHAEARTH) -> dict[str, str]:
    """`representation_names` in the reader's language, for pages, charts and reports."""
    return {name: translated(title) for name, title in representation_names(embedding).items()}


@dataclass(frozen=True)
class Row:
    """One representation's score.

    Attributes:
        representation: Its name.
        split: `random`, `spatial` or `district`.
        metric: Name of the metric.
        mean: Mean over the seeds.
        sd: Standard deviation over the seeds; 0 for one seed.
        lo: Lower end of the 95 % bootstrap interval of the mean.
        hi: Upper end.
        n_seeds: Number of seeds.
    """

    representation: str
    split: str
    metric: str
    mean: float
    sd: float
    lo: float
    hi: float
    n_seeds: int


@dataclass(frozen=True)
class Gain:
    """What one representation adds over another, paired on the same samples.

    Attributes:
        representation: Its name.
        against: What it is held against.
        split: `random`, `spatial` or `district`.
        metric: Name of the metric.
        relative: Change of the metric as a part of the other's mean; below 0 is a lower figure,
            which is the better one where `Metric.lower_is_better`.
        lo: Lower end of its 95 % bootstrap interval.
        hi: Upper end.
        better: Whether it is better; None when the interval holds 0, so that nothing can be said.
    """

    representation: str
    against: str
    split: str
    metric: str
    relative: float
    lo: float
    hi: float
    better: bool | None


@dataclass(frozen=True)
class Comparison:
    """Scores of all representations and what each adds.

    Attributes:
        rows: One a representation, split and metric.
        gains: One a representation other than `against`, split and metric.
        resampled: What the bootstrap drew: `blocks` or `labels`.
        n_resampled: How many of them there are.
    """

    rows: list[Row]
    gains: list[Gain]
    resampled: str
    n_resampled: int


def compare(
    experiment: Experiment, *, against: str = "alphaearth", resamples: int = 1000, seed: int = 0
) -> Comparison:
    """Score every representation and what it adds over one of them, with 95 % intervals.

    Samples count with their weight where the setup has weights. How intervals are made stands in
    `bootstrap`.

    Args:
        experiment: Out-of-fold predictions on shared folds.
        against: The representation others are held against; without it there are no gains.
        resamples: Number of bootstrap resamples.
        seed: Seed of the resamples.
    """
    setup = experiment.setup
    clusters = clusters_of(setup)
    weights = draw_resamples(clusters.count, resamples, seed)
    rows: list[Row] = []
    gains: list[Gain] = []
    for split in split_names(experiment):
        scores = {
            name: resampled_scores(setup, experiment.of(name, split), clusters, weights)
            for name in experiment.outcomes
        }
        seeds = len(experiment.of(next(iter(scores)), split))
        seed_weights = draw_resamples(seeds, resamples, seed + 1)
        for metric in setup.task.metrics:
            means = {
                name: mean_over_seeds(score[metric.name], seed_weights)
                for name, score in scores.items()
            }
            for name, mean in means.items():
                values = scores[name][metric.name][0]
                sd = float(values.std(ddof=1)) if seeds > 1 else 0.0
                lo, hi = interval(mean[1:], clusters.effective)
                rows.append(Row(name, split, metric.name, float(mean[0]), sd, lo, hi, seeds))
                if against in means and name != against:
                    change = _relative(mean, means[against])
                    gains.append(_gain(name, against, split, metric, change, clusters.effective))
    return Comparison(rows, gains, clusters.kind, clusters.count)


_FIRST: Mapping[str, str] = MappingProxyType(
    {
        RANDOM.name: mark("here"),
        SPATIAL.name: mark("on spatial blocks"),
        BLIND.name: mark("on blocks whose places the model had not seen"),
    }
)
"""Where a split tests, in the first clause of a sentence."""
_LATER: Mapping[str, str] = MappingProxyType(
    {
        RANDOM.name: mark("on random folds"),
        SPATIAL.name: mark("on spatial blocks"),
        BLIND.name: mark("where the model had not seen their places either"),
    }
)
"""Likewise, in a later one."""


def in_words(
    gains: Sequence[Gain | None], metric: Metric, names: Mapping[str, str] | None = None
) -> Marked:
    """Say in one sentence what one representation adds on each split.

    Nobody is called better or worse where the interval holds 0.

    Args:
        gains: One a split, the easiest first; None where it was not tested.
        metric: The metric they are of.
        names: What representations are called; AlphaEarth's where None.
    """
    names = representation_names() if names is None else names
    made = [gain for gain in gains if gain is not None]
    if not made:
        return as_marked(mark("No comparison was made."))
    clauses = [_clause(made[0], metric, names)]
    clauses += [_short_clause(gain, metric, names) for gain in made[1:]]
    match clauses:
        case [first]:
            return capitalised(mark("{first}.", first=first))
        case [first, second]:
            return capitalised(mark("{first}; {second}.", first=first, second=second))
        case [first, second, third]:
            return capitalised(
                mark("{first}; {second}; {third}.", first=first, second=second, third=third)
            )
    message = f"{len(clauses)} splits"
    raise ValueError(message)


def _clause(gain: Gain, metric: Metric, names: Mapping[str, str]) -> Marked:
    values: dict[str, object] = {
        "name": names.get(gain.representation, gain.representation),
        "other": names.get(gain.against, gain.against),
        "where": as_marked(_FIRST[gain.split]),
        "metric": as_marked(metric.title),
        "interval": _span(gain, metric),
    }
    if gain.better is None:
        return mark(
            "no difference between {name} and {other} can be shown {where} ({metric}, interval "
            "{interval})",
            **values,
        )
    values["amount"] = _percent(abs(gain.relative))
    if _is_plural(gain):
        return mark(
            "{name} are better than {other} by {amount} % {where} ({metric}, interval {interval})"
            if gain.better
            else "{name} are worse than {other} by {amount} % {where} ({metric}, interval "
            "{interval})",
            **values,
        )
    return mark(
        "{name} is better than {other} by {amount} % {where} ({metric}, interval {interval})"
        if gain.better
        else "{name} is worse than {other} by {amount} % {where} ({metric}, interval {interval})",
        **values,
    )


def _short_clause(gain: Gain, metric: Metric, names: Mapping[str, str]) -> Marked:
    values: dict[str, object] = {
        "where": as_marked(_LATER[gain.split]),
        "interval": _span(gain, metric),
    }
    if gain.better is None:
        return mark("{where} no difference can be shown (interval {interval})", **values)
    values["name"] = names.get(gain.representation, gain.representation)
    values["amount"] = _percent(abs(gain.relative))
    if _is_plural(gain):
        return mark(
            "{where} {name} are better by {amount} % (interval {interval})"
            if gain.better
            else "{where} {name} are worse by {amount} % (interval {interval})",
            **values,
        )
    return mark(
        "{where} {name} is better by {amount} % (interval {interval})"
        if gain.better
        else "{where} {name} is worse by {amount} % (interval {interval})",
        **values,
    )


def _is_plural(gain: Gain) -> bool:
    """Whether English says *are* of what gained."""
    kind = REPRESENTATION_KINDS.get(gain.representation)
    return kind is not None and kind.is_plural


def _span(gain: Gain, metric: Metric) -> Marked:
    """The interval as an amount of what is said: of the gain, or of the loss where it is worse."""
    flip = gain.better is False
    if metric.lower_is_better:
        flip = not flip
    lo, hi = (-gain.hi, -gain.lo) if flip else (gain.lo, gain.hi)
    return mark("{low} to {high} %", low=_percent(lo), high=_percent(hi))


def _percent(part: float) -> Marked | Numeral:
    """Percent with one decimal, or as many as show that it is not 0."""
    form = ".1f"
    if part and float(f"{100 * part:.1f}") == 0:
        form = ".1g"
    number = Numeral(abs(100 * part), form)
    return mark("−{number}", number=number) if part < 0 else number


def _relative(mean: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        change = (mean - other) / other
    return np.where(np.isfinite(change), change, np.nan)


def _gain(
    name: str,
    against: str,
    split: str,
    metric: Metric,
    change: NDArray[np.float64],
    effective: float,
) -> Gain:
    lo, hi = interval(change[1:], effective)
    better = None
    if lo > 0 or hi < 0:
        better = (hi < 0) == metric.lower_is_better
    return Gain(name, against, split, metric.name, float(change[0]), lo, hi, better)
