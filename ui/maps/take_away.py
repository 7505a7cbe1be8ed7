"""Take a layer away: as a file, as a document for a committee, into QGIS, with its colours."""

from typing import Final

import streamlit as st

from ui.jobs import made_file
from ui.shell import downloads, errors, state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.layers.export import export_layer
from workflows.layers.file_kinds import LAYER_FILE, LayerFile
from workflows.layers.layers import LayerSummary, layer_values
from workflows.layers.qgis import write_project
from workflows.layers.styles import layer_style
from workflows.reports.job_kind import REPORT, ReportRequest

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
    offer = made_file.Offer(
        make="Create report",
        take=f"Download {_DOCUMENTS[suffix]}",
        icon=":material/description:",
        mime=_MIME[suffix],
    )
    request = ReportRequest(layer.layer, suffix)
    made_file.show_file("report", city.slug, REPORT, request, offer, since=layer.created)


def files(city: CitySummary, layer: LayerSummary, key: str) -> None:
    """Offer the layer's values in every format.

    Args:
        key: Start of the widgets' names.
    """
    made_file.in_a_format(
        f"{city.slug}-{layer.layer}",
        city.slug,
        LAYER_FILE,
        lambda suffix: LayerFile(layer.layer, suffix),
        lambda path: export_layer(state.store(), city.slug, layer.layer, path),
        key=key,
        features=layer.features,
        unit=layer.unit,
        since=layer.created,
    )


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
