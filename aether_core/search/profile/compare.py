"""Areas against the city and against each other: differences with intervals, and in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.language import Marked, Numeral, as_marked, mark
from aether_core.search.profile.figures import Figure

FloatArray = NDArray[np.float64]

LEAST_EFFECT = 0.2
"""Smaller differences do not set an area apart, however sure they are (Cohen 1988: "small")."""
MOST_NAMED = 3
_PLACES: Final = ("first", "second", "third")
_WITH_AND: Final = {2: mark("{first} and {second}"), 3: mark("{first}, {second} and {third}")}
_WITH_COMMAS: Final = {2: mark("{first}, {second}"), 3: mark("{first}, {second}, {third}")}


@dataclass(frozen=True)
class Differences:
    """A figure of every area less that of another row.

    Attributes:
        value: float64 `[a + 1]`.
        low: Lower end of its interval, float64 `[a + 1]`.
        high: Upper end.
        effect: Signed size on a scale that all figures share, float64 `[a + 1]`; NaN for figures
            that set nothing apart.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    effect: FloatArray

    @property
    def clear(self) -> NDArray[np.bool_]:
        """Where the interval leaves out zero."""
        return np.asarray((self.low > 0) | (self.high < 0))


def differences(figure: Figure, other: int = -1) -> Differences:
    """Every area less another one, or less the city.

    The interval is put together from those of both figures and the correlation of their errors
    (Zou and Donner 2008, Statistics in Medicine 27:1693): an area is a part of the city, and areas
    that overlap or share a block err together. A side that nothing is known of gives NaN.

    Args:
        figure: Of all areas.
        other: Row of what is taken away; the city's when left out.
    """
    value = figure.value - figure.value[other]
    if figure.influence is None:
        low, high = figure.low - figure.high[other], figure.high - figure.low[other]
    else:
        down, up = figure.value - figure.low, figure.high - figure.value
        r = _correlation(figure, other)
        low = value - _joined(down, up[other], r)
        high = value + _joined(up, down[other], r)
    effect = (
        np.full_like(value, np.nan)
        if figure.scale is None
        else figure.scale.effect(figure.value, np.full_like(value, figure.value[other]))
    )
    return Differences(value, low, high, effect)


def distinctive(apart: Sequence[Differences]) -> FloatArray:
    """How much each figure sets each row apart: its effect, 0 where it is small or not clear.

    Args:
        apart: Differences of `f` figures.

    Returns:
        float64 `[f, a + 1]`.
    """
    effect = np.stack([np.nan_to_num(one.effect) for one in apart])
    clear = np.stack([one.clear for one in apart])
    return np.where(clear & (np.abs(effect) >= LEAST_EFFECT), effect, 0.0)


def sentence(
    figures: Sequence[Figure], effect: FloatArray, row: int, other: int, against: str | None
) -> Marked:
    """Say what sets an area apart most: up to three figures whose difference is clear.

    Args:
        figures: All of a profile.
        effect: How much each sets the area apart from `other`, float64 `[f]`, see `distinctive`.
        row: The area.
        other: What it is held against, a row of the figures.
        against: The name of that area; None for the city.
    """
    order = np.argsort(-np.abs(effect), kind="stable")
    claims: dict[str, Marked] = {}
    numbers: list[Marked] = []
    for at in order[: np.count_nonzero(effect)].tolist():
        label, scale = figures[at].info.label, figures[at].scale
        if scale is None or label in claims:
            continue
        claims[label] = scale.words(label, bool(effect[at] > 0), not claims)
        reading = scale.with_unit(label, float(figures[at].value[row]))
        beside = scale.number(float(figures[at].value[other]))
        numbers.append(_beside(reading, against, beside))
        if len(claims) == MOST_NAMED:
            break
    if not claims:
        return _like(against)
    said = {
        "claims": _joined_by(list(claims.values()), _WITH_AND),
        "numbers": _joined_by(numbers, _WITH_COMMAS),
    }
    if against is None:
        return mark("{claims} than the city: {numbers}.", **said)
    return mark("{claims} than {other}: {numbers}.", **said, other=against)


def _like(against: str | None) -> Marked:
    if against is None:
        return as_marked(
            mark("Much like the city: no figure sets it apart by more than chance may.")
        )
    return mark(
        "Much like {other}: no figure sets it apart by more than chance may.", other=against
    )


def _beside(reading: Marked, against: str | None, number: Marked | Numeral) -> Marked:
    if against is None:
        return mark("{reading} (city {number})", reading=reading, number=number)
    name = against.removeprefix("the ")
    return mark("{reading} ({other} {number})", reading=reading, other=name, number=number)


def _correlation(figure: Figure, other: int) -> FloatArray:
    """Correlation of every row's error with that of one row, float64 `[a + 1]`."""
    rows = figure.influence
    if rows is None:
        return np.zeros(len(figure.value))
    product = np.asarray((rows @ rows[[other]].T).todense(), dtype=np.float64).reshape(-1)
    length = np.sqrt(np.asarray(rows.power(2).sum(axis=1), dtype=np.float64).reshape(-1))
    both = length * length[other]
    r = np.divide(product, both, out=np.zeros_like(both), where=both > 0)
    return np.asarray(np.clip(r, -1, 1))


def _joined(one: FloatArray, other: float, r: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(one**2 + other**2 - 2 * r * one * other, 0)))


def _joined_by(parts: Sequence[Marked], sentences: Mapping[int, str]) -> Marked:
    """Up to three parts as the sentence for so many joins them."""
    if len(parts) == 1:
        return parts[0]
    return mark(sentences[len(parts)], **dict(zip(_PLACES, parts, strict=False)))
