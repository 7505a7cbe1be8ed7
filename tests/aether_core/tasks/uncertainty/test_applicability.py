"""Area of applicability, against the paper's definition worked out row by row."""

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold

from aether_core.errors import CancelledError, InputError
from aether_core.tasks.uncertainty import applicability
from aether_core.tasks.uncertainty.applicability import Applicability, fit_applicability
from tests.aether_core.tasks.uncertainty.genuine import LabelledPoints, fitted
from tests.errors import fault


def problem(n: int = 90, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((n, 5)) * [1, 10, 0.1, 3, 1] + [0, 100, 0, -5, 2]).astype(np.float32)
    new = (rng.standard_normal((40, 5)) * [2, 20, 0.2, 6, 2] + [0, 100, 0, -5, 2]).astype(
        np.float32
    )
    return x, np.arange(n) % 4, np.array([1.0, 0.2, 3.0, 0.0, 0.5]), new


def by_hand(
    x: np.ndarray, fold: np.ndarray, importance: np.ndarray, new: np.ndarray
) -> tuple[np.ndarray, float]:
    """Meyer & Pebesma (2021), sections 2.2 to 2.4, one pair of rows at a time."""
    mean, sd = x.mean(axis=0, dtype=float), x.std(axis=0, dtype=float, ddof=1)
    rows, asked = (x - mean) / sd * importance, (new - mean) / sd * importance
    n = len(rows)
    pairs = [np.linalg.norm(rows[i] - rows[j]) for i in range(n) for j in range(n) if i != j]
    average = float(np.mean(pairs))
    train_di = [
        min(np.linalg.norm(rows[i] - rows[j]) for j in range(n) if fold[j] != fold[i]) / average
        for i in range(n)
        if fold[i] >= 0
    ]
    low, high = np.percentile(train_di, [25, 75])
    threshold = min(high + 1.5 * (high - low), max(train_di))
    di = [min(np.linalg.norm(one - row) for row in rows) / average for one in asked]
    return np.array(di), threshold


def test_index_and_threshold_are_those_worked_out_by_hand() -> None:
    x, fold, importance, new = problem()
    found = fit_applicability(x, fold, importance)
    di, threshold = by_hand(x, fold, importance, new)
    assert found.threshold == pytest.approx(threshold, rel=1e-4)
    assert found.dissimilarity(new) == pytest.approx(di, rel=1e-4)
    assert np.array_equal(found.inside(new), di <= threshold)
    assert 0 < found.inside(new).sum() < len(new)


def test_rows_never_tested_are_neighbours_but_set_no_threshold() -> None:
    x, fold, importance, new = problem()
    fold = np.where(fold == 0, 0, -1)
    found = fit_applicability(x, fold, importance)
    assert len(found.training) == (fold == 0).sum()
    assert found.threshold == pytest.approx(by_hand(x, fold, importance, new)[1], rel=1e-4)


def test_only_other_folds_count_so_repeats_of_one_unit_do_not_tighten_it() -> None:
    x, fold, importance, _ = problem()
    twice, its_fold = np.repeat(x, 2, axis=0), np.repeat(fold, 2)
    once = fit_applicability(x, fold, importance)
    found = fit_applicability(twice, its_fold, importance)
    assert (found.training > 0).all()
    # The repeats only bring the mean distance down a little: 0 to oneself joins the pairs.
    assert found.threshold == pytest.approx(once.threshold, rel=0.02)


def test_training_rows_are_at_distance_zero_and_missing_rows_outside() -> None:
    x, fold, importance, _ = problem()
    x[3] = np.nan
    found = fit_applicability(x, fold, importance)
    di = found.dissimilarity(x)
    assert np.isinf(di[3])
    assert not found.inside(x)[3]
    assert (np.delete(di, 3) == 0).all()
    assert found.dissimilarity(np.full((2, 5), np.inf, dtype=np.float32)).tolist() == [np.inf] * 2


