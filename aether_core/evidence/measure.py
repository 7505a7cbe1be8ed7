"""Every representation of a case, judged on the same blocks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.cases import FOLDS, SEEDS, Case
from aether_core.evidence.described import AGAINST, BEST_OF, ELSEWHERE, HEADED, PLAIN
from aether_core.evidence.heads import ALL, RECIPES
from aether_core.evidence.heads import ELSEWHERE as FROM_ELSEWHERE
from aether_core.evidence.targets import Target
from aether_core.model.heads.heads import Heads
from aether_core.progress import Progress, silent
from aether_core.tasks.testing.bootstrap import (
    clusters_of,
    draw_resamples,
    interval,
    mean_over_seeds,
    resampled_scores,
)
from aether_core.tasks.testing.chosen import BEST, ChosenByInnerFolds
from aether_core.tasks.testing.experiment import (
    Described,
    ExperimentSetup,
    OutOfFold,
    out_of_fold,
)
from aether_core.tasks.testing.splits import BLIND, SPATIAL

RESAMPLES = 500
_SAME = 1e-9
"""Of the largest number: what differs by less differs by rounding."""
Floats = NDArray[np.float32]
TrainedHeads = Mapping[tuple[str, int], Heads]
"""By recipe, and fold, `ALL` or `ELSEWHERE`."""


@dataclass(frozen=True)
class Measured:
    """One representation on one target of a case.

    Attributes:
        case: Its name.
        target: Its name.
        representation: Its name.
        recipe: Of its heads; None without heads.
        split: `spatial`, or `blind` where the heads never saw the tested blocks.
        areas: Areas that were tested.
        blocks: Blocks they lie in.
        effective: Blocks of equal size that they are worth.
        resampled: Each metric as it is, and in every resample of the blocks, float64 `[B + 1]`.
    """

    case: str
    target: str
    representation: str
    recipe: str | None
    split: str
    areas: int
    blocks: int
    effective: float
    resampled: Mapping[str, NDArray[np.float64]]

    @property
    def key(self) -> tuple[str, str, str | None, str]:
        """Target, representation, recipe and split."""
        return self.target, self.representation, self.recipe, self.split

    def interval(self, metric: str) -> tuple[float, float]:
        """95 % interval of a metric over resampled blocks."""
        return interval(self.resampled[metric][1:], self.effective)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A representation on one split.

    Attributes:
        name: Of the representation.
        recipe: Of its heads; None without heads.
        split: `spatial` or `blind`; the latter is tested with the folds of the first seed alone.
        x: What describes the tested areas.
    """

    name: str
    recipe: str | None
    split: str
    x: Described


@dataclass(frozen=True, eq=False)
class ByFold:
    """Blind representations: the rows of each fold by the heads that did not see it.

    Attributes:
        fold: Fold of each sample, int64 `[n]`.
        of: Fold to float32 `[n, d]`.
    """

    fold: NDArray[np.int64]
    of: Mapping[int, Floats]

    def of_fold(self, setup: ExperimentSetup, tested: NDArray[np.bool_], seed: int) -> Floats:
        """See `experiment.FoldRepresentation`."""
        del setup, seed
        return self.of[int(self.fold[tested][0])]


def measure(
    case: Case,
    target: Target,
    heads: TrainedHeads,
    *,
    draw: int,
    progress: Progress = silent,
) -> list[Measured]:
    """Predict a target from every representation, out of fold.

    Args:
        case: Areas and places.
        target: What is predicted.
        heads: Trained for this case.
        draw: Seed of the resamples; another a case, so that cases can be added up.
        progress: Told before each representation.

    Returns:
        One entry a representation, recipe and split; none where `why_not` says why.
    """

    def candidates(rows: NDArray[np.int64], fold: NDArray[np.int64]) -> list[Candidate]:
        return _candidates(case, rows, fold, heads)

    return judged(case, target, candidates, draw=draw, progress=progress)


def judged(
    case: Case,
    target: Target,
    candidates: Callable[[NDArray[np.int64], NDArray[np.int64]], list[Candidate]],
    *,
    draw: int,
    progress: Progress = silent,
) -> list[Measured]:
    """Predict a target from some representations, out of fold.

    Args:
        case: Areas and places.
        target: What is predicted.
        candidates: Gives the representations of the areas that are tested, by their rows in the
            metropolitan area, and the fold of each with the first seed, both int64 `[n]`.
        draw: Seed of the resamples; another a case, so that cases can be added up.
        progress: Told before each representation.

    Returns:
        One entry a representation; none where `why_not` says why.
    """
    if why_not(case, target):
        return []
    values = target.of(case.metro)
    rows = _rows(case, values)
    folds = {seed: case.folds(seed)[rows] for seed in SEEDS}
    setup = ExperimentSetup(
        task=target.kind(values[rows]),
        target=values[rows],
        names=target.outcomes,
        unit=np.arange(len(rows)),
        block=case.block[rows],
        seeds=SEEDS,
        splits=(SPATIAL.name,),
    )
    tasks = candidates(rows, folds[SEEDS[0]])
    found = []
    for done, one in enumerate(tasks):
        progress(f"testing {case.name}, {target.name}", done, len(tasks))
        seeds = SEEDS if one.split == SPATIAL.name else SEEDS[:1]
        parts = [
            OutOfFold(one.split, seed, folds[seed], out_of_fold(one.x, setup, folds[seed], seed))
            for seed in seeds
        ]
        found.append(_scored(case, target, one, setup, parts, draw))
    return found


