"""Colours of values: order must survive colour blindness, classes must be exact."""

import numpy as np
import pytest

from aether_core.errors import InputError
from tests.errors import fault
from ui.map.ramp import css, difference_steps, percentile_steps, quantile_steps, ramp


def lightness(colour: tuple[int, ...]) -> float:
    """CIE L* of an sRGB colour, 0 to 100."""
    linear = [
        (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4)
        for v in (channel / 255 for channel in colour[:3])
    ]
    y = float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


@pytest.mark.parametrize("dark", [False, True])
def test_order_can_be_read_from_lightness_alone(dark: bool) -> None:
    steps = np.diff([lightness(colour) for colour in ramp(6, dark=dark)])
    assert (np.abs(steps) > 8).all()
    assert (np.sign(steps) == (1 if dark else -1)).all()


def test_high_values_hide_the_ground_and_low_ones_do_not() -> None:
    alpha = [colour[3] for colour in ramp(6, dark=False)]
    assert alpha == sorted(alpha)
    assert alpha[0] < 128 < alpha[-1]


def test_percentile_classes_at_their_limits() -> None:
    values = np.array([0, 49.9, 50, 75, 90, 95, 99, 100, np.nan])
    assert percentile_steps(dark=False).classes(values).tolist() == [0, 0, 1, 2, 3, 4, 5, 5, -1]


def test_quantile_classes_hold_the_same_number_of_values() -> None:
    values = np.random.default_rng(5).normal(size=6000)
    steps = quantile_steps(values, dark=False)
    assert np.bincount(steps.classes(values)).tolist() == [1000] * 6


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 1.0], [2.0, np.nan]])
def test_repeated_values_share_a_class(values: list[float]) -> None:
    steps = quantile_steps(np.array(values), dark=False)
    classes = steps.classes(np.array(values))
    assert len(steps.edges) == len(steps.colours) + 1
    assert classes.max() < len(steps.colours)
    assert classes[0] == 0


def test_a_layer_without_a_number_is_refused() -> None:
    with pytest.raises(InputError, check=fault("no-value-to-draw")):
        quantile_steps(np.array([np.nan]), dark=False)


def test_differences_are_even_to_both_sides_of_zero() -> None:
    values = np.array([-0.1, -0.001, 0.0, 0.001, 0.4, np.nan])
    steps = difference_steps(values)
    assert np.allclose(np.array(steps.edges), -np.array(steps.edges[::-1]))
    classes = steps.classes(values)
    assert classes.tolist()[1:4] == [3, 3, 3]
    assert classes[0] < 3 < classes[4]
    assert classes[5] == -1


def test_css_writes_the_alpha_as_a_share() -> None:
    assert css((1, 2, 3, 51)) == "rgba(1,2,3,0.20)"
