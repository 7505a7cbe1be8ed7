"""Predicted against true numbers."""

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from aether_core.charts.palette import BLUE, QUIET
from aether_core.charts.words import Chart, counted, fitted, titled
from aether_core.language import _


def numbers_scatter(
    truth: ArrayLike, predicted: ArrayLike, field: str, *, logarithmic: bool = False
) -> Chart:
    """Draw the predicted number of each sample against the true one.

    Args:
        truth: Numbers, finite `[n]`, at least one.
        predicted: As many.
        field: What they are.
        logarithmic: Draw both axes on the scale `log(1 + x)`; numbers are not negative then.
    """
    frame = pd.DataFrame(
        {"true": np.asarray(truth, float), "predicted": np.asarray(predicted, float)}
    )
    ends = [float(frame.min().min()), float(frame.max().max())]
    # A symmetric logarithm is straight near 0, as log(1 + x) is.
    scale = alt.Scale(
        domain=ends, nice=False, zero=False, type="symlog" if logarithmic else "linear"
    )
    dots = (
        alt.Chart(frame)
        .mark_circle(color=BLUE, opacity=0.35, size=18)
        .encode(
            x=alt.X("true:Q", title=_("Observed"), scale=scale),
            y=alt.Y("predicted:Q", title=_("Estimated"), scale=scale),
            tooltip=[
                alt.Tooltip("true:Q", title=_("Observed"), format=",.4~g"),
                alt.Tooltip("predicted:Q", title=_("Estimated"), format=",.4~g"),
            ],
        )
    )
    diagonal = (
        alt.Chart(pd.DataFrame({"true": ends, "predicted": ends}))
        .mark_line(color=QUIET, strokeDash=[5, 4], strokeWidth=1.2)
        .encode(x="true:Q", y="predicted:Q")
    )
    title = fitted([field], width=60, lines=1)[0]
    return titled(dots + diagonal, title, _("{n} samples", n=counted(len(frame))))
