"""What a report is about."""

import math
from dataclasses import dataclass

from aether_core.tasks.findings import Score
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary


@dataclass(frozen=True)
class Subject:
    """A layer and its city.

    Attributes:
        store: Where its values are.
    """

    store: Store
    city: CitySummary
    layer: LayerSummary

    @property
    def level(self) -> float:
        """What sets and intervals were made to hold."""
        return float(self.layer.parameters.get("level", 0.9))


def percent(part: float | None, digits: int = 0) -> str:
    """A part of one as per cent, a dash where there is none."""
    return "–" if part is None else f"{part:.{digits}%}".replace("%", " %")


def figure(value: float | None) -> str:
    """A score with three digits, a dash where there is none."""
    return "–" if value is None or math.isnan(value) else f"{value:.3f}"


def interval(score: Score) -> str:
    """`0.61 to 0.68` of a score."""
    return f"{figure(score.lo)} to {figure(score.hi)}"
