"""Where a distance holds, where it does not, and how it falls between."""

import numpy as np
import pytest

from aether_core.search.question.curves import beyond, within


def test_within_is_full_inside_and_falls_smoothly_to_nothing() -> None:
    metres = np.array([0.0, 299.0, 300.0, 337.5, 375.0, 1000.0, np.nan])
    value = within(metres, 300, 0.25)
    assert value[:6].tolist() == pytest.approx([1, 1, 1, 0.5, 0, 0], abs=1e-6)
    assert np.isnan(value[6])
    fine = within(np.linspace(0, 800, 801), 300, 1.0)
    steps = np.diff(fine)
    assert (steps <= 1e-6).all()
    assert np.abs(np.diff(steps)).max() < 1e-4  # no kink: the slope changes little by little


def test_beyond_is_its_mirror() -> None:
    metres = np.array([0.0, 150.0, 175.0, 200.0, 5000.0])
    assert beyond(metres, 200, 0.25).tolist() == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-6)
    around = np.linspace(-50, 50, 21)
    np.testing.assert_allclose(
        within(200 + around, 200, 0.25), beyond(200 - around, 200, 0.25), atol=1e-6
    )
