"""Metrics against a few lines that work them out another way."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from aether_core.tasks.kinds.metrics import (
    class_scores,
    confusion,
    macro_f1,
    per_class,
    scores_of_confusion,
    share_errors,
    share_scores,
)
from aether_core.tasks.kinds.registry import metric_named


def classes(seed: int, n: int = 300, k: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k - 1, n)  # the last class never occurs in the truth
    predicted = np.where(rng.random(n) < 0.6, truth, rng.integers(0, k, n))
    return truth, predicted, rng.uniform(0.1, 2, n)


@pytest.mark.parametrize("seed", range(5))
def test_class_metrics_agree_with_scikit_learn(seed: int) -> None:
    truth, predicted, weight = classes(seed)
    for given in (None, weight):
        by_hand = {"sample_weight": given}
        found = class_scores(truth, predicted, 7, given)
        assert found["macro_f1"] == pytest.approx(
            f1_score(truth, predicted, average="macro", **by_hand)
        )
        assert found["weighted_f1"] == pytest.approx(
            f1_score(truth, predicted, average="weighted", **by_hand)
        )
        assert found["accuracy"] == pytest.approx(accuracy_score(truth, predicted, **by_hand))
    assert np.array_equal(
        confusion(truth, predicted, 7), confusion_matrix(truth, predicted, labels=range(7))
    )


def test_macro_f1_is_the_mean_of_the_classes_own_f1() -> None:
    truth, predicted, _ = classes(3)
    own = []
    for k in range(7):
        right = np.sum((truth == k) & (predicted == k))
        wrong = np.sum((truth == k) ^ (predicted == k))
        own.append(2 * right / (2 * right + wrong))
    assert macro_f1(truth, predicted, 7) == pytest.approx(np.mean(own))
    assert [row["f1"] for row in per_class(truth, predicted, 7)] == pytest.approx(own)


def test_classes_that_occur_nowhere_do_not_count() -> None:
    truth, predicted = np.array([0, 0, 1]), np.array([0, 0, 1])
    assert macro_f1(truth, predicted, 9) == 1.0
    assert per_class(truth, predicted, 3)[2] == {"precision": 0, "recall": 0, "f1": 0, "n": 0}


def test_many_tables_score_as_each_alone() -> None:
    pairs = [classes(seed)[:2] for seed in range(4)]
    tables = np.stack([confusion(truth, predicted, 7) for truth, predicted in pairs])
    together = scores_of_confusion(tables)
    for number, (truth, predicted) in enumerate(pairs):
        alone = class_scores(truth, predicted, 7)
        assert {name: value[number] for name, value in together.items()} == pytest.approx(alone)


def test_share_metrics_agree_with_plain_loops() -> None:
    rng = np.random.default_rng(0)
    truth, predicted = rng.dirichlet(np.ones(5), 40), rng.dirichlet(np.ones(5), 40)
    pairs = list(zip(truth.tolist(), predicted.tolist(), strict=True))
    by_hand = {
        "kl": [sum(t * np.log(t / p) for t, p in zip(*pair, strict=True)) for pair in pairs],
        "chebyshev": [max(abs(t - p) for t, p in zip(*pair, strict=True)) for pair in pairs],
        "l1": [sum(abs(t - p) for t, p in zip(*pair, strict=True)) for pair in pairs],
        "cosine": [np.dot(t, p) / np.sqrt(np.dot(t, t) * np.dot(p, p)) for t, p in pairs],
    }
    for metric, score in share_scores(truth, predicted).items():
        assert score == pytest.approx(np.mean(by_hand[metric]), rel=1e-4)
    weight = rng.uniform(0, 1, 40)
    weighted = share_scores(truth, predicted, weight)
    assert weighted["kl"] == pytest.approx(np.dot(by_hand["kl"], weight) / weight.sum(), rel=1e-4)


def test_shares_of_zero_keep_the_divergence_finite() -> None:
    truth, predicted = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    value = share_errors(truth, predicted)["kl"][0]
    assert value == pytest.approx(np.log(1e6), rel=1e-3)
    assert share_scores(truth, truth)["kl"] == pytest.approx(0, abs=1e-12)


def test_a_better_prediction_moves_each_metric_the_way_it_says() -> None:
    truth = np.array([[0.7, 0.2, 0.1]])
    good, bad = np.array([[0.6, 0.25, 0.15]]), np.array([[0.2, 0.3, 0.5]])
    for metric, value in share_scores(truth, good).items():
        worse = share_scores(truth, bad)[metric]
        assert (value < worse) == metric_named(metric).lower_is_better
