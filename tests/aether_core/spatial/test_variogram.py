"""Range of labels whose range is known."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether_core.spatial.blocks import spatial_blocks
from aether_core.spatial.variogram import label_variogram

METRES_A_DEGREE = 111_195.0


def patches(
    side_m: float, extent_m: float, n: int = 3000, seed: int = 0, k: int = 5
) -> tuple[np.ndarray, np.ndarray]:
    """Labels that are constant within square patches and independent between them."""
    rng = np.random.default_rng(seed)
    metres = rng.uniform(0, extent_m, (n, 2))
    lonlat = metres / METRES_A_DEGREE
    patch = spatial_blocks(lonlat, block_m=side_m)
    return lonlat, rng.integers(0, k, patch.max() + 1)[patch]


@pytest.mark.parametrize(("side_m", "extent_m"), [(1000, 20_000), (3000, 20_000), (600, 60_000)])
def test_range_is_about_the_size_of_the_patches(side_m: float, extent_m: float) -> None:
    found = label_variogram(*patches(side_m, extent_m))
    # Squares share their label up to their diagonal; the spherical model reaches a bit past a side.
    assert 0.8 * side_m <= found.range_m <= 1.7 * side_m
    assert found.sill == pytest.approx(0.5 * (1 - 1 / 5), rel=0.15)
    assert found.nugget < 0.15 * found.sill


@pytest.mark.parametrize("seed", range(6))
def test_labels_dealt_at_random_have_no_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lonlat = rng.uniform(0, 0.2, (1500, 2))
    assert label_variogram(lonlat, rng.integers(0, 6, 1500), seed=seed).range_m == 0


def test_bins_hold_half_the_mean_squared_difference_of_all_pairs() -> None:
    rng = np.random.default_rng(1)
    metres = rng.uniform(0, 5000, (200, 2))
    shares = rng.dirichlet(np.ones(3), 200)
    found = label_variogram(metres / METRES_A_DEGREE, shares)
    first, second = np.triu_indices(200, 1)
    distance = np.linalg.norm(metres[first] - metres[second], axis=1)
    half = 0.5 * ((shares[first] - shares[second]) ** 2).sum(axis=1)
    reach = np.linalg.norm(np.ptp(metres, axis=0)) / 2
    assert sum(found.pairs) == pytest.approx((distance <= reach).sum(), rel=0.01)
    mean = np.average(found.semivariance, weights=found.pairs)
    assert mean == pytest.approx(half[distance <= reach].mean(), rel=0.01)


def test_shares_that_drift_across_the_city_have_a_long_range() -> None:
    rng = np.random.default_rng(2)
    lonlat = rng.uniform(0, 0.2, (800, 2))
    east = lonlat[:, :1] / 0.2
    noise = rng.normal(0, 0.02, (800, 1))
    shares = np.hstack([east + noise, 1 - east - noise])
    assert label_variogram(lonlat, shares).range_m > 8000


def test_answer_is_repeatable_and_fit_for_json() -> None:
    lonlat, label = patches(1000, 20_000)
    first = label_variogram(lonlat, label, seed=4)
    assert first == label_variogram(lonlat, label, seed=4)
    assert json.loads(json.dumps(asdict(first), allow_nan=False))["range_m"] == first.range_m


def test_labels_on_few_spots_have_a_variogram() -> None:
    """The nearest pairs are farther apart than where the fit would begin."""
    spots = np.array([[0, 0], [0.04, 0], [0, 0.05], [0.055, 0.02], [0.03, 0.06], [0.07, 0.07]])
    lonlat = np.repeat(spots, 40, axis=0)
    label = np.repeat([0, 0, 1, 1, 2, 3], 40)
    found = label_variogram(lonlat, label)
    assert min(found.distance_m) > max(found.distance_m) / 3
    assert found.range_m == 0 or min(found.distance_m) <= found.range_m <= max(found.distance_m)
    assert found.sill > 0


@st.composite
def layouts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Labels on one to nine spots of a lattice or anywhere, with classes or shares of any kind."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    count, spots = draw(st.integers(0, 120)), draw(st.integers(1, 9))
    scale = draw(st.sampled_from([0.0, 1e-9, 1e-4, 0.05, 3.0]))
    where = rng.random((spots, 2)) if draw(st.booleans()) else rng.integers(0, 3, (spots, 2))
    spot = rng.integers(0, spots, count)
    lonlat = np.array([24.9, 60.2]) + where[spot] * scale
    kind = draw(st.sampled_from(["class", "class of the spot", "share", "tiny share", "one"]))
    if kind == "one":
        return lonlat, np.zeros(count, dtype=np.int64)
    if kind == "class":
        return lonlat, rng.integers(0, 3, count)
    if kind == "class of the spot":
        return lonlat, spot.astype(np.int64)
    shares = rng.random((spots, 1))[spot] * (1e-160 if kind == "tiny share" else 1.0)
    return lonlat, np.hstack([shares, 1 - shares])


@settings(max_examples=200)
@given(layouts())
def test_any_layout_has_a_variogram(layout: tuple[np.ndarray, np.ndarray]) -> None:
    found = label_variogram(*layout)
    assert np.isfinite([found.range_m, found.sill, found.nugget]).all()
    assert found.range_m == 0 or found.distance_m[0] <= found.range_m <= found.distance_m[-1]
    assert 0 <= found.nugget <= found.sill or found.range_m == 0


@settings(max_examples=30)
@given(layouts(), st.integers(0, 2**32 - 1))
def test_the_order_of_the_labels_does_not_matter(
    layout: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    lonlat, target = layout
    order = np.random.default_rng(seed).permutation(len(lonlat))
    for most_pairs in (100, 200_000):
        assert label_variogram(lonlat, target, most_pairs=most_pairs) == label_variogram(
            lonlat[order], target[order], most_pairs=most_pairs
        )


@pytest.mark.parametrize("n", [0, 1, 3])
def test_too_few_or_coinciding_labels_have_no_range(n: int) -> None:
    found = label_variogram(np.full((n, 2), 7.0), np.zeros(n, dtype=np.int64))
    assert found.range_m == 0
    assert found.pairs == ()
