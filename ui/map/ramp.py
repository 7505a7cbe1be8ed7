"""Colours of values on a map: the palette's ramps, cut into a few steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from aether_core.charts.breaks import PERCENTILES, Breaks, finite_values, fixed_breaks, value_breaks
from aether_core.charts.class_colours import rgb
from aether_core.charts.palette import CHANGE_RAMP

Colour = tuple[int, int, int, int]

_GREY: Final = (160, 160, 160)
_LOW_TO_HIGH: Final = [
    _GREY if at == len(CHANGE_RAMP) // 2 else rgb(colour) for at, colour in enumerate(CHANGE_RAMP)
]
"""The colours of a change, over a grey that lets the map show through."""
_DIVERGING_ALPHA: Final = (225, 205, 175, 60, 175, 205, 225)
_STRONG: Final = 225


@dataclass(frozen=True)
class Steps:
    """Value classes and their colours.

    Attributes:
        edges: Ascending class limits, one more than there are colours.
        colours: One RGBA colour a class, lowest class first; low classes let the map show through.
    """

    edges: tuple[float, ...]
    colours: tuple[Colour, ...]

    def classes(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
        """Class of each value, lowest 0; NaN gives -1. Limits belong to the class above."""
        inner = np.asarray(self.edges[1:-1])
        index = np.searchsorted(inner, values, side="right").astype(np.int16)
        return np.where(np.isnan(values), np.int16(-1), index)


def ramp(count: int, *, dark: bool, on_ground: bool = False) -> tuple[Colour, ...]:
    """Return colours from low to high.

    The high end always stands out: deep on a light page, bright on a dark one.

    Args:
        count: Number of colours.
        dark: Whether the page is dark.
        on_ground: Whether a base map lies under them that low values must let through.
    """
    some = fixed_breaks(range(count + 1), [""] * count)
    return steps_of(some, dark=dark, on_ground=on_ground).colours


def steps_of(breaks: Breaks, *, dark: bool, on_ground: bool = False) -> Steps:
    """Classes as the page draws them: those of every other picture, turned where it is dark."""
    colours = breaks.colours[::-1] if dark and not breaks.about_middle else breaks.colours
    alpha = [round(_STRONG * one) for one in breaks.strengths(on_ground=on_ground)]
    painted = tuple((*rgb(colour), a) for colour, a in zip(colours, alpha, strict=True))
    return Steps(breaks.edges, painted)


def percentile_steps(*, dark: bool, on_ground: bool = False) -> Steps:
    """Classes of a percentile of the city's cells: most of the ramp is kept for the best tenth."""
    return steps_of(PERCENTILES, dark=dark, on_ground=on_ground)


def quantile_steps(
    values: npt.NDArray[np.floating], *, dark: bool, on_ground: bool = False
) -> Steps:
    """Classes that hold about the same number of values each; fewer where values repeat.

    Raises:
        InputError: No value is finite.
    """
    return steps_of(value_breaks(values), dark=dark, on_ground=on_ground)


def difference_steps(values: npt.NDArray[np.floating]) -> Steps:
    """Classes of a difference, even to both sides of zero: brown below, blue above, grey between.

    Raises:
        InputError: No value is finite.
    """
    finite = np.abs(finite_values(values))
    reach = float(np.quantile(finite, 0.98)) or float(finite.max()) or 1.0
    inner = np.array([-5, -3, -1, 1, 3, 5]) / 7 * reach
    most = max(float(finite.max()), reach)
    colours = tuple(
        (int(r), int(g), int(b), alpha)
        for (r, g, b), alpha in zip(_LOW_TO_HIGH, _DIVERGING_ALPHA, strict=True)
    )
    return Steps((-most, *inner.tolist(), most), colours)


def css(colour: Sequence[int]) -> str:
    """The colour as CSS writes it."""
    red, green, blue, alpha = colour
    return f"rgba({red},{green},{blue},{alpha / 255:.2f})"
