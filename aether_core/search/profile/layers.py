"""Figures of kept layers: a rule for each sort of layer, known by the fields it has."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from aether_core.language import as_marked, mark
from aether_core.search.profile.figures import (
    Figure,
    FigureInfo,
    Number,
    Scale,
    Share,
    Weights,
    best_of,
    in_blocks,
    is_share,
    measured,
    predicted,
    probable,
    sampled,
    weights_of,
)
from aether_core.search.profile.ground import Ground
from aether_core.tasks.kinds.class_map import OBSERVED

BEST = 90.0
"""Percentile from which on a cell is one of the city's best tenth."""
MOST_CLASSES = 30
"""A text with more values than this names things and sorts nothing."""
_DEFAULT_LEVEL = 0.9
_SCORES: Final[Mapping[str, str]] = MappingProxyType(
    {"score": mark("score"), "change": mark("change")}
)
"""Fields that this app's own searches are known by."""
_NUMBERS = ("float", "int")


@dataclass(frozen=True, eq=False)
class LayerCells:
    """A kept layer of cells.

    Attributes:
        slug: Its short name.
        title: Its name for people.
        fields: `{name, type, unit}` each.
        columns: Values by field, `[m]`, one a cell of the city; NaN or None where it has none.
        level: Coverage its intervals were made for; None where it says none.
        block: Number of the block each cell lies in, int64 `[m]`: cells of one block err together.
        cell_m2: Size of each cell, float64 `[m]`.
    """

    slug: str
    title: str
    fields: Sequence[Mapping[str, Any]]
    columns: Mapping[str, NDArray[Any]]
    level: float | None
    block: NDArray[np.int64]
    cell_m2: NDArray[np.float64]

    @cached_property
    def blocks(self) -> csr_array:
        """See `aether_core.search.profile.figures.in_blocks`."""
        return in_blocks(self.block)

    @cached_property
    def of_city(self) -> tuple[Figure, ...]:
        """Its figures of the whole city, one row each: whatever areas are asked about."""
        return tuple(_figures(self, csr_array(self.cell_m2[None, :])))

    def of_type(self, *types: str) -> list[str]:
        """Names of its fields of some types, in order."""
        return [str(field["name"]) for field in self.fields if field["type"] in types]

    def unit(self, name: str) -> str:
        """Unit of a field."""
        return next(str(one.get("unit", "")) for one in self.fields if one["name"] == name)

    def number(self, name: str) -> NDArray[np.float64]:
        """A field as float64 `[m]`."""
        return np.asarray(pd.to_numeric(pd.Series(self.columns[name]), errors="coerce"), float)

    def trusted(self, of: Sequence[str]) -> NDArray[np.bool_]:
        """Cells with data, observed or inside the area of applicability where there is one.

        Returns:
            Bool `[m]`.
        """
        there = np.isfinite(np.stack([self.number(name) for name in of])).all(axis=0)
        if "applicable" in self.columns:
            holds = pd.Series(self.columns["applicable"]).eq(True).to_numpy()
            if "source" in self.columns:
                holds = holds | pd.Series(self.columns["source"]).eq(OBSERVED).to_numpy()
            there &= holds
        return np.asarray(there, dtype=bool)

    def info(self, what: str, label: str, unit: str, short: str = "") -> FigureInfo:
        """What a figure of this layer is called."""
        words = re.sub(r"\W+", "_", f"{self.slug}_{what}").strip("_")
        return FigureInfo(words, label, unit, self.slug, short)


class LayerRule(Protocol):
    """How one sort of layer becomes figures."""

    def fits(self, layer: LayerCells) -> bool:
        """Whether a layer is of this sort."""

    def figures(self, layer: LayerCells, shared: csr_array) -> Iterator[Figure]:
        """Its figures of areas, by what they share with its cells, float64 `[r, m]`, m2.

        A row's figures are the same whatever other rows there are.
        """


class ClassProbabilities:
    """Land use: the ground by class, summed from calibrated probabilities `p_<class>`.

    Only cells inside the area of applicability count; the rest is a figure of its own.
    """

    def _fields(self, layer: LayerCells) -> list[str]:
        return [name for name in layer.of_type("float") if name.startswith("p_")]

    def fits(self, layer: LayerCells) -> bool:
        """See `LayerRule`."""
        return len(self._fields(layer)) > 1 and bool(layer.of_type("text"))

    def figures(self, layer: LayerCells, shared: csr_array) -> Iterator[Figure]:
        """See `LayerRule`."""
        fields = self._fields(layer)
        weights = weights_of(shared, layer.blocks, layer.trusted(fields))
        for name in fields:
            label = name.removeprefix("p_")
            info = layer.info(label, label, "share of the ground")
            yield probable(info, weights, layer.number(name))
        yield _not_trusted(layer, weights)