def test_scale_of_predictors_and_of_importance_does_not_matter() -> None:
    x, fold, importance, new = problem()
    found = fit_applicability(x, fold, importance)
    factor = np.array([1000, 0.01, 1, 5, 2], dtype=np.float32)
    scaled = fit_applicability(x * factor, fold, 7 * importance)
    assert scaled.dissimilarity(new * factor) == pytest.approx(found.dissimilarity(new), rel=1e-3)
    assert scaled.threshold == pytest.approx(found.threshold, rel=1e-3)


def test_unimportant_and_constant_predictors_say_nothing() -> None:
    x, fold, importance, new = problem()
    found = fit_applicability(x, fold, importance)
    other = new.copy()
    other[:, 3] += 1e4
    assert found.dissimilarity(other) == pytest.approx(found.dissimilarity(new), rel=1e-5)
    constant = np.column_stack([x, np.ones(len(x), dtype=np.float32)])
    wider = fit_applicability(constant, fold, np.append(importance, 5.0))
    assert wider.threshold == pytest.approx(found.threshold, rel=1e-5)
    none = fit_applicability(x, fold, np.zeros(5))
    assert none.threshold == pytest.approx(fit_applicability(x, fold, np.ones(5)).threshold)


def test_chunks_give_what_one_piece_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    x, fold, importance, new = problem()
    whole = fit_applicability(x, fold, importance)
    monkeypatch.setattr(applicability, "_CHUNK_BYTES", 4 * 90 * 7)
    seen: list[tuple[int, int]] = []
    parts = whole.dissimilarity(new, lambda _stage, done, total: seen.append((done, total)))
    assert parts == pytest.approx(whole.dissimilarity(new))
    assert seen[0] == (7, 40)
    assert seen[-1] == (40, 40)


def test_work_stops_when_asked_to() -> None:
    x, fold, importance, new = problem()

    def stop(_stage: str, _done: int, _total: int) -> None:
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        fit_applicability(x, fold, importance).dissimilarity(new, stop)


def test_mean_distance_of_many_rows_comes_from_a_sample_that_follows_the_seed() -> None:
    x, fold, importance, _ = problem(n=4000)
    first = fit_applicability(x, fold, importance, seed=1)
    assert first.mean_distance == fit_applicability(x, fold, importance, seed=1).mean_distance
    other = fit_applicability(x, fold, importance, seed=2).mean_distance
    assert other != first.mean_distance
    assert other == pytest.approx(first.mean_distance, rel=0.03)


@pytest.mark.parametrize(
    ("x", "fold", "code"),
    [
        (problem()[0], np.zeros(90, dtype=np.int64), "training-rows-of-one-fold"),
        (problem()[0], np.full(90, -1), "training-rows-of-one-fold"),
        (np.ones((90, 5), dtype=np.float32), np.arange(90) % 3, "training-rows-equal"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(x: np.ndarray, fold: np.ndarray, code: str) -> None:
    with pytest.raises(InputError, check=fault(code)):
        fit_applicability(x, fold, np.ones(5))


def _of_genuine(points: LabelledPoints, seed: int) -> Applicability:
    fold = np.empty(len(points.label), dtype=np.int64)
    parts = StratifiedKFold(5, shuffle=True, random_state=seed).split(points.x, points.label)
    for number, (_, test) in enumerate(parts):
        fold[test] = number
    coefficients = fitted(points.x, points.label)[-1].coef_
    return fit_applicability(points.x, fold, np.abs(coefficients).mean(axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_iowa_is_outside_and_a_random_tenth_of_the_bay_inside(
    bay: LabelledPoints, iowa: LabelledPoints, seed: int
) -> None:
    aside = np.zeros(len(bay.label), dtype=bool)
    aside[np.random.default_rng(seed).choice(len(aside), len(aside) // 10, replace=False)] = True
    area = _of_genuine(bay.without(aside), seed)
    assert area.inside(bay.x[aside]).mean() > 0.9
    assert area.inside(iowa.x).mean() < 0.1
