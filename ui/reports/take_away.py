"""The files of a report: the document, and the map behind it with its colours."""

import streamlit as st

from aether_core.language import _
from aether_core.report import Report
from aether_core.report.to_html import html_of
from aether_core.report.to_pdf import pdf_of
from ui.maps import take_away
from ui.shell import downloads
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary


def show_downloads(city: CitySummary, layer: LayerSummary, report: Report) -> None:
    """Draw the buttons."""
    name = f"{city.slug}-{report.title}"
    with st.container(horizontal=True, key="report-downloads"):
        st.download_button(
            _("Download PDF"),
            lambda: pdf_of(report),
            file_name=downloads.file_name(name, ".pdf"),
            mime="application/pdf",
            key="report-pdf",
            type="primary",
            icon=":material/picture_as_pdf:",
            on_click="ignore",
        )
        st.download_button(
            _("Download web page"),
            lambda: html_of(report).encode(),
            file_name=downloads.file_name(name, ".html"),
            mime="text/html",
            key="report-html",
            icon=":material/html:",
            on_click="ignore",
        )
        with st.popover(_("Map data"), icon=":material/map:"):
            st.caption(
                _("The map with its colours, and the city's streets, parks and water below it.")
            )
            take_away.package(city, [layer], key="report-map")
