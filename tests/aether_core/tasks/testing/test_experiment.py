"""Out-of-fold predictions: the same folds for all, nothing of the tested side in the fit."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aether_core.errors import CancelledError, InputError
from aether_core.tasks.kinds.classes import CLASSES
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.testing.comparison import compare
from aether_core.tasks.testing.experiment import (
    ExperimentSetup,
    out_of_fold,
    run_experiment,
    usable_rows,
)
from aether_core.tasks.testing.folds import choose_blocks, make_folds
from tests.errors import fault


def setup_of(n: int = 240, task: str = "landuse", **changes: object) -> ExperimentSetup:
    rng = np.random.default_rng(0)
    label = rng.integers(0, 3, n)
    target = label if task == "landuse" else rng.dirichlet(np.ones(3), n)
    unit = np.arange(n) // 2
    setup = ExperimentSetup(
        TASK_KINDS[task], target, ("a", "b", "c"), unit, unit // 4, seeds=(3, 1)
    )
    return replace(setup, **changes)


def inputs(setup: ExperimentSetup, d: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    target = np.eye(3)[setup.target] if setup.target.ndim == 1 else setup.target
    return (rng.normal(size=(len(target), d)) + 2 * target @ rng.normal(size=(3, d))).astype("f4")


@pytest.mark.parametrize("task", ["landuse", "socioeconomic"])
def test_folds_are_identical_between_representations(task: str) -> None:
    setup = setup_of(task=task, district=np.arange(240) // 60)
    both = {"alphaearth": inputs(setup, 5, 1), "aether": inputs(setup, 9, 2)}
    done = run_experiment(setup, both)
    order = [("random", 3), ("random", 1), ("spatial", 3), ("spatial", 1), ("district", 3)]
    for parts in done.outcomes.values():
        assert [(part.split, part.seed) for part in parts] == order
    for one, other in zip(done.outcomes["alphaearth"], done.outcomes["aether"], strict=True):
        assert np.array_equal(one.fold, other.fold)
        assert not np.array_equal(one.prediction, other.prediction)
    for part in done.outcomes["aether"]:
        assert (part.fold >= 0).all()
        np.testing.assert_allclose(part.prediction.sum(axis=1), 1, atol=1e-5)
    assert np.array_equal(done.of("aether", "district")[0].fold, np.arange(240) // 60)


def test_prediction_does_not_know_the_tested_labels() -> None:
    setup = setup_of()
    x = inputs(setup, 5, 1)
    fold = make_folds("random", setup.target, setup.unit, setup.block, seed=0)
    before = out_of_fold(x, setup, fold, 0)
    tested = fold == 2
    changed = replace(setup, target=np.where(tested, (setup.target + 1) % 3, setup.target))
    after = out_of_fold(x, changed, fold, 0)
    np.testing.assert_array_equal(before[tested], after[tested])
    assert not np.array_equal(before[~tested], after[~tested])


@pytest.mark.parametrize("predictor", ["linear", "mlp"])
def test_experiment_is_repeatable(predictor: str) -> None:
    setup = setup_of(120, predictor=predictor, seeds=(5,))
    x = {"alphaearth": inputs(setup, 5, 1)}
    first, again = (run_experiment(setup, x).outcomes["alphaearth"] for _ in range(2))
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.prediction, other.prediction)


def test_weight_zero_takes_a_sample_out_of_the_fit() -> None:
    setup = setup_of(weight=np.where(np.arange(240) % 6 < 2, 0.0, 1.0))
    x = inputs(setup, 5, 1)
    fold = make_folds("random", setup.target, setup.unit, setup.block, seed=0)
    spoilt = replace(setup, target=np.where(setup.weight == 0, 0, setup.target))
    np.testing.assert_allclose(
        out_of_fold(x, setup, fold, 0), out_of_fold(x, spoilt, fold, 0), atol=1e-3
    )


def test_cancelling_ends_it_and_progress_reaches_the_end() -> None:
    setup, reported = setup_of(), []
    x = {"alphaearth": inputs(setup, 5, 1)}
    run_experiment(setup, x, lambda _stage, done, total: reported.append((done, total)))
    assert reported == [(0, 4), (1, 4), (2, 4), (3, 4), (4, 4)]

    def cancel(_stage: str, done: int, _total: int) -> None:
        if done:
            raise CancelledError("stop")

    with pytest.raises(CancelledError):
        run_experiment(setup, x, cancel)


def test_fold_that_leaves_one_class_to_train_on_is_named() -> None:
    setup = setup_of(splits=("spatial",))
    setup = replace(setup, target=(setup.block == 4).astype(np.int64))
    with pytest.raises(InputError, check=fault("fold-of-one-class", "a, fold")):
        run_experiment(setup, {"alphaearth": np.eye(240, dtype=np.float32)})


def test_what_cannot_be_compared_is_refused() -> None:
    setup = setup_of()
    x = inputs(setup, 5, 1)
    with pytest.raises(InputError, check=fault("labels-of-one-class", 240)):
        run_experiment(replace(setup, target=np.ones(240, dtype=int)), {"alphaearth": x})
    with pytest.raises(
        InputError, check=fault("representation-wrong-row-count", "aether", 239, 240)
    ):
        run_experiment(setup, {"alphaearth": x, "aether": x[1:]})
    hole = x.copy()
    hole[[3, 8], 1] = np.nan
    with pytest.raises(InputError, check=fault("samples-without-data", 2)):
        run_experiment(setup, {"alphaearth": x, "aether": hole})
    assert np.flatnonzero(~usable_rows({"alphaearth": x, "aether": hole})).tolist() == [3, 8]
    with pytest.raises(InputError, check=fault("nothing-to-compare", 0)):
        run_experiment(setup, {})


def test_genuine_labels_score_as_plain_logistic_regression_does(shared: Path) -> None:
    table = pd.read_csv(shared / "real/alphaearth/sf_bay_urban_2024.csv")
    table = table[table["dw_label"] != 8]
    x = table[[f"A{band:02d}" for band in range(64)]].to_numpy(np.float32)
    names, label = np.unique(table["dw_label"], return_inverse=True)
    plain = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))
    reference = []
    for seed in range(3):
        predicted = np.empty_like(label)
        parts = StratifiedKFold(5, shuffle=True, random_state=seed).split(x, label)
        for trained, tested in parts:
            fitted = plain.fit(x[trained], label[trained])
            predicted[tested] = fitted.predict(x[tested])
        reference.append(f1_score(label, predicted, average="macro"))

    lonlat = table[["longitude", "latitude"]].to_numpy()
    blocks = choose_blocks(lonlat, label, smallest_m=200)
    setup = ExperimentSetup(
        CLASSES, label, tuple(map(str, names)), np.arange(len(x)), blocks.number, seeds=(0, 1, 2)
    )
    rows = compare(run_experiment(setup, {"alphaearth": x})).rows
    score = {row.split: row.mean for row in rows if row.metric == "macro_f1"}
    assert abs(score["random"] - np.mean(reference)) < 0.01
    assert abs(score["random"] - 0.76) < 0.03
    assert score["spatial"] < score["random"]
