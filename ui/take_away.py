"""Take a layer away: as a document for a committee, into QGIS, with its colours."""

from typing import Final

import streamlit as st

from ui import downloads, errors, state, working
from ui.text import plain
from workflows.cities import CitySummary
from workflows.layers import LayerSummary, layer_values
from workflows.qgis import write_project
from workflows.report import write_report
from workflows.store import Store
from workflows.styles import layer_style

_DOCUMENTS: Final = {".pdf": "PDF", ".html": "Web page"}
_MIME: Final = {".pdf": "application/pdf", ".html": "text/html"}
_KEPT: Final = "report-kept"


def report(city: CitySummary, layer: LayerSummary) -> None:
    """Make the layer's report, then offer it."""
    with st.popover("Report", icon=":material/description:", width="stretch"):
        st.caption(
            "Map, what it means, how good it is, where not to trust it, and how to make it again: "
            "one document for a committee."
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
        name = f"{city.slug}-{layer.layer}{suffix}"
        wanted = (name, layer.created)
        kept = st.session_state.get(_KEPT)
        if kept is not None and kept[0] == wanted:
            st.download_button(
                f"Download {_DOCUMENTS[suffix]}",
                kept[1],
                file_name=name,
                mime=_MIME[suffix],
                key="report-download",
                type="primary",
                icon=":material/download:",
                on_click="ignore",
                width="stretch",
            )
            return
        go = st.button("Make the report", key="report-make", type="primary", width="stretch")
        working.say_stopped("report")
        if not go:
            return
        with errors.boxed(state.reachable):
            with working.bar("report") as progress:
                content = downloads.written(
                    name,
                    lambda path: write_report(
                        state.store(), city.slug, layer.layer, path, progress=progress
                    ),
                )
            st.session_state[_KEPT] = (wanted, content)
            st.rerun()


def qgis(city: CitySummary, layer: LayerSummary) -> None:
    """Offer the city's layers as a QGIS project, and this layer's colours as a style."""
    with st.popover("QGIS", icon=":material/public:", width="stretch"):
        st.caption(
            f"The project opens every layer of {plain(city.name)} straight from PostGIS, in its "
            "colours. It holds no password: QGIS asks for it where the database wants one."
        )
        project = f"{city.slug}.qgz"
        st.download_button(
            "Project of the city (.qgz)",
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
        st.caption("The style gives a downloaded file of this layer the same colours.")
        st.download_button(
            "Style of this layer (.qml)",
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
