"""Predicted against true shares, and what makes up an area."""

from collections.abc import Mapping
from typing import Final

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from aether_core.charts.class_colours import class_colours
from aether_core.charts.palette import BLUE, QUIET
from aether_core.charts.words import Chart, counted, fitted, layered, name_axis, nothing, titled
from aether_core.language import _, mark

_MOST_DOTS: Final = 2_000


def shares_scatter(truth: ArrayLike, predicted: ArrayLike, field: str) -> Chart:
    """Draw one field's predicted share of each area against the true one.

    Args:
        truth: Shares 0 to 1, `[n]`.
        predicted: As many; areas where either is NaN are left out.
        field: What the share is of.

    Beyond 2,000 areas every few-th is drawn, so that a page stays quick; the subtitle says so.
    """
    both = np.column_stack([np.asarray(truth, float), np.asarray(predicted, float)])
    both = both[np.isfinite(both).all(axis=1)]
    drawn = both[np.unique(np.linspace(0, len(both) - 1, min(len(both), _MOST_DOTS)).astype(int))]
    largest = float(both.max()) if len(both) else 1.0
    scale = alt.Scale(domain=[0, min(1.0, largest * 1.04)], nice=False)
    frame = pd.DataFrame(drawn, columns=["true", "predicted"])
    dots = (
        alt.Chart(frame)
        .mark_circle(color=BLUE, opacity=0.35, size=18)
        .encode(
            x=alt.X("true:Q", title=_("Observed share"), scale=scale, axis=alt.Axis(format=".0%")),
            y=alt.Y(
                "predicted:Q", title=_("Predicted share"), scale=scale, axis=alt.Axis(format=".0%")
            ),
            tooltip=[
                alt.Tooltip("true:Q", format=".1%"),
                alt.Tooltip("predicted:Q", format=".1%"),
            ],
        )
    )
    ends = pd.DataFrame({"true": scale.domain, "predicted": scale.domain})
    diagonal = alt.Chart(ends).mark_line(color=QUIET, strokeDash=[5, 4], strokeWidth=1.2)
    note = _("{n} areas", n=counted(len(both))) + (
        _(", {drawn:,} of them shown", drawn=len(drawn)) if len(drawn) < len(both) else ""
    )
    title = fitted([field], width=60, lines=1)[0]
    return titled(dots + diagonal.encode(x="true:Q", y="predicted:Q"), title, note)


def shares_bars(
    shares: Mapping[str, float],
    *,
    intervals: Mapping[str, tuple[float, float]] | None = None,
    title: str = mark("Shares"),
    counted: str = "",
) -> Chart:
    """Draw one bar a field.

    Args:
        shares: Share of each field, 0 to 1, in the order to be drawn.
        intervals: Low and high of each field, drawn when given.
        title: What the shares are of.
        counted: What was counted and how many, such as `n = 7,033 cells`.
    """
    names = list(shares)
    bounds = intervals or {}
    if not names:
        return nothing(title, _("no fields to plot"))
    frame = pd.DataFrame(
        {
            "what": fitted(names),
            "share": [float(shares[name]) for name in names],
            "lo": [float(bounds[name][0]) if name in bounds else np.nan for name in names],
            "hi": [float(bounds[name][1]) if name in bounds else np.nan for name in names],
            "colour": class_colours(names),
        }
    )
    frame["end"] = frame[["share", "hi"]].max(axis=1)
    base = alt.Chart(frame).encode(
        y=alt.Y("what:N", title=None, sort=None, axis=name_axis()),
        tooltip=[
            "what:N",
            *(alt.Tooltip(f"{key}:Q", format=".1%") for key in ("share", "lo", "hi")),
        ],
    )
    roomy = alt.Scale(domain=[0, 1.12 * max(float(frame["end"].max()), 1e-3)], nice=False)
    x = alt.X("share:Q", title=_("Share"), axis=alt.Axis(format=".0%"), scale=roomy)
    bars = base.mark_bar(cornerRadiusEnd=2).encode(x=x, color=alt.Color("colour:N", scale=None))
    whiskers = base.transform_filter("isValid(datum.lo)").mark_rule(color=QUIET, strokeWidth=2)
    numbers = base.mark_text(align="left", dx=4, color=QUIET)
    chart = layered(
        bars,
        whiskers.encode(x="lo:Q", x2="hi:Q"),
        numbers.encode(x="end:Q", text=alt.Text("share:Q", format=".1%")),
    )
    return titled(chart, title, counted)
