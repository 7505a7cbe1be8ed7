"""Figures of areas with intervals: what was counted, what a map predicts, means of what it scores.

Three things may be uncertain about a figure, and each has its own interval:

- A rate of places: how many places so busy a ground would have by chance (Poisson).
- A sum of predictions: how far the map may be wrong there. Cells of one block err together, blocks
  apart: errors of neighbours are alike, and adding them up as if they were not makes every district
  certain.
- A mean of values that are no predictions of anything: how far it would move with other blocks of
  ground like this one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, vstack
from scipy.special import chdtri, ndtri, stdtrit

from aether_core.language import Marked, Numeral, mark
from aether_core.tasks.uncertainty.intervals import CONFIDENCE

FloatArray = NDArray[np.float64]

MEASURED: Final = mark("measured")
POISSON: Final = mark("poisson")
MAP_ERROR: Final = mark("map error")
BLOCKS: Final = mark("blocks")
INTERVALS: Mapping[str, str] = MappingProxyType(
    {
        MEASURED: mark("measured or counted: no interval"),
        POISSON: mark(
            "95 %: rates that would give as many places by chance (Poisson, Garwood 1936); places "
            "come in clusters, so it is the least that is uncertain"
        ),
        MAP_ERROR: mark(
            "how far the map may be wrong: cells of one block err together, blocks independently"
        ),
        BLOCKS: mark(
            "95 %: how far the mean would move with other blocks of ground like this one; none "
            "where an area has a single cell"
        ),
    }
)
"""What the interval of each kind of figure means, for people."""


_ONE_PART = 1.001
"""An area with slivers of other cells has a single one."""


class Scale(Protocol):
    """What a figure is measured on: how far apart two values are, and how that is said."""

    def effect(self, value: FloatArray, other: FloatArray) -> FloatArray:
        """Signed size of a difference that figures of all scales share: 0.2 small, 0.8 large."""

    def words(self, label: str, more: bool, first: bool) -> Marked:
        """What there is more or less of, e.g. `a larger share of homes`; first in a sentence?"""

    def with_unit(self, label: str, value: float) -> Marked:
        """A value with its unit, e.g. `38 % homes`."""

    def number(self, value: float) -> Marked | Numeral:
        """A value alone, e.g. `38 %`."""


def is_share(unit: str) -> bool:
    """Whether figures of a unit are parts of a whole, which people read in per cent."""
    return "share" in unit


@dataclass(frozen=True)
class Share:
    """Parts of a whole, 0 to 1. The effect is Cohen's h (Cohen 1988)."""

    def effect(self, value: FloatArray, other: FloatArray) -> FloatArray:
        """See `Scale`."""
        ends = (np.arcsin(np.sqrt(np.clip(one, 0, 1))) for one in (value, other))
        return np.asarray(2 * np.subtract(*ends))

    def words(self, label: str, more: bool, first: bool) -> Marked:
        """See `Scale`."""
        if first:
            return mark(
                "A larger share of {label}" if more else "A smaller share of {label}", label=label
            )
        return mark(
            "a larger share of {label}" if more else "a smaller share of {label}", label=label
        )

    def with_unit(self, label: str, value: float) -> Marked:
        """See `Scale`."""
        return mark("{number} {label}", number=self.number(value), label=label)

    def number(self, value: float) -> Numeral:
        """See `Scale`."""
        return Numeral(value, ".0%")


@dataclass(frozen=True)
class Rate:
    """Things per square kilometre. The effect is the logarithm of the ratio.

    Attributes:
        usual: The city's own rate; a twentieth of it is added to both, so that none at all is far
            from the city and not infinitely far.
    """

    usual: float

    def effect(self, value: FloatArray, other: FloatArray) -> FloatArray:
        """See `Scale`."""
        if not self.usual > 0:
            return np.zeros_like(value)
        return np.asarray(np.log((value + self.usual / 20) / (other + self.usual / 20)))

    def words(self, label: str, more: bool, first: bool) -> Marked:
        """See `Scale`."""
        if first:
            return mark("More {label}" if more else "Fewer {label}", label=label)
        return mark("more {label}" if more else "fewer {label}", label=label)

    def with_unit(self, label: str, value: float) -> Marked:
        """See `Scale`."""
        return mark("{number} {label} per km²", number=self.number(value), label=label)

    def number(self, value: float) -> Numeral:
        """See `Scale`."""
        return Numeral(value, ",.1f" if value < 10 else ",.0f")


