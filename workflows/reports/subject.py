"""What a report is about."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from aether_core import language
from aether_core.charts.breaks import number_text
from aether_core.language import _
from aether_core.registry import Registry
from aether_core.report import Block
from aether_core.tasks.findings import Score
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary
from workflows.reports.choices import ReportDistrict, View

_LARGE: Final = 100.0
"""From here on decimals of a score say nothing."""


@dataclass(frozen=True)
class Subject:
    """A layer and its city.

    Attributes:
        store: Where its values are.
        view: The part of the city its maps show; all of it when None.
        districts: Those that are marked on its maps.
    """

    store: Store
    city: CitySummary
    layer: LayerSummary
    view: View | None = None
    districts: tuple[ReportDistrict, ...] = ()

    @property
    def level(self) -> float:
        """What sets and intervals were made to hold."""
        return float(self.layer.parameters.get("level", 0.9))


REPORT_BODIES: Final[Registry[Callable[[Subject], Iterable[Block]]]] = Registry("workflows.reports")
"""What a report says between the opening boxes and the data, by kind of task or of other layer.

A kind of task without an entry has the report of `tested.body`.
"""


def percent(part: float | None, digits: int = 0) -> str:
    """A part of one as per cent, a dash where there is none."""
    return "–" if part is None else language.figure(100 * part, f".{digits}f") + " %"


def figure(value: float | None) -> str:
    """A score with three digits, of large ones three that count; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    return language.figure(value, ".3f") if abs(value) < _LARGE else number_text(value)


def interval(score: Score) -> str:
    """`0.61 to 0.68` of a score."""
    return _("{low} to {high}", low=figure(score.lo), high=figure(score.hi))
