"""Where districts come from: a drawing, a file, a kept layer."""

from typing import Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.vector import UPLOAD_SUFFIXES, ReadOptions, read_vector
from ui.districts import areas
from ui.districts.areas import AreaFile, Districts
from ui.forms import kept_areas, reading
from ui.shell import errors, state, uploads
from ui.shell.text import count, plain, worded
from workflows.cities.cities import CitySummary

_DRAW, _FILE, _LAYER = mark("Draw"), mark("From a file"), mark("From a saved layer")
_DETECT: Final = mark("Detect")
_ENDINGS: Final = tuple(sorted(ending.lstrip(".") for ending in UPLOAD_SUFFIXES))
_MOST_COLUMNS: Final = 200


def ask_districts(city: CitySummary) -> None:
    """Ask where districts come from; what is given joins what was drawn."""
    kept = kept_areas.layers_of_areas(city)
    ways = [_DRAW, _FILE, *([_LAYER] if kept else [])]
    way = st.segmented_control(
        _("Districts"), ways, default=_DRAW, required=True, key="district-way", format_func=_
    )
    if way == _FILE:
        with errors.boxed(state.reachable):
            _of_file(city)
    elif way == _LAYER and kept:
        now = areas.current(city)
        layer, names = kept_areas.ask(
            city, kept, f"district-{now.forms}", first=(now.layer, now.of_layer)
        )
        areas.take_layer(city, layer, names)


def show_list(city: CitySummary, now: Districts) -> None:
    """What there is, and how to rename or remove it."""
    sources = [count(len(now.sketches), "drawn area")] if now.sketches else []
    if now.file is not None:
        sources.append(_("areas of {name}", name=now.file.path.name))
    if now.of_layer:
        sources.append(count(len(now.of_layer), "area of a saved layer", "areas of a saved layer"))
    if not sources:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="district-list"):
        st.caption(plain("; ".join(sources).capitalize() if now.sketches else "; ".join(sources)))
        if now.active is not None:
            _rename(city, now.active)
        if now.file is not None:
            st.button(
                _("Remove the file"),
                type="tertiary",
                key="district-no-file",
                on_click=areas.remove_file,
                args=(city,),
            )
        st.button(
            _("Start again"),
            type="tertiary",
            icon=":material/restart_alt:",
            key="district-anew",
            on_click=areas.remove_all,
            args=(city,),
        )


def _rename(city: CitySummary, name: str) -> None:
    with st.popover(_("Rename {name}", name=plain(name)), icon=":material/edit:", type="tertiary"):
        key = f"district-name-{name}"
        st.text_input(
            _("Name"),
            value=name,
            key=key,
            max_chars=60,
            on_change=lambda: areas.rename(city, name, str(st.session_state[key])),
        )
        st.button(
            _("Remove it"),
            icon=":material/delete:",
            key=f"district-remove-{name}",
            on_click=areas.remove,
            args=(city, name),
        )


def _of_file(city: CitySummary) -> None:
    files = uploads.choose(
        _("Areas"),
        key=f"district-{areas.current(city).forms}-file",
        endings=_ENDINGS,
        about=_(
            "Polygons with names, up to 5,000: GeoPackage, GeoJSON, zipped Shapefile or "
            "FileGDB, KML, GML, GeoParquet, FlatGeobuf, or CSV with shapes."
        ),
    )
    if not files:
        return
    path = files[0]
    left, right = st.columns(2, vertical_alignment="bottom")
    with right:
        options = reading.ask("district-reading", path)
    columns = _columns(str(path), reading.changed(path), options)
    with left:
        field = st.selectbox(
            _("Name column"),
            [_DETECT, *columns],
            key=f"district-{path.name}-name",
            format_func=worded(_DETECT),
        )
    file = AreaFile(path, options, None if field == _DETECT else field)
    read = areas.read_file(file)
    reading.show_report(read.report, "district-report")
    if areas.current(city).file != file:
        areas.take_file(city, file)


@st.cache_data(max_entries=4, show_spinner=mark("Reading the file"))
def _columns(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> list[str]:
    frame = read_vector(path, options).frame
    return [str(name) for name in frame.columns if name != "geometry"][:_MOST_COLUMNS]
