"""Forest plots of what representations reach, and of what one gains over another."""

from collections.abc import Mapping, Sequence
from typing import Final

import altair as alt
import pandas as pd

from aether_core.charts.palette import (
    BLUE,
    QUIET,
    REPRESENTATION_COLOURS,
    SPLIT_COLOURS,
    SPLIT_SHAPES,
    VERMILION,
)
from aether_core.charts.words import (
    SPLITS,
    Chart,
    Record,
    counted,
    fitted,
    in_order,
    layered,
    measure,
    name_axis,
    nothing,
    titled,
)
from aether_core.language import _, mark
from aether_core.tasks.testing.comparison import spoken_names

_REACHED: Final = mark("Score by representation")
_CURVE: Final = mark("Learning curve")
_INTERVAL: Final = mark("95\N{NO-BREAK SPACE}% interval")
_ROOMY: Final = alt.Scale(zero=False, padding=16)
_VERDICTS: Final = {
    True: mark("better"),
    False: mark("worse"),
    None: mark("no difference can be shown"),
}
_VERDICT_COLOURS: Final = (BLUE, VERMILION, QUIET)


def forest(
    rows: Sequence[Record],
    metric: str,
    names: Mapping[str, str] | None = None,
    *,
    n: int | None = None,
) -> Chart:
    """Draw each representation's score with its interval, random beside spatial.

    Args:
        rows: `representation`, `split`, `metric`, `mean`, `lo`, `hi`, `n_seeds`.
        metric: Which rows to draw.
        names: What representations are called; AlphaEarth's where None.
        n: Number of labels or areas, stated.
    """
    names = spoken_names() if names is None else names
    drawn = [row for row in rows if row["metric"] == metric]
    order = in_order((str(row["representation"]) for row in drawn), names)
    shown = dict(zip(order, fitted([names.get(one, one) for one in order]), strict=True))
    frame = pd.DataFrame(
        [
            {
                "what": shown[str(row["representation"])],
                "split": SPLITS.get(row["split"], row["split"]),
                **{key: float(row[key]) for key in ("mean", "lo", "hi")},
            }
            for row in drawn
        ],
        columns=["what", "split", "mean", "lo", "hi"],
    )
    splits = in_order((str(row["split"]) for row in drawn), SPLITS)
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "what:N",
            title=None,
            sort=list(shown.values()),
            axis=name_axis(),
            scale=alt.Scale(paddingInner=0.45, paddingOuter=0.3),
        ),
        yOffset=alt.YOffset("split:N", sort=[SPLITS.get(one, one) for one in splits]),
        color=_split_colour(splits),
        tooltip=["what:N", "split:N", *(_number(key) for key in ("mean", "lo", "hi"))],
    )
    x = alt.X("lo:Q", title=measure(metric).axis, scale=_ROOMY)
    lines = base.mark_rule(strokeWidth=2.5).encode(x=x, x2="hi:Q")
    dots = base.mark_point(filled=True, size=80, opacity=1).encode(
        x="mean:Q", shape=_split_shape(splits)
    )
    if not drawn:
        return nothing(_(_REACHED), _("no score recorded for {metric}", metric=metric))
    seeds = max(int(row["n_seeds"]) for row in drawn)
    note = _("mean of {seeds} seeds; bars: {interval}", seeds=seeds, interval=_(_INTERVAL))
    return titled(lines + dots, _(_REACHED), note if n is None else f"{counted(n)}; {note}")


