"""Whether stated confidence is earned: reliability of probabilities, coverage of sets."""

import math
from collections.abc import Mapping
from typing import Final

import altair as alt
import pandas as pd

from aether_core.charts.palette import QUIET, SPLIT_COLOURS
from aether_core.charts.words import (
    SPLITS,
    Chart,
    counted,
    fitted,
    in_order,
    layered,
    name_axis,
    nothing,
    percent,
    titled,
)
from aether_core.language import _, mark
from aether_core.tasks.uncertainty.calibration import Reliability
from aether_core.tasks.uncertainty.conformal import Coverage

_ALL: Final = mark("all classes")


def reliability(by_split: Mapping[str, Reliability]) -> Chart:
    """Draw how often predictions of a confidence are right; on the diagonal, stated is true.

    Args:
        by_split: Of each split.
    """
    splits = in_order(by_split, SPLITS)
    frame = pd.DataFrame(
        [
            {
                "split": SPLITS.get(split, split),
                "confidence": float(one["confidence"]),
                "accuracy": float(one["accuracy"]),
                "n": int(one["n"]),
            }
            for split in splits
            for one in by_split[split].bins
        ],
        columns=["split", "confidence", "accuracy", "n"],
    )
    unit = alt.Scale(domain=[0, 1])
    base = alt.Chart(frame).encode(
        x=alt.X(
            "confidence:Q",
            title=_("Predicted probability"),
            scale=unit,
            axis=alt.Axis(format=".0%"),
        ),
        y=alt.Y(
            "accuracy:Q", title=_("Observed accuracy"), scale=unit, axis=alt.Axis(format=".0%")
        ),
        color=_colour(splits),
        tooltip=[
            "split:N",
            alt.Tooltip("confidence:Q", format=".1%"),
            alt.Tooltip("accuracy:Q", format=".1%"),
            alt.Tooltip("n:Q", format=","),
        ],
    )
    diagonal = alt.Chart(pd.DataFrame({"confidence": [0, 1], "accuracy": [0, 1]})).mark_line(
        color=QUIET, strokeDash=[5, 4], strokeWidth=1.2
    )
    sizes = alt.Size("n:Q", legend=None, scale=alt.Scale(range=[25, 220]))
    chart = layered(
        diagonal.encode(x="confidence:Q", y="accuracy:Q"),
        base.mark_line(strokeWidth=1.8),
        base.mark_circle(opacity=1).encode(size=sizes),
    )
    subtitle = [
        _(
            "{split}: calibration error {ece:.3f}, {units}",
            split=_(SPLITS.get(split, split)),
            ece=by_split[split].ece,
            units=counted(by_split[split].n),
        )
        for split in splits
    ]
    return titled(chart, _("Calibration of the probabilities"), subtitle)


def coverage(by_split: Mapping[str, Coverage]) -> Chart:
    """Draw how often the set of classes holds the true one, over all and class by class.

    Args:
        by_split: Of each split.
    """
    splits = in_order(by_split, SPLITS)
    if not splits:
        return nothing(_("Coverage of the prediction sets"), _("no prediction sets"))
    named = list(dict.fromkeys(name for split in splits for name in by_split[split].by_class))
    shown = dict(zip(named, fitted(named), strict=True))
    records = [record for split in splits for record in _records(by_split[split], split, shown)]
    frame = pd.DataFrame(records, columns=["what", "split", "share", "lo", "hi", "n"])
    scale = alt.Scale(domain=[_floor(frame), 1.0])
    base = alt.Chart(frame).encode(
        y=alt.Y(
            "what:N",
            title=None,
            sort=[_(_ALL), *shown.values()],
            axis=name_axis(),
            scale=alt.Scale(paddingInner=0.4, paddingOuter=0.3),
        ),
        yOffset=alt.YOffset("split:N", sort=[SPLITS.get(one, one) for one in splits]),
        color=_colour(splits),
        tooltip=["what:N", "split:N", alt.Tooltip("share:Q", format=".1%"), "n:Q"],
    )
    x = alt.X(
        "share:Q",
        title=_("Labels whose class is in the set"),
        scale=scale,
        axis=alt.Axis(format=".0%"),
    )
    level = by_split[splits[0]].level
    rule = alt.Chart(pd.DataFrame({"share": [level]})).mark_rule(color=QUIET, strokeDash=[5, 4])
    chart = layered(
        rule.encode(x=x),
        base.transform_filter("isValid(datum.lo)")
        .mark_rule(strokeWidth=2.5)
        .encode(x=alt.X("lo:Q", scale=scale), x2="hi:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(x=x),
    )
    subtitle = [
        f"{SPLITS.get(split, split)}: {_coverage_words(by_split[split])}" for split in splits
    ]
    title = _("Coverage of the prediction sets; target {level}", level=percent(level))
    return titled(
        chart, title, [*subtitle, _("dashed: target; bars: {share} interval", share=percent(0.95))]
    )


def _records(found: Coverage, split: str, shown: Mapping[str, str]) -> list[dict[str, object]]:
    name = SPLITS.get(split, split)
    over_all = {"share": found.share, "lo": found.lo, "hi": found.hi}
    return [
        {"what": _(_ALL), "split": name, **over_all, "n": found.n},
        *(
            {
                "what": shown[one],
                "split": name,
                "share": float(values["share"]),
                "lo": float(values.get("lo", math.nan)),
                "hi": float(values.get("hi", math.nan)),
                "n": int(values["n"]),
            }
            for one, values in found.by_class.items()
        ),
    ]


def _coverage_words(found: Coverage) -> str:
    sized = _("{mean_size:.1f} classes per set", mean_size=found.mean_size)
    return _(
        "{share} covered, {sized}, {units}",
        share=percent(found.share, 1),
        sized=sized,
        units=counted(found.n),
    )


def _floor(frame: pd.DataFrame) -> float:
    """Where the axis starts: the tenth below the lowest figure, so that the promise is seen."""
    lowest = frame[["share", "lo"]].min().min()
    return max(0.0, math.floor(lowest * 10 - 0.2) / 10) if lowest > 0 else 0.0


def _colour(splits: list[str]) -> alt.Color:
    return alt.Color(
        "split:N",
        title=None,
        scale=alt.Scale(
            domain=[SPLITS.get(one, one) for one in splits],
            range=[SPLIT_COLOURS.get(one, QUIET) for one in splits],
        ),
        legend=alt.Legend(orient="top"),
    )
