"""How far the cells of a city have moved towards a query, beside what years differ anyway."""

from typing import Final

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.charts.palette import CHANGE_RAMP, QUIET
from aether_core.charts.words import Chart, counted, layered, percent, titled
from aether_core.language import _, mark

AWAY, WITHIN, TOWARDS = mark("away from it"), mark("within noise"), mark("towards it")
_COLOURS: Final = {AWAY: CHANGE_RAMP[1], WITHIN: "#aab3ba", TOWARDS: CHANGE_RAMP[5]}
_BINS: Final = 60
_SHOWN: Final = 0.998


def change_histogram(change: NDArray[np.float32], low: float, high: float, several: str) -> Chart:
    """Draw how many units changed by how much, with the band of the noise.

    Args:
        change: Change of each unit.
        low: Lower end of the noise.
        high: Upper end of the noise.
        several: What units are called, such as `map cells`.
    """
    frame = histogram_bars(change, low, high)
    domain = [float(frame["from"].min()), float(frame["to"].max())]
    x = alt.X(
        "from:Q",
        title=_("Change in score"),
        scale=alt.Scale(domain=domain, nice=False),
        axis=alt.Axis(format="+.2f"),
    )
    bars = (
        alt.Chart(frame)
        .mark_bar(binSpacing=0)
        .encode(
            x=x,
            x2="to:Q",
            # Most cells lie within the noise; the root lets the others be seen beside them.
            y=alt.Y(
                "cells:Q",
                title=f"{several.capitalize()} (root scale)",
                scale=alt.Scale(type="sqrt"),
            ),
            y2=alt.Y2Datum(0),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                "what:N",
                alt.Tooltip("from:Q", title="from", format="+.3f"),
                alt.Tooltip("to:Q", title="to", format="+.3f"),
                alt.Tooltip("cells:Q", title=several, format=","),
            ],
        )
    )
    ends = alt.Chart(pd.DataFrame({"from": [low, high]}))
    rules = ends.mark_rule(color=QUIET, strokeDash=[5, 4]).encode(x=x)
    within = float(((change >= low) & (change <= high)).mean())
    note = _(
        "{within} of {units} {several} within noise (dashed)",
        within=percent(within, 1),
        units=counted(len(change)),
        several=several,
    )
    return titled(
        layered(bars, rules), _("Change in score across {several}", several=several), note
    )


def histogram_bars(change: NDArray[np.float32], low: float, high: float) -> pd.DataFrame:
    """The bars of the histogram: `from`, `to`, `cells`, `what`; none crosses an end of the noise.

    Args:
        change: Change of each cell; a few far out are counted in the outermost bars.
        low: Lower end of the noise.
        high: Upper end of the noise.
    """
    tail = (1 - _SHOWN) / 2
    first, last = np.quantile(change.astype(np.float64), (tail, 1 - tail))
    width = max(last - first, high - low, 1e-6) / _BINS
    inner = max(round((high - low) / width), 1)
    below, above = (max(int(np.ceil(room / width)), 1) for room in (low - first, last - high))
    edges = np.concatenate(
        [
            low - width * np.arange(below, 0, -1),
            np.linspace(low, high, inner + 1) if high > low else [low, low + width],
            max(high, low + width) + width * np.arange(1, above + 1),
        ]
    )
    counts, __ = np.histogram(np.clip(change, edges[0], edges[-1]), edges)
    what = np.repeat(
        [_(AWAY), _(WITHIN), _(TOWARDS)], [below, len(edges) - 1 - below - above, above]
    )
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "cells": counts, "what": what})