@dataclass(frozen=True)
class Number:
    """Any number. The effect is Cohen's d: the difference in standard deviations of the cells.

    Attributes:
        spread: That standard deviation over the city.
    """

    spread: float

    def effect(self, value: FloatArray, other: FloatArray) -> FloatArray:
        """See `Scale`."""
        return (value - other) / self.spread if self.spread > 0 else np.zeros_like(value)

    def words(self, label: str, more: bool, first: bool) -> Marked:
        """See `Scale`."""
        if first:
            return mark("Higher {label}" if more else "Lower {label}", label=label)
        return mark("higher {label}" if more else "lower {label}", label=label)

    def with_unit(self, label: str, value: float) -> Marked:
        """See `Scale`."""
        return mark("{label} {number}", label=label, number=self.number(value))

    def number(self, value: float) -> Marked | Numeral:
        """See `Scale`."""
        return number_in_words(value)


_LEAST_SAID: Final = 0.001
"""A reader takes a smaller figure for none, and an exponent for a riddle."""


def number_in_words(value: float) -> Marked | Numeral:
    """A number with three digits, whole from a thousand; what hardly differs from 0 as such."""
    if 0 < abs(value) < _LEAST_SAID:
        if value > 0:
            return mark("under {least}", least=_LEAST_SAID)
        return mark("over {least}", least=-_LEAST_SAID)
    return Numeral(value, ",.0f" if abs(value) >= 1000 else ".3g")


GROUND: Final = "area"
PLACES: Final = "places"
"""Sources of the figures that every profile has; a layer's name has a hyphen and is neither."""


