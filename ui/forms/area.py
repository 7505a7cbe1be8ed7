"""Areas on their way in: a file, the fields that are shares of one whole, a look."""

from pathlib import Path
from typing import Final, get_args

import streamlit as st

from aether_core.errors import AetherError
from aether_core.language import _, mark
from aether_core.tasks.areas.columns import AreaColumns, area_columns
from aether_core.tasks.areas.given import Given
from aether_core.tasks.areas.read import MINIMUM_COUNT, Areas, read_areas
from aether_core.tasks.areas.totals import listed_totals
from aether_core.vector import UPLOAD_SUFFIXES, ReadOptions
from ui.forms import area_preview, reading, shapes
from ui.map import empty_map
from ui.shell import errors, state, uploads
from ui.shell.text import count, plain, worded
from workflows.cities.cities import CitySummary
from workflows.tasks.areas import AreaRequest

_ENDINGS: Final = tuple(sorted(ending.lstrip(".") for ending in UPLOAD_SUFFIXES))
_DETECT: Final = mark("Detect")
_HINT: Final = mark(
    "Upload areas with numbers that add up to a whole, such as people by occupation or homes by "
    "type. A few hundred areas are a good start."
)
_ABOUT: Final = mark(
    "Polygons with numbers that add up to a whole, such as people by occupation: GeoPackage, "
    "GeoJSON, zipped Shapefile or FileGDB, FlatGeobuf, GeoParquet, KML, GML, or CSV with shapes. "
    "Another table needs H3 cells, or codes and a second file with their shapes."
)
_KINDS: Final = get_args(Given)


def ask_areas(city: CitySummary, key: str) -> AreaRequest | None:
    """Ask for areas and their fields; a map is shown before anything is fitted.

    Args:
        city: The city.
        key: Start of the widgets' names, different for each form of a visit.

    Returns:
        What was asked for; None while something is missing or cannot be used (said in a box).
    """
    with errors.boxed(state.reachable):
        files = uploads.choose(_("Areas"), key=f"{key}-areas", endings=_ENDINGS, about=_(_ABOUT))
        if not files:
            empty_map.draw_empty_map(city, f"{key}-empty", _(_HINT))
            return None
        request = _fields(files[0], key)
        if request is not None and _previewed(city, request, key):
            return request
    return None


def _fields(path: Path, key: str) -> AreaRequest | None:
    """Ask which fields are parts of one whole."""
    beside, whole = st.container(), st.container()
    left, kind, people, size, right = st.columns([3, 3, 3, 3, 4], vertical_alignment="bottom")
    with right:
        options = reading.ask(f"{key}-reading", path)
    found = _columns(str(path), reading.changed(path), options)
    name = f"{key}-{path.name}"
    geometry = None
    if found.needs_shapes:
        with beside:
            geometry = shapes.ask(name)
        if geometry is None:
            return None
    with whole:
        chosen = _parts(found, name)
    with left:
        code = st.selectbox(
            _("Area ID field"),
            [_DETECT, *found.others, *found.numbers],
            key=f"{name}-code",
            format_func=worded(_DETECT),
        )
    with kind:
        given = st.selectbox(
            _("The numbers are"),
            [_DETECT, *_KINDS],
            key=f"{name}-given",
            help=_("Set this where percentages could be mistaken for counts, or the reverse."),
            format_func=worded(_DETECT),
        )
    with people:
        minimum = _least_people(f"{name}-minimum")
    with size:
        smallest = _least_size(f"{name}-smallest")
    if len(chosen) < 2:
        st.caption(
            _(
                "{rows} in the file, {fields} with numbers. Choose the fields that add up to "
                "the whole.",
                rows=count(found.rows, "row"),
                fields=count(len(found.numbers), "field"),
            )
        )
        return None
    return AreaRequest(
        file=path,
        fields=tuple(chosen),
        options=options,
        code_field=None if code == _DETECT else code,
        minimum_count=minimum,
        minimum_m2=smallest,
        geometry=geometry,
        given=next((one for one in _KINDS if one == given), None),
    )


def _parts(found: AreaColumns, name: str) -> list[str]:
    """Ask for the parts of the whole; totals and codes are offered only to who asks for them."""
    kept_out = [
        *listed_totals(found.totals),
        *(_("{code} (code)", code=code) for code in found.codes),
    ]
    kept_out += [_("{size} (size or place)", size=size) for size in found.sizes]
    place = st.container()
    every = False
    if kept_out:
        st.caption(_("Not offered: {kept_out}.", kept_out=plain("; ".join(kept_out))))
        every = st.toggle(_("Offer these too"), key=f"{name}-every")
    more = [*found.totals, *found.codes, *found.sizes] if every else []
    return place.multiselect(
        _("Fields that add up to a whole"),
        [*found.numbers, *more],
        key=f"{name}-fields",
        placeholder=_("choose at least two"),
        help=_("Shares, percentages or counts. Counts are converted to shares of the row total."),
    )


def _least_people(key: str) -> float:
    return st.number_input(
        _("Minimum population"),
        0.0,
        value=MINIMUM_COUNT,
        step=50.0,
        format="%.0f",
        key=key,
        help=_("Areas with fewer people are left out, to protect privacy. Applies to counts only."),
    )


def _least_size(key: str) -> float:
    return st.number_input(
        _("Minimum size, in m²"),
        0.0,
        value=AreaRequest.minimum_m2,
        step=500.0,
        format="%.0f",
        key=key,
        help=_("Smaller areas are left out: their figures would describe single buildings."),
    )


def _previewed(city: CitySummary, request: AreaRequest, key: str) -> bool:
    try:
        changed = [reading.changed(file) for file in (request.file, request.geometry) if file]
        areas = _areas(repr(request), changed, request)
    except AetherError as error:
        errors.show(error)
        return False
    if areas.report is not None:
        reading.show_report(areas.report, f"{key}-report")
    if areas.shapes is not None:
        reading.show_report(areas.shapes, f"{key}-shapes-report")
    return area_preview.preview_areas(city, areas, key, smallest_m2=request.minimum_m2)


@st.cache_data(max_entries=4, show_spinner=mark("Reading the fields"))
def _columns(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
) -> AreaColumns:
    return area_columns(path, options)


@st.cache_resource(max_entries=4, show_spinner=mark("Reading the areas"))
def _areas(
    name: str,  # noqa: ARG001 - tells requests apart
    changed: list[float],  # noqa: ARG001 - a file written anew is read anew
    _request: AreaRequest,
) -> Areas:
    return read_areas(
        _request.file,
        fields=_request.fields,
        options=_request.options,
        geometry=_request.geometry,
        code_field=_request.code_field,
        given=_request.given,
        minimum_count=_request.minimum_count,
    )
