"""The profile of areas: every figure of each, beside the city's."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from aether_core.city.units import Units
from aether_core.errors import InputError
from aether_core.language import Marked, as_marked, mark
from aether_core.progress import Progress, silent
from aether_core.search.profile.compare import Differences, differences, distinctive, sentence
from aether_core.search.profile.figures import GROUND, PLACES, Figure, FigureInfo, measured, rate
from aether_core.search.profile.ground import Ground, place_tree, places_in
from aether_core.search.profile.layers import LayerCells, layer_figures

MOST_GROUPS = 30
"""Groups of places with a figure of their own; the rarer ones count in the total alone."""
_EVERY = as_marked(mark("places"))
_KEYS = ("value", "lo", "hi", "city", "difference", "difference_lo", "difference_hi")


@dataclass(frozen=True, eq=False)
class Places:
    """A city's places.

    Attributes:
        lonlat: WGS84, float64 `[p, 2]`.
        group: Of each, "" where it has none; length p.
        units: The city's.
    """

    lonlat: NDArray[np.float64]
    group: Sequence[str]
    units: Units

    @cached_property
    def tree(self) -> shapely.STRtree:
        """See `aether_core.search.profile.ground.place_tree`."""
        return place_tree(self.units, self.lonlat)

    @cached_property
    def rated(self) -> NDArray[np.int64]:
        """Those that stand on one of the city's cells, rows, int64 `[q]`."""
        return np.flatnonzero(self.units.rows_at(self.lonlat) >= 0)


@dataclass(frozen=True, eq=False)
class Profile:
    """Figures of areas.

    Attributes:
        ground: The areas over the city's cells.
        figures: Each for every area and, in the last row, for the city; names are unique.
    """

    ground: Ground
    figures: tuple[Figure, ...]

    @cached_property
    def apart(self) -> tuple[Differences, ...]:
        """Every figure's differences to the city."""
        return tuple(differences(figure) for figure in self.figures)

    @cached_property
    def _effects(self) -> NDArray[np.float64]:
        """How much each figure sets each area apart from the city, float64 `[f, a + 1]`."""
        return distinctive(self.apart)

    @cached_property
    def _columns(self) -> dict[str, list[list[float | None]]]:
        """By figure, one list a key of `_KEYS`, one value a row."""
        return {
            figure.info.name: [
                _plain(one)
                for one in (
                    *(figure.value, figure.low, figure.high),
                    np.full_like(figure.value, figure.value[-1]),
                    *(apart.value, apart.low, apart.high),
                )
            ]
            for figure, apart in zip(self.figures, self.apart, strict=True)
        }

    def row_of(self, name: str) -> int:
        """Row of an area.

        Raises:
            InputError: There is no such area.
        """
        found = np.flatnonzero(self.ground.name == name)
        if not len(found):
            names = self.ground.name[:8].tolist()
            more = f" and {len(self.ground) - 8:,} more" if len(self.ground) > 8 else ""
            raise InputError(
                "there is no area of this name",
                name,
                f"the areas are {', '.join(names)}{more}",
                code="no-such-area-name",
            )
        return int(found[0])

    def sentence(self, row: int) -> Marked:
        """What sets an area apart from the city, in one sentence."""
        return sentence(self.figures, self._effects[:, row], row, -1, None)

    @cached_property
    def sentences(self) -> tuple[Marked, ...]:
        """What sets each area apart from the city, in the order of the areas."""
        return tuple(self.sentence(row) for row in range(len(self.ground)))

    def area(self, row: int) -> dict[str, Any]:
        """All that is known of one area, as JSON values."""
        ground = self.ground
        return {
            "name": str(ground.name[row]),
            "cells": int(ground.cells[row]),
            "covered": round(float(ground.covered[row]), 6),
            "sentence": self.sentence(row),
            "figures": {
                name: dict(zip(_KEYS, (column[row] for column in columns), strict=True))
                for name, columns in self._columns.items()
            },
        }

    def between(self, a: str, b: str) -> dict[str, Any]:
        """One area less another, figure by figure, as JSON values.

        Raises:
            InputError: There is no such area, or both are the same.
        """
        first, second = self.row_of(a), self.row_of(b)
        if first == second:
            raise InputError(
                "an area cannot be compared with itself",
                a,
                "name two areas",
                code="area-against-itself",
            )
        apart = [differences(figure, second) for figure in self.figures]
        return {
            "a": a,
            "b": b,
            "sentence": sentence(self.figures, distinctive(apart)[:, first], first, second, b),
            "figures": {
                figure.info.name: {
                    "a": _number(figure.value[first]),
                    "b": _number(figure.value[second]),
                    "difference": _number(one.value[first]),
                    "lo": _number(one.low[first]),
                    "hi": _number(one.high[first]),
                }
                for figure, one in zip(self.figures, apart, strict=True)
            },
        }

    def facts(self) -> list[dict[str, Any]]:
        """What each figure is, and the city's own with its interval, as JSON values."""
        return [
            {
                "name": figure.info.name,
                "label": figure.info.label,
                "unit": figure.info.unit,
                "source": figure.info.source,
                "interval": figure.interval,
                "level": figure.level,
                "city": _number(figure.value[-1]),
                "city_lo": _number(figure.low[-1]),
                "city_hi": _number(figure.high[-1]),
            }
            for figure in self.figures
        ]


