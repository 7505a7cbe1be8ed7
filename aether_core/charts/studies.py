"""Charts of a study: what each variant reaches, beside the baseline of the same seeds."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd

from aether_core.charts.palette import AMBER, BLUE, QUIET, VERMILION
from aether_core.charts.words import Chart, fitted, layered, name_axis, nothing, titled
from aether_core.language import _, mark
from aether_core.study.kinds import ALL_KINDS
from aether_core.study.result import METRICS, StudyResult, StudySummary

_BETTER, _WORSE = mark("better"), mark("worse")
_SAME, _BASELINE = mark("no difference shown"), mark("baseline")
_APART = mark("not compared")
_COLOURS: Final = {
    _BASELINE: AMBER,
    _BETTER: BLUE,
    _WORSE: VERMILION,
    _SAME: QUIET,
    _APART: BLUE,
}
_SHAPES: Final = {
    _BASELINE: "diamond",
    _BETTER: "circle",
    _WORSE: "square",
    _SAME: "circle",
    _APART: "circle",
}
_ROOMY: Final = alt.Scale(zero=False, padding=16)
_INTERVAL: Final = mark("95\N{NO-BREAK SPACE}% interval")


def study_chart(
    result: StudyResult, metric: str, *, heading: str = "", notes: Sequence[str] = ()
) -> Chart:
    """Draw one figure of a study.

    Parts of a growing whole (`sparsity`) become a line over a logarithmic axis; everything else a
    row a variant: seeds as small dots, mean and 95 % interval in the colour of what the paired
    difference to the baseline shows.

    Args:
        result: A finished study.
        metric: Key of `METRICS`, one of `result.metrics`.
        heading: Said first below the title, such as `Simulated data`.
        notes: Lines said last below it, such as whom the data are owed to.
    """
    kind = ALL_KINDS[result.kind]
    drawn = [one for one in result.summaries if one.metric == metric]
    if not drawn:
        return nothing(kind.title, _("no results for {metric}", metric=metric))
    seeds = max(one.n_seeds for one in drawn)
    title = f"{kind.title}: {METRICS[metric].title}"
    if kind.is_curve and len(drawn) > 1:
        note = (
            _("mean of {seeds} seeds; band: {interval}", seeds=seeds, interval=_(_INTERVAL))
            if seeds > 1
            else _("one seed")
        )
        return titled(_line(result, drawn, metric, kind.x_label), title, [heading, note, *notes])
    note = _(
        "large dots: mean of {seeds} seeds with its {interval}; small dots: single seeds",
        seeds=seeds,
        interval=_(_INTERVAL),
    )
    said = note if seeds > 1 else _("one seed")
    return titled(_rows(result, drawn, metric), title, [heading, said, *notes])


def _rows(result: StudyResult, drawn: Sequence[StudySummary], metric: str) -> Chart:
    names = [one.variant for one in drawn]
    shown = dict(zip(names, fitted(names, width=34), strict=True))
    base = alt.Chart(_frame(result, drawn, shown)).encode(
        y=alt.Y("what:N", title=None, sort=list(shown.values()), axis=name_axis()),
        color=_colour(result, drawn),
        tooltip=["what:N", "verdict:N", *(_number(key) for key in ("mean", "lo", "hi"))],
    )
    singles = pd.DataFrame(
        [
            {"what": shown[row.variant], "value": row.value, "seed": row.seed}
            for row in result.rows
            if row.metric == metric
        ]
    )
    dots = (
        alt.Chart(singles)
        .mark_circle(color=QUIET, opacity=0.45, size=16)
        .encode(
            x="value:Q",
            y=alt.Y("what:N", sort=list(shown.values())),
            tooltip=["what:N", "seed:Q", _number("value")],
        )
    )
    x = alt.X("lo:Q", title=_axis(metric), scale=_ROOMY)
    verdicts = _verdicts(result, drawn)
    return layered(
        *_rule(result, drawn),
        dots,
        base.mark_rule(strokeWidth=2.5).encode(x=x, x2="hi:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            x="mean:Q",
            shape=alt.Shape(
                "verdict:N",
                title=None,
                legend=alt.Legend(orient="top") if len(verdicts) > 1 else None,
                scale=alt.Scale(
                    domain=[_(one) for one in verdicts],
                    range=[_SHAPES[one] for one in verdicts],
                ),
            ),
        ),
    )


def _line(result: StudyResult, drawn: Sequence[StudySummary], metric: str, x_label: str) -> Chart:
    names = {one.variant: one.variant for one in drawn}
    frame = _frame(result, drawn, names).dropna(subset=["x"])
    ticks = sorted(frame["x"].tolist())
    base = alt.Chart(frame).encode(
        x=alt.X(
            "x:Q",
            title=x_label,
            scale=alt.Scale(type="log", domain=[ticks[0], ticks[-1]], nice=False, padding=12),
            axis=alt.Axis(values=ticks, format="~g", labelFlush=False),
        ),
        tooltip=["what:N", "verdict:N", *(_number(key) for key in ("mean", "lo", "hi"))],
    )
    band = base.mark_area(opacity=0.2, color=BLUE).encode(
        y=alt.Y("lo:Q", title=_axis(metric), scale=alt.Scale(zero=False)), y2="hi:Q"
    )
    line = base.mark_line(color=BLUE, point=alt.OverlayMarkDef(size=55, filled=True, color=BLUE))
    return layered(band, line.encode(y="mean:Q"))


def _frame(
    result: StudyResult, drawn: Sequence[StudySummary], shown: dict[str, str]
) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "what": shown[one.variant],
                "x": one.x,
                "verdict": _(_verdict(result, one)),
                "mean": one.mean,
                # Student's interval knows no bounds; no ink where there can be no value.
                "lo": one.mean if one.ci95 is None else max(one.ci95[0], 0.0),
                "hi": one.mean if one.ci95 is None else min(one.ci95[1], METRICS[one.metric].most),
            }
            for one in drawn
        ]
    )


def _rule(result: StudyResult, drawn: Sequence[StudySummary]) -> list[alt.Chart]:
    """A line through the baseline's mean, to read differences by."""
    at = [one.mean for one in drawn if one.variant == result.baseline and _compared(result)]
    rule = alt.Chart(pd.DataFrame({"at": at})).mark_rule(color=QUIET, strokeDash=[5, 4])
    return [rule.encode(x="at:Q")] if at else []


