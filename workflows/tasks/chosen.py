"""Which representation a map is made from: the one that was named, or the best by inner folds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.samples.representations import REPRESENTATION_KINDS, CityArrays
from aether_core.tasks.testing.chosen import BEST, ChosenByInnerFolds, best_of
from aether_core.tasks.testing.experiment import Described, ExperimentSetup
from workflows.tasks.settings import FitSettings

_OFFERED: Final = ("alphaearth", "concat", "concat-mix")
"""What the best is chosen from; AETHER or places alone were best nowhere on genuine ground."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class MadeFrom:
    """What a map is made from.

    Attributes:
        fit: The settings, with the representation by its name.
        x: It, of the samples, finite float32 `[n, d]`.
        tested_as: What is tested: the choice itself, made anew in each fold, where one was made.
    """

    fit: FitSettings
    x: Floats
    tested_as: Described


def wanted_names(name: str) -> tuple[str, ...]:
    """Representations that a fit may need, before the city is known.

    Args:
        name: What was asked for: one of them, or `best`.
    """
    return _OFFERED if name == BEST else (name,)


def may_be_of_pixels(name: str) -> bool:
    """Whether areas can take the mean of what was asked for over pixels."""
    return any(REPRESENTATION_KINDS[one].of_pixels for one in wanted_names(name))


def names_here(fit: FitSettings, arrays: CityArrays, *, of_pixels: bool = False) -> tuple[str, ...]:
    """Those that a fit has in a city: `best` leaves out what the city lacks a model or places for.

    Args:
        fit: How a map is fitted.
        arrays: The city, read with what `wanted_names` need.
        of_pixels: Whether `best` is among those that single pixels have.
    """
    names = wanted_names(fit.representation)
    if fit.representation != BEST:
        return names
    kinds = [REPRESENTATION_KINDS[name] for name in names]
    return tuple(
        kind.name
        for kind in kinds
        if (arrays.heads is not None or not kind.needs_model)
        and (len(arrays.poi_lonlat) or not kind.needs_places)
        and (kind.of_pixels or not of_pixels)
    )


def made_from(fit: FitSettings, x: Mapping[str, Floats], setup: ExperimentSetup) -> MadeFrom:
    """Choose what a map is made from.

    Args:
        fit: How it is fitted.
        x: Each representation of `names_here`, of the samples.
        setup: The samples.

    Raises:
        InputError: The samples lie in fewer blocks than there are inner folds.
    """
    if len(x) == 1:
        [(name, rows)] = x.items()
        return MadeFrom(replace(fit, representation=name, chosen_from=_chosen(fit, x)), rows, rows)
    name = best_of(setup, x, np.ones(len(setup.target), dtype=bool), setup.seeds[0])
    chosen = replace(fit, representation=name, chosen_from=_chosen(fit, x))
    return MadeFrom(chosen, x[name], ChosenByInnerFolds(x))


def _chosen(fit: FitSettings, names: Mapping[str, Floats]) -> tuple[str, ...]:
    return tuple(names) if fit.representation == BEST else ()
