"""A chart on a page; one that is taller than a screen scrolls in its place."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import streamlit as st

from aether_core.charts.words import Chart
from aether_core.language import in_charts

TALLEST: Final = 520


def show_chart(chart: Chart, key: str, *, height: int, alt: str) -> None:
    """Draw a chart.

    Args:
        key: Stable name of the chart.
        height: Pixels; beyond `TALLEST` the chart scrolls.
        alt: What it shows, for screen readers.
    """
    with _place(height, key):
        st.altair_chart(chart.configure(locale=in_charts()), key=key, height=height, alt=alt)


def draw_written(spec: Mapping[str, Any], key: str, *, height: int, alt: str) -> None:
    """Draw a chart that was written as Vega-Lite before; otherwise as `draw`."""
    with _place(height, key):
        st.vega_lite_chart(
            spec={**spec, "config": {**spec.get("config", {}), "locale": in_charts()}},
            key=key,
            height=height,
            alt=alt,
            width="stretch",
        )


def _place(height: int, key: str) -> AbstractContextManager[object]:
    if height <= TALLEST:
        return nullcontext()
    return st.container(height=TALLEST, border=False, key=f"{key}-scroll")
