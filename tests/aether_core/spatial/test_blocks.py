"""Spatial blocks and what is held out of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from aether_core.errors import InputError
from aether_core.spatial.blocks import (
    fitting_blocks,
    held_out_blocks,
    held_out_in_two,
    in_two,
    spatial_blocks,
)
from tests.errors import fault


def city_points(count: int, seed: int = 0, side_deg: float = 0.03) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.array([24.94, 60.17]) + rng.uniform(0, side_deg, (count, 2)) * [2, 1]


def test_points_of_one_block_are_near_and_blocks_are_squares_on_the_ground() -> None:
    lonlat = city_points(400)
    block = spatial_blocks(lonlat, block_m=300)
    assert set(block) == set(range(block.max() + 1))
    geod = Geod(ellps="WGS84")
    for number in np.unique(block):
        lon, lat = lonlat[block == number].T
        width = geod.inv(lon.min(), lat[0], lon.max(), lat[0])[2]
        height = geod.inv(lon[0], lat.min(), lon[0], lat.max())[2]
        assert max(width, height) <= 300 * 1.01


def test_far_points_are_in_different_blocks() -> None:
    lonlat = np.array([[24.94, 60.17], [24.94, 60.1701], [24.95, 60.17], [24.94, 60.18]])
    block = spatial_blocks(lonlat, block_m=200)
    assert block[0] == block[1]
    assert len({block[0], block[2], block[3]}) == 3


def test_antimeridian_is_no_border() -> None:
    block = spatial_blocks(np.array([[179.9999, 0.0], [-179.9999, 0.0]]), block_m=500)
    assert block.tolist() == [0, 0]


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two numberings put the same points together."""
    pairs = np.unique(np.stack([one, other]), axis=1)
    return bool(pairs.shape[1] == len(np.unique(one)) == len(np.unique(other)))


@given(
    seed=st.integers(0, 1000),
    block_m=st.floats(20, 50_000),
    lon=st.floats(-180, 180),
    lat=st.floats(-80, 80),
)
def test_a_point_stays_in_its_block_whoever_else_is_there(
    seed: int, block_m: float, lon: float, lat: float
) -> None:
    """In any order of the rows, with fewer of them, and with one more on the other side."""
    lonlat = city_points(60, seed) - [24.94, 60.17] + [lon, lat]
    block = spatial_blocks(lonlat, block_m=block_m)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(lonlat))
    assert np.array_equal(spatial_blocks(lonlat[order], block_m=block_m), block[order])
    some = rng.random(len(lonlat)) < 0.5
    assert same_partition(spatial_blocks(lonlat[some], block_m=block_m), block[some])
    more = np.vstack([[[lon + 0.5, lat + 0.3]], lonlat])
    assert same_partition(spatial_blocks(more, block_m=block_m)[1:], block)


@given(st.integers(0, 200), st.sampled_from([0.0, 150.0]))
def test_what_is_held_out_does_not_hang_on_the_order_of_the_rows(seed: int, block_m: float) -> None:
    lonlat = city_points(150, seed)
    order = np.random.default_rng(seed).permutation(len(lonlat))
    asked = {"fraction": 0.2, "seed": seed, "block_m": block_m}
    for held, again in zip(
        held_out_in_two(lonlat, **asked), held_out_in_two(lonlat[order], **asked), strict=True
    ):
        assert np.array_equal(again, held[order])


def test_a_city_across_the_antimeridian_is_as_wide_as_it_is() -> None:
    lonlat = city_points(300) - [24.94, 60.17]
    across = (lonlat + [180, 0] + 180) % 360 - 180
    assert fitting_blocks(across, fewest=20).max() < 300
    here, there = (np.bincount(fitting_blocks(one, fewest=20)).max() for one in (lonlat, across))
    assert here == pytest.approx(there, abs=8)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.integers(0, 50))
def test_blocks_are_dealt_whole_and_about_evenly(sizes: list[int], seed: int) -> None:
    block = np.repeat(np.arange(len(sizes)), sizes)
    first = in_two(block, seed=seed)
    assert set(block[first]).isdisjoint(block[~first])
    assert abs(int(first.sum()) - int((~first).sum())) <= max(sizes)
    assert first.any()
    assert first.all() == (len(sizes) == 1)


@given(st.integers(64, 600), st.floats(0.05, 0.5), st.integers(0, 20))
def test_both_parts_are_what_is_held_out(count: int, fraction: float, seed: int) -> None:
    lonlat = city_points(count, seed)
    held = held_out_blocks(lonlat, fraction=fraction, seed=seed)
    choosing, reporting = held_out_in_two(lonlat, fraction=fraction, seed=seed)
    assert np.array_equal(choosing | reporting, held)
    assert not (choosing & reporting).any()


@given(st.integers(64, 600), st.floats(0.05, 0.5), st.integers(0, 20))
def test_held_out_blocks_are_whole_and_about_as_many_as_wanted(
    count: int, fraction: float, seed: int
) -> None:
    lonlat = city_points(count, seed)
    held = held_out_blocks(lonlat, fraction=fraction, seed=seed, block_m=250)
    block = spatial_blocks(lonlat, block_m=250)
    assert set(block[held]).isdisjoint(block[~held])
    largest = np.bincount(block).max()
    assert abs(held.sum() - fraction * count) <= largest
    assert held.any()
    assert not held.all()


def test_choice_follows_the_seed() -> None:
    lonlat = city_points(500)
    first = held_out_blocks(lonlat, fraction=0.1, seed=1)
    assert np.array_equal(first, held_out_blocks(lonlat, fraction=0.1, seed=1))
    assert not np.array_equal(first, held_out_blocks(lonlat, fraction=0.1, seed=2))


def test_fitting_block_leaves_enough_blocks_whatever_the_extent() -> None:
    for side_deg in (0.0005, 0.03, 3.0):
        lonlat = city_points(300, side_deg=side_deg)
        held = held_out_blocks(lonlat, fraction=0.1, seed=0)
        assert 15 <= held.sum() <= 60


def test_two_crowded_spots_can_still_be_split() -> None:
    lonlat = np.repeat([[24.94, 60.17], [24.99, 60.17]], [90, 10], axis=0)
    held = held_out_blocks(lonlat, fraction=0.1, seed=0)
    assert held.tolist() == [False] * 90 + [True] * 10


def test_places_at_one_point_cannot_be_held_out() -> None:
    with pytest.raises(InputError, check=fault("places-in-one-block", 100, "holdout=0")):
        held_out_blocks(np.full((100, 2), 10.0), fraction=0.1, seed=0)


@pytest.mark.parametrize("block_m", [0.0, -1.0, float("nan")])
def test_block_size_must_be_positive(block_m: float) -> None:
    with pytest.raises(InputError, check=fault("block-size-not-positive", block_m)):
        spatial_blocks(city_points(3), block_m=block_m)
