"""How far to trust a layer: what was measured while it was made, one question a tab."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import SPLITS, measure, percent
from aether_core.tasks.kinds.metrics import LOWER_IS_BETTER
from ui.maps import folds, share_trust
from ui.shell import chart
from ui.shell.text import count, plain
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary

HOW_GOOD, HOW_SURE, WHERE_NOT, FOLDS = "Accuracy", "Confidence", "Limitations", "Folds"
_CHART: Final = 330
_ROWS_SHOWN: Final = 12
_Findings = Mapping[str, Any]


def draw(city: CitySummary, layer: LayerSummary, frame: pd.DataFrame, key: str) -> None:
    """Draw the tabs; only the open one is worked out.

    Args:
        frame: The layer's values, of areas where there are some.
    """
    found = layer.findings
    kind = _KINDS[layer.kind]
    bodies: dict[str, Callable[[], None]] = {
        HOW_GOOD: lambda: kind.how_good(found, frame, key),
        HOW_SURE: lambda: kind.how_sure(found, key),
        WHERE_NOT: lambda: where_not(found, key),
        FOLDS: lambda: folds.draw(city, found, key=f"{key}-folds"),
    }
    tabs = st.tabs(list(bodies), key=f"{key}-tabs", on_change="rerun")
    for tab, body in zip(tabs, bodies.values(), strict=True):
        if tab.open:
            with tab:
                body()


def accuracy_table(found: _Findings, key: str) -> None:
    """Every measure by split with its interval."""
    rows = [
        {
            "Measure": measure(metric).title,
            "Tested on": SPLITS.get(split, split),
            "Mean": figures["mean"],
            "From": figures["lo"],
            "To": figures["hi"],
            "Better": "lower" if metric in LOWER_IS_BETTER else "higher",
        }
        for metric in next(iter(found["accuracy"].values()))
        for split, by_metric in found["accuracy"].items()
        for figures in [by_metric[metric]]
    ]
    number = st.column_config.NumberColumn
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        key=f"{key}-accuracy",
        column_config={
            "Mean": number(format="%.3f"),
            "From": number(format="%.3f", help="Lower end of the 95 % interval"),
            "To": number(format="%.3f", help="Upper end of the 95 % interval"),
        },
    )
    if "spatial" in found["accuracy"]:
        st.caption(
            "Random folds test on places next to training places, which is optimistic. "
            "Spatial blocks test away from them: rely on these."
        )


def split_switch(found: Mapping[str, Any], key: str) -> str:
    """Choose between the splits there are; the hardest comes first."""
    names = list(found)
    first = "spatial" if "spatial" in names else names[-1]
    if len(names) == 1:
        return first
    return st.segmented_control(
        "Tested on",
        names,
        default=first,
        required=True,
        format_func=lambda name: SPLITS.get(name, name),
        key=key,
    )


def _how_good(found: _Findings, frame: pd.DataFrame, key: str) -> None:
    del frame  # what was measured on the labels says it all
    figures, matrix = st.columns([5, 6], gap="large")
    with matrix:
        split = split_switch(found["confusion"], f"{key}-confusion-split")
        names = found["classes"]
        chart.draw(
            charts.confusion(found["confusion"][split], names),
            f"{key}-confusion",
            height=min(200 + 24 * len(names), chart.TALLEST),
            alt="Confusion matrix: true and predicted classes",
        )
    with figures:
        accuracy_table(found, key)
        _per_class(found["per_class"][split], key)


def _per_class(rows: Sequence[Mapping[str, Any]], key: str) -> None:
    frame = pd.DataFrame(
        [
            {
                "Class": row["class"],
                "Labels": row["n"],
                "Recall": 100 * row["recall"],
                "Precision": 100 * row["precision"],
                "F1": row["f1"],
            }
            for row in rows
        ]
    )
    share = st.column_config.ProgressColumn
    st.dataframe(
        frame,
        hide_index=True,
        key=f"{key}-classes",
        height="content" if len(frame) <= _ROWS_SHOWN else 460,
        column_config={
            "Class": st.column_config.TextColumn(width=120),
            "Recall": share(
                width=95,
                format="%.0f %%",
                min_value=0,
                max_value=100,
                help="Share of this class's labels that the map finds (recall)",
            ),
            "Precision": share(
                width=95,
                format="%.0f %%",
                min_value=0,
                max_value=100,
                help="Share of cells mapped as this class that are correct (precision)",
            ),
            "F1": st.column_config.NumberColumn(format="%.2f", width=50),
        },
    )


def _how_sure(found: _Findings, key: str) -> None:
    stated, sets = st.columns(2, gap="large")
    with stated:
        chart.draw(
            charts.reliability(found["reliability"]),
            f"{key}-reliability",
            height=_CHART,
            alt="Reliability diagram: predicted probability and observed accuracy",
        )
        st.caption(
            "On the dashed line, predictions with a confidence of 80 % are right 8 times out "
            "of 10. "
            f"Temperature {found['temperature']:.2f}, fitted on {SPLITS[found['calibrated_on']]}."
        )
    with sets:
        chart.draw(
            charts.coverage(found["coverage"]),
            f"{key}-coverage",
            height=max(_CHART, 150 + 30 * len(found["classes"])),
            alt="Coverage of the sets by class",
        )
        always = found.get("always_in_set") or []
        if always:
            st.caption(
                f"Too few labels to rule these out: {plain(', '.join(always))}. They are in "
                "every set."
            )


def where_not(found: _Findings, key: str) -> None:
    """Where the map must not be believed, and for whom it is worse."""
    outside = found["applicability"]["outside"]
    words = (
        f"**{percent(outside)}** of the city is outside the area of applicability: unlike "
        "any of the labels."
    )
    if "trusted" in found:
        words += (
            f" **{percent(found['trusted'])}** is inside it and has at most two classes possible."
        )
    st.write(words)
    kinds = {kind: rows for kind, rows in found["fairness"].items() if rows}
    if not kinds:
        st.caption("No groups to break errors down by.")
        return
    kind = st.segmented_control(
        "By", list(kinds), default=next(iter(kinds)), required=True, key=f"{key}-fair-kind"
    )
    error, covered = st.columns(2, gap="large")
    rows = kinds[kind]
    height = max(220, 110 + 34 * len(rows))
    is_shares = "fields" in found
    with error:
        chart.draw(
            charts.fairness(
                rows,
                "error",
                title=f"Error by {kind}",
                axis="KL divergence (nats), lower is better" if is_shares else "",
            ),
            f"{key}-fair-error",
            height=height,
            alt=f"Error by {kind}",
        )
    with covered:
        chart.draw(
            charts.fairness(rows, "coverage", title=f"Coverage by {kind}"),
            f"{key}-fair-coverage",
            height=height,
            alt=f"Coverage by {kind}",
        )
    few = sum(bool(row.get("too_few")) for row in rows)
    if few:
        st.caption(f"{count(few, 'group')} with fewer than 10 labels: no figure.")


class _Tabs(NamedTuple):
    """What is shown of one kind of layer."""

    how_good: Callable[[_Findings, pd.DataFrame, str], None]
    how_sure: Callable[[_Findings, str], None]


_OF_SHARES: Final = _Tabs(share_trust.how_good, share_trust.how_sure)
_KINDS: Final[Mapping[str, _Tabs]] = {
    "landuse": _Tabs(_how_good, _how_sure),
    "socioeconomic": _OF_SHARES,
    "socioeconomic areas": _OF_SHARES,
}
