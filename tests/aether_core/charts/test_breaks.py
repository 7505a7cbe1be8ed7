"""Classes of numbers: the same limits, names and colours for whoever draws them."""

import numpy as np
import pytest

from aether_core.charts.breaks import (
    CONFIDENCE,
    PERCENTILES,
    PROBABILITY,
    STEPS,
    Breaks,
    change_breaks,
    ramp_colours,
    share_breaks,
    value_breaks,
)
from aether_core.charts.palette import VALUE_RAMP
from aether_core.errors import InputError
from tests.errors import fault

NORMAL = np.random.default_rng(3).normal(size=6000)
CHANGE = change_breaks(np.linspace(-1, 1, 101), -0.1, 0.1)


@pytest.mark.parametrize(
    "breaks",
    [PERCENTILES, CONFIDENCE, PROBABILITY, value_breaks(NORMAL), share_breaks(NORMAL), CHANGE],
)
def test_each_class_has_a_limit_a_colour_and_a_name(breaks: Breaks) -> None:
    assert len(breaks.edges) - 1 == len(breaks.colours) == len(breaks.names)
    assert list(breaks.edges) == sorted(set(breaks.edges))
    assert len(set(breaks.names)) == len(breaks.names)
    for on_ground in (False, True):
        strengths = breaks.strengths(on_ground=on_ground)
        assert len(strengths) == len(breaks.colours)
        assert max(strengths) == 1
        assert min(strengths) > 0


def test_low_classes_let_the_ground_through_and_noise_most_of_all() -> None:
    plain, on_ground = (PERCENTILES.strengths(on_ground=one) for one in (False, True))
    assert list(on_ground) == sorted(on_ground)
    assert on_ground[0] < plain[0] < plain[-1] == on_ground[-1]
    strengths = CHANGE.strengths(on_ground=False)
    assert strengths == strengths[::-1]
    assert min(strengths) == strengths[3]
    assert CHANGE.names[3].startswith("within noise")


def test_limits_do_not_move_with_the_width_of_the_numbers() -> None:
    single = NORMAL.astype(np.float32)
    assert value_breaks(single) == value_breaks(single.astype(np.float64))
    classes = value_breaks(single).class_of(single)
    assert np.bincount(classes).tolist() == [1000] * STEPS
    assert value_breaks(single).class_of(np.array([np.nan])).tolist() == [-1]


def test_the_ramp_begins_and_ends_with_the_palette() -> None:
    assert (ramp_colours(6)[0], ramp_colours(6)[-1]) == (VALUE_RAMP[0], VALUE_RAMP[-1])
    assert ramp_colours(len(VALUE_RAMP)) == VALUE_RAMP


def test_one_value_is_one_class_and_none_is_refused() -> None:
    assert value_breaks(np.array([0.3, 0.3])).names == ("0.3",)
    assert share_breaks(np.array([0.25])).names == ("25 %",)
    with pytest.raises(InputError, check=fault("no-value-to-draw")):
        value_breaks(np.array([np.nan]))
