"""Figures as planners read them."""

import pytest

from aether_core.search.profile.words import told_number


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "unknown"),
        (0.0, "0"),
        (0.2414, "0.241"),
        (0.001, "0.001"),
        (1.99e-05, "under 0.001"),
        (-1e-9, "over -0.001"),
        (999.4, "999"),
        (123_456.7, "123,457"),
    ],
)
def test_no_number_has_an_exponent(value: float | None, says: str) -> None:
    assert told_number(value) == says
