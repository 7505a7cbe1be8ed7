"""Temperature and reliability."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from aether_core.errors import InputError
from aether_core.tasks.uncertainty.calibration import (
    cross_fitted,
    fit_temperature,
    reliability,
    temper,
)
from tests.aether_core.tasks.uncertainty.genuine import LabelledPoints, out_of_fold
from tests.errors import fault


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits and labels that were drawn with exactly those probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 4)).astype(np.float32)
    edges = softmax(logits, axis=1).cumsum(axis=1)
    return logits, (rng.random((n, 1)) > edges[:, :-1]).sum(axis=1).astype(np.int64)


def stratified(label: np.ndarray, seed: int = 0) -> np.ndarray:
    fold = np.empty(len(label), dtype=np.int64)
    parts = StratifiedKFold(5, shuffle=True, random_state=seed).split(label, label)
    for number, (_, test) in enumerate(parts):
        fold[test] = number
    return fold


@pytest.mark.parametrize("factor", [0.3, 1.0, 4.0])
def test_temperature_undoes_what_logits_were_multiplied_by(factor: float) -> None:
    logits, label = drawn(20_000)
    assert fit_temperature(logits * factor, label) == pytest.approx(factor, rel=0.05)


def test_temperature_is_the_best_on_a_grid() -> None:
    logits, label = drawn(500)
    weight = np.random.default_rng(1).random(500)
    grid = np.geomspace(0.05, 20, 1000)
    losses = [
        log_loss(label, softmax(5.0 * logits / t, axis=1), sample_weight=weight) for t in grid
    ]
    best = grid[int(np.argmin(losses))]
    assert fit_temperature(5 * logits, label, weight) == pytest.approx(best, rel=0.01)


def test_temperature_stays_within_bounds_and_passes_over_classes_never_seen() -> None:
    logits, label = drawn(2000)
    sure = np.where(np.arange(4) == label[:, None], 1, 0).astype(np.float32)
    assert 0.05 <= fit_temperature(sure, label) < 0.06
    assert 19 < fit_temperature(-sure, label) <= 20
    unseen = logits.copy()
    unseen[:, 3] = -1e9
    seen = label != 3
    assert fit_temperature(unseen, label) == fit_temperature(unseen[seen], label[seen])
    assert fit_temperature(unseen[~seen], label[~seen]) == 1.0


def test_each_fold_is_calibrated_by_the_others_only() -> None:
    logits, label = drawn(400)
    fold = stratified(label)
    fold[:20] = -1
    found = cross_fitted(logits, label, fold)
    assert np.isnan(found[:20]).all()
    others = np.isin(fold, [0, 1, 3, 4])
    wanted = temper(logits[fold == 2], fit_temperature(logits[others], label[others]))
    assert np.array_equal(found[fold == 2], wanted)
    changed = np.where(fold == 2, (label + 1) % 4, label)
    again = cross_fitted(logits, changed, fold)
    assert np.array_equal(again[fold == 2], found[fold == 2])
    assert not np.array_equal(again[fold == 3], found[fold == 3])


def test_one_fold_cannot_calibrate_itself() -> None:
    logits, label = drawn(50)
    with pytest.raises(InputError, check=fault("too-few-tested-folds", 1)):
        cross_fitted(logits, label, np.zeros(50, dtype=np.int64))


def test_reliability_is_that_of_counting_row_by_row() -> None:
    logits, label = drawn(700)
    prob = temper(logits * 3, 1.0)
    prob[4] = [1, 0, 0, 0]
    prob[5] = np.nan
    bins: dict[int, list[tuple[float, bool]]] = {}
    for row, truth in zip(prob, label, strict=True):
        if not np.isnan(row).any():
            top = float(row.max())
            bins.setdefault(min(int(top * 10), 9), []).append((top, int(row.argmax()) == truth))
    ece = 0.0
    for rows in bins.values():
        ece += abs(sum(right for _, right in rows) - sum(top for top, _ in rows)) / 699
    found = reliability(prob, label)
    assert found.ece == pytest.approx(ece, abs=1e-9)
    assert found.n == 699
    assert [one["n"] for one in found.bins] == [len(bins[key]) for key in sorted(bins)]
    assert all(one["low"] <= one["confidence"] <= one["high"] for one in found.bins)


def test_nothing_tested_cannot_be_checked() -> None:
    with pytest.raises(InputError, check=fault("no-tested-labels")):
        reliability(np.full((3, 2), np.nan, dtype=np.float32), np.zeros(3, dtype=np.int64))


def test_genuine_probabilities_mean_what_they_say(bay: LabelledPoints) -> None:
    fold = stratified(bay.label)
    logits = out_of_fold(bay, fold)
    assert reliability(cross_fitted(logits, bay.label, fold), bay.label).ece < 0.05
    overconfident = reliability(cross_fitted(logits * 6, bay.label, fold), bay.label).ece
    assert overconfident < 0.05 < reliability(temper(logits * 6, 1.0), bay.label).ece
