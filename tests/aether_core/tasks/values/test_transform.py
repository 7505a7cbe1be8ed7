"""The scale a number is fitted on."""

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.tasks.values.transform import LOG1P, NONE, choose_transform, skewness
from tests.errors import fault

RNG = np.random.default_rng(0)
EVEN, SKEWED = RNG.normal(50, 5, 400), RNG.lognormal(3, 1, 400)


def test_skewed_numbers_take_the_logarithm_and_others_do_not() -> None:
    assert choose_transform("auto", SKEWED) is LOG1P
    assert choose_transform("auto", EVEN) is NONE
    assert choose_transform("auto", SKEWED - 100) is NONE  # some are negative
    assert choose_transform("none", SKEWED) is NONE


def test_the_logarithm_and_back_is_the_number_itself() -> None:
    assert LOG1P.back(LOG1P.forward(SKEWED)) == pytest.approx(SKEWED)
    assert choose_transform("log1p", np.zeros(3)).forward(np.zeros(3)).tolist() == [0, 0, 0]


def test_numbers_below_0_have_no_logarithm() -> None:
    with pytest.raises(InputError, check=fault("logarithm-of-negative", "-2", "1 of 3")):
        choose_transform("log1p", np.array([1.0, -2.0, 3.0]))
    with pytest.raises(InputError, check=fault("no-such-transform", "sqrt", "log1p")):
        choose_transform("sqrt", EVEN)


def test_skewness_of_equal_numbers_is_0() -> None:
    assert skewness(np.full(5, 3.0)) == 0
    assert skewness(RNG.exponential(size=100_000)) == pytest.approx(2, abs=0.1)
