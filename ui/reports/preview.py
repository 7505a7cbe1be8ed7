"""The report as it will be, in the page: its own document under its own address."""

from typing import Final

import streamlit as st

from aether_core.language import _
from aether_core.report import Report
from aether_core.report.to_html import html_of
from ui.districts.progress_bar import progress_bar
from ui.map import served
from ui.shell import state
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary
from workflows.reports.choices import ReportChoices
from workflows.reports.write import made_report

_HEIGHT: Final = 860


def make(city: CitySummary, layer: LayerSummary, choices: ReportChoices) -> Report:
    """The report; maps and figures are made once, so that words can be changed at once.

    Raises:
        AetherError: The layer is gone, or a choice cannot be carried out.
    """
    with progress_bar(_("Making the report")) as progress:
        return made_report(state.store(), city.slug, layer.layer, choices, progress)


def show(report: Report) -> None:
    """Draw the report; it cannot run anything nor reach the page around it."""
    address = served.address(html_of(report).encode(), "html")
    with st.container(key="report-preview", border=True):
        st.iframe(
            address, height=_HEIGHT, alt=_("Preview of the report: {title}", title=report.title)
        )
