"""Classes of numbers as a reader of the map wants them: other colours, other limits.

Everything that draws numbers takes its classes from `breaks.py`; what stands here changes those, so
that a choice is seen alike on the screen, in reports and in the styles of other programs.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.charts.breaks import (
    Breaks,
    finite_values,
    names_between,
    number_text,
    ramp_colours,
)
from aether_core.charts.palette import DEFAULT_RAMP, MIDDLE_RAMP, RAMPS
from aether_core.errors import InputError
from aether_core.language import mark

LEAST_CLASSES: Final = 2
MOST_CLASSES: Final = 9
"""More colours of one ramp nobody tells apart on a map."""
_MOST_DIGITS, _WRITTEN_ALIKE = 6, 1e-6
_NICE: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_BETWEEN_LIMITS: Final = re.compile(r"[\s,;]+")


@dataclass(frozen=True)
class OwnClasses:
    """What somebody chose for a field of a kept map; what is left out stays as it is.

    Attributes:
        ramp: One of `RAMPS`.
        cut: How the limits are found, one of `CUTS`.
        classes: How many classes, for a cut.
        limits: The limits themselves instead, without the ends, in the field's own numbers.
    """

    ramp: str | None = None
    cut: str | None = None
    classes: int | None = None
    limits: tuple[float, ...] = ()

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen."""
        return self == OwnClasses()

    def changed_by(self, other: "OwnClasses") -> "OwnClasses":
        """This choice with what another one says; what that leaves out stays."""
        ramp = other.ramp or self.ramp
        if other.limits:
            return replace(other, ramp=ramp)
        if other.cut is None and other.classes is None:
            return replace(self, ramp=ramp)
        return OwnClasses(ramp, other.cut or self.cut, other.classes or self.classes)


@dataclass(frozen=True)
class Cut:
    """A way to find limits.

    Attributes:
        title: What it is called.
        about: What it does, in a sentence.
        edges: Limits with both ends from values and a number of classes.
    """

    title: str
    about: str
    edges: Callable[[NDArray[np.float64], int], NDArray[np.float64]]


