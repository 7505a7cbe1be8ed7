"""Folds that part neither a label nor a block, and blocks chosen from the labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aether_core.errors import InputError
from aether_core.spatial.blocks import spatial_blocks
from aether_core.tasks.testing.folds import choose_blocks, district_folds, home_group, make_folds
from tests.errors import fault


def samples(
    seed: int, units: int = 400, classes: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Polygons of one to six cells in 64 blocks of very different size."""
    rng = np.random.default_rng(seed)
    centre = rng.beta(2, 4, (units, 2)) * 0.1
    size = rng.integers(1, 7, units)
    unit = np.repeat(np.arange(units), size)
    lonlat = centre[unit] + rng.normal(0, 0.0005, (len(unit), 2))
    block = spatial_blocks(lonlat, block_m=1200)
    label = (centre.sum(axis=1) * 40 + rng.integers(0, 3, units)).astype(np.int64) % classes
    return lonlat, label[unit], unit, block


def sides(fold: np.ndarray, group: np.ndarray) -> int:
    """Most folds any one group is in."""
    return max(len(np.unique(fold[group == one])) for one in np.unique(group))


@pytest.mark.parametrize("split", ["random", "spatial"])
@pytest.mark.parametrize("shares", [False, True])
def test_no_label_and_no_block_is_on_two_sides(split: str, shares: bool) -> None:
    _, label, unit, block = samples(0)
    target = np.eye(5)[label] if shares else label
    fold = make_folds(split, target, unit, block, seed=1)
    assert set(fold) == set(range(5))
    assert sides(fold, unit) == 1
    home = home_group(unit, block)
    assert sides(fold, home) == (1 if split == "spatial" else 5)
    assert np.mean(home == block) > 0.8  # few cells lie across a border from most of their polygon


@pytest.mark.parametrize("split", ["random", "spatial"])
def test_every_seed_deals_anew_and_the_same_seed_alike(split: str) -> None:
    _, label, unit, block = samples(1)
    dealt = [make_folds(split, label, unit, block, seed=seed) for seed in (1, 2, 3, 1)]
    assert np.array_equal(dealt[0], dealt[3])

    def together(fold: np.ndarray) -> np.ndarray:
        first = np.flatnonzero(np.diff(block, prepend=-1))[:200]
        return fold[first][:, None] == fold[first]

    assert not np.array_equal(together(dealt[0]), together(dealt[1]))
    assert not np.array_equal(together(dealt[1]), together(dealt[2]))


@pytest.mark.parametrize("seed", range(4))
def test_folds_hold_about_a_fifth_of_each_class(seed: int) -> None:
    _, label, unit, block = samples(seed)
    for split, slack in (("random", 0.05), ("spatial", 0.16)):
        fold = make_folds(split, label, unit, block, seed=seed)
        part = np.array([np.bincount(fold[label == k], minlength=5) for k in range(5)])
        part = part / part.sum(axis=1, keepdims=True)
        assert np.abs(part - 0.2).max() < slack
        assert np.abs(np.bincount(fold) / len(fold) - 0.2).max() < slack


def test_single_points_are_stratified_exactly() -> None:
    label = np.repeat([0, 1, 2], [100, 50, 10])
    number = np.arange(160)
    fold = make_folds("random", label, number, number, seed=0)
    for k, count in enumerate((20, 10, 2)):
        assert np.bincount(fold[label == k]).tolist() == [count] * 5


@given(st.integers(5, 40), st.integers(1, 8), st.integers(2, 5), st.integers(0, 1000))
def test_no_fold_is_ever_empty(units: int, classes: int, folds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    unit = np.concatenate([np.arange(units), rng.integers(0, units, units), np.zeros(200, int)])
    label = rng.integers(0, classes, units)[unit]
    for split in ("random", "spatial"):
        fold = make_folds(split, label, unit, unit, folds=folds, seed=seed)
        assert set(fold) == set(range(folds))


def test_fewer_labels_than_folds_is_said() -> None:
    three = np.arange(3)
    with pytest.raises(InputError, check=fault("fewer-labels-than-folds", 3, 5)):
        make_folds("random", three, three, three, seed=0)
    with pytest.raises(InputError, check=fault("too-few-folds", 1)):
        make_folds("random", three, three, three, folds=1, seed=0)
    with pytest.raises(InputError, check=fault("no-such-split", "diagonal")):
        make_folds("diagonal", three, three, three, seed=0)


def test_labels_in_one_block_cannot_be_split_in_space() -> None:
    label, unit = np.arange(20) % 2, np.arange(20)
    with pytest.raises(InputError, check=fault("labels-in-too-few-blocks", 20)):
        make_folds("spatial", label, unit, np.zeros(20, int), seed=0)
    spot = np.full((20, 2), 7.0) + np.linspace(0, 1e-4, 20)[:, None]
    with pytest.raises(InputError, check=fault("labels-in-too-few-blocks", 20, "300 m")):
        choose_blocks(spot, label, smallest_m=300)
    two = spot + np.where(label, 0.1, 0.0)[:, None]
    with pytest.raises(InputError, check=fault("labels-in-too-few-blocks", "2 blocks")):
        choose_blocks(two, label, smallest_m=300)


def test_blocks_are_as_wide_as_the_labels_reach() -> None:
    rng = np.random.default_rng(0)
    lonlat = rng.uniform(0, 0.3, (3000, 2))
    patch = spatial_blocks(lonlat, block_m=2000)
    label = rng.integers(0, 5, patch.max() + 1)[patch]
    chosen = choose_blocks(lonlat, label, smallest_m=200)
    assert chosen.side_m == chosen.range_m
    assert 1600 < chosen.range_m < 3400
    assert not chosen.limited
    assert np.array_equal(chosen.number, spatial_blocks(lonlat, block_m=chosen.side_m))


def test_wide_blocks_are_cut_until_folds_can_be_filled_but_not_below_the_least() -> None:
    rng = np.random.default_rng(1)
    lonlat = rng.uniform(0, 0.1, (900, 2))
    label = (lonlat[:, 0] > 0.05).astype(np.int64)
    cut = choose_blocks(lonlat, label, smallest_m=200)
    assert cut.limited
    assert cut.side_m < cut.range_m
    assert cut.number.max() + 1 >= 15
    least = choose_blocks(lonlat, label, smallest_m=6500)
    assert least.side_m == 6500
    assert least.number.max() + 1 < 15


def test_independent_labels_get_the_least_block_and_users_may_choose() -> None:
    rng = np.random.default_rng(2)
    lonlat, label = rng.uniform(0, 0.1, (900, 2)), rng.integers(0, 4, 900)
    assert choose_blocks(lonlat, label, smallest_m=400).side_m == 400
    own = choose_blocks(lonlat, label, block_m=1500, smallest_m=400)
    assert own.side_m == 1500
    assert np.isnan(own.range_m)
    assert not own.limited


def test_one_district_is_left_out_at_a_time() -> None:
    assert district_folds(np.array([7, 3, 7, -1, 9])).tolist() == [1, 0, 1, -1, 2]
    with pytest.raises(InputError, check=fault("labels-in-too-few-districts", 1)):
        district_folds(np.array([4, 4, -1]))


def test_a_label_across_a_border_belongs_where_most_of_it_lies() -> None:
    unit = np.array([0, 0, 0, 5, 5])
    assert home_group(unit, np.array([2, 1, 1, 4, 3])).tolist() == [1, 1, 1, 3, 3]
