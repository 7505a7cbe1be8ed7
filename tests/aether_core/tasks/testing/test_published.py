"""The published protocol's splits and seeds."""

import numpy as np
import pytest

from aether_core.tasks.kinds.classes import CLASSES
from aether_core.tasks.testing.experiment import ExperimentSetup, run_experiment
from aether_core.tasks.testing.published import PUBLISHED_SEEDS, published_split


@pytest.mark.parametrize("seed", PUBLISHED_SEEDS)
def test_a_fifth_is_tested(seed: int) -> None:
    rng = np.random.default_rng(seed)
    label, unit = rng.permutation(np.repeat([0, 1, 2], [250, 150, 100])), np.arange(500)
    block = rng.integers(0, 60, 500)
    stratified = published_split("random", label, unit, block, seed=seed)
    assert np.bincount(label[stratified == 0]).tolist() == [50, 30, 20]
    blocks = published_split("spatial", label, unit, block, seed=seed)
    assert abs(np.mean(blocks == 0) - 0.2) < 0.02
    assert set(block[blocks == 0]).isdisjoint(block[blocks == -1])
    shares = published_split("random", np.eye(3)[label], unit, block, seed=seed)
    assert np.sum(shares == 0) == 100
    assert set(stratified) == set(blocks) == set(shares) == {0, -1}


def test_seeds_choose_different_parts() -> None:
    label, unit = np.arange(300) % 3, np.arange(300)
    for split in ("random", "spatial"):
        parts = {
            published_split(split, label, unit, unit // 5, seed=seed).tobytes()
            for seed in PUBLISHED_SEEDS
        }
        assert len(parts) == 5


@pytest.mark.parametrize("predictor", ["linear", "mlp"])
def test_only_the_tested_fifth_is_predicted(predictor: str) -> None:
    rng = np.random.default_rng(0)
    label = np.arange(200) % 2
    x = (rng.normal(size=(200, 4)) + label[:, None]).astype(np.float32)
    setup = ExperimentSetup(
        CLASSES, label, ("a", "b"), np.arange(200), np.arange(200) // 8,
        predictor=predictor, protocol="published", seeds=(42, 7),
    )  # fmt: skip
    parts = run_experiment(setup, {"alphaearth": x}).outcomes["alphaearth"]
    assert [(part.split, part.seed) for part in parts] == [
        ("random", 42), ("random", 7), ("spatial", 42), ("spatial", 7),
    ]  # fmt: skip
    for part in parts:
        there = np.isfinite(part.prediction).all(axis=1)
        assert np.array_equal(there, part.fold == 0)
        assert np.isnan(part.prediction[~there]).all()
        assert there.sum() == 40
        assert np.mean(part.prediction[there].argmax(axis=1) == label[there]) > 0.65
