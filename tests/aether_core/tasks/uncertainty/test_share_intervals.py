"""Intervals of shares and what a row of shares says at a glance."""

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy

from aether_core.errors import InputError
from aether_core.tasks.uncertainty.share_intervals import (
    ShareIntervals,
    dominant,
    entropy,
    share_coverage_across_folds,
    share_covered_across_folds,
)
from tests.errors import fault

FIELDS = ("a", "b", "c")


def shares(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True shares of 60 people an area, and the shares they were drawn with."""
    rng = np.random.default_rng(seed)
    predicted = softmax(rng.normal([0, 1, -2], 1, (n, 3)), axis=1)
    truth = np.array([rng.multinomial(60, row) for row in predicted]) / 60
    return truth, predicted.astype(np.float32)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_intervals_hold_the_truth_as_often_as_asked_field_by_field(level: float) -> None:
    truth, predicted = shares(20_000)
    new_truth, new = shares(20_000, seed=1)
    lo, hi = ShareIntervals.calibrate(truth, predicted, level).interval(new)
    held = ((lo <= new_truth) & (new_truth <= hi)).mean(axis=0)
    assert held == pytest.approx([level] * 3, abs=0.02)
    assert lo.min() >= 0
    assert hi.max() <= 1
    assert ((lo <= new) & (new <= hi)).all()


def test_small_shares_get_narrow_intervals_and_are_covered_as_often() -> None:
    truth, predicted = shares(8000)
    new_truth, new = shares(8000, seed=1)
    found = ShareIntervals.calibrate(truth, predicted)
    lo, hi = found.interval(new)
    fixed = np.sort(np.abs(truth - predicted), axis=0)[int(np.ceil(8001 * 0.9)) - 1]
    off, off_fixed = [], []
    for column in range(3):
        fifth = np.digitize(new[:, column], np.percentile(new[:, column], [20, 40, 60, 80]))
        for part in range(5):
            rows = fifth == part
            own, p = new_truth[rows, column], new[rows, column]
            inside = ((lo[rows, column] <= own) & (own <= hi[rows, column])).mean()
            off.append(abs(inside - 0.9))
            off_fixed.append(abs((np.abs(own - p) <= fixed[column]).mean() - 0.9))
    assert np.mean(off) < np.mean(off_fixed) / 2
    width = hi - lo
    assert width[new < 0.05].mean() < width[(new > 0.4) & (new < 0.6)].mean() / 2


def test_quantile_is_corrected_for_few_rows() -> None:
    predicted = np.full((9, 2), 0.5, dtype=np.float32)
    truth = 0.5 + np.column_stack([np.arange(1, 10), -np.arange(1, 10)]) / 100
    found = ShareIntervals.calibrate(truth, predicted, 0.9)
    lo, hi = found.interval(predicted[:1])
    assert (lo[0, 0], hi[0, 0]) == pytest.approx((0.41, 0.59))
    assert found.interval(predicted[:1])[0][0, 1] == pytest.approx(0.41)
    fewer = ShareIntervals.calibrate(truth[:8], predicted[:8], 0.9)
    assert [end.tolist() for end in fewer.interval(predicted[:1])] == [[[0, 0]], [[1, 1]]]


def test_missing_rows_are_passed_over() -> None:
    truth, predicted = shares(200)
    with_gap = predicted.copy()
    with_gap[7] = np.nan
    found = ShareIntervals.calibrate(truth, with_gap)
    rest = ShareIntervals.calibrate(np.delete(truth, 7, axis=0), np.delete(predicted, 7, axis=0))
    assert np.array_equal(found.high, rest.high)
    assert found.n == 199
    lo, hi = found.interval(with_gap)
    assert np.isnan(lo[7]).all()
    assert np.isnan(hi[7]).all()


@pytest.mark.parametrize("level", [0.0, 1.0, float("nan")])
def test_level_out_of_range_is_refused(level: float) -> None:
    with pytest.raises(InputError, check=fault("coverage-level-out-of-range", level)):
        ShareIntervals.calibrate(*shares(20), level)


def test_truth_of_a_fold_does_not_touch_its_own_intervals() -> None:
    truth, predicted = shares(300)
    fold = np.arange(300) % 5
    fold[:10] = -1
    _, width = share_covered_across_folds(truth, predicted, fold, 0.9)
    changed = truth.copy()
    changed[fold == 2] = [1, 0, 0]
    covered, again = share_covered_across_folds(changed, predicted, fold, 0.9)
    assert np.array_equal(again[fold == 2], width[fold == 2])
    assert (again[fold == 3] > width[fold == 3]).any()
    assert np.isnan(width[:10]).all()
    assert not covered[:10].any()


def test_coverage_is_told_field_by_field() -> None:
    truth, predicted = shares(1000)
    fold, block = np.arange(1000) % 5, np.arange(1000) // 20
    found = share_coverage_across_folds(truth, predicted, fold, 0.9, FIELDS, block)
    covered, width = share_covered_across_folds(truth, predicted, fold, 0.9)
    assert list(found) == list(FIELDS)
    for column, field in enumerate(FIELDS):
        assert found[field].share == pytest.approx(covered[:, column].mean())
        assert found[field].mean_width == pytest.approx(width[:, column].mean())
        assert found[field].lo < found[field].share < found[field].hi
        assert 0.87 <= found[field].share <= 0.93
        assert found[field].n == 1000


def test_one_fold_cannot_be_checked() -> None:
    truth, predicted = shares(20)
    with pytest.raises(InputError, check=fault("too-few-tested-folds", 1)):
        share_coverage_across_folds(truth, predicted, np.zeros(20, dtype=int), 0.9, FIELDS)


def test_entropy_is_that_of_scipy_over_its_largest() -> None:
    _, predicted = shares(50)
    wanted = scipy_entropy(predicted.astype(float), axis=1) / np.log(3)
    assert entropy(predicted) == pytest.approx(wanted, abs=1e-6)
    edges = np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [np.nan] * 3], dtype=np.float32)
    assert entropy(edges) == pytest.approx([0, 1, np.nan], abs=1e-6, nan_ok=True)
    assert not np.signbit(entropy(edges)[0])
    assert entropy(np.ones((2, 1), dtype=np.float32)).tolist() == [0, 0]


def test_dominant_is_the_largest_share() -> None:
    rows = np.array([[0.2, 0.5, 0.3], [0.9, 0.1, 0.0], [np.nan] * 3], dtype=np.float32)
    assert dominant(rows).tolist() == [1, 0, -1]
