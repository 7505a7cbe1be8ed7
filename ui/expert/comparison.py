"""A comparison of representations: what it says in words first, then the figures behind it."""

import math
from collections.abc import Mapping
from typing import Any, Final

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import SPLITS
from aether_core.language import _, figure, mark, translated
from aether_core.tasks.kinds.metrics import Metric
from aether_core.tasks.kinds.registry import TASK_KINDS, metric_named
from aether_core.tasks.testing.comparison import Gain, in_words, spoken_names
from aether_core.tasks.testing.splits import BLIND, RANDOM, SPATIAL
from ui.maps import folds
from ui.shell.chart import show_chart
from ui.shell.text import duration, facts, source_and_date
from workflows.cities.cities import CitySummary
from workflows.evaluation.compare import Evaluation

_MARKS: Final = {
    True: mark(":blue-badge[:material/trending_up: better]"),
    False: mark(":orange-badge[:material/trending_down: worse]"),
    None: mark(":gray-badge[:material/drag_handle: no difference can be shown]"),
}
_TABLE, _CURVE, _FOLDS = mark("All figures"), mark("Learning curve"), mark("Folds and blocks")
_CHART_HEIGHT: Final = 320
_AROUND_PX: Final = 140
"""Title, legend and axis of a chart of gains."""
_ROW_PX: Final = 26


def show_comparison(city: CitySummary, found: Evaluation) -> None:
    """Draw a comparison."""
    kind = TASK_KINDS[found.task]
    names = spoken_names(city.embedding)
    result, about = st.columns([2, 1], gap="large")
    with result, st.container(border=True, key="verdict"):
        st.header(_("Result"), anchor=False)
        _verdict(found, kind.main_metric, names)
    with about:
        _facts(found)
    picked = st.segmented_control(
        _("Measure"),
        kind.metric_names,
        default=kind.main_metric.name,
        required=True,
        format_func=lambda name: _(metric_named(name).heading),
        key=f"{found.task}-metric",
    )
    metric = picked or kind.main_metric.name
    reached, gained = st.columns(2, gap="large")
    rows = [_with_ends(row) for row in found.rows]
    gains = [_with_ends(gain) for gain in found.gains]
    with reached:
        chart = charts.forest(rows, metric, names, n=found.findings.used)
        show_chart(chart, height=_CHART_HEIGHT, key="forest", alt=_("Scores with intervals"))
    with gained:
        chart = charts.gains_forest(gains, metric, names, n=found.findings.used)
        rows_px = _ROW_PX * sum(gain["metric"] == metric for gain in gains)
        height = max(_CHART_HEIGHT, _AROUND_PX + rows_px)
        show_chart(chart, height=height, key="gains", alt=_("Gains with intervals"))
    _more(city, found)


def _more(city: CitySummary, found: Evaluation) -> None:
    """What lies behind the figures, one thing at a time."""
    views = [_TABLE, _FOLDS] + ([_CURVE] if found.learning_curve else [])
    view = st.segmented_control(
        _("Show"), views, default=_TABLE, required=True, key="comparison-view", format_func=_
    )
    if view == _TABLE:
        _table(found, spoken_names(city.embedding))
    elif view == _CURVE:
        _learning_curve(found, spoken_names(city.embedding))
    else:
        folds.draw_folds(city, found.findings.held_out, key="comparison")


