"""A representation that is chosen by inner folds."""

from dataclasses import replace

import numpy as np
import pytest

from aether_core.tasks.testing.chosen import ChosenByInnerFolds, best_of
from aether_core.tasks.testing.experiment import out_of_fold
from aether_core.tasks.testing.folds import make_folds
from tests.aether_core.tasks.testing.test_experiment import inputs, setup_of


@pytest.mark.parametrize("task", ["landuse", "socioeconomic"])
def test_the_one_that_tells_something_is_chosen(task: str) -> None:
    setup = setup_of(task=task)
    noise = np.random.default_rng(5).normal(size=(240, 5)).astype("f4")
    good = inputs(setup, 5, 1)
    every = np.ones(240, dtype=bool)
    for order in ({"noise": noise, "good": good}, {"good": good, "noise": noise}):
        assert best_of(setup, order, every, 0) == "good"


def test_tested_samples_have_no_part_in_the_choice() -> None:
    setup = setup_of()
    tested = np.isin(setup.block, np.unique(setup.block)[::3])
    truth = inputs(setup, 5, 1)
    # Perfect on what is tested and noise elsewhere: who looked would take it.
    tempting = np.random.default_rng(5).normal(size=(240, 3)).astype("f4")
    tempting[tested] = 50 * np.eye(3)[setup.target[tested]]
    chosen = ChosenByInnerFolds({"tempting": tempting, "truth": truth})
    np.testing.assert_array_equal(chosen.of_fold(setup, tested, 0), truth)
    turned = replace(setup, target=np.where(tested, (setup.target + 1) % 3, setup.target))
    np.testing.assert_array_equal(chosen.of_fold(turned, tested, 0), truth)


def test_a_choice_a_fold_is_what_out_of_fold_predicts_from() -> None:
    setup = setup_of()
    fold = make_folds("spatial", setup.target, setup.unit, setup.block, seed=0)
    good = inputs(setup, 5, 1)
    noise = np.random.default_rng(5).normal(size=(240, 5)).astype("f4")
    chosen = ChosenByInnerFolds({"noise": noise, "good": good})
    np.testing.assert_array_equal(
        out_of_fold(chosen, setup, fold, 0), out_of_fold(good, setup, fold, 0)
    )