def _even(values: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    return np.linspace(values.min(), values.max(), classes + 1)


def _quantiles(values: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    return np.asarray(np.quantile(values, np.linspace(0, 1, classes + 1)), dtype=np.float64)


def _round(values: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten: those that give the number asked for."""
    low, high = float(values.min()), float(values.max())
    scale = 10.0 ** math.floor(math.log10((high - low) / classes))
    found = [_multiples(low, high, nice * scale) for nice in _NICE]
    usable = [one for one in found if LEAST_CLASSES <= len(one) + 1 <= MOST_CLASSES]
    inner = min(usable or found, key=lambda one: abs(len(one) + 1 - classes))
    return np.array([low, *inner, high])


def _multiples(low: float, high: float, step: float) -> list[float]:
    """Multiples of a step strictly between two numbers."""
    first, last = math.floor(low / step) + 1, math.ceil(high / step) - 1
    return [float(f"{at * step:.12g}") for at in range(first, last + 1)]


CUTS: Final[Mapping[str, Cut]] = MappingProxyType(
    {
        "round": Cut(
            mark("Round numbers"), mark("Limits that are easy to read, about as many."), _round
        ),
        "even": Cut(mark("Equal steps"), mark("Every class is as wide as the others."), _even),
        "quantiles": Cut(
            mark("Equal counts"),
            mark("Every class holds as many cells or areas as the others."),
            _quantiles,
        ),
    }
)


def own_breaks(default: Breaks, values: NDArray[np.floating], own: OwnClasses) -> Breaks:
    """The classes somebody chose.

    Args:
        default: The field's classes without a choice.
        values: The field's numbers, NaN where there is none.
        own: What was chosen.

    Raises:
        InputError: No such ramp or cut, a number of classes that is not 2 to 9, limits that do not
            ascend, are too many or lie outside the numbers.
    """
    _check(own)
    finite = finite_values(np.asarray(values, dtype=np.float32)).astype(np.float64)
    edges, names = default.edges, list(default.names)
    if own.limits:
        edges = _own_edges(default, finite, own.limits)
        written = _digits([default.factor * limit for limit in own.limits])
        names = names_between(edges, default.factor, default.unit, written)
    elif own.cut is not None and finite.min() < finite.max():
        cut = CUTS[own.cut].edges(finite, own.classes or len(default.names))
        edges = tuple(np.unique(cut).tolist())
        names = names_between(edges, default.factor, default.unit)
    ramp = own.ramp or (MIDDLE_RAMP if default.about_middle else DEFAULT_RAMP)
    return replace(
        default,
        edges=edges,
        colours=ramp_colours(len(names), ramp),
        names=tuple(names),
        about_middle=RAMPS[ramp].about_middle,
    )


def typed_limits(text: str, breaks: Breaks) -> tuple[float, ...]:
    """Limits as somebody wrote them, in the numbers the legend shows.

    Args:
        text: Numbers between blanks, commas or semicolons; a `%` where the legend has one.
        breaks: Classes of the field, which say what the legend's numbers are multiplied by.

    Raises:
        InputError: There is none, or one is no number.
    """
    unit = breaks.unit.strip()
    words = [one for one in _BETWEEN_LIMITS.split(text.replace(unit, " ") if unit else text) if one]
    if not words:
        raise InputError(
            "there is no limit", text, "write one or more, such as 10, 20, 50", code="no-limits"
        )
    return tuple(_number(word) / breaks.factor for word in words)


def limits_text(breaks: Breaks) -> str:
    """The limits between classes as `typed_limits` reads them."""
    return ", ".join(f"{breaks.factor * limit:.6g}" for limit in breaks.edges[1:-1])


def _digits(limits: Sequence[float]) -> int:
    """Digits, three or more, in which limits stand as they were written."""

    def as_written(digits: int) -> bool:
        texts = [number_text(limit, digits).replace(",", "") for limit in limits]
        return all(
            math.isclose(float(text), limit, rel_tol=_WRITTEN_ALIKE)
            for text, limit in zip(texts, limits, strict=True)
        )

    return next((digits for digits in range(3, _MOST_DIGITS) if as_written(digits)), _MOST_DIGITS)


def _number(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(
            "a limit is no number",
            word,
            "write numbers such as 10, 20, 50, with a point for decimals and no comma in thousands",
            code="limit-not-a-number",
        )
    return value


def _check(own: OwnClasses) -> None:
    if own.ramp is not None and own.ramp not in RAMPS:
        raise InputError(
            "no such colours", own.ramp, f"choose from {', '.join(RAMPS)}", code="no-such-ramp"
        )
    if own.cut is not None and own.cut not in CUTS:
        raise InputError(
            "no such way to make classes",
            own.cut,
            f"choose from {', '.join(CUTS)}",
            code="no-such-cut",
        )
    classes = own.classes if own.classes is not None else LEAST_CLASSES
    if not LEAST_CLASSES <= classes <= MOST_CLASSES:
        raise InputError(
            "so many classes cannot be told apart",
            classes,
            f"choose {LEAST_CLASSES} to {MOST_CLASSES}",
            code="class-count-out-of-range",
        )
    if own.limits and own.cut is not None:
        raise InputError(
            "limits are either found or given",
            own.cut,
            "leave out the one or the other",
            code="limits-and-cut",
        )
    if own.classes is not None and own.cut is None:
        raise InputError(
            "a number of classes needs a way to make them",
            own.classes,
            f"say also which: {', '.join(CUTS)}",
            code="classes-without-cut",
        )


def _own_edges(
    default: Breaks, values: NDArray[np.float64], limits: tuple[float, ...]
) -> tuple[float, ...]:
    """Given limits with the least and the largest value as ends."""
    if len(limits) > MOST_CLASSES - 1:
        raise InputError(
            "too many limits",
            len(limits),
            f"give {MOST_CLASSES - 1} at most, which make {MOST_CLASSES} classes",
            code="too-many-limits",
        )

    def said(value: float) -> str:
        return f"{number_text(default.factor * value, 6)}{default.unit}"

    for before, limit in pairwise(limits):
        if limit <= before:
            raise InputError(
                "limits must ascend",
                f"{said(limit)} after {said(before)}",
                "write the lowest first and each once",
                code="limits-not-ascending",
            )
    low, high = float(values.min()), float(values.max())
    for limit in limits:
        if not low < limit < high:
            raise InputError(
                "a limit lies outside the values, so a class would be empty",
                said(limit),
                f"the values go from {said(low)} to {said(high)}",
                code="limit-outside-values",
            )
    return (low, *limits, high)