def _verdict(found: Evaluation, metric: Metric, names: Mapping[str, str]) -> None:
    """One sentence a representation; nobody wins where the interval holds zero."""
    gains = {
        (gain["representation"], gain["split"]): Gain(**_with_ends(gain))
        for gain in found.gains
        if gain["metric"] == metric.name
    }
    for name in dict.fromkeys(representation for representation, __ in gains):
        made = [gains.get((name, split.name)) for split in (RANDOM, SPATIAL, BLIND)]
        hardest = next((gain for gain in reversed(made) if gain is not None), None)
        mark = _(_MARKS[hardest.better if hardest else None])
        where = (
            _(" on {split}", split=_(SPLITS[hardest.split]))
            if hardest and hardest is not made[0]
            else ""
        )
        st.markdown(
            f"**{_first_large(names.get(name, name))}** {mark}{where}  \n"
            f"{translated(in_words(made, metric, names))}"
        )
    if not gains:
        st.markdown(found.verdict or _("Only one representation was tested."))
    splits = {split for __, split in gains}
    if SPATIAL.name in splits:
        words = _(
            "Random folds test on places next to training places, which is "
            "optimistic. Spatial blocks test away from them: rely on these for a map."
        )
        if BLIND.name in splits:
            words += _(
                " Unseen blocks are spatial blocks whose places the model was trained without."
            )
        st.caption(words)


def _first_large(name: str) -> str:
    """The name as a heading has it; capitals inside it stay."""
    return name[:1].upper() + name[1:]


def _facts(found: Evaluation) -> None:
    """What was compared on what."""
    findings = found.findings
    blocks = findings.held_out.blocks
    kind = TASK_KINDS[found.task]
    lines: dict[str, object] = {
        **source_and_date(found.request, found.created),
        _(kind.samples).capitalize(): figure(findings.used, ","),
    }
    dropped = sum(findings.dropped.values())
    if dropped:
        lines[_("Left out")] = figure(dropped, ",")
    lines[_(kind.outcomes).capitalize()] = ", ".join(findings.outcomes)
    lines[_("Predictor")] = f"{found.request.get('predictor')}, {found.request.get('protocol')}"
    lines[_("Seeds")] = max((row["n_seeds"] for row in found.rows), default=0)
    if blocks:
        lines[_("Spatial blocks")] = _(
            "{occupied:,} of {side_m:,.0f} m", occupied=blocks.occupied, side_m=blocks.side_m
        )
    lines[_("Intervals")] = _("95 %, {resampled} resampled", resampled=findings.resampled)
    lines[_("Duration")] = duration(found.seconds)
    facts(lines)


def _table(found: Evaluation, names: Mapping[str, str]) -> None:
    frame = pd.DataFrame(
        [
            {
                _("Representation"): names.get(row["representation"], row["representation"]),
                _("Tested on"): _(SPLITS.get(row["split"], row["split"])),
                _("Measure"): metric_named(row["metric"]).title,
                _("Mean"): row["mean"],
                _("Spread across seeds"): row["sd"],
                _("From"): row["ci95"][0],
                _("To"): row["ci95"][1],
                _("Seeds"): row["n_seeds"],
            }
            for row in found.rows
        ]
    )
    number = st.column_config.NumberColumn
    st.dataframe(
        frame,
        hide_index=True,
        key="comparison-table",
        column_config={
            _("Mean"): number(format="%.4g"),
            _("Spread across seeds"): number(format="%.4g", help=_("Standard deviation")),
            _("From"): number(format="%.4g", help=_("Lower end of the 95 % interval")),
            _("To"): number(format="%.4g", help=_("Upper end of the 95 % interval")),
        },
    )


def _learning_curve(found: Evaluation, names: Mapping[str, str]) -> None:
    """Score by number of labels, all representations on one scale."""
    points = [_finite(point) for point in found.learning_curve]
    chart = charts.learning_curve(points, TASK_KINDS[found.task].main_metric.name, names)
    show_chart(
        chart, height=_CHART_HEIGHT, key="learning-curve", alt=_("Score by number of labels")
    )


def _with_ends(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its interval as charts and sentences take it."""
    low, high = row["ci95"]
    rest = {key: value for key, value in row.items() if key != "ci95"}
    return _finite({**rest, "lo": low, "hi": high})


def _finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no NaN: a missing number comes back as one."""
    numbers = {"mean", "sd", "lo", "hi", "relative"}
    return {
        key: math.nan if key in numbers and value is None else value for key, value in row.items()
    }
