"""How far to trust a layer: what was measured while it was made, one question a tab."""

from collections.abc import Callable

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import percent
from aether_core.language import _, mark
from aether_core.tasks.findings import Findings
from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.maps import folds
from ui.maps.task_page import TaskPage, page_of
from ui.shell import chart
from ui.shell.text import count
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary

HOW_GOOD, HOW_SURE, WHERE_NOT, FOLDS = (
    mark("Accuracy"),
    mark("Confidence"),
    mark("Limitations"),
    mark("Test areas"),
)


def show_trust(city: CitySummary, layer: LayerSummary, frame: pd.DataFrame, key: str) -> None:
    """Draw the tabs, folded away; only the open one is worked out.

    Args:
        frame: The layer's values, of areas where there are some.
    """
    found = layer.measured(Findings)
    page = page_of(layer) or TaskPage()
    bodies: dict[str, Callable[[], None]] = {
        HOW_GOOD: lambda: page.accuracy(found, frame, key),
        HOW_SURE: lambda: page.confidence(found, key),
        WHERE_NOT: lambda: _where_not(found, page.limits(found), key),
        FOLDS: lambda: folds.draw_folds(city, found.held_out, key=f"{key}-folds"),
    }
    with st.expander(_("How was this tested?"), icon=":material/fact_check:"):
        tabs = st.tabs([_(title) for title in bodies], key=f"{key}-tabs", on_change="rerun")
        for tab, body in zip(tabs, bodies.values(), strict=True):
            if tab.open:
                with tab:
                    body()


def _where_not(found: Findings, limits: str, key: str) -> None:
    """Where the map must not be believed, and for whom it is worse."""
    error_axis = _("{error}, lower is better", error=_(TASK_KINDS[found.task].error))
    test = found.test
    outside = test.applicability.outside
    words = _(
        "**{outside}** of the city is outside the area of applicability: unlike any of "
        "the {samples}.{limits}",
        outside=percent(outside),
        samples=_(TASK_KINDS[found.task].samples),
        limits=limits,
    )
    st.write(words)
    kinds = {kind: rows for kind, rows in test.fairness.items() if rows}
    if not kinds:
        st.caption(_("No groups to break errors down by."))
        return
    kind = st.segmented_control(
        _("By"), list(kinds), default=next(iter(kinds)), required=True, key=f"{key}-fair-kind"
    )
    error, covered = st.columns(2, gap="large")
    rows = kinds[kind]
    height = max(220, 110 + 34 * len(rows))
    with error:
        chart.show_chart(
            charts.fairness(
                rows,
                "error",
                title=_("Error by {kind}", kind=kind),
                axis=error_axis[:1].upper() + error_axis[1:],
            ),
            f"{key}-fair-error",
            height=height,
            alt=_("Error by {kind}", kind=kind),
        )
    with covered:
        chart.show_chart(
            charts.fairness(rows, "coverage", title=_("Coverage by {kind}", kind=kind)),
            f"{key}-fair-coverage",
            height=height,
            alt=_("Coverage by {kind}", kind=kind),
        )
    few = sum(bool(row.too_few) for row in rows)
    if few:
        st.caption(_("{groups} with fewer than 10 samples: no figure.", groups=count(few, "group")))
