"""Sets that hold the true class as often as was asked for."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, train_test_split

from aether_core.errors import InputError
from aether_core.tasks.uncertainty.calibration import cross_fitted, fit_temperature, temper
from aether_core.tasks.uncertainty.conformal import (
    ConformalSets,
    coverage_across_folds,
    covered_across_folds,
)
from tests.aether_core.tasks.uncertainty.genuine import LabelledPoints, fitted, out_of_fold
from tests.errors import fault

NAMES = [f"class {number}" for number in range(8)]


def imbalanced(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A rare class that a model with the prior of the common ones often misses."""
    rng = np.random.default_rng(seed)
    label = rng.choice(3, n, p=[0.7, 0.25, 0.05]).astype(np.int64)
    centre = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 1.5]])
    seen = centre[label] + rng.normal(0, 1, (n, 2))
    squared = ((seen[:, None, :] - centre[None]) ** 2).sum(axis=2)
    return softmax(-squared / 2 + np.log([0.7, 0.25, 0.05]), axis=1).astype(np.float32), label


def folds(points: LabelledPoints, seed: int, *, spatial: bool = False) -> np.ndarray:
    fold = np.empty(len(points.label), dtype=np.int64)
    kind = StratifiedGroupKFold if spatial else StratifiedKFold
    groups = points.block if spatial else None
    parts = kind(5, shuffle=True, random_state=seed).split(points.x, points.label, groups)
    for number, (_, test) in enumerate(parts):
        fold[test] = number
    return fold


def test_sets_are_those_of_the_textbook_threshold() -> None:
    prob, label = imbalanced(1500, 0)
    new, _ = imbalanced(400, 1)
    found = ConformalSets.calibrate(prob, label).sets(new)
    for number in range(3):
        own = np.sort(1 - prob[label == number, number].astype(np.float64))
        threshold = own[int(np.ceil((len(own) + 1) * 0.9)) - 1]
        wanted = 1 - new[:, number].astype(np.float64) <= threshold + 1e-12
        added = found[:, number] & ~wanted
        assert not (wanted & ~found[:, number]).any()
        # What is beyond the threshold is there as the only class, the likeliest one.
        assert (found[added].sum(axis=1) == 1).all()
        assert (new[added].argmax(axis=1) == number).all()


@pytest.mark.parametrize("level", [0.8, 0.9, 0.95])
def test_each_class_is_covered_as_often_as_asked_where_a_common_threshold_fails(
    level: float,
) -> None:
    prob, label = imbalanced(8000, 2)
    new, truth = imbalanced(20_000, 3)
    sets = ConformalSets.calibrate(prob, label, level).sets(new)
    own = np.sort(1 - prob[np.arange(len(label)), label])
    common = 1 - new <= own[int(np.ceil((len(own) + 1) * level)) - 1]
    by_class, by_common = (
        np.array([which[truth == k, k].mean() for k in range(3)]) for which in (sets, common)
    )
    assert (by_class > level - 0.025).all()
    assert np.ptp(by_class) < np.ptp(by_common) / 2
    assert by_common[2] < level - 0.1


def test_no_set_is_empty_unless_there_is_no_data() -> None:
    sure = np.repeat([[0.97, 0.03], [0.03, 0.97]], 50, axis=0).astype(np.float32)
    sets = ConformalSets.calibrate(sure, np.repeat([0, 1], 50))
    new = np.array([[0.6, 0.4], [0.4, 0.6], [np.nan, np.nan], [0.99, 0.01]], dtype=np.float32)
    assert not sets.admitted(new)[:3].any()
    assert sets.sets(new).tolist() == [[True, False], [False, True], [False, False], [True, False]]
    assert not sets.sets(new[2:3]).any()


@pytest.mark.parametrize(("level", "enough"), [(0.9, 10), (0.8, 5), (0.95, 20)])
def test_class_with_too_few_rows_is_in_every_set(level: float, enough: int) -> None:
    for rows, unlimited in ((enough - 1, (1,)), (enough, ())):
        label = np.repeat([0, 1], [100, rows])
        prob = np.column_stack([1.0 - label, label]).astype(np.float32) * 0.8 + 0.1
        sets = ConformalSets.calibrate(prob, label, level)
        assert sets.unlimited == unlimited
        assert sets.rows == (100, rows)
        assert sets.sets(np.array([[0.9, 0.1]], dtype=np.float32))[0, 1] == bool(unlimited)


