"""Folds of samples that keep a label's samples, or whole blocks of ground, on one side."""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.spatial.blocks import spatial_blocks
from aether_core.spatial.variogram import Variogram, label_variogram
from aether_core.tasks.testing.splits import OFFERED, SPLITS

_BLOCKS_PER_FOLD = 3
_SHRINK = 0.9

Target = NDArray[np.int64] | NDArray[np.float64]


@dataclass(frozen=True)
class Blocks:
    """Square blocks of ground that labels are held out by.

    Attributes:
        number: Block of each sample, int64 `[n]`, 0 to number of occupied blocks - 1.
        side_m: Side of a block in metres.
        range_m: Autocorrelation range of the labels that proposed the side, in metres; NaN when the
            user set the side.
        limited: Whether the proposed side was cut so that enough blocks stay.
    """

    number: NDArray[np.int64]
    side_m: float
    range_m: float
    limited: bool


def choose_blocks(
    lonlat: NDArray[np.float64],
    target: Target,
    *,
    folds: int = 5,
    block_m: float | None = None,
    smallest_m: float,
    variogram: Variogram | None = None,
) -> Blocks:
    """Choose blocks as wide as the labels' own autocorrelation reaches.

    Samples nearer than the range tell each other's label, so a block is at least that wide. It is
    cut while fewer than three blocks a fold are occupied, but never below `smallest_m`.

    Args:
        lonlat: WGS84 longitude and latitude in degrees, float64 `[n, 2]`.
        target: Classes, int64 `[n]`, or shares, float64 `[n, k]`.
        folds: Folds the blocks are to fill.
        block_m: Side in metres set by the user; None takes the range.
        smallest_m: Least side in metres of the chosen blocks: pixels of closer blocks overlap.
        variogram: Of these labels, where it is known already.

    Raises:
        InputError: Fewer blocks are occupied than there are folds, or a side is not positive.
    """
    range_m, limited = math.nan, False
    if block_m is not None:
        side = float(block_m)
        number = spatial_blocks(lonlat, block_m=side)
    else:
        range_m = (variogram or label_variogram(lonlat, target)).range_m
        side = max(range_m, smallest_m)
        number = spatial_blocks(lonlat, block_m=side)
        while _count(number) < _BLOCKS_PER_FOLD * folds and side > smallest_m:
            side, limited = max(side * _SHRINK, smallest_m), True
            number = spatial_blocks(lonlat, block_m=side)
    if _count(number) < folds:
        raise _impossible(len(number), _count(number), side, folds)
    return Blocks(number, side, range_m, limited)