def gains_forest(
    gains: Sequence[Record],
    metric: str,
    names: Mapping[str, str] | None = None,
    *,
    n: int | None = None,
) -> Chart:
    """Draw each representation's relative gain with its interval; grey where it holds zero.

    Args:
        gains: `representation`, `against`, `split`, `metric`, `relative` (fraction, with the sign
            of the metric's own change), `lo`, `hi`, `better` (True, False, or None: no difference
            can be shown).
        metric: Which gains to draw.
        names: What representations are called; AlphaEarth's where None.
        n: Number of labels or areas, stated.
    """
    names = spoken_names() if names is None else names
    drawn = [gain for gain in gains if gain["metric"] == metric]
    splits = in_order((str(gain["split"]) for gain in drawn), SPLITS)
    order = in_order((str(gain["representation"]) for gain in drawn), names)
    drawn.sort(
        key=lambda one: (order.index(one["representation"]), splits.index(str(one["split"])))
    )
    gain_labels = [
        f"{names.get(gain['representation'], gain['representation'])}, "
        f"{SPLITS.get(gain['split'], gain['split'])}"
        for gain in drawn
    ]
    frame = pd.DataFrame(
        [
            {
                "what": what,
                "verdict": _(_VERDICTS[gain["better"]]),
                **{key: float(gain[key]) for key in ("relative", "lo", "hi")},
            }
            for what, gain in zip(fitted(gain_labels, width=40), drawn, strict=True)
        ],
        columns=["what", "verdict", "relative", "lo", "hi"],
    )
    if not drawn:
        return nothing(_("Gain"), _("no comparison by {metric}", metric=metric))
    against = names.get(drawn[0]["against"], drawn[0]["against"])
    better = "left" if measure(metric).lower_is_better else "right"
    base = alt.Chart(frame).encode(
        y=alt.Y("what:N", title=None, sort=None, axis=name_axis()),
        color=alt.Color(
            "verdict:N",
            title=None,
            scale=alt.Scale(
                domain=[_(one) for one in _VERDICTS.values()], range=list(_VERDICT_COLOURS)
            ),
            legend=alt.Legend(orient="top"),
        ),
        tooltip=["what:N", "verdict:N", *(_number(key, ".1%") for key in ("relative", "lo", "hi"))],
    )
    title = _(
        "Change in {what} against {against}",
        what=_(measure(metric).title).split(" (")[0],
        against=against,
    )
    x = alt.X("lo:Q", title=title, axis=alt.Axis(format="+~%"), scale=alt.Scale(padding=16))
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=QUIET, strokeDash=[5, 4])
    chart = layered(
        zero.encode(x="at:Q"),
        base.mark_rule(strokeWidth=2.5).encode(x=x, x2="hi:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(x="relative:Q"),
    )
    note = _(
        "bars: {interval}, paired by sample; better is to the {better} of zero",
        interval=_(_INTERVAL),
        better=better,
    )
    return titled(
        chart,
        _("Gain over {against}", against=against),
        note if n is None else f"{counted(n)}; {note}",
    )


def learning_curve(
    points: Sequence[Record], metric: str, names: Mapping[str, str] | None = None
) -> Chart:
    """Draw the score against the number of training labels, with its interval as a band.

    Args:
        points: `n`, `mean`, `lo`, `hi`, and `representation` where there are several.
        metric: What the score is.
        names: What representations are called; AlphaEarth's where None.
    """
    names = spoken_names() if names is None else names
    frame = pd.DataFrame(
        [
            {
                **{key: float(point[key]) for key in ("n", "mean", "lo", "hi")},
                "what": names.get(str(point.get("representation")), ""),
            }
            for point in points
        ],
        columns=["n", "mean", "lo", "hi", "what"],
    )
    if not len(frame):
        return nothing(_(_CURVE), _("no label counts were tested"))
    largest = float(frame["n"].max())
    colour = _representation_colour(points, names)
    base = alt.Chart(frame).encode(
        x=alt.X("n:Q", title=_("Training labels (number)"), scale=alt.Scale(domain=[0, largest])),
        color=colour,
    )
    band = base.mark_area(opacity=0.2 if frame["what"].nunique() == 1 else 0.08).encode(
        y=alt.Y("lo:Q", title=measure(metric).axis, scale=alt.Scale(zero=False)), y2="hi:Q"
    )
    line = base.mark_line(point=alt.OverlayMarkDef(size=55, filled=True)).encode(
        y="mean:Q",
        tooltip=[
            "what:N",
            _number("n", ",.0f"),
            *(_number(key) for key in ("mean", "lo", "hi")),
        ],
    )
    return titled(
        band + line,
        _(_CURVE),
        _(
            "up to {units} labels, always the same test folds; band: {interval}",
            units=counted(int(largest)),
            interval=_(_INTERVAL),
        ),
    )


def _representation_colour(points: Sequence[Record], names: Mapping[str, str]) -> alt.Color:
    """One colour a representation; a lone line needs no legend."""
    order = in_order((str(point.get("representation", "")) for point in points), names)
    legend = alt.Legend(orient="top") if len(order) > 1 else None
    return alt.Color(
        "what:N",
        title=None,
        legend=legend,
        scale=alt.Scale(
            domain=[names.get(one, "") for one in order],
            range=[REPRESENTATION_COLOURS.get(one, BLUE) for one in order],
        ),
    )


def _split_colour(splits: Sequence[str]) -> alt.Color:
    return alt.Color(
        "split:N",
        title=None,
        scale=alt.Scale(
            domain=[SPLITS.get(one, one) for one in splits],
            range=[SPLIT_COLOURS.get(one, QUIET) for one in splits],
        ),
        legend=alt.Legend(orient="top"),
    )


def _split_shape(splits: Sequence[str]) -> alt.Shape:
    return alt.Shape(
        "split:N",
        title=None,
        scale=alt.Scale(
            domain=[SPLITS.get(one, one) for one in splits],
            range=[SPLIT_SHAPES.get(one, "diamond") for one in splits],
        ),
        legend=alt.Legend(orient="top"),
    )


def _number(field: str, number_format: str = ".3f") -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", format=number_format)
