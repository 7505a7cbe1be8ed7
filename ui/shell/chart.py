"""A chart on a page; one that is taller than a screen scrolls in its place."""

from typing import Final

import streamlit as st

from aether_core.charts.words import Chart

TALLEST: Final = 520


def show_chart(chart: Chart, key: str, *, height: int, alt: str) -> None:
    """Draw a chart.

    Args:
        key: Stable name of the chart.
        height: Pixels; beyond `TALLEST` the chart scrolls.
        alt: What it shows, for screen readers.
    """
    if height <= TALLEST:
        st.altair_chart(chart, key=key, height=height, alt=alt)
        return
    with st.container(height=TALLEST, border=False, key=f"{key}-scroll"):
        st.altair_chart(chart, key=key, height=height, alt=alt)