def why_not(case: Case, target: Target) -> str | None:
    """Why a target cannot be measured in a case, in words; None where it can."""
    if missing := target.missing(case.metro):
        return f"the table lacks {', '.join(missing)}"
    values = target.of(case.metro)
    rows = _rows(case, values)
    if any(len(np.unique(case.folds(seed)[rows])) < FOLDS for seed in SEEDS):
        return f"only {len(rows)} areas have it, too few for {FOLDS} folds"
    if (np.ptp(values[rows], axis=0) <= _SAME * np.abs(values[rows]).max(axis=0)).all():
        return "it is the same everywhere"
    return None


def _rows(case: Case, values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Areas of the case that have a target."""
    return np.flatnonzero(case.tested & np.isfinite(values).all(axis=1))


def _candidates(
    case: Case, rows: NDArray[np.int64], fold: NDArray[np.int64], heads: TrainedHeads
) -> list[Candidate]:
    counted = not case.metro.places.empty
    found = [
        Candidate(one.name, None, SPATIAL.name, one.of(case.metro)[rows])
        for one in PLAIN
        if counted or not one.needs_counts
    ]
    for name in RECIPES:
        for one in HEADED:
            if one.needs_counts and not counted:
                continue
            of = describer(case, rows, one.of)
            if (name, ALL) in heads:
                found.append(Candidate(one.name, name, SPATIAL.name, of(heads[name, ALL])))
            each = [int(number) for number in np.unique(fold)]
            if all((name, number) in heads for number in each):
                by_fold = {number: of(heads[name, number]) for number in each}
                found.append(Candidate(one.name, name, BLIND.name, ByFold(fold, by_fold)))
        if (name, FROM_ELSEWHERE) in heads:
            of = describer(case, rows, ELSEWHERE.of)
            x = of(heads[name, FROM_ELSEWHERE])
            found.append(Candidate(ELSEWHERE.name, name, SPATIAL.name, x))
    # Plain representations know no places, so on the blind split they are what they are.
    found += [Candidate(one.name, None, BLIND.name, one.x) for one in found if one.recipe is None]
    return [*found, *_best(found)]


def describer(
    case: Case, rows: NDArray[np.int64], of: Callable[..., Floats]
) -> Callable[[Heads], Floats]:
    """Describe some areas of a case by heads.

    Args:
        case: Its areas.
        rows: Those that are described, int64 `[n]`.
        of: As `Headed.of`.
    """

    def describe(heads: Heads) -> Floats:
        return np.asarray(of(case.metro, heads)[rows])

    return describe


def _best(found: Sequence[Candidate]) -> list[Candidate]:
    """What inner folds choose, a split each; of heads those of the last recipe."""
    best = []
    for split in (SPATIAL.name, BLIND.name):
        offered = {
            one.name: one.x
            for one in found
            if one.split == split and one.name in BEST_OF and one.recipe in {None, RECIPES[-1]}
        }
        best.append(Candidate(BEST, None, split, ChosenByInnerFolds(offered)))
    return best


def _scored(
    case: Case,
    target: Target,
    one: Candidate,
    setup: ExperimentSetup,
    parts: list[OutOfFold],
    draw: int,
) -> Measured:
    clusters = clusters_of(setup)
    weights = draw_resamples(clusters.count, RESAMPLES, draw)
    scores = resampled_scores(setup, parts, clusters, weights)
    seed_weights = draw_resamples(len(parts), RESAMPLES, draw + 1)
    return Measured(
        case=case.name,
        target=target.name,
        representation=one.name,
        recipe=one.recipe,
        split=one.split,
        areas=len(setup.target),
        blocks=clusters.count,
        effective=clusters.effective,
        resampled={name: mean_over_seeds(values, seed_weights) for name, values in scores.items()},
    )


@dataclass(frozen=True)
class Gain:
    """What a representation adds to AlphaEarth alone, on the same areas and blocks.

    Attributes:
        metric: The target's main metric.
        relative: Change of the metric as a part of AlphaEarth's; below 0 is less error.
        lo: Lower end of its 95 % interval.
        hi: Upper end.
    """

    metric: str
    relative: float
    lo: float
    hi: float


def gain(one: Measured, other: Measured, metric: str) -> Gain:
    """What one representation adds to another, paired by resample.

    Args:
        one: A representation.
        other: What it is held against: of the same case and target.
        metric: Name of the metric.
    """
    change = one.resampled[metric] / other.resampled[metric] - 1
    return Gain(metric, float(change[0]), *interval(change[1:], one.effective))


def against(found: Sequence[Measured], one: Measured) -> Measured | None:
    """AlphaEarth alone on the target of one entry, on its split; None for itself."""
    if one.representation == AGAINST.name:
        return None
    return next(
        (
            other
            for other in found
            if (other.case, other.target) == (one.case, one.target)
            and other.representation == AGAINST.name
            and other.split == one.split
        ),
        None,
    )
