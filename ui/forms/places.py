"""The form that gives a city places, and what any form asks about a file of places."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.poi.fields import PoiFields
from aether_core.poi.overture.file import NAME as OVERTURE_PLACES
from aether_core.poi.read import PoiFile, read_pois
from aether_core.vector import UPLOAD_SUFFIXES, ReadOptions
from ui.forms import confidence, reading
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.shell import errors, state, uploads
from ui.shell.text import count, worded
from workflows.cities.add_places import AddPlaces
from workflows.cities.cities import CitySummary
from workflows.cities.job_kinds import ADD_PLACES

ENDINGS: Final = (*sorted(suffix.lstrip(".") for suffix in UPLOAD_SUFFIXES), "pbf")
ABOUT: Final = mark(
    "Points of interest with a name and a category: GeoJSON, Overpass JSON, GeoPackage, "
    "Shapefile or FileGDB in a .zip, FlatGeobuf, GeoParquet, KML, CSV, or an OpenStreetMap "
    "extract (.pbf)."
)
_DETECT: Final = mark("Detect")
_COLUMN_OF: Final = {
    "name": mark("Name column"),
    "category": mark("Category column"),
    "group": mark("Group column"),
}
_MEANINGS: Final = tuple(_COLUMN_OF)
_CONFIDENCE: Final = "confidence"
_SHOWN: Final = 4


def look(city: CitySummary) -> Panel:
    """The places on their way into a city, and those that just came."""
    return job_panel.look("places", city.slug, [ADD_PLACES])


def ask_places(city: CitySummary, panel: Panel) -> None:
    """Draw the form, open for a city without places, with the jobs behind it."""
    with (
        st.expander(_("Add places"), expanded=not city.pois or bool(panel.jobs and panel.working)),
        errors.boxed(state.reachable),
    ):
        if not city.pois:
            st.caption(_("Training and questions in words need places: shops, schools, parks."))
        elif city.models:
            st.caption(
                _(
                    "Models that are there stay as they are: they rank the new places, too, but "
                    "have "
                    "learned nothing from them. Train again to change that."
                )
            )
        _ask(city, panel)


def _ask(city: CitySummary, panel: Panel) -> None:
    key = f"places-{city.slug}"
    files = uploads.choose(_("File of places"), key=key, endings=ENDINGS, about=_(ABOUT))
    request = None
    if files:
        options = reading.ask(f"{key}-reading", files[0])
        fields = ask_fields(key, files[0], options)
        credit = ask_credit(f"{key}-credit")
        extend = bool(city.pois) and st.checkbox(
            _("Add to the {places} the city has", places=count(city.pois, "place")),
            key=f"{key}-extend",
        )
        if extend or not city.pois:
            request = AddPlaces(
                files[0],
                extend=extend,
                name_field=fields.name,
                category_field=fields.category,
                group_field=fields.group,
                min_confidence=fields.min_confidence,
                options=options,
                attribution=[credit] if credit else [],
            )
    go = job_panel.button(
        panel,
        _("Add these places"),
        key=f"{key}-go",
        icon=":material/add_location:",
        request=request,
    )
    if go and request is not None:
        job_panel.start(panel, ADD_PLACES, request, files=files)


def ask_credit(key: str) -> str:
    """Ask whom the places are owed to."""
    return st.text_input(
        _("Credit line of the places' source"),
        key=key,
        placeholder=_("such as © OpenStreetMap contributors, ODbL"),
        max_chars=500,
        help=_("Shown under every map and included in every export."),
    ).strip()


def ask_fields(key: str, path: Path, options: ReadOptions) -> PoiFields:
    """Ask which columns of a file of places mean what, and show how it is read.

    Args:
        key: Start of the widgets' names.
        path: The file.
        options: What was said about it.

    Raises:
        AetherError: It cannot be read; the caller shows it.
    """
    if path.suffix.lower() == ".pbf":
        st.caption(_("Names and categories are taken from OpenStreetMap's own tags."))
        return PoiFields()
    changed = reading.changed(path)
    columns = reading.columns_of(path, options)
    chosen: dict[str, str | None] = {}
    for column, meaning in zip(st.columns(3), _MEANINGS, strict=True):
        with column:
            name = st.selectbox(
                _(_COLUMN_OF[meaning]),
                [_DETECT, *columns],
                key=f"{key}-field-{meaning}",
                format_func=worded(_DETECT),
            )
        chosen[meaning] = None if name == _DETECT else name
    fields = PoiFields(chosen["name"], chosen["category"], chosen["group"])
    read = _places(str(path), changed, options, fields)
    if read.source == OVERTURE_PLACES and _CONFIDENCE in columns:
        fields = replace(fields, min_confidence=confidence.ask(f"{key}-confidence"))
        read = _places(str(path), changed, options, fields)
    reading.show_report(read.report, f"{key}-report")
    st.dataframe(
        {_(meaning.capitalize()): read.frame[meaning].head(_SHOWN) for meaning in _MEANINGS},
        hide_index=True,
        key=f"{key}-preview",
    )
    return fields


@st.cache_resource(max_entries=2, show_spinner=mark("Reading the places"))
def _places(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
    fields: PoiFields,
) -> PoiFile:
    return read_pois(path, fields=fields, options=options)
