"""Intervals of means and how blocks widen them."""

import numpy as np
import pytest
from scipy.stats import binomtest

from aether_core.tasks.uncertainty.intervals import (
    block_counts,
    conformal_quantile,
    mean_interval,
    wilson,
)


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (9, 10), (45, 50), (450, 500), (10, 10)])
def test_wilson_is_that_of_scipy(hits: int, n: int) -> None:
    wanted = binomtest(hits, n).proportion_ci(0.95, method="wilson")
    assert wilson(hits / n, n) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


@pytest.mark.parametrize(
    ("n", "level", "rank"),
    [(9, 0.9, 9), (10, 0.9, 10), (18, 0.9, 18), (20, 0.9, 19), (99, 0.55, 55), (99, 0.5, 50)],
)
def test_conformal_quantile_is_the_score_of_its_rank(n: int, level: float, rank: int) -> None:
    score = np.random.default_rng(n).permutation(np.arange(1.0, n + 1))
    assert conformal_quantile(score, level) == rank
    assert conformal_quantile(np.column_stack([score, -score]), level).tolist() == [
        rank,
        rank - n - 1,
    ]


def test_conformal_quantile_of_too_few_rows_rules_nothing_out() -> None:
    assert conformal_quantile(np.arange(8.0), 0.9) == np.inf
    assert conformal_quantile(np.zeros((8, 2)), 0.9).tolist() == [np.inf, np.inf]


def test_rows_that_agree_within_blocks_get_a_wider_interval() -> None:
    block = np.repeat(np.arange(40), 25)
    alike = np.random.default_rng(0).random(40)[block] < 0.8
    lo, hi = mean_interval(alike, block)
    narrow_lo, narrow_hi = mean_interval(alike)
    assert hi - lo > 3 * (narrow_hi - narrow_lo)
    assert lo < alike.mean() < hi


def test_interval_of_blocks_holds_the_truth_about_as_often_as_it_says() -> None:
    held = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        value = np.repeat(rng.normal(0, 1, 60), 10) + rng.normal(0, 1, 600)
        lo, hi = mean_interval(value, np.repeat(np.arange(60), 10), resamples=300, seed=seed)
        held.append(lo <= 0 <= hi)
    assert 0.89 <= np.mean(held) <= 0.99


def test_rows_that_all_agree_leave_room_for_doubt() -> None:
    block = np.repeat(np.arange(5), 10)
    lo, hi = mean_interval(np.ones(50, dtype=bool), block)
    assert (lo, hi) == (pytest.approx(wilson(1.0, 50)[0]), 1.0)
    assert lo < 0.95


def test_one_block_gives_the_interval_of_single_rows() -> None:
    value = np.arange(30) % 3 == 0
    assert mean_interval(value, np.zeros(30, dtype=np.int64)) == mean_interval(value)


def test_each_resample_draws_as_many_blocks_as_there_are_and_follows_the_seed() -> None:
    drawn = np.concatenate(list(block_counts(7, resamples=50, seed=3)))
    assert drawn.shape == (50, 7)
    assert (drawn.sum(axis=1) == 7).all()
    assert np.array_equal(drawn, np.concatenate(list(block_counts(7, resamples=50, seed=3))))
    assert not np.array_equal(drawn, np.concatenate(list(block_counts(7, resamples=50, seed=4))))
