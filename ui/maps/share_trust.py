"""How far to trust a socioeconomic layer: scores, predicted against true shares, intervals."""

from typing import Final

import pandas as pd
import streamlit as st

from aether_core import charts
from aether_core.charts.words import SPLITS, percent
from aether_core.tasks.findings import ShareFindings
from aether_core.tasks.testing.fairness import GroupFigures
from ui.maps.tested import accuracy_table, split_switch
from ui.shell import chart

_CHART: Final = 380


def how_good(found: ShareFindings, areas: pd.DataFrame, key: str) -> None:
    """Scores of all areas, and one field's shares against the true ones.

    Args:
        areas: `<field>` and `<field>_observed` of each area, each predicted by a fit that had not
            seen it.
    """
    figures, scatter = st.columns(2, gap="large")
    with figures:
        accuracy_table(found.test.accuracy, key)
    with scatter:
        field = st.selectbox("Field", found.outcomes, key=f"{key}-scatter")
        if f"{field}_observed" not in areas:
            st.caption("The areas this layer was made from have been removed.")
            return
        chart.draw(
            charts.shares_scatter(areas[f"{field}_observed"], areas[field], field),
            f"{key}-scatter-chart",
            height=_CHART,
            alt=f"Predicted and observed share of {field}",
        )
        st.caption(f"Each area was held out when predicted: {_tested(found)}.")


def _tested(found: ShareFindings) -> str:
    split = found.test.calibrated_on
    return SPLITS.get(split, split)


def how_sure(found: ShareFindings, key: str) -> None:
    """Whether the intervals hold as often as promised, and how wide they are."""
    drawn, table = st.columns(2, gap="large")
    coverage = found.test.coverage
    rows = [
        {
            "Field": field,
            "Tested on": SPLITS.get(split, split),
            "Coverage": 100 * figures.share,
            "Mean width": 100 * figures.mean_width,
            "Areas": figures.n,
        }
        for split, by_field in coverage.items()
        for field, figures in by_field.items()
    ]
    with drawn:
        split = split_switch(coverage, f"{key}-coverage-split")
        groups = [
            GroupFigures(
                field,
                figures.n,
                coverage=figures.share,
                coverage_lo=figures.lo,
                coverage_hi=figures.hi,
            )
            for field, figures in coverage[split].items()
        ]
        level = next(iter(coverage[split].values())).level
        chart.draw(
            charts.fairness(
                groups,
                "coverage",
                title=f"Coverage of the intervals; target {percent(level)}",
                axis="Areas whose observed share is in the interval",
            ),
            f"{key}-coverage",
            height=max(_CHART, 150 + 34 * len(found.outcomes)),
            alt="Coverage of the intervals by field",
        )
    with table:
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            key=f"{key}-widths",
            height="content" if len(rows) <= 12 else 460,
            column_config={
                "Coverage": st.column_config.NumberColumn(
                    format="%.1f %%", help="Areas whose observed share is in the interval"
                ),
                "Mean width": st.column_config.NumberColumn(format="%.1f %%"),
            },
        )
