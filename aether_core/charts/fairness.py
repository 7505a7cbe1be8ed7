"""Whether some groups are served worse than others."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from aether_core.charts.palette import BLUE, QUIET
from aether_core.charts.words import (
    Chart,
    counted,
    fitted,
    layered,
    measure,
    name_axis,
    nothing,
    percent,
    titled,
)
from aether_core.language import _
from aether_core.tasks.testing.fairness import Figure, GroupFigures

_FIGURES: Final = ("value", "lo", "hi")


def fairness(
    groups: Sequence[GroupFigures],
    value: Figure,
    *,
    title: str = "",
    axis: str = "",
    overall: float | None = None,
) -> Chart:
    """Draw one figure a group with its interval; groups too small are named without one.

    Args:
        groups: What was measured on each.
        value: Which figure to draw.
        title: What is shown; the metric's name without.
        axis: The value with its unit; the metric's own without.
        overall: The figure over all groups, marked when given.
    """
    if not groups:
        return nothing(title or measure(value).title, _("no groups"))
    group_labels = [f"{one.group} ({counted(one.n)})" for one in groups]
    frame = pd.DataFrame(
        [
            (what, *one.figure(value))
            for what, one in zip(fitted(group_labels, width=30), groups, strict=True)
        ],
        columns=["what", "value", "lo", "hi"],
    )
    sort = frame["what"].tolist()
    base = alt.Chart(frame).encode(y=alt.Y("what:N", title=None, sort=sort, axis=name_axis()))
    there = base.transform_filter("isValid(datum.value)")
    scale, named = _scale(frame), axis or measure(value).axis
    layers = [
        there.transform_filter("isValid(datum.lo)")
        .mark_rule(strokeWidth=2.5, color=BLUE)
        .encode(x=alt.X("lo:Q", title=named, scale=scale), x2="hi:Q"),
        there.mark_point(filled=True, size=80, opacity=1, color=BLUE).encode(
            x=alt.X("value:Q", title=named, scale=scale),
            tooltip=["what:N", *(alt.Tooltip(f"{k}:Q", format=".3f") for k in _FIGURES)],
        ),
        base.transform_filter("!isValid(datum.value)")
        .mark_text(align="left", color=QUIET, text=_("too few to tell"))
        .encode(x=alt.value(4)),
    ]
    if overall is not None:
        at = alt.Chart(pd.DataFrame({"value": [overall]}))
        layers.append(at.mark_rule(color=QUIET, strokeDash=[5, 4]).encode(x="value:Q"))
    note = _(
        "{units}; bars: {share} interval",
        units=counted(sum(one.n for one in groups)),
        share=percent(0.95),
    )
    note += _("; dashed: all groups") if overall is not None else ""
    return titled(layered(*layers), title or measure(value).title, note)


def _scale(frame: pd.DataFrame) -> alt.Scale:
    """A little room around the figures, never below 0 nor, for shares of one, above 1."""
    figures = frame[["value", "lo", "hi"]].to_numpy(dtype=float)
    if not np.isfinite(figures).any():
        return alt.Scale(domain=[0, 1])
    low, high = float(np.nanmin(figures)), float(np.nanmax(figures))
    room = 0.08 * max(high - low, 0.05)
    top = min(1.0, high + room) if high <= 1 else high + room
    return alt.Scale(domain=[max(0.0, low - room), top], nice=False)