def profile_of(
    ground: Ground, places: Places, layers: Sequence[LayerCells], progress: Progress = silent
) -> Profile:
    """Work out every figure of every area.

    Args:
        ground: The areas over the city's cells.
        places: The city's.
        layers: Kept layers of cells.
        progress: Told as layers are done.
    """
    figures = [
        measured(FigureInfo("area_km2", as_marked(mark("area")), "km²", GROUND), _sizes(ground))
    ]
    figures += _of_places(ground, places)
    for done, layer in enumerate(layers):
        progress("figures of layers", done, len(layers))
        figures += layer_figures(layer, ground)
    return Profile(ground, tuple(_named_apart(figures)))


def _sizes(ground: Ground) -> NDArray[np.float64]:
    return np.append(ground.km2, ground.city_km2)


def _of_places(ground: Ground, places: Places) -> Iterator[Figure]:
    """How many places, and how many a square kilometre: all, and by group."""
    inside = places_in(ground, places.tree)
    count = np.asarray(inside.sum(axis=1), dtype=np.float64).reshape(-1)
    yield measured(FigureInfo("places", _EVERY, "places", PLACES), count)
    # Ground the city has no cells for has no places either: neither belongs into a rate.
    km2 = ground.covered_km2
    rated = places.rated
    named = FigureInfo("places_per_km2", _EVERY, "places per km²", PLACES)
    by_place = csc_array(inside)
    yield rate(named, csr_array(by_place[:, rated]), km2)
    group = np.array([str(one).strip() for one in places.group], dtype=object)
    commonest = Counter(group[group != ""].tolist()).most_common(MOST_GROUPS)
    for one, _ in commonest:
        group_name = one.replace("_", " ")
        label = mark("{group} places", group=group_name)
        info = FigureInfo(
            f"places_per_km2_{_word(one)}", label, "places per km²", PLACES, group_name
        )
        yield rate(info, csr_array(by_place[:, rated[group[rated] == one]]), km2)


def _named_apart(figures: Sequence[Figure]) -> Iterator[Figure]:
    """Figures with a number behind a name that another has."""
    taken: set[str] = set()
    for figure in figures:
        base = figure.info.name
        candidates = (base if n == 1 else f"{base}_{n}" for n in range(1, len(taken) + 2))
        name = next(one for one in candidates if one not in taken)
        taken.add(name)
        yield figure if name == base else replace(figure, info=replace(figure.info, name=name))


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def _number(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None


def _plain(values: NDArray[np.float64]) -> list[float | None]:
    return [
        value if finite else None
        for value, finite in zip(values.tolist(), np.isfinite(values).tolist(), strict=True)
    ]
