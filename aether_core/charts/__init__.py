"""Charts of a study: Altair specifications from plain numbers, for pages and for reports."""

from aether_core.charts.autocorrelation import variogram
from aether_core.charts.change import change_histogram
from aether_core.charts.classes import class_counts, confusion
from aether_core.charts.comparison import forest, gains_forest, learning_curve
from aether_core.charts.confidence import coverage, reliability
from aether_core.charts.fairness import fairness
from aether_core.charts.numbers import numbers_scatter
from aether_core.charts.shares import shares_bars, shares_scatter
from aether_core.charts.static import to_png, to_svg
from aether_core.charts.studies import study_chart

__all__ = [
    "change_histogram",
    "class_counts",
    "confusion",
    "coverage",
    "fairness",
    "forest",
    "gains_forest",
    "learning_curve",
    "numbers_scatter",
    "reliability",
    "shares_bars",
    "shares_scatter",
    "study_chart",
    "to_png",
    "to_svg",
    "variogram",
]
