"""How many labels each class has, and which classes are taken for which."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.charts.palette import BLUE, QUIET, SHARE_RAMP
from aether_core.charts.words import Chart, counted, fitted, layered, name_axis, nothing, titled
from aether_core.language import _

_NUMBERED_CLASSES: Final = 14
"""With more classes than this the squares are too small for numbers."""


def class_counts(counts: Mapping[str, int], colours: Mapping[str, str] | None = None) -> Chart:
    """Draw the number of labels of each class, most frequent first.

    Args:
        counts: Labels of each class.
        colours: `#rrggbb` of each class as the map has it; without, all bars are alike.
    """
    ordered = sorted(counts.items(), key=lambda one: -one[1])
    names = [name for name, _ in ordered]
    given = colours or {}
    if not ordered:
        return nothing(_("Labels per class"), _("no class has labels"))
    largest = max(1, ordered[0][1])
    frame = pd.DataFrame(
        {
            "what": fitted(names),
            "n": [int(n) for _, n in ordered],
            "colour": [given.get(name, BLUE) for name in names],
        }
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("what:N", title=None, sort=None, axis=name_axis()),
        x=alt.X(
            "n:Q",
            title=_("Labels (number)"),
            axis=alt.Axis(format=",d", tickMinStep=1),
            scale=alt.Scale(domain=[0, 1.12 * largest], nice=False),
        ),
        tooltip=["what:N", alt.Tooltip("n:Q", format=",")],
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(color=alt.Color("colour:N", scale=None))
    numbers = base.mark_text(align="left", dx=4, color=QUIET).encode(
        text=alt.Text("n:Q", format=",")
    )
    note = _("{n} labels in {names} classes", n=counted(sum(counts.values())), names=len(names))
    return titled(bars + numbers, _("Labels per class"), note)


def confusion(
    matrix: Sequence[Sequence[int]] | NDArray[np.integer[Any]], names: Sequence[str]
) -> Chart:
    """Draw a confusion matrix: a row is a true class and its colours sum to 100 %.

    Args:
        matrix: Counts `[k, k]`, rows true and columns predicted.
        names: The `k` classes.
    """
    counts = np.asarray(matrix, dtype=np.int64).reshape(len(names), len(names))
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.zeros(counts.shape), where=total > 0)
    if not len(names):
        return nothing(_("Confusion matrix"), _("no classes"))
    many = len(names) > _NUMBERED_CLASSES
    size = 8 if many else 11
    shown = np.array(fitted(names, width=24 if many else 20, lines=1 if many else 2), dtype=object)
    frame = pd.DataFrame(
        {
            "true": np.repeat(shown, len(names)),
            "predicted": np.tile(shown, len(names)),
            "share": share.ravel(),
            "n": counts.ravel(),
        }
    )
    order = list(shown)
    base = alt.Chart(frame).encode(
        x=alt.X(
            "predicted:N",
            title=_("Predicted"),
            sort=order,
            axis=name_axis(
                labelAngle=-90 if many else -40,
                labelFontSize=size,
                labelOverlap=False,
                orient="bottom",
            ),
        ),
        y=alt.Y(
            "true:N",
            title=_("True"),
            sort=order,
            axis=name_axis(labelFontSize=size, labelOverlap=False),
        ),
        tooltip=[
            "true:N",
            "predicted:N",
            alt.Tooltip("n:Q", title="samples", format=","),
            alt.Tooltip("share:Q", title=_("of the true class"), format=".1%"),
        ],
    )
    squares = base.mark_rect().encode(
        color=alt.Color(
            "share:Q",
            title="of the true class",
            scale=alt.Scale(domain=[0, 0.25, 0.5, 0.75, 1], range=["#f8f7ee", *SHARE_RAMP[1:]]),
            legend=alt.Legend(format=".0%", gradientLength=120),
        )
    )
    layers = [squares]
    if not many:
        numbers = base.transform_filter("datum.n > 0").mark_text()
        ink = alt.condition("datum.share > 0.42", alt.value("#ffffff"), alt.value("#1d2730"))
        layers.append(numbers.encode(text=alt.Text("n:Q", format=","), color=ink))
    note = _("{n} samples, each held out when predicted", n=counted(int(counts.sum())))
    return titled(layered(*layers), _("Confusion matrix"), note)