def test_probabilities_as_good_as_nought_are_alike() -> None:
    label = np.repeat([0, 1], 50)
    prob = np.tile(np.array([[1.0, 1e-9]], dtype=np.float32), (100, 1))
    new = np.array([[1.0, 0.0], [1.0, 1e-12]], dtype=np.float32)
    assert ConformalSets.calibrate(prob, label).sets(new).all()


@pytest.mark.parametrize("level", [0.0, 0.3, 1.0, float("nan")])
def test_level_out_of_range_is_refused(level: float) -> None:
    prob, label = imbalanced(50, 0)
    with pytest.raises(InputError, check=fault("coverage-level-out-of-range", level)):
        ConformalSets.calibrate(prob, label, level)


def test_labels_of_a_fold_do_not_touch_its_own_sets() -> None:
    prob, label = imbalanced(600, 4)
    fold = np.arange(600) % 5
    fold[:30] = -1
    sets, empty = covered_across_folds(prob, label, fold, 0.9)
    assert not sets[:30].any()
    assert not empty[:30].any()
    changed = np.where(fold == 3, (label + 1) % 3, label)
    again = covered_across_folds(prob, changed, fold, 0.9)[0]
    assert np.array_equal(again[fold == 3], sets[fold == 3])
    assert not np.array_equal(again, sets)


def test_one_fold_cannot_be_checked() -> None:
    prob, label = imbalanced(50, 0)
    with pytest.raises(InputError, check=fault("too-few-tested-folds", 1)):
        coverage_across_folds(prob, label, np.zeros(50, dtype=np.int64), 0.9, NAMES)


def test_figures_are_those_of_the_sets() -> None:
    prob, label = imbalanced(900, 5)
    fold = np.arange(900) % 5
    fold[-100:] = -1
    block = np.arange(900) // 30
    sets, empty = covered_across_folds(prob, label, fold, 0.9)
    found = coverage_across_folds(prob, label, fold, 0.9, NAMES, block)
    covered = np.array([sets[row, label[row]] for row in range(800)])
    assert found.n == 800
    assert found.share == pytest.approx(covered.mean())
    assert found.mean_size == pytest.approx(sets[:800].sum() / 800)
    assert found.empty_share == pytest.approx(empty.sum() / 800)
    assert found.lo < found.share < found.hi
    assert sum(one["n"] for one in found.by_class.values()) == 800
    assert found.by_class["class 2"]["share"] == pytest.approx(covered[label[:800] == 2].mean())


def test_genuine_sets_at_90_percent_cover_87_to_93_on_random_folds(bay: LabelledPoints) -> None:
    shares, worst = [], []
    for seed in range(20):
        fold = folds(bay, seed)
        prob = cross_fitted(out_of_fold(bay, fold), bay.label, fold)
        found = coverage_across_folds(prob, bay.label, fold, 0.9, NAMES, bay.block)
        shares.append(found.share)
        worst.append(min(one["share"] for one in found.by_class.values()))
        assert found.mean_size < 2.5
    assert min(shares) >= 0.87
    assert max(shares) <= 0.93
    assert min(worst) >= 0.8


def test_genuine_spatial_folds_are_covered_within_their_interval(bay: LabelledPoints) -> None:
    fold = folds(bay, 0, spatial=True)
    assert all(len(set(fold[bay.block == one])) == 1 for one in np.unique(bay.block))
    prob = cross_fitted(out_of_fold(bay, fold), bay.label, fold)
    found = coverage_across_folds(prob, bay.label, fold, 0.9, NAMES, bay.block)
    assert found.lo - 0.02 <= 0.9 <= found.hi + 0.02


def test_map_of_a_probe_fitted_on_all_labels_covers_points_kept_aside(bay: LabelledPoints) -> None:
    """The way a map is made: calibrated out of fold, drawn by a probe that has seen all labels."""
    covered = []
    for seed in range(20):
        _, aside = train_test_split(
            np.arange(len(bay.label)), test_size=0.2, stratify=bay.label, random_state=seed
        )
        rows = np.isin(np.arange(len(bay.label)), aside)
        known = bay.without(rows)
        logits = out_of_fold(known, folds(known, seed))
        temperature = fit_temperature(logits, known.label)
        calibrated = ConformalSets.calibrate(temper(logits, temperature), known.label)
        new = fitted(known.x, known.label).decision_function(bay.x[rows])
        sets = calibrated.sets(temper(new, temperature))
        covered.append(sets[np.arange(rows.sum()), bay.label[rows]].mean())
    assert 0.87 <= np.mean(covered) <= 0.95
