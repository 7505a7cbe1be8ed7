"""The scale a number is fitted on: its own, or its logarithm where a few values dwarf the rest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError

Floats = NDArray[np.float64]

AUTO: Final = "auto"
"""Take the logarithm of numbers that are skewed and not negative."""
_SKEWED = 2.0
"""Skewness above which a fit on the plain scale follows a few large values (that of exponentially
distributed numbers). Populations of census tracts a km2 have 2 to 6, their incomes 0 to 1.5."""


@dataclass(frozen=True)
class Transform:
    """A scale that a number is fitted on.

    Attributes:
        name: In commands and JSON.
        title: What pages call it.
        forward: From the number to the scale, float64 to float64.
        back: The other way; rises with its input, so that it keeps the order of numbers.
        least: The smallest number there is on the scale, or minus infinity.
    """

    name: str
    title: str
    forward: Callable[[Floats], Floats]
    back: Callable[[Floats], Floats]
    least: float

    def check(self, values: Floats) -> None:
        """Refuse numbers that have no place on the scale.

        Args:
            values: Finite float64 `[n]`.

        Raises:
            InputError: Some lie below the least; the message names the smallest.
        """
        low = values < self.least
        if low.any():
            raise InputError(
                "numbers below 0 have no logarithm",
                f"{int(low.sum())} of {len(values)} are negative, the smallest is {values.min():g}",
                f"use --transform {NONE.name}, or leave the transform on {AUTO}",
                code="logarithm-of-negative",
            )


def _same(values: Floats) -> Floats:
    return np.asarray(values, dtype=np.float64)


NONE: Final = Transform("none", "As given", _same, _same, -np.inf)
LOG1P: Final = Transform("log1p", "Logarithm", np.log1p, np.expm1, 0.0)
TRANSFORMS: Final[Mapping[str, Transform]] = MappingProxyType(
    {transform.name: transform for transform in (NONE, LOG1P)}
)
"""By name."""


def check_transform(name: str) -> None:
    """Refuse a scale that there is not.

    Raises:
        InputError: It is neither `auto` nor in `TRANSFORMS`.
    """
    if name not in (AUTO, *TRANSFORMS):
        raise InputError(
            "the transform is unknown",
            name,
            f"choose from {', '.join((AUTO, *TRANSFORMS))}",
            code="no-such-transform",
        )


def choose_transform(name: str, values: Floats) -> Transform:
    """The scale that is asked for, or that fits the numbers.

    Args:
        name: `auto`, or a name in `TRANSFORMS`.
        values: All numbers of a fit, finite float64 `[n]`.

    Raises:
        InputError: There is no such scale, or the numbers have no place on it.
    """
    check_transform(name)
    if name != AUTO:
        chosen = TRANSFORMS[name]
        chosen.check(values)
        return chosen
    if values.min() < LOG1P.least:
        return NONE
    plain, logarithm = skewness(values), skewness(LOG1P.forward(values))
    return LOG1P if plain > _SKEWED and abs(logarithm) < plain else NONE


def skewness(values: Floats) -> float:
    """Third standardised moment; 0 where all values are equal."""
    spread = float(values.std())
    if spread == 0:
        return 0.0
    return float((((values - values.mean()) / spread) ** 3).mean())
