"""Take layers away: as a file, as a document for a committee, into QGIS, with their colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from aether_core.language import _, mark, tag
from ui.jobs import made_file
from ui.jobs.links import LAYER
from ui.shell import downloads, errors, page, state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.layers.export import export_layer
from workflows.layers.file_kinds import LAYER_FILE, LayerFile
from workflows.layers.layers import LayerSummary, layer_values, list_layers
from workflows.layers.package import (
    CITY_PACKAGE,
    CityPackage,
    package_takes_long,
    write_package,
)
from workflows.layers.styles import layer_style
from workflows.reports.choices import ReportChoices
from workflows.reports.job_kind import REPORT, ReportRequest


@dataclass(frozen=True)
class _Kind:
    """One way to take layers into QGIS and elsewhere."""

    label: str
    about: str
    mime: str
    ending: str = ""


_PACKAGES: Final = {
    ".gpkg": _Kind(
        mark("GeoPackage with colours (.gpkg)"),
        mark("One file that opens in any GIS, on any computer."),
        "application/geopackage+sqlite3",
    ),
    ".zip": _Kind(
        mark("QGIS project with its data (.zip)"),
        mark("Unpack it anywhere and open the project in it."),
        "application/zip",
        "-qgis",
    ),
    ".qgz": _Kind(
        mark("QGIS project of this database (.qgz)"),
        mark("Always the newest, wherever this database can be reached. It contains no password."),
        "application/zip",
    ),
}
_DOCUMENTS: Final = {".pdf": "PDF", ".html": mark("Web page")}
_MIME: Final = {".pdf": "application/pdf", ".html": "text/html"}


def report(city: CitySummary, layer: LayerSummary) -> None:
    """Make the layer's report, then offer it."""
    with st.popover(_("Report"), icon=":material/description:", width="stretch"):
        st.caption(
            _(
                "Map, meaning, accuracy, limitations and how to reproduce it, in one document "
                "for a "
                "committee."
            )
        )
        suffix = st.segmented_control(
            _("Document"),
            list(_DOCUMENTS),
            default=".pdf",
            required=True,
            format_func=lambda ending: _(_DOCUMENTS[ending]),
            key="report-format",
            label_visibility="collapsed",
        )
        with errors.boxed(state.reachable):
            _made(city, layer, suffix)
        st.page_link(
            page.REPORTS,
            label=_("Own title, words and districts"),
            icon=":material/edit:",
            query_params={state.CITY: city.slug, LAYER: layer.layer},
        )


def _made(city: CitySummary, layer: LayerSummary, suffix: str) -> None:
    """The document, where there is one, and the button that makes it."""
    offer = made_file.Offer(
        make=_("Create report"),
        take=_("Download {documents}", documents=_(_DOCUMENTS[suffix])),
        icon=":material/description:",
        mime=_MIME[suffix],
    )
    request = ReportRequest(layer.layer, suffix, ReportChoices(language=tag()))
    made_file.show_file("report", city.slug, REPORT, request, offer, since=layer.changed)


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
        since=layer.changed,
    )


def qgis(city: CitySummary, layer: LayerSummary) -> None:
    """Offer all of the city's layers with their colours, and this layer's style by itself."""
    with st.popover("QGIS", icon=":material/public:", width="stretch"):
        st.caption(_("Every saved map of {name} with its colours.", name=plain(city.name)))
        package(city, list_layers(state.store(), city.slug), key="qgis")
        st.caption(_("The colours of this map alone, for a file you have already."))
        st.download_button(
            _("Layer style (.qml)"),
            lambda: style(state.store(), city.slug, layer),
            file_name=f"{city.slug}-{layer.layer}.qml",
            mime="application/xml",
            key="qgis-style",
            icon=":material/palette:",
            on_click="ignore",
            width="stretch",
        )


def package(city: CitySummary, layers: Sequence[LayerSummary], *, key: str) -> None:
    """Offer layers in one file that opens anywhere, or a project that reads the database.

    Args:
        layers: Which.
        key: Start of the widgets' names.
    """
    suffix = st.radio(
        _("Take"),
        list(_PACKAGES),
        format_func=lambda ending: _(_PACKAGES[ending].label),
        captions=[_(one.about) for one in _PACKAGES.values()],
        key=f"{key}-package",
        label_visibility="collapsed",
    )
    with errors.boxed(state.reachable):
        _package(city, layers, suffix, key)


def _package(city: CitySummary, layers: Sequence[LayerSummary], suffix: str, key: str) -> None:
    kind = _PACKAGES[suffix]
    names = [one.layer for one in layers]
    alone = f"-{names[0]}" if len(names) == 1 else ""
    called = downloads.file_name(f"{city.slug}{alone}{kind.ending}", suffix)
    if package_takes_long(state.store(), city.slug, names, suffix):
        offer = made_file.Offer(
            make=_("Prepare the file"),
            take=_("Download"),
            icon=":material/draft:",
            mime=kind.mime,
            name=called,
        )
        request = CityPackage(suffix, tuple(names))
        newest = max(one.changed for one in layers)
        made_file.show_file(key, city.slug, CITY_PACKAGE, request, offer, since=newest)
        return
    st.download_button(
        _("Download"),
        lambda: downloads.written(
            called, lambda path: write_package(state.store(), city.slug, path, names)
        ),
        file_name=called,
        mime=kind.mime,
        key=f"{key}-project",
        icon=":material/download:",
        on_click="ignore",
        width="stretch",
    )


def style(store: Store, slug: str, layer: LayerSummary) -> bytes:
    """The QML of a layer as a file's content."""
    return layer_style(layer, layer_values(store, slug, layer.layer)).encode()
