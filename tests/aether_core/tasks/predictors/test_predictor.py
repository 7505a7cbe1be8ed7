"""Probes and share predictors on problems whose answer is known."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from aether_core.errors import InputError
from aether_core.tasks.kinds.metrics import share_scores
from aether_core.tasks.predictors import predictor
from aether_core.tasks.predictors.mlp import _held_out
from aether_core.tasks.predictors.predictor import fit_probe, fit_shares
from aether_core.tasks.predictors.softmax import softmax
from tests.errors import fault

WAYS = [("linear", "default"), ("linear", "adam"), ("mlp", "default")]


def blobs(n: int = 600, k: int = 4, d: int = 10, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes told apart by the first three inputs alone, on scales that differ a thousandfold."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, k, n)
    x = rng.normal(size=(n, d))
    x[:, :3] += 3 * np.random.default_rng(99).normal(size=(k, 3))[label]
    return (x * np.logspace(0, 3, d) + 5).astype(np.float32), label


@pytest.mark.parametrize(("kind", "trainer"), WAYS)
def test_probe_tells_classes_apart_and_knows_what_by(kind: str, trainer: str) -> None:
    x, label = blobs()
    probe = fit_probe(kind, x[:400], label[:400], classes=4, seed=0, trainer=trainer)
    logits = probe.logits(x[400:])
    assert logits.dtype == np.float32
    assert np.mean(logits.argmax(axis=1) == label[400:]) > 0.85
    importance = probe.importance()
    assert importance.shape == (10,)
    assert importance.min() >= 0
    assert importance[:3].min() > importance[3:].max()


def test_linear_fits_share_no_product_among_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def look(*_given: object, **_named: object) -> None:
        seen.extend(pool["num_threads"] for pool in threadpool_info())

    monkeypatch.setattr(predictor, "fit_linear_probe", look)
    monkeypatch.setattr(predictor, "fit_linear_shares", look)
    x, label = blobs(n=40)
    fit_probe("linear", x, label, classes=4, seed=0)
    import_module("numkong")  # another pool, loaded after a fit
    seen.clear()
    with threadpool_limits(limits=2):
        fit_probe("linear", x, label, classes=4, seed=0)
        fit_shares("linear", x, np.full((40, 2), 0.5), seed=0)
        outside = {pool["num_threads"] for pool in threadpool_info()}
    assert set(seen) == {1}
    assert outside == {2}  # what runs around a fit keeps its threads


@pytest.mark.parametrize("classes", [2, 5])
def test_linear_probe_is_logistic_regression(classes: int) -> None:
    x, label = blobs(k=classes)
    weight = np.random.default_rng(1).uniform(0.2, 2, len(x))
    probe = fit_probe("linear", x, label, weight, classes=classes, seed=0)
    standard = StandardScaler().fit_transform(x.astype(np.float64))
    plain = LogisticRegression(C=0.1, tol=1e-8, max_iter=5000)
    plain.fit(standard, label, sample_weight=weight)
    np.testing.assert_allclose(softmax(probe.logits(x)), plain.predict_proba(standard), atol=0.01)


@pytest.mark.parametrize(("kind", "trainer"), WAYS)
def test_class_without_training_rows_gets_no_probability(kind: str, trainer: str) -> None:
    x, label = blobs(k=3)
    probe = fit_probe(kind, x, label + 1, classes=5, seed=0, trainer=trainer)
    logits = probe.logits(x)
    assert np.isfinite(logits).all()
    probability = softmax(logits)
    assert (probability[:, [0, 4]] == 0).all()
    assert np.mean(probability.argmax(axis=1) == label + 1) > 0.8
    assert np.isfinite(probe.importance()).all()
    assert probe.importance().max() < 1e3


@pytest.mark.parametrize(("kind", "trainer"), WAYS)
def test_labels_of_one_class_are_refused(kind: str, trainer: str) -> None:
    with pytest.raises(InputError, check=fault("labels-of-one-class", 9)):
        fit_probe(
            kind, np.eye(9, dtype=np.float32), np.ones(9, int), classes=3, seed=0, trainer=trainer
        )
    with pytest.raises(InputError, check=fault("no-such-predictor", "forest")):
        fit_probe("forest", np.eye(9, dtype=np.float32), np.arange(9), classes=9, seed=0)


@pytest.mark.parametrize(("kind", "trainer"), WAYS)
def test_shares_are_learned_and_sum_to_one(kind: str, trainer: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, 6)).astype(np.float32)
    truth = softmax(x[:, :3] @ np.array([[2, 0, -1, 0], [0, 1, 0, -1], [0, 0, 1, 1]])).astype(float)
    fitted = fit_shares(kind, x[:700], truth[:700], seed=0, trainer=trainer)
    shares = fitted.shares(x[700:])
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
    constant = np.tile(truth[:700].mean(axis=0), (200, 1))
    assert share_scores(truth[700:], shares)["kl"] < 0.1 * share_scores(truth[700:], constant)["kl"]
    importance = fitted.importance()
    assert importance[:3].min() > importance[3:].max()


def test_linear_shares_are_at_the_least_of_their_loss() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(3, 2, size=(300, 5)).astype(np.float32)
    truth, weight = rng.dirichlet(np.ones(4), 300), rng.uniform(0.1, 3, 300)
    fitted = fit_shares("linear", x, truth, weight, seed=0)
    standard = (x - fitted.mean) / fitted.scale

    def loss(coefficient: np.ndarray) -> float:
        shares = softmax(standard @ coefficient + fitted.intercept).astype(float)
        divergence = (truth * np.log(truth / shares)).sum(axis=1)
        return np.average(divergence, weights=weight) + 10 / 300 / 2 * (coefficient**2).sum()

    least = loss(fitted.coefficient)
    for _ in range(30):
        assert loss(fitted.coefficient + rng.normal(0, 0.02, fitted.coefficient.shape)) > least


@pytest.mark.parametrize(("kind", "trainer"), WAYS)
def test_weights_decide_whom_the_fit_follows(kind: str, trainer: str) -> None:
    x = np.ones((2000, 2), dtype=np.float32)
    truth = np.tile([[0.9, 0.1], [0.1, 0.9]], (1000, 1))
    weight = np.tile([9.0, 1.0], 1000)
    for given, wanted in ((None, 0.5), (weight, 0.82)):
        shares = fit_shares(kind, x, truth, given, seed=0, trainer=trainer).shares(x[:1])
        assert shares[0, 0] == pytest.approx(wanted, abs=0.05)


@pytest.mark.parametrize(("kind", "trainer"), WAYS)
def test_fit_follows_its_seed(kind: str, trainer: str) -> None:
    x, label = blobs(n=200)
    torch.manual_seed(1)
    first = fit_probe(kind, x, label, classes=4, seed=3, trainer=trainer).logits(x)
    torch.manual_seed(2)  # state of others must not matter
    np.testing.assert_array_equal(
        first, fit_probe(kind, x, label, classes=4, seed=3, trainer=trainer).logits(x)
    )
    other = fit_probe(kind, x, label, classes=4, seed=4, trainer=trainer).logits(x)
    assert np.array_equal(first, other) == ((kind, trainer) == ("linear", "default"))


def test_comparing_loads_no_torch_until_a_network_is_trained() -> None:
    script = "import sys, aether_core.tasks.testing.comparison; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_tenth_is_held_out_by_class_where_classes_allow() -> None:
    label = np.repeat([0, 1, 2], [100, 60, 40])
    assert np.bincount(label[_held_out(200, 0, label)]).tolist() == [10, 6, 4]
    lone = np.repeat([0, 1], [99, 1])
    assert _held_out(100, 0, lone).sum() == 10
    assert _held_out(2, 0, np.array([0, 1])).sum() == 1


def test_training_stops_once_held_out_loss_no_longer_falls() -> None:
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(300, 40)).astype(np.float32), rng.integers(0, 3, 300)
    stopped = fit_probe("mlp", x, noise, classes=3, seed=0)
    assert stopped.epochs < 100
