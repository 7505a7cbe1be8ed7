"""The published evaluation protocol, by its numbers.

One split of 80/20 a seed, a tenth of the training part held out to stop early, linear and small
predictors both trained by Adam.
"""

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.testing.folds import Target, home_group, make_folds
from aether_core.tasks.testing.splits import SPLITS

PUBLISHED_SEEDS = (42, 24, 7, 0, 100)
TEST_PART = 0.2
VALIDATION_PART = 0.1
MOST_EPOCHS = 300
PATIENCE = 10
LEARNING_RATE = 1e-3
BATCH = 128


def published_split(
    split: str,
    target: Target,
    unit: NDArray[np.int64],
    block: NDArray[np.int64],
    *,
    seed: int,
) -> NDArray[np.int64]:
    """Choose the 20 % that is predicted: 0 where tested, -1 where only trained on, int64 `[n]`.

    `random` keeps the parts of the classes (or draws areas at random); `spatial` takes whole blocks
    in random order, each when that brings the tested part nearer to 20 %. Arguments as in
    `folds.make_folds`.

    Raises:
        InputError: Fewer labels or blocks than fill five parts.
    """
    if not SPLITS[split].of_blocks:
        # One of five stratified folds is a stratified 20 %.
        fifth = make_folds(split, target, unit, block, folds=round(1 / TEST_PART), seed=seed)
        return np.where(fifth == 0, 0, -1)
    group = home_group(unit, block)
    return np.where(_whole_groups(group, seed), 0, -1)


def _whole_groups(group: NDArray[np.int64], seed: int) -> NDArray[np.bool_]:
    """True for the samples of groups chosen at random until about a fifth is held."""
    sizes = np.bincount(group)
    wanted, taken = TEST_PART * len(group), 0
    held = np.zeros(len(sizes), dtype=bool)
    for candidate in np.random.default_rng(seed).permutation(np.flatnonzero(sizes)):
        if abs(taken + sizes[candidate] - wanted) < abs(taken - wanted):
            held[candidate] = True
            taken += int(sizes[candidate])
    if not held.any():
        held[np.where(sizes > 0, sizes, len(group) + 1).argmin()] = True
    return np.asarray(held[group])
