"""What is predicted of the areas: a registered object each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.evidence.metro import Metro
from aether_core.tasks.kinds.kind import TaskKind
from aether_core.tasks.kinds.numbers import NumbersKind
from aether_core.tasks.kinds.shares import SHARES
from aether_core.tasks.values.transform import AUTO, choose_transform

FEWEST_COUNTED = 100.0
"""People or families an area needs: shares of fewer are chance."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """A figure of areas.

    Attributes:
        name: In commands and JSON.
        title: In tables.
        columns: What a file needs for it.
        outcomes: Names of what is predicted.
        metric: The metric that gains are told of.
        of: Gives the target, float64 `[m, k]`; a row with NaN is left out.
        kind: The kind of task, for the numbers of the rows that stay.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    outcomes: tuple[str, ...]
    metric: str
    of: Callable[[Metro], Floats]
    kind: Callable[[Floats], TaskKind]

    def missing(self, metro: Metro) -> list[str]:
        """Columns that a file lacks."""
        return [name for name in self.columns if name not in metro.figures]


def _shares(_rows: Floats) -> TaskKind:
    return SHARES


def _numbers(rows: Floats) -> TaskKind:
    return NumbersKind(choose_transform(AUTO, rows[:, 0]))


def _columns(metro: Metro, names: tuple[str, ...]) -> Floats:
    return np.asarray(metro.figures[list(names)], dtype=np.float64)


def _enough(values: Floats, counted: Floats) -> Floats:
    """The values where enough were counted; NaN rows elsewhere."""
    return np.where((counted >= FEWEST_COUNTED)[:, None], values, np.nan)


def _divided(parts: Floats, whole: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return parts / whole[:, None]


_INCOME = (
    "fam_inc_lt10k",
    "fam_inc_10to15k",
    "fam_inc_15to25k",
    "fam_inc_25to50k",
    "fam_inc_50kplus",
)
_AGE = ("minor_ratio", "elderly_ratio", "population")


def _income(metro: Metro) -> Floats:
    families = _columns(metro, _INCOME)
    whole = families.sum(axis=1)
    return _enough(_divided(families, whole), whole)


def _age(metro: Metro) -> Floats:
    young, old, people = _columns(metro, _AGE).T
    shares = np.column_stack([young, 1 - young - old, old])
    shares[(shares < 0).any(axis=1)] = np.nan
    return _enough(shares, people)


def _poverty(metro: Metro) -> Floats:
    poor, people = _columns(metro, ("persons_below_poverty", "population")).T
    return _enough(_divided(poor[:, None], people), people)


def _density(metro: Metro) -> Floats:
    people = _columns(metro, ("population",))
    return people / metro.km2[:, None]


def _developed(metro: Metro) -> Floats:
    return _columns(metro, ("developed_pct",))


TARGETS: Final = (
    Target("income", "Families by income, 5 shares", _INCOME, _INCOME, "kl", _income, _shares),
    Target("age", "People by age, 3 shares", _AGE, ("minor", "adult", "elderly"), "kl", _age,
           _shares),
    Target("poverty", "Persons in poverty, share", ("persons_below_poverty", "population"),
           ("poverty",), "mae", _poverty, _numbers),
    Target("density", "People a km²", ("population",), ("density",), "mae", _density, _numbers),
    Target("developed", "Developed land, %", ("developed_pct",), ("developed",), "mae",
           _developed, _numbers),
)  # fmt: skip
"""All there are, in the order of the tables."""


def usable(target: Target, metro: Metro) -> pd.Series:
    """Areas that have the target, Boolean `[m]`."""
    return pd.Series(np.isfinite(target.of(metro)).all(axis=1))
