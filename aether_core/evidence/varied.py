"""Variants of a recipe, judged where heads saw none of the places, and added up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from aether_core.evidence.cases import SEEDS, Case
from aether_core.evidence.described import AGAINST, HEADED
from aether_core.evidence.measure import (
    ByFold,
    Candidate,
    Gain,
    Measured,
    describer,
    gain,
    judged,
)
from aether_core.evidence.pooled import added_up
from aether_core.evidence.targets import Target
from aether_core.evidence.text_to_map import Questions, mean_auc
from aether_core.evidence.variants import AS_IT_IS, HeadsByFold
from aether_core.tasks.testing.bootstrap import interval
from aether_core.tasks.testing.splits import BLIND

ALONE, TOGETHER, *_ = HEADED
"""AETHER alone, and AlphaEarth with it: what variants are told by."""
Draws = NDArray[np.float64]


def folds_of(case: Case) -> list[int]:
    """Folds that heads are trained for."""
    fold = case.folds(SEEDS[0])
    return [int(number) for number in np.unique(fold[fold >= 0])]


def judge_embedding(case: Case, target: Target, *, draw: int) -> list[Measured]:
    """What AlphaEarth alone says of a target, on the folds that variants are tested on.

    Args:
        case: The areas.
        target: What is predicted.
        draw: Seed of the resamples.

    Returns:
        One entry; none where the target cannot be tested.
    """

    def candidates(rows: NDArray[np.int64], fold: NDArray[np.int64]) -> list[Candidate]:
        del fold
        return [Candidate(AGAINST.name, None, BLIND.name, AGAINST.of(case.metro)[rows])]

    return judged(case, target, candidates, draw=draw)


def judge_variant(
    case: Case, target: Target, heads: HeadsByFold, variant: str, *, draw: int
) -> list[Measured]:
    """What a variant's heads say of a target, alone and together with AlphaEarth.

    Args:
        case: The areas.
        target: What is predicted.
        heads: Of each fold.
        variant: Its name.
        draw: Seed of the resamples.

    Returns:
        An entry each; none where the target cannot be tested.
    """

    def candidates(rows: NDArray[np.int64], fold: NDArray[np.int64]) -> list[Candidate]:
        found = []
        for one in (ALONE, TOGETHER):
            of = describer(case, rows, one.of)
            x = {int(number): of(heads[int(number)]) for number in np.unique(fold)}
            found.append(Candidate(one.name, variant, BLIND.name, ByFold(fold, x)))
        return found

    return judged(case, target, candidates, draw=draw)


@dataclass(frozen=True)
class Asked:
    """How well a variant's questions find what was counted.

    Attributes:
        case: Name of the case.
        variant: Name of the variant.
        auc: Mean over the questions, as it is and in every resample, float64 `[B + 1]`.
        effective: Blocks.
    """

    case: str
    variant: str
    auc: Draws
    effective: float


def ask_variant(case: Case, heads: HeadsByFold, variant: str, questions: Questions) -> list[Asked]:
    """Ask by a variant's heads; one entry, none where nothing can be asked."""
    auc = mean_auc(case, heads, questions)
    blocks = float(len(np.unique(case.block[case.tested])))
    return [] if auc is None else [Asked(case.name, variant, auc, blocks)]


def over_seeds(found: Sequence[Measured]) -> list[Measured]:
    """Make one entry of those that differ in the seed of the training alone.

    Its error is their mean. In each resample of the blocks the trainings are resampled, too, the
    same for all targets, so an interval holds what chance in the training is worth.

    Args:
        found: Everything measured, of each variant as many times as it was trained in a case.
    """
    groups: dict[tuple[object, ...], list[Measured]] = {}
    for one in found:
        groups.setdefault((one.case, *one.key), []).append(one)
    return [
        replace(same[0], resampled={
            name: _over_seeds([one.resampled[name] for one in same], same[0].case, same[0].recipe)
            for name in same[0].resampled
        })
        for same in groups.values()
    ]  # fmt: skip


def asked_over_seeds(found: Sequence[Asked]) -> list[Asked]:
    """The same for questions."""
    groups: dict[tuple[str, str], list[Asked]] = {}
    for one in found:
        groups.setdefault((one.case, one.variant), []).append(one)
    return [
        replace(same[0], auc=_over_seeds([one.auc for one in same], *key))
        for key, same in groups.items()
    ]