class PredictedNumbers:
    """Predictions with ends `<field>_lo` and `<field>_hi`: shares of people, or any number."""

    def _fields(self, layer: LayerCells) -> list[str]:
        names = set(layer.of_type(*_NUMBERS))
        return [name for name in layer.of_type(*_NUMBERS) if {f"{name}_lo", f"{name}_hi"} <= names]

    def fits(self, layer: LayerCells) -> bool:
        """See `LayerRule`."""
        return bool(self._fields(layer))

    def figures(self, layer: LayerCells, shared: csr_array) -> Iterator[Figure]:
        """See `LayerRule`."""
        fields = self._fields(layer)
        ends = [f"{name}{end}" for name in fields for end in ("_lo", "_hi")]
        weights = weights_of(shared, layer.blocks, layer.trusted([*fields, *ends]))
        for name in fields:
            value = layer.number(name)
            share = is_share(layer.unit(name))
            scale: Scale = Share() if share else Number(float(np.nanstd(value)))
            yield predicted(
                layer.info(name, name, layer.unit(name)),
                weights,
                value,
                value - layer.number(f"{name}_lo"),
                layer.number(f"{name}_hi") - value,
                level=layer.level or _DEFAULT_LEVEL,
                scale=scale,
                bounds=(0.0, 1.0) if share else (-np.inf, np.inf),
            )
        yield _not_trusted(layer, weights)


class Scores:
    """A search or a change: a score and its percentile in the city."""

    def fits(self, layer: LayerCells) -> bool:
        """See `LayerRule`."""
        numbers = layer.of_type(*_NUMBERS)
        return "percentile" in numbers and len(numbers) > 1

    def figures(self, layer: LayerCells, shared: csr_array) -> Iterator[Figure]:
        """See `LayerRule`."""
        main = next(name for name in layer.of_type(*_NUMBERS) if name != "percentile")
        value, percentile = layer.number(main), layer.number("percentile")
        weights = weights_of(shared, layer.blocks, np.isfinite(value))
        called = as_marked(_SCORES[main]) if main in _SCORES else main
        label = mark("{main} of “{title}”", main=called, title=layer.title)
        yield sampled(
            layer.info(main, label, layer.unit(main), called),
            weights,
            value,
            Number(float(np.nanstd(value))),
        )
        best = np.where(np.isfinite(percentile), percentile >= BEST, np.nan)
        tenth = layer.info(
            "best_tenth",
            mark("the city's best tenth for “{title}”", title=layer.title),
            "share of the ground",
            as_marked(mark("the city's best tenth")),
        )
        # The mean tells the same story; only one of the two may set an area apart.
        yield _not_distinctive(sampled(tenth, weights, best, Share()))
        top = layer.info(
            "top_percentile",
            mark("best percentile of “{title}”", title=layer.title),
            "percentile",
            as_marked(mark("best percentile")),
        )
        yield best_of(top, shared, layer.cell_m2, percentile)


class PlainValues:
    """Any other layer: means of its numbers, and the ground by class of its texts."""

    def fits(self, layer: LayerCells) -> bool:
        """See `LayerRule`."""
        return bool(layer.of_type(*_NUMBERS, "text"))

    def figures(self, layer: LayerCells, shared: csr_array) -> Iterator[Figure]:
        """See `LayerRule`."""
        for name in layer.of_type(*_NUMBERS):
            value = layer.number(name)
            weights = weights_of(shared, layer.blocks, np.isfinite(value))
            scale = Number(float(np.nanstd(value)) if np.isfinite(value).any() else 0.0)
            yield sampled(layer.info(name, name, layer.unit(name)), weights, value, scale)
        for name in layer.of_type("text"):
            column = pd.Series(layer.columns[name], dtype=object)
            classes = sorted(set(column.dropna()))
            if len(classes) > MOST_CLASSES:
                continue
            weights = weights_of(shared, layer.blocks, column.notna().to_numpy())
            for one in classes:
                info = layer.info(f"{name}_{one}", str(one), "share of the ground")
                yield sampled(info, weights, column.eq(one).to_numpy(float), Share())


RULES: tuple[LayerRule, ...] = (
    ClassProbabilities(),
    PredictedNumbers(),
    Scores(),
    PlainValues(),
)
"""The first that fits a layer makes its figures."""


def layer_figures(layer: LayerCells, ground: Ground) -> list[Figure]:
    """The figures of a layer; none where it has no numbers and no classes."""
    of_areas = _figures(layer, csr_array(ground.shared[:-1]))
    return [one.above(last) for one, last in zip(of_areas, layer.of_city, strict=True)]


def _figures(layer: LayerCells, shared: csr_array) -> Iterator[Figure]:
    rule = next((rule for rule in RULES if rule.fits(layer)), None)
    return iter(()) if rule is None else rule.figures(layer, shared)


def _not_trusted(layer: LayerCells, weights: Weights) -> Figure:
    """Ground that the layer's other figures say nothing of."""
    label = mark("ground that {title} cannot be asked about", title=layer.title)
    info = layer.info("not_trusted", label, "share of the ground")
    return measured(info, 1 - weights.known)


def _not_distinctive(figure: Figure) -> Figure:
    return Figure(
        figure.info,
        figure.interval,
        figure.level,
        figure.value,
        figure.low,
        figure.high,
        figure.influence,
    )
