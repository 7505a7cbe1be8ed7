"""The form that fetches a city from public data: where, what, what it costs, start."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from aether_core.city.cells import COARSEST, FINEST
from aether_core.eo.alphaearth import FIRST_YEAR, LAST_YEAR
from aether_core.language import _, mark
from aether_core.poi.overture.record import DEFAULT_CONFIDENCE
from ui.fetch import area as fetch_area
from ui.fetch import cost as fetch_cost
from ui.fetch import where as fetch_where
from ui.fetch.area import Area
from ui.forms import confidence
from ui.forms import names as fetch_names
from ui.map import box_map
from ui.shell import errors, rights, state, uploads
from ui.shell.text import worded
from workflows.fetch.eo_sources.eo_source import EO_SOURCES, TILES
from workflows.fetch.fetch import FetchCity, FetchEstimate, FetchSummary, start_fetch
from workflows.fetch.job_kind import FETCH
from workflows.fetch.request import BOTH, MAX_YEARS, OSM, OVERTURE

MAP_HEIGHT: Final = 430
_YEARS: Final = tuple(range(LAST_YEAR, FIRST_YEAR - 1, -1))
_SOURCES: Final = {OVERTURE: mark("Overture"), OSM: mark("OpenStreetMap"), BOTH: mark("Both")}
_SOURCE_WORDS: Final = {
    OVERTURE: mark("Places from Overture Maps, newest release."),
    OSM: mark("Places from OpenStreetMap, via the Overpass server or an extract."),
    BOTH: mark("Places from both; duplicates are merged."),
}
_AUTOMATIC: Final = mark("Automatic")
_CELL_SIZES: Final = {f"H3 resolution {level}": level for level in range(COARSEST, FINEST + 1)}


def ask_fetch(on_started: Callable[[FetchSummary], None]) -> None:
    """Draw the form; `on_started` gets the fetch that was queued."""
    fetch_where.settle()
    left, right = st.columns([1, 1.35], gap="large")
    with left, errors.boxed(state.reachable):
        fetch_where.ask_where()
        area = fetch_area.current()
        st.header(_("What"), anchor=False)
        name, slug = fetch_names.ask_names()
        request = _ask(name, slug, area)
    with right, errors.boxed(state.reachable):
        _draw_map(area)
        if request is None:
            st.caption(_("The estimate appears once an area is set."))
        else:
            _conclude(request, on_started)


def _draw_map(area: Area | None) -> None:
    box_map.draw_box_map(
        area.shape if area is not None else None,
        key="fetch-map",
        version=fetch_area.version(),
        on_drawn=fetch_area.drawn,
        height=MAP_HEIGHT,
    )
    st.caption(
        _("Coast: Natural Earth. Towns: GeoNames.")
        if area is None
        else _("{origin} Coast: Natural Earth. Towns: GeoNames.", origin=area.origin)
    )


def _ask(name: str, slug: str, area: Area | None) -> FetchCity | None:
    """Ask for all the rest; None while there is no area."""
    years = _ask_years()
    eo_source = _ask_eo_source()
    source = st.segmented_control(
        _("Places from"),
        list(_SOURCES),
        default=OVERTURE,
        required=True,
        key="fetch-pois",
        format_func=lambda source: _(_SOURCES[source]),
    )
    st.caption(_(_SOURCE_WORDS[source]))
    train = st.checkbox(
        _("Train a model afterwards"),
        value=True,
        key="fetch-train",
        help=_("The city can then be searched in plain words as soon as it is ready."),
    )
    ground = st.checkbox(
        _("Streets, water and parks"),
        value=True,
        key="fetch-ground",
        help=_(
            "From Overture Maps, drawn under every map, and walked along for distances on foot. "
            "Buildings are added to small cities. An OpenStreetMap extract brings its own."
        ),
    )
    with st.expander(_("More settings")):
        least, unsure_share = DEFAULT_CONFIDENCE, None
        if source != OSM:
            least, unsure_share = confidence.ask_rule("fetch-confidence")
        extract = []
        if source != OVERTURE:
            extract = uploads.choose(
                _("OpenStreetMap extract, optional"),
                key="fetch-osm",
                endings=["pbf"],
                about=_("A .pbf file of the region. Without it, the Overpass server is queried."),
            )
        radius = st.number_input(
            _("Surroundings considered, in metres"),
            5,
            10_000,
            value=100,
            key="fetch-radius",
            help=_("Distance around a place or cell over which satellite data are averaged."),
        )
        cells = st.selectbox(
            _("Cell size"),
            [_AUTOMATIC, *_CELL_SIZES],
            key="fetch-resolution",
            help=_(
                "Smaller cells show more detail but take longer. Automatic keeps the city "
                "below 250,000 cells."
            ),
            format_func=worded(_AUTOMATIC),
        )
    if area is None:
        return None
    return FetchCity(
        slug=slug,
        name=name,
        boundary=area.boundary,
        years=years,
        pois=source,
        osm_file=extract[0] if extract else None,
        confidence=least,
        radius_m=float(radius),
        train=train,
        cell_resolution=_CELL_SIZES.get(cells),
        credits=area.credits,
        ground=ground,
        unsure_share=unsure_share,
        eo_source=eo_source,
    )


def _ask_eo_source() -> str:
    sources = sorted(EO_SOURCES.values(), key=lambda source: source.position)
    chosen: str = st.segmented_control(
        _("Satellite data"),
        [source.name for source in sources],
        default=TILES,
        required=True,
        key="fetch-eo-source",
        format_func=lambda name: _(EO_SOURCES[name].label),
    )
    st.caption(_(EO_SOURCES[chosen].about))
    return chosen


def _ask_years() -> tuple[int, ...]:
    st.session_state.setdefault("fetch-year", LAST_YEAR - 1)
    left, right = st.columns(2, gap="small")
    with left:
        year = st.selectbox(
            _("Year"),
            _YEARS,
            key="fetch-year",
            help=_(
                "AlphaEarth is published yearly, from {first_year} on. If the mirror lacks a "
                "year, you are told; no other year is used instead.",
                first_year=FIRST_YEAR,
            ),
        )
    with right:
        others = st.multiselect(
            _("More years"),
            [one for one in _YEARS if one != year],
            key="fetch-more-years",
            placeholder=_("none"),
            max_selections=MAX_YEARS - 1,
            help=_("Stored with the city, to map change."),
        )
    return (year, *(one for one in others if one != year))


def _conclude(request: FetchCity, on_started: Callable[[FetchSummary], None]) -> None:
    """Cost, consent where it is much, and the button that starts."""
    cost = fetch_cost.show_cost(request)
    agreed = not cost.asks or _ask_consent(cost)
    missing = [
        words
        for words, there in ((_("a name"), request.name), (_("a short name"), request.slug))
        if not there
    ]
    if missing:
        st.caption(_("Still needed: {missing}.", missing=_(" and ").join(missing)))
    go = st.button(
        _("Fetch this city"),
        type="primary",
        key="fetch-go",
        icon=":material/download:",
        width="stretch",
        **rights.needing(FETCH.role, disabled=bool(missing) or not agreed or not cost.fits),
    )
    rights.note(FETCH.role)
    if not go:
        return
    with st.spinner(_("Starting")):
        fetch = start_fetch(state.store(), request, confirmed=agreed and cost.asks, estimate=cost)
    uploads.forget([request.osm_file] if request.osm_file is not None else [])
    fetch_where.forget()
    fetch_names.forget()
    on_started(fetch)


def _ask_consent(cost: FetchEstimate) -> bool:
    return st.checkbox(
        _(
            "Download {size}: more than the {ask_megabytes:,} MB this installation allows "
            "without confirmation",
            size=fetch_cost.size(cost.megabytes),
            ask_megabytes=cost.ask_megabytes,
        ),
        key="fetch-consent",
    )
