"""Figures of districts in a few characters in the reader's language, for pages and reports."""

from typing import Final

from aether_core.language import _, figure, mark, translated
from aether_core.search.profile.figures import is_share, number_in_words

_UNITS: Final = frozenset(
    {
        mark("places"),
        mark("places per km²"),
        mark("percentile"),
        mark("share of the ground"),
        mark("predicted share, 0 to 1"),
        mark("match (cosine), -1 to 1"),
        mark("0 to 1, of all criteria"),
        mark("later minus earlier score"),
        mark("estimate"),
    }
)
"""Units that this app gives its own figures; those of somebody's files are as they are."""
_ON_AXES: Final = {"share of the ground": mark("% of the ground")}
"""What an axis in per cent calls a unit."""


def told(value: float | None, unit: str) -> str:
    """A value without its unit; shares in per cent."""
    if value is not None and is_share(unit):
        return figure(value, ".1%")
    return told_number(value)


def told_range(low: float | None, high: float | None, unit: str) -> str:
    """The ends of an interval; empty where there is none."""
    if low is None or high is None or low == high:
        return ""
    return _("{low} to {high}", low=told(low, unit), high=told(high, unit))


def told_number(value: float | None) -> str:
    """A number as `number_in_words` writes it, where it is known."""
    return _("unknown") if value is None else translated(number_in_words(value))


def told_unit(unit: str) -> str:
    """A figure's unit."""
    return _(unit) if unit in _UNITS else unit


def told_axis(unit: str) -> str:
    """What an axis of such figures is called."""
    return _(_ON_AXES[unit]) if unit in _ON_AXES else told_unit(unit)
