"""Scores rise with labels, subsets nest, test folds stay."""

from dataclasses import replace

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.tasks.kinds.classes import CLASSES
from aether_core.tasks.kinds.shares import SHARES
from aether_core.tasks.testing.comparison import compare
from aether_core.tasks.testing.experiment import ExperimentSetup, run_experiment
from aether_core.tasks.testing.learning_curve import learning_curve, training_order
from tests.errors import fault


def world(n: int = 500) -> tuple[ExperimentSetup, np.ndarray]:
    rng = np.random.default_rng(0)
    label = rng.choice(4, n, p=[0.5, 0.3, 0.15, 0.05])
    x = rng.normal(size=(4, 12))[label] * 0.8 + rng.normal(size=(n, 12))
    setup = ExperimentSetup(CLASSES, label, tuple("abcd"), np.arange(n), np.arange(n) // 20)
    return setup, x.astype(np.float32)


@pytest.mark.parametrize("split", ["random", "spatial"])
def test_more_labels_score_higher_and_all_labels_as_the_comparison(split: str) -> None:
    setup, x = world()
    curve = learning_curve(setup, x, sizes=[10, 50, 390], seeds=(0, 1), split=split)
    assert [point.n for point in curve][:2] == [10, 50]
    assert curve[0].mean < curve[1].mean < curve[2].mean
    assert all(point.lo < point.mean < point.hi for point in curve)
    whole = compare(run_experiment(replace(setup, seeds=(0, 1)), {"alphaearth": x})).rows
    score = next(row.mean for row in whole if (row.split, row.metric) == (split, "macro_f1"))
    assert curve[2].mean == pytest.approx(score, abs=0.03)


def test_shares_err_less_with_more_labels() -> None:
    setup, x = world()
    shares = np.eye(4)[setup.target] * 0.7 + 0.075
    setup = replace(setup, task=SHARES, target=shares)
    few, many = learning_curve(setup, x, sizes=[10, 300], seeds=(0,), split="random")
    assert many.mean < few.mean


def test_subsets_nest_and_keep_the_parts_of_the_classes() -> None:
    setup, _ = world()
    trained = np.arange(500) % 5 != 0
    order = training_order(setup, trained, seed=1)
    assert set(order) == set(np.flatnonzero(trained))
    assert set(setup.target[order[:4]]) == {0, 1, 2, 3}
    part = np.bincount(setup.target[order[:100]], minlength=4) / 100
    np.testing.assert_allclose(part, np.bincount(setup.target[trained]) / 400, atol=0.04)
    assert not np.array_equal(order, training_order(setup, trained, seed=2))


def test_polygons_are_counted_not_their_cells() -> None:
    setup, x = world()
    polygons = replace(setup, unit=np.arange(500) // 5, target=setup.target[np.arange(500) // 5])
    curve = learning_curve(polygons, x, sizes=[2, 10, 9999], seeds=(0,), split="random")
    assert [point.n for point in curve] == [10, pytest.approx(80, abs=3)]


def test_one_class_is_refused() -> None:
    setup, x = world()
    with pytest.raises(InputError, check=fault("labels-of-one-class", 500)):
        learning_curve(
            replace(setup, target=np.zeros(500, dtype=int)),
            x,
            sizes=[9],
            seeds=(0,),
            split="random",
        )
