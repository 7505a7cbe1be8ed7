"""What a study gives: every figure of every seed, and what they say together."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.special import stdtrit

_LEVEL = 0.95


@dataclass(frozen=True)
class StudyMetric:
    """One figure a variant is judged by.

    Attributes:
        title: Its name as a heading.
        help: What it says, in plain words.
        lower_is_better: Whether a smaller value is the better one.
        most: Largest value there can be; the least is 0.
    """

    title: str
    help: str
    lower_is_better: bool = False
    most: float = 1.0


METRICS: Mapping[str, StudyMetric] = MappingProxyType(
    {
        "mrr": StudyMetric(
            "Reciprocal rank",
            "Each text is matched against the places of the held-out blocks: mean of 1 / rank of "
            "the first correct place; 1 is perfect.",
        ),
        "recall_at_10": StudyMetric(
            "Recall@10",
            "Share of those texts with a correct place in the top 10.",
        ),
        "mean_log_rank": StudyMetric(
            "Mean log rank",
            "Mean natural logarithm of that rank; 0 is perfect. It uses every rank, so it is the "
            "most stable of the three.",
            lower_is_better=True,
            most=math.inf,
        ),
        "macro_f1": StudyMetric(
            "Land-use macro-F1",
            "A linear probe predicts the classes of the labelled points on spatial folds: mean "
            "F1 over classes; 1 is perfect.",
        ),
        "text_to_map_auc": StudyMetric(
            "Text-to-map AUC",
            "Each class name is used as a query: probability that a point of the class scores "
            "above a point of another class; 0.5 is chance, 1 is perfect.",
        ),
    }
)
"""Every figure a study may give, in the order they are shown."""


@dataclass(frozen=True)
class StudyRow:
    """One figure of one seed.

    Attributes:
        variant: What was changed, in words; unique within a study.
        x: How much, in the unit of the kind's x label; None where there is no measure of it.
        seed: Seed of the run.
        metric: Key of `METRICS`.
        value: The figure, finite.
    """

    variant: str
    x: float | None
    seed: int
    metric: str
    value: float


@dataclass(frozen=True)
class StudySummary:
    """One figure of a variant over all seeds.

    Attributes:
        variant: As in `StudyRow`.
        x: Likewise.
        metric: Likewise.
        mean: Mean over the seeds.
        sd: Standard deviation between seeds; None with one seed.
        ci95: 95 % interval of the mean by Student's t; None with one seed.
        n_seeds: Number of seeds.
        difference: Mean over the seeds of the variant's figure minus the baseline's of the same
            seed; None for the baseline itself and where nothing is paired.
        difference_ci95: 95 % interval of difference by Student's t; None with one seed.
        better: Whether the variant is better (True) or worse (False) than the baseline; None where
            the interval holds zero or there is none: no difference can be shown.
    """

    variant: str
    x: float | None
    metric: str
    mean: float
    sd: float | None
    ci95: tuple[float, float] | None
    n_seeds: int
    difference: float | None
    difference_ci95: tuple[float, float] | None
    better: bool | None


@dataclass(frozen=True)
class StudyResult:
    """A finished study.

    Attributes:
        kind: Key of `run.KINDS`, or "transfer".
        baseline: The variant all others are compared with.
        metrics: Figures that were measured, in the order they are shown.
        rows: Every figure of every seed.
        summaries: One a variant and metric, in the order the variants were run.
        notes: What a reader must know: what was left out and why, and how it was measured.
    """

    kind: str
    baseline: str
    metrics: tuple[str, ...]
    rows: list[StudyRow]
    summaries: list[StudySummary]
    notes: list[str]


def summarise(
    rows: Sequence[StudyRow], baseline: str, *, paired: bool = True
) -> list[StudySummary]:
    """Put the seeds together.

    Variants are compared seed by seed: those of one seed share test blocks, folds and first
    weights, so that what the seeds have in common falls out of the difference.

    Args:
        rows: Figures; a variant and metric has at most one a seed.
        baseline: The variant to compare with.
        paired: False leaves the differences out.

    Returns:
        One summary a variant and metric, in the order they first occur.
    """
    values: dict[tuple[str, str], dict[int, float]] = {}
    x_of: dict[str, float | None] = {}
    for row in rows:
        values.setdefault((row.variant, row.metric), {})[row.seed] = row.value
        x_of.setdefault(row.variant, row.x)
    return [
        _summary(
            variant,
            x_of[variant],
            metric,
            by_seed,
            values.get((baseline, metric), {}) if paired and variant != baseline else {},
        )
        for (variant, metric), by_seed in values.items()
    ]


def _summary(
    variant: str,
    x: float | None,
    metric: str,
    by_seed: Mapping[int, float],
    against: Mapping[int, float],
) -> StudySummary:
    mean, sd, ends = _over_seeds(list(by_seed.values()))
    gaps = [value - against[seed] for seed, value in by_seed.items() if seed in against]
    difference, _, gap_ends = _over_seeds(gaps) if gaps else (None, None, None)
    better = None
    if gap_ends is not None and (gap_ends[0] > 0 or gap_ends[1] < 0):
        better = (gap_ends[0] > 0) != METRICS[metric].lower_is_better
    return StudySummary(
        variant=variant,
        x=x,
        metric=metric,
        mean=mean,
        sd=sd,
        ci95=ends,
        n_seeds=len(by_seed),
        difference=difference,
        difference_ci95=gap_ends,
        better=better,
    )


def _over_seeds(values: list[float]) -> tuple[float, float | None, tuple[float, float] | None]:
    """Mean, standard deviation and 95 % interval of the mean."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return mean, None, None
    sd = float(np.std(values, ddof=1))
    reach = float(stdtrit(len(values) - 1, (1 + _LEVEL) / 2)) * sd / math.sqrt(len(values))
    return mean, sd, (mean - reach, mean + reach)
