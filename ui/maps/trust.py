"""How far to trust a layer: what was measured while it was made, one question a tab."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import percent
from aether_core.tasks.findings import ClassFindings, ClassTest, Findings, ShareFindings
from ui.maps import class_trust, folds, share_trust
from ui.shell import chart
from ui.shell.text import count
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary

HOW_GOOD, HOW_SURE, WHERE_NOT, FOLDS = "Accuracy", "Confidence", "Limitations", "Folds"

_OfKind = TypeVar("_OfKind", bound=Findings)


@dataclass(frozen=True)
class _Tabs(Generic[_OfKind]):
    """What is shown of one kind of layer.

    Attributes:
        error: What the error of a group is, with its unit; empty for the share that is wrong.
    """

    findings: type[_OfKind]
    how_good: Callable[[_OfKind, pd.DataFrame, str], None]
    how_sure: Callable[[_OfKind, str], None]
    error: str = ""


def draw(city: CitySummary, layer: LayerSummary, frame: pd.DataFrame, key: str) -> None:
    """Draw the tabs; only the open one is worked out.

    Args:
        frame: The layer's values, of areas where there are some.
    """
    kind = _KINDS[layer.kind]
    found = layer.measured(kind.findings)
    bodies: dict[str, Callable[[], None]] = {
        HOW_GOOD: lambda: kind.how_good(found, frame, key),
        HOW_SURE: lambda: kind.how_sure(found, key),
        WHERE_NOT: lambda: _where_not(found, kind.error, key),
        FOLDS: lambda: folds.draw(city, found.held_out, key=f"{key}-folds"),
    }
    tabs = st.tabs(list(bodies), key=f"{key}-tabs", on_change="rerun")
    for tab, body in zip(tabs, bodies.values(), strict=True):
        if tab.open:
            with tab:
                body()


def _where_not(found: Findings, axis: str, key: str) -> None:
    """Where the map must not be believed, and for whom it is worse."""
    test = found.test
    outside = test.applicability.outside
    words = (
        f"**{percent(outside)}** of the city is outside the area of applicability: unlike "
        "any of the labels."
    )
    if isinstance(test, ClassTest):
        words += f" **{percent(test.trusted)}** is inside it and has at most two classes possible."
    st.write(words)
    kinds = {kind: rows for kind, rows in test.fairness.items() if rows}
    if not kinds:
        st.caption("No groups to break errors down by.")
        return
    kind = st.segmented_control(
        "By", list(kinds), default=next(iter(kinds)), required=True, key=f"{key}-fair-kind"
    )
    error, covered = st.columns(2, gap="large")
    rows = kinds[kind]
    height = max(220, 110 + 34 * len(rows))
    with error:
        chart.draw(
            charts.fairness(
                rows,
                "error",
                title=f"Error by {kind}",
                axis=axis,
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
    few = sum(bool(row.too_few) for row in rows)
    if few:
        st.caption(f"{count(few, 'group')} with fewer than 10 labels: no figure.")


_OF_SHARES: Final = _Tabs(
    ShareFindings,
    share_trust.how_good,
    share_trust.how_sure,
    error="KL divergence (nats), lower is better",
)
_KINDS: Final[Mapping[str, _Tabs[Any]]] = {
    "landuse": _Tabs(ClassFindings, class_trust.how_good, class_trust.how_sure),
    "socioeconomic": _OF_SHARES,
    "socioeconomic areas": _OF_SHARES,
}
