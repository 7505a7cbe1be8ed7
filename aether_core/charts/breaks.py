"""Classes of numbers: where they are cut, what colour each has and what it is called.

Decided here once for the map on the screen, reports, still pictures and QGIS styles, so that a
colour means the same wherever a layer is seen. The screen adds only what depends on the reader's
page: how far the ground shows through, and a ramp turned round where the page is dark.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from aether_core.charts.class_colours import rgb
from aether_core.charts.palette import CHANGE_RAMP, DEFAULT_RAMP, RAMPS
from aether_core.errors import InputError
from aether_core.language import _, localised, mark
from aether_core.search.change import change_edges

STEPS: Final = 6
"""Classes of a number whose values decide where it is cut."""
WITHIN_NOISE: Final = mark("within noise")
_LARGEST_WRITTEN_OUT, _LEAST_WRITTEN_OUT = 1e9, 1e-4
_MOST_DIGITS: Final = 9  # what a float32 has
_FAINTEST_ON_GROUND, _FAINTEST = 0.13, 0.4
_ABOUT_MIDDLE: Final = (1.0, 0.91, 0.78, 0.22, 0.78, 0.91, 1.0)


@dataclass(frozen=True)
class Breaks:
    """Classes of a field's numbers, lowest first.

    Attributes:
        edges: Ascending limits, one more than there are classes; a limit belongs to the class
            above it.
        colours: `#rrggbb` of each class.
        names: What each is called.
        about_middle: The classes lie to both sides of a middle one, so that neither end is more.
        factor: What numbers are multiplied by where people read them: 100 for shares.
        unit: What follows them there, such as ` %`.
    """

    edges: tuple[float, ...]
    colours: tuple[str, ...]
    names: tuple[str, ...]
    about_middle: bool = False
    factor: float = 1
    unit: str = ""

    def class_of(self, values: NDArray[np.floating]) -> NDArray[np.int64]:
        """Class of each value, int64 `[n]`; -1 where there is none."""
        found = np.searchsorted(self.edges[1:-1], values, side="right")
        return np.where(np.isnan(values), -1, found).astype(np.int64)

    def strengths(self, *, on_ground: bool) -> tuple[float, ...]:
        """How much of each class's colour is laid on, 0 to 1: low classes let the ground through.

        Args:
            on_ground: Whether streets and parks lie below them.
        """
        if self.about_middle:
            at = np.linspace(0, len(_ABOUT_MIDDLE) - 1, len(self.colours))
            there = np.interp(at, np.arange(len(_ABOUT_MIDDLE)), _ABOUT_MIDDLE)
            return tuple(there.round(4).tolist())
        faintest = _FAINTEST_ON_GROUND if on_ground else _FAINTEST
        return tuple(np.linspace(faintest, 1.0, len(self.colours)).round(4).tolist())


def ramp_colours(count: int, ramp: str = DEFAULT_RAMP) -> tuple[str, ...]:
    """So many colours of a ramp, lowest first.

    Args:
        count: Number of colours.
        ramp: One of `RAMPS`; the one of values when left out.
    """
    known = np.array([rgb(colour) for colour in RAMPS[ramp].colours], dtype=np.float64)
    at = np.linspace(0, len(known) - 1, count)
    channels = [np.interp(at, np.arange(len(known)), channel) for channel in known.T]
    return tuple(
        "#{:02x}{:02x}{:02x}".format(*(round(value) for value in colour))
        for colour in zip(*channels, strict=True)
    )


def fixed_breaks(edges: Sequence[float], names: Sequence[str]) -> Breaks:
    """Classes with limits of their own.

    Args:
        edges: Ascending limits.
        names: What each class is called, one fewer than limits.
    """
    return Breaks(tuple(edges), ramp_colours(len(names)), tuple(names))


def value_breaks(values: NDArray[np.floating]) -> Breaks:
    """Classes that hold about as many values each; fewer where values repeat.

    Args:
        values: Numbers, NaN where there is none.

    Raises:
        InputError: No value is finite.
    """
    return _even_breaks(values, factor=1, unit="")


def share_breaks(values: NDArray[np.floating]) -> Breaks:
    """The same of shares, 0 to 1, named in per cent.

    Raises:
        InputError: No value is finite.
    """
    return _even_breaks(values, factor=100, unit=" %")


def change_breaks(change: NDArray[np.floating], low: float, high: float) -> Breaks:
    """Classes of a change: three to either side of what lies within noise.

    Args:
        change: Changes, NaN where there is none.
        low: Lower end of the noise.
        high: Upper end of the noise.
    """
    edges = change_edges(change, low, high)
    names = [
        _("{low:+.3f} to {high:+.3f}", low=below, high=above) for below, above in pairwise(edges)
    ]
    names[len(names) // 2] = f"{_(WITHIN_NOISE)}: {names[len(names) // 2]}"
    return Breaks(tuple(edges), CHANGE_RAMP, tuple(names), about_middle=True)


def _even_breaks(values: NDArray[np.floating], *, factor: float, unit: str) -> Breaks:
    """Even classes, named after their limits times a factor."""
    # Layers hold float32: whoever has widened them meanwhile cuts at the same limits.
    finite = finite_values(np.asarray(values, dtype=np.float32)).astype(np.float64)
    edges = tuple(np.unique(np.quantile(finite, np.linspace(0, 1, STEPS + 1))).tolist())
    names: Sequence[str] = names_between(edges, factor, unit)
    if len(edges) == 1:
        only = edges[0]
        edges = (only - 0.5, only + 0.5)
        names = [f"{numbers_apart([factor * only])[0]}{unit}"]
    return replace(fixed_breaks(edges, names), factor=factor, unit=unit)


def names_between(
    edges: Sequence[float], factor: float = 1, unit: str = "", digits: int = 3
) -> list[str]:
    """Names of the classes between limits, times a factor, in so many digits or more."""
    texts = numbers_apart([factor * edge for edge in edges], digits)
    return [
        _("{low} to {high}{unit}", low=localised(low), high=localised(high), unit=unit)
        for low, high in pairwise(texts)
    ]


def number_text(value: float, digits: int = 3) -> str:
    """A number as people write it: `0.0123`, `1,234`, with no more digits than are asked for.

    Args:
        value: A finite number.
        digits: Digits that count; whole numbers keep all of theirs.
    """
    size = abs(value)
    if size >= _LARGEST_WRITTEN_OUT or 0 < size < _LEAST_WRITTEN_OUT:
        return f"{value:.{digits}g}"
    before = math.floor(math.log10(size)) + 1 if size else 1
    after = max(digits - before, 0)
    text = f"{value:,.{after}f}"
    text = text.rstrip("0").rstrip(".") if after else text
    return "0" if text == "-0" else text


def numbers_apart(values: Sequence[float], least: int = 3) -> list[str]:
    """Numbers in as few digits, `least` or more, as tell those apart that differ."""
    different = len(set(values))
    for digits in range(least, _MOST_DIGITS):
        texts = [number_text(value, digits) for value in values]
        if len(set(texts)) == different:
            return texts
    return [number_text(value, _MOST_DIGITS) for value in values]


def finite_values(values: NDArray[np.floating]) -> NDArray[Any]:
    """The values that are numbers.

    Raises:
        InputError: None is.
    """
    finite: NDArray[Any] = values[np.isfinite(values)]
    if not len(finite):
        raise InputError(
            "the layer has no value to draw",
            "all missing",
            "choose another field",
            code="no-value-to-draw",
        )
    return finite


PERCENTILES: Final = fixed_breaks(
    (0.0, 50.0, 75.0, 90.0, 95.0, 99.0, 100.0),
    (
        mark("lower half"),
        mark("50 to 75"),
        mark("75 to 90"),
        mark("90 to 95"),
        mark("95 to 99"),
        mark("top 1 %"),
    ),
)
"""Of a rank in the city: most of the ramp is kept for the best tenth."""
_CONFIDENCE_EDGES: Final = (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 1.0)
CONFIDENCE: Final = fixed_breaks(_CONFIDENCE_EDGES, names_between(_CONFIDENCE_EDGES))
"""Of how sure a class is."""
_PROBABILITY_EDGES: Final = (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
PROBABILITY: Final = fixed_breaks(_PROBABILITY_EDGES, names_between(_PROBABILITY_EDGES))
"""Of how probable one class is, which mostly it is not."""