def _verdict(result: StudyResult, one: StudySummary) -> str:
    if not _compared(result):
        return _APART
    if one.variant == result.baseline:
        return _BASELINE
    return {True: _BETTER, False: _WORSE, None: _SAME}[one.better]


def _compared(result: StudyResult) -> bool:
    """Whether the study pairs its variants; the study of chance does not."""
    return any(one.difference is not None for one in result.summaries)


def _verdicts(result: StudyResult, drawn: Sequence[StudySummary]) -> list[str]:
    there = {_verdict(result, one) for one in drawn}
    return [one for one in _COLOURS if one in there]


def _colour(result: StudyResult, drawn: Sequence[StudySummary]) -> alt.Color:
    verdicts = _verdicts(result, drawn)
    return alt.Color(
        "verdict:N",
        title=None,
        legend=alt.Legend(orient="top") if len(verdicts) > 1 else None,
        scale=alt.Scale(
            domain=[_(one) for one in verdicts], range=[_COLOURS[one] for one in verdicts]
        ),
    )


def _axis(metric: str) -> str:
    figure = METRICS[metric]
    return _(
        "{title}, {value} is better",
        title=_(figure.title),
        value=_("lower") if figure.lower_is_better else _("higher"),
    )


def _number(field: str) -> alt.Tooltip:
    return alt.Tooltip(f"{field}:Q", format=".3f")