def home_group(unit: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give all samples of a label the group that holds most of them.

    A label may cross the border of blocks; it belongs to one of them, so that it is never on both
    sides of a fold.

    Args:
        unit: Label of each sample, int64 `[n]`.
        group: Block or district of each sample, int64 `[n]`.

    Returns:
        Int64 `[n]`; equal counts go to the lower number.
    """
    pairs, counts = np.unique(np.stack([unit, group], axis=1), axis=0, return_counts=True)
    order = np.lexsort((pairs[:, 1], -counts, pairs[:, 0]))
    units, first = np.unique(pairs[order, 0], return_index=True)
    home = pairs[order, 1][first]
    return np.asarray(home[np.searchsorted(units, unit)], dtype=np.int64)


def make_folds(
    split: str,
    target: Target,
    unit: NDArray[np.int64],
    block: NDArray[np.int64],
    *,
    folds: int = 5,
    seed: int,
) -> NDArray[np.int64]:
    """Deal samples into folds; classes as evenly as whole labels or blocks allow.

    Args:
        split: `random` deals labels, `spatial` whole blocks (a label that crosses a border goes
            with the block that holds most of it).
        target: Classes, int64 `[n]`, or shares, float64 `[n, k]`.
        unit: Label (polygon, point or area) each sample comes from, int64 `[n]`.
        block: Block of each sample, int64 `[n]`.
        folds: Number of folds, at least 2.
        seed: Decides who goes where.

    Returns:
        Fold of each sample, int64 `[n]`, 0 to `folds` - 1, none empty.

    Raises:
        InputError: Fewer labels or blocks than folds, or an unknown split.
    """
    if split not in OFFERED:
        raise InputError(
            "unknown split", split, f"use one of {', '.join(OFFERED)}", code="no-such-split"
        )
    if folds < 2:
        raise InputError("too few folds", folds, "use 2 or more", code="too-few-folds")
    units = len(np.unique(unit))
    if units < folds:
        raise InputError(
            "fewer labels than folds",
            f"{units} labels, {folds} folds",
            "give more labels or use fewer folds",
            code="fewer-labels-than-folds",
        )
    group = home_group(unit, block) if SPLITS[split].of_blocks else unit
    if _count(group) < folds:
        raise _impossible(len(group), _count(group), None, folds)
    return _dealt(target, group, folds, seed)


def district_folds(district: NDArray[np.int64]) -> NDArray[np.int64]:
    """Make each district one fold.

    Args:
        district: District of each sample, int64 `[n]`; below 0 is in none.

    Returns:
        Fold of each sample, int64 `[n]`, in the districts' order; -1 for those in none, which are
        trained on but never tested.

    Raises:
        InputError: Labels lie in fewer than two districts.
    """
    inside = district >= 0
    numbers, fold = np.unique(district[inside], return_inverse=True)
    if len(numbers) < 2:
        raise InputError(
            "leave-one-district-out is not possible",
            f"labels in {len(numbers)} district(s)",
            "give districts that divide the labels",
            code="labels-in-too-few-districts",
        )
    result = np.full(len(district), -1, dtype=np.int64)
    result[inside] = fold
    return result


def _dealt(target: Target, group: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Deal single samples by scikit-learn's (stratified) splitter, groups by `_deal_groups`."""
    from sklearn.model_selection import KFold, StratifiedKFold

    by_class = target.ndim == 1
    if _count(group) < len(group):
        kinds = np.eye(int(target.max()) + 1)[target] if by_class else np.empty((len(group), 0))
        return _deal_groups(kinds, group, folds, seed)
    settings = {"n_splits": folds, "shuffle": True, "random_state": seed}
    by_class = by_class and np.bincount(target).max() >= folds
    splitter = StratifiedKFold(**settings) if by_class else KFold(**settings)
    fold = np.empty(len(group), dtype=np.int64)
    with warnings.catch_warnings():
        # A class with fewer members than folds is told to the user where labels are read.
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, tested) in enumerate(splitter.split(target, target if by_class else None)):
            fold[tested] = number
    return fold


def _deal_groups(
    kinds: NDArray[np.float64], group: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.int64]:
    """Deal whole groups so that every fold gets about as much of each class and of all.

    Groups come in random order, large ones rather early, and each goes to the fold that has least
    of what it holds. scikit-learn's StratifiedGroupKFold sorts groups before it deals, so that
    every seed gives the same folds when groups differ in size; here each seed is another draw.
    """
    groups, number = np.unique(group, return_inverse=True)
    columns = np.concatenate([kinds, np.ones((len(group), 1))], axis=1)
    content = np.zeros((len(groups), columns.shape[1]))
    np.add.at(content, number, columns)
    content /= np.maximum(content.sum(axis=0), 1)
    chance = np.random.default_rng(seed).exponential(size=len(groups))
    held = np.zeros((folds, columns.shape[1]))
    filled = np.zeros(folds, dtype=np.int64)
    dealt = np.empty(len(groups), dtype=np.int64)
    for place, one in enumerate((chance / content[:, -1]).argsort()):
        # The growth of the sum of squares; while groups just suffice, only empty folds are open.
        growth = held @ content[one]
        if len(groups) - place <= (filled == 0).sum():
            growth[filled > 0] = np.inf
        dealt[one] = growth.argmin()
        held[dealt[one]] += content[one]
        filled[dealt[one]] += 1
    return dealt[number]


def _count(group: NDArray[np.int64]) -> int:
    return len(np.unique(group))


def _impossible(labels: int, blocks: int, side_m: float | None, folds: int) -> InputError:
    place = "one block" if blocks == 1 else f"only {blocks} blocks"
    size = "" if side_m is None else f" of {side_m:.0f} m"
    return InputError(
        "spatial folds are not possible",
        f"all {labels} labels lie in {place}{size}, {folds} folds",
        "give labels from more of the city, smaller blocks, or fewer folds",
        code="labels-in-too-few-blocks",
    )
