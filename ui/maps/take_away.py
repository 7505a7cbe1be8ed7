"""Take a layer away: as a document for a committee, into QGIS, with its colours."""

from typing import Final

import streamlit as st

from ui.jobs import panel as job_panel
from ui.shell import downloads, errors, state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.jobs.job import JobSummary, remove_job
from workflows.layers.layers import LayerSummary, layer_values
from workflows.layers.qgis import write_project
from workflows.layers.styles import layer_style
from workflows.reports.job_kind import REPORT, ReportRequest, report_file

_DOCUMENTS: Final = {".pdf": "PDF", ".html": "Web page"}
_MIME: Final = {".pdf": "application/pdf", ".html": "text/html"}


def report(city: CitySummary, layer: LayerSummary) -> None:
    """Make the layer's report, then offer it."""
    with st.popover("Report", icon=":material/description:", width="stretch"):
        st.caption(
            "Map, meaning, accuracy, limitations and how to reproduce it, in one document for a "
            "committee."
        )
        suffix = st.segmented_control(
            "Document",
            list(_DOCUMENTS),
            default=".pdf",
            required=True,
            format_func=lambda ending: _DOCUMENTS[ending],
            key="report-format",
            label_visibility="collapsed",
        )
        with errors.boxed(state.reachable):
            _made(city, layer, suffix)


def _made(city: CitySummary, layer: LayerSummary, suffix: str) -> None:
    """The document, where there is one, and the button that makes it."""
    request = ReportRequest(layer.layer, suffix)
    asked = REPORT.to_document(request)
    panel = job_panel.look(
        "report", city.slug, [REPORT], lambda job: job.request == asked and _is_of(layer, job)
    )
    done = panel.newest_done()
    path = None if done is None else report_file(state.store(), done)
    if done is None or path is None or not path.is_file():
        go = job_panel.button(
            panel,
            "Create report",
            key="report-make",
            icon=":material/description:",
            request=request,
        )
        if go:
            job_panel.start(panel, REPORT, request)
        return
    st.download_button(
        f"Download {_DOCUMENTS[suffix]}",
        path.read_bytes,
        file_name=path.name,
        mime=_MIME[suffix],
        key="report-download",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )
    st.caption(f"Created {done.created:%d %b %Y, %H:%M}.")
    if st.button("Create it again", key="report-again", type="tertiary"):
        remove_job(state.store(), done.job)
        job_panel.start(panel, REPORT, request)
    job_panel.draw(panel)


def _is_of(layer: LayerSummary, job: JobSummary) -> bool:
    """Whether a report is of this layer, and not of one of the same name that was removed."""
    return job.created >= layer.created


def qgis(city: CitySummary, layer: LayerSummary) -> None:
    """Offer the city's layers as a QGIS project, and this layer's colours as a style."""
    with st.popover("QGIS", icon=":material/public:", width="stretch"):
        st.caption(
            f"The project opens every layer of {plain(city.name)} directly from PostGIS, with "
            "its colours. It contains no password: QGIS asks for one if the database requires it."
        )
        project = f"{city.slug}.qgz"
        st.download_button(
            "City project (.qgz)",
            lambda: downloads.written(
                project, lambda path: write_project(state.store(), city.slug, path)
            ),
            file_name=project,
            mime="application/zip",
            key="qgis-project",
            icon=":material/download:",
            on_click="ignore",
            width="stretch",
        )
        st.caption("The style gives a downloaded layer the same colours.")
        st.download_button(
            "Layer style (.qml)",
            lambda: style(state.store(), city.slug, layer),
            file_name=f"{city.slug}-{layer.layer}.qml",
            mime="application/xml",
            key="qgis-style",
            icon=":material/palette:",
            on_click="ignore",
            width="stretch",
        )


def style(store: Store, slug: str, layer: LayerSummary) -> bytes:
    """The QML of a layer as a file's content."""
    return layer_style(layer, layer_values(store, slug, layer.layer)).encode()