def _over_seeds(each: Sequence[Draws], case: str, variant: str | None) -> Draws:
    """Mean over trainings of what `[B + 1]` resamples are, of trainings drawn anew in each."""
    if len(each) == 1:
        return each[0]
    stack = np.stack(each)
    rng = np.random.default_rng(crc32(f"{case} {variant}".encode()))
    resamples = np.arange(1, stack.shape[1])
    drawn = rng.integers(len(stack), size=(len(stack), len(resamples)))
    return np.concatenate([[stack[:, 0].mean()], stack[drawn, resamples].mean(axis=0)])


@dataclass(frozen=True)
class Varied:
    """A variant's error of one target.

    Attributes:
        target: Its name.
        variant: Name of the variant.
        representation: `aether` or `concat`.
        case: Name of the case; None over all cases that have the variant, every area alike.
        cases: How many they are.
        error: The target's metric; None over several cases.
        against_embedding: Change of the error against AlphaEarth alone.
        against_recipe: Change against the recipe as it is; None for itself.
    """

    target: str
    variant: str
    representation: str
    case: str | None
    cases: int
    error: float | None
    against_embedding: Gain
    against_recipe: Gain | None


def varied(found: Sequence[Measured], target: Target) -> list[Varied]:
    """Hold every variant against AlphaEarth alone and against the recipe as it is.

    Args:
        found: Everything measured of the target.
        target: What was predicted.
    """
    mine = [one for one in found if one.target == target.name]
    rows: list[Varied] = []
    for variant, name in dict.fromkeys((one.recipe, one.representation) for one in mine):
        if variant is None:
            continue
        these = [one for one in mine if (one.recipe, one.representation) == (variant, name)]
        plain = _pairs(these, mine, None, AGAINST.name)
        same = _pairs(these, mine, AS_IT_IS, name) if variant != AS_IT_IS else []
        if not plain:
            continue
        rows.append(
            Varied(
                target.name, variant, name, None, len(plain), None,
                added_up(plain, target.metric)[0],
                added_up(same, target.metric)[0] if same else None,
            )
        )  # fmt: skip
        recipe = {one.case: pair for one, pair in same}
        for one, other in plain:
            pair = recipe.get(one.case)
            rows.append(
                Varied(
                    target.name, variant, name, one.case, 1,
                    float(one.resampled[target.metric][0]),
                    gain(one, other, target.metric),
                    None if pair is None else gain(one, pair, target.metric),
                )
            )  # fmt: skip
    return rows


def _pairs(
    these: Sequence[Measured], among: Sequence[Measured], recipe: str | None, name: str
) -> list[tuple[Measured, Measured]]:
    """Each entry with what it is held against, of the same case."""
    others = {one.case: one for one in among if (one.recipe, one.representation) == (recipe, name)}
    return [(one, others[one.case]) for one in these if one.case in others]


@dataclass(frozen=True)
class Answered:
    """How well a variant's questions find what was counted.

    Attributes:
        variant: Name of the variant.
        case: Name of the case; None for the mean over all cases that have it.
        cases: How many they are.
        auc: Mean over the questions.
        lo: Lower end of its 95 % interval over blocks.
        hi: Upper end.
        change: What it has more than the recipe as it is; None for itself.
        change_lo: Lower end of that.
        change_hi: Upper end.
    """

    variant: str
    case: str | None
    cases: int
    auc: float
    lo: float
    hi: float
    change: float | None
    change_lo: float | None
    change_hi: float | None


def answered(found: Sequence[Asked]) -> list[Answered]:
    """Hold the questions of every variant against those of the recipe as it is."""
    rows: list[Answered] = []
    as_it_is = {one.case: one for one in found if one.variant == AS_IT_IS}
    for variant in dict.fromkeys(one.variant for one in found):
        these = [one for one in found if one.variant == variant]
        rows.append(_answered(variant, None, these, as_it_is))
        rows += [_answered(variant, one.case, [one], as_it_is) for one in these]
    return rows


def _answered(
    variant: str, case: str | None, these: Sequence[Asked], as_it_is: dict[str, Asked]
) -> Answered:
    blocks = sum(one.effective for one in these)
    auc = np.mean([one.auc for one in these], axis=0)
    more: tuple[float | None, float | None, float | None] = (None, None, None)
    if variant != AS_IT_IS and all(one.case in as_it_is for one in these):
        change = np.mean([one.auc - as_it_is[one.case].auc for one in these], axis=0)
        more = (float(change[0]), *interval(change[1:], blocks))
    return Answered(variant, case, len(these), float(auc[0]), *interval(auc[1:], blocks), *more)
