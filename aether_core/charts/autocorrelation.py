"""How alike labels are by how far apart they lie."""

import math
from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from aether_core.charts.palette import BLUE, QUIET, VERMILION
from aether_core.charts.words import Chart, counted, layered, nothing, titled
from aether_core.language import _, mark
from aether_core.spatial.variogram import Variogram

_TITLE: Final = mark("Variogram of the labels")
_POINTS_OF_CURVE: Final = 80


def variogram(found: Variogram, *, block_m: float | None = None) -> Chart:
    """Draw a variogram: the measured points, the fitted model, its range and the block chosen.

    Args:
        found: What was measured and fitted.
        block_m: Side of the spatial blocks in use, metres; marked when given.
    """
    frame = pd.DataFrame(
        {
            "distance": np.asarray(found.distance_m, dtype=float),
            "difference": np.asarray(found.semivariance, dtype=float),
            "pairs": np.asarray(found.pairs, dtype=int),
        }
    ).dropna()
    x = alt.X(
        "distance:Q", title=_("Distance between two labels (m)"), axis=alt.Axis(format=",.0f")
    )
    y = alt.Y(
        "difference:Q",
        title=_("Semivariance (0: identical)"),
        scale=alt.Scale(zero=True),
    )
    points = (
        alt.Chart(frame)
        .mark_circle(color=BLUE, opacity=0.9)
        .encode(
            x=x,
            y=y,
            size=alt.Size("pairs:Q", legend=None, scale=alt.Scale(range=[25, 190])),
            tooltip=[
                alt.Tooltip("distance:Q", title=_("distance, m"), format=",.0f"),
                alt.Tooltip("difference:Q", title="semivariance", format=".3f"),
                alt.Tooltip("pairs:Q", title="pairs", format=","),
            ],
        )
    )
    curve = alt.Chart(_spherical(found, frame)).mark_line(color=BLUE, opacity=0.55)
    if not len(frame):
        return nothing(_(_TITLE), _("no pairs of labels to compare"))
    marks = _marks(found.range_m, block_m, float(frame["distance"].max()))
    chart = layered(curve.encode(x=x, y=y), points, *marks)
    return titled(chart, _(_TITLE), _counted(found, frame))


def _counted(found: Variogram, frame: pd.DataFrame) -> str:
    pairs = int(frame["pairs"].sum())
    if not found.range_m > 0:
        return _("{n} pairs of labels; no range found", n=counted(pairs))
    return _("{n} pairs of labels; larger dots stand for more pairs", n=counted(pairs))


def _spherical(found: Variogram, frame: pd.DataFrame) -> pd.DataFrame:
    """The fitted model along the axis: rises from the nugget and is flat beyond the range."""
    reach = found.range_m
    nugget, sill = found.nugget, found.sill
    if not all(map(math.isfinite, (reach, nugget, sill))):
        return pd.DataFrame({"distance": [], "difference": []})
    distance = np.linspace(0, float(frame["distance"].max()), _POINTS_OF_CURVE)
    part = np.clip(distance / reach, 0, 1) if reach > 0 else np.ones_like(distance)
    rising = nugget + (sill - nugget) * (1.5 * part - 0.5 * part**3)
    return pd.DataFrame({"distance": distance, "difference": rising})


def _marks(reach: float, block_m: float | None, end: float) -> list[alt.Chart]:
    marks = [(reach, "range", QUIET, -8)] if reach > 0 and math.isfinite(reach) else []
    if block_m is not None:
        marks.append((block_m, "block", VERMILION, -24))
    layers: list[alt.Chart] = []
    for at, what, colour, up in marks:
        one = alt.Chart(pd.DataFrame({"distance": [at], "what": [f"{what} {at:,.0f} m"]}))
        layers.append(one.mark_rule(color=colour, strokeDash=[5, 4]).encode(x="distance:Q"))
        left = at > 0.7 * end or (at == min(marks)[0] and at > 0.25 * end)
        text = one.mark_text(
            color=colour, align="right" if left else "left", dx=-5 if left else 5, dy=up
        )
        layers.append(text.encode(x="distance:Q", y=alt.value("height"), text="what:N"))
    return layers