@dataclass(frozen=True)
class FigureInfo:
    """What a figure is, for programs and for people.

    Attributes:
        name: Short and unique in a profile: `places_per_km2_food`.
        label: In a sentence: `food places`; marked where the words are ours.
        unit: Of its values.
        source: `GROUND`, `PLACES`, or the name of a layer.
        short: The label below a title that says the source already; the label itself where empty.
    """

    name: str
    label: str
    unit: str
    source: str
    short: str = ""


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure of every area and, in the last row, of the city.

    Attributes:
        info: Its name, label, unit and source.
        interval: What its interval means: a key of `INTERVALS`.
        level: How often the interval is made to hold the truth; None where there is none.
        value: float64 `[a + 1]`; NaN where nothing is known of the area.
        low: Lower end, float64 `[a + 1]`; the value itself where it was counted or measured, NaN
            where nothing tells.
        high: Upper end, likewise.
        influence: What each source of chance (a place, a block of cells) adds to the value's error,
            float64 `[a + 1, s]`; rows that share sources err together. None where there is none.
        scale: How it is compared; None of figures that do not tell an area from others.
    """

    info: FigureInfo
    interval: str
    level: float | None
    value: FloatArray
    low: FloatArray
    high: FloatArray
    influence: csr_array | None = None
    scale: Scale | None = None

    def above(self, last: "Figure") -> "Figure":
        """These rows and below them those of the same figure of other ground."""
        both = ((self.value, last.value), (self.low, last.low), (self.high, last.high))
        value, low, high = (np.concatenate(pair) for pair in both)
        influence = None
        if self.influence is not None and last.influence is not None:
            influence = csr_array(vstack([self.influence, last.influence]))
        return replace(last, value=value, low=low, high=high, influence=influence)


@dataclass(frozen=True, eq=False)
class Weights:
    """Cells of areas as parts of what is known of each.

    Attributes:
        part: float64 `[r, m]`, a row an area; rows sum to 1, or hold nothing where nothing is
            known.
        block: Which block each cell lies in, float64 `[m, b]` of 0 and 1.
        known: Part of the ground in cells of which something is known, float64 `[r]`.
    """

    part: csr_array
    block: csr_array
    known: FloatArray


def in_blocks(block: NDArray[np.int64]) -> csr_array:
    """Which block each cell lies in, float64 `[m, b]` of 0 and 1, from its number, int64 `[m]`."""
    cells = np.arange(len(block))
    shape = (len(block), int(block.max()) + 1)
    return csr_array((np.ones(len(block)), (cells, block)), shape=shape)


def weights_of(
    shared: csr_array, blocks: csr_array, known: NDArray[np.bool_] | None = None
) -> Weights:
    """Weigh the cells of areas by the ground they share.

    Args:
        shared: Square metres, float64 `[r, m]`.
        blocks: See `in_blocks`.
        known: Cells of which something is known, bool `[m]`; all when None.
    """
    kept = shared if known is None else csr_array(shared @ diags_array(known.astype(np.float64)))
    if known is not None:
        kept.eliminate_zeros()
    whole, there = _sums(shared), _sums(kept)
    part = csr_array(diags_array(_inverse(there)) @ kept)
    return Weights(part, blocks, np.divide(there, whole))


def measured(info: FigureInfo, value: FloatArray, scale: Scale | None = None) -> Figure:
    """A figure without chance, float64 `[a + 1]`."""
    return Figure(info, MEASURED, None, value, value, value, scale=scale)


def rate(info: FigureInfo, inside: csr_array, km2: FloatArray) -> Figure:
    """Things per square kilometre.

    Args:
        info: Its name, label, unit and source.
        inside: 1.0 where a thing lies in an area, float64 `[a + 1, p]`.
        km2: Ground of each, float64 `[a + 1]`, above 0.
    """
    count = _sums(inside)
    tail = (1 - CONFIDENCE) / 2
    # Garwood's exact interval: chi-square quantiles with 2n and 2n + 2 degrees of freedom.
    low = np.where(count > 0, chdtri(2 * np.maximum(count, 1), 1 - tail) / 2, 0.0)
    high = chdtri(2 * count + 2, tail) / 2
    value = count / km2
    return Figure(
        info,
        POISSON,
        CONFIDENCE,
        value,
        low / km2,
        high / km2,
        influence=csr_array(diags_array(1 / km2) @ inside),
        scale=Rate(float(value[-1])),
    )


def predicted(
    info: FigureInfo,
    weights: Weights,
    value: FloatArray,
    below: FloatArray,
    above: FloatArray,
    *,
    level: float,
    scale: Scale,
    bounds: tuple[float, float] = (-np.inf, np.inf),
) -> Figure:
    """The mean of a map's predictions over the ground.

    Errors add up in full within a block and as independent ones between blocks.

    Args:
        info: Its name, label, unit and source.
        weights: Of the cells.
        value: Prediction of each cell, float64 `[m]`; what has no weight may be NaN.
        below: How far the truth may lie below it at the level, float64 `[m]`.
        above: How far above, likewise.
        level: Of those.
        scale: How the figure is compared.
        bounds: What a value cannot leave.
    """
    value, below, above = (np.nan_to_num(one) for one in (value, below, above))
    mean = _emptied(weights.part @ value, weights)
    down, up = (_in_blocks(weights, one) for one in (below, above))
    return Figure(
        info,
        MAP_ERROR,
        level,
        mean,
        np.clip(mean - _lengths(down), *bounds),
        np.clip(mean + _lengths(up), *bounds),
        influence=csr_array((down + up) / 2),
        scale=scale,
    )


def probable(info: FigureInfo, weights: Weights, probability: FloatArray) -> Figure:
    """The share of the ground that is of a class, from the class's calibrated probability `[m]`.

    In differences no error counts as shared: a block's cells are of other classes than expected
    together, but not all in the same direction, so that little of it cancels.
    """
    chance = np.clip(np.nan_to_num(probability), 0, 1)
    half = float(ndtri(0.5 + CONFIDENCE / 2)) * np.sqrt(chance * (1 - chance))
    found = predicted(
        info,
        weights,
        chance,
        half,
        half,
        level=CONFIDENCE,
        scale=Share(),
        bounds=(0.0, 1.0),
    )
    return replace(found, influence=csr_array((len(found.value), 1)))


def sampled(info: FigureInfo, weights: Weights, value: FloatArray, scale: Scale) -> Figure:
    """The mean over the ground of a value that is no estimate of anything else.

    The spread of block sums around the mean (the linearised form of a block bootstrap), with
    Student's t for few blocks; never narrower than for independent cells.

    Args:
        info: Its name, label, unit and source.
        weights: Of the cells.
        value: float64 `[m]`; what has no weight may be NaN.
        scale: How the figure is compared.
    """
    there = np.isfinite(value)
    value = np.nan_to_num(value)
    mean = weights.part @ value
    centred = csr_array(
        weights.part @ diags_array(value) - csr_array(diags_array(mean) @ weights.part)
    )
    influence = csr_array(centred @ weights.block)
    half = np.fmax(
        _student(centred, weights.part),
        _student(influence, csr_array(weights.part @ weights.block)),
    )
    mean = _emptied(mean, weights)
    least, most = (value[there].min(), value[there].max()) if there.any() else (0.0, 0.0)
    return Figure(
        info,
        BLOCKS,
        CONFIDENCE,
        mean,
        np.clip(mean - half, least, most),
        np.clip(mean + half, least, most),
        influence=influence,
        scale=scale,
    )


def best_of(info: FigureInfo, shared: csr_array, cell_m2: FloatArray, value: FloatArray) -> Figure:
    """The highest value among the cells that lie at least half in an area, or else touch it.

    Args:
        info: Its name, label, unit and source.
        shared: Square metres, float64 `[r, m]`.
        cell_m2: Size of each cell, float64 `[m]`.
        value: float64 `[m]`, NaN where nothing is known.
    """
    rows = len(shared.indptr) - 1
    row = np.repeat(np.arange(rows), np.diff(shared.indptr))
    found = np.full(rows, np.nan)
    values = value[shared.indices]
    half = shared.data >= cell_m2[shared.indices] / 2
    for chosen in (half, ~half):
        best = np.full(rows, -np.inf)
        known = chosen & np.isfinite(values)
        np.maximum.at(best, row[known], values[known])
        found = np.where(np.isnan(found) & np.isfinite(best), best, found)
    return measured(info, found)


def _student(influence: csr_array, part: csr_array) -> FloatArray:
    """Half widths from independent parts of each row; NaN where it has one.

    Parts of unequal weight count as fewer equal ones (Kish 1965, Survey Sampling, 11.7).
    """
    number = _inverse(_sums(csr_array(part.power(2))))
    several = number > _ONE_PART
    freedom = np.where(several, number - 1, 1.0)
    wide = stdtrit(np.maximum(freedom, 1.0), 0.5 + CONFIDENCE / 2)
    half = _lengths(influence) * np.sqrt(number / freedom) * wide
    return np.where(several, half, np.nan)


def _in_blocks(weights: Weights, error: FloatArray) -> csr_array:
    return csr_array(weights.part @ diags_array(error) @ weights.block)


def _emptied(mean: FloatArray, weights: Weights) -> FloatArray:
    """NaN where nothing is known."""
    return np.where(weights.known > 0, mean, np.nan)


def _lengths(rows: csr_array) -> FloatArray:
    return np.asarray(np.sqrt(_sums(csr_array(rows.power(2)))))


def _sums(rows: csr_array) -> FloatArray:
    return np.asarray(rows.sum(axis=1), dtype=np.float64).reshape(-1)


def _inverse(value: FloatArray) -> FloatArray:
    return np.asarray(np.divide(1.0, value, out=np.zeros_like(value), where=value > 0))
