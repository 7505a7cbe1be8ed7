"""Charts of a training run: how the loss falls, and what the model knows against chance."""

from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import pandas as pd

from aether_core.language import _, mark
from ui.shell.chart import show_chart

_HEIGHT: Final = 260
_LOSSES: Final = {
    "loss": mark("total"),
    "loss_cross_modal": mark("place and text"),
    "loss_multiscale": mark("near and far"),
}


def losses(history: Sequence[dict[str, Any]], *, kept_epoch: int | None, key: str) -> None:
    """The training loss by epoch, with the epoch whose weights were kept.

    Args:
        history: One entry an epoch as the run keeps it.
        kept_epoch: Marked with a rule when given.
        key: Stable name of the chart.
    """
    frame = pd.DataFrame(
        [
            {"epoch": entry["epoch"], "loss": float(entry[name]), "part": _(label)}
            for entry in history
            for name, label in _LOSSES.items()
            if entry.get(name) is not None
        ]
    )
    lines = (
        alt.Chart(frame)
        .mark_line(point=len(history) < 3)
        .encode(
            x=alt.X("epoch:Q", title=_("Epoch"), axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y("loss:Q", title=_("Training loss"), scale=alt.Scale(zero=False)),
            color=alt.Color(
                "part:N",
                title=None,
                sort=list(map(_, _LOSSES.values())),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=["part:N", "epoch:Q", alt.Tooltip("loss:Q", format=".3f")],
        )
    )
    show_chart(
        _with_kept(lines, kept_epoch), height=_HEIGHT, key=key, alt=_("Training loss by epoch")
    )


def validation(history: Sequence[dict[str, Any]], *, key: str) -> None:
    """Recall at 10 on held-out places by epoch, with the level of pure chance.

    Args:
        history: The run's epochs that were validated, at least one.
        key: Stable name of the chart.
    """
    found = [(entry["epoch"], entry["validation"]["text_to_place"]) for entry in history]
    frame = pd.DataFrame([{"epoch": at, "recall": one["recall_at_10"]} for at, one in found])
    lines = (
        alt.Chart(frame)
        .mark_line(point=len(found) < 3)
        .encode(
            x=alt.X("epoch:Q", title=_("Epoch"), axis=alt.Axis(tickMinStep=1, format="d")),
            y=alt.Y(
                "recall:Q", title=_("Recall@10 on held-out places"), axis=alt.Axis(format=".0%")
            ),
            tooltip=["epoch:Q", alt.Tooltip("recall:Q", format=".1%")],
        )
    )
    level = pd.DataFrame({"recall": [found[-1][1]["chance_at_10"]], "what": [_("chance")]})
    chance = alt.Chart(level).encode(y="recall:Q")
    rule = chance.mark_rule(strokeDash=[5, 4], color="gray")
    name = chance.mark_text(align="left", dx=4, dy=-7, color="gray").encode(
        x=alt.value(0), text="what:N"
    )
    show_chart(
        alt.layer(lines, rule, name),
        height=_HEIGHT,
        key=key,
        alt=_("Held-out recall by epoch, compared with chance"),
    )


def against_chance(retrieval: dict[str, Any], *, key: str) -> None:
    """The kept model's recall at 1, 5 and 10 on held-out places beside pure chance."""
    frame = pd.DataFrame(
        [
            {"first": _("first {k}", k=k), "who": who, "share": float(retrieval[f"{name}_at_{k}"])}
            for k in (1, 5, 10)
            for who, name in ((_("this model"), "recall"), (_("chance"), "chance"))
        ]
    )
    base = alt.Chart(frame).encode(
        y=alt.Y("first:N", title=None, sort=None),
        yOffset=alt.YOffset("who:N", sort=[_("this model"), _("chance")]),
        x=alt.X("share:Q", title="Recall@n", axis=alt.Axis(format=".0%")),
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        color=alt.Color(
            "who:N",
            title=None,
            sort=[_("this model"), _("chance")],
            legend=alt.Legend(orient="top"),
        ),
        tooltip=["who:N", "first:N", alt.Tooltip("share:Q", format=".1%")],
    )
    numbers = base.mark_text(align="left", dx=4).encode(
        text=alt.Text("share:Q", format=".1%"), color=alt.value("gray")
    )
    show_chart(
        bars + numbers,
        height=_HEIGHT,
        key=key,
        alt=_("Recall on held-out places, compared with chance"),
    )


def _with_kept(lines: alt.Chart, kept_epoch: int | None) -> alt.LayerChart:
    if kept_epoch is None:
        return alt.LayerChart(layer=[lines])
    frame = pd.DataFrame({"epoch": [kept_epoch], "what": [_("kept")]})
    rule = alt.Chart(frame).mark_rule(color="gray", opacity=0.8).encode(x="epoch:Q")
    label = alt.Chart(frame).mark_text(align="left", dx=4, color="gray")
    named = label.encode(x="epoch:Q", y=alt.value(6), text="what:N")
    return alt.LayerChart(layer=[lines, rule, named])
