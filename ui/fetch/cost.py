"""What a fetch will cost, before it begins: from geometry at once, from the servers on request."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import streamlit as st

from aether_core.language import _, figure, plural
from aether_core.progress import Progress
from ui.shell import errors, state
from ui.shell.text import count, duration, facts, sentence, stage_in_words
from workflows.fetch.estimate import FROM_SERVERS
from workflows.fetch.fetch import FetchCity, FetchEstimate, estimate_fetch
from workflows.home.documents import to_document

_EXACT: Final = "fetch-exact"
_GB: Final = 1000.0


def show_cost(request: FetchCity) -> FetchEstimate:
    """Show what the fetch will cost.

    Raises:
        AetherError: The request cannot be fetched; the caller shows it.
    """
    asked = replace(request, slug="a", name="a", train=False)  # neither changes the cost
    kept: tuple[FetchCity, FetchEstimate] | None = st.session_state.get(_EXACT)
    known = kept is not None and kept[0] == asked
    cost = kept[1] if kept is not None and known else _from_geometry(asked)
    _figures(request, cost)
    _say_disk(cost)
    if cost.basis != FROM_SERVERS:
        _offer_exact(asked)
    return cost


@st.cache_data(
    max_entries=32,
    show_spinner=False,
    ttl=60,
    hash_funcs={FetchCity: lambda one: str(to_document(one))},
)
def _from_geometry(request: FetchCity) -> FetchEstimate:
    return estimate_fetch(state.store(), request)


def size(megabytes: float) -> str:
    """Megabytes as people say them."""
    if megabytes >= _GB:
        return figure(megabytes / _GB, ",.1f") + " GB"
    return figure(max(megabytes, 1) if megabytes > 0 else 0, ",.0f") + " MB"


def _figures(request: FetchCity, cost: FetchEstimate) -> None:
    columns = st.columns(4, gap="small")
    told = size(cost.megabytes)
    figures = (
        (_("Download"), told if cost.basis == FROM_SERVERS else _("about {size}", size=told)),
        (_("Time"), _("about {size}", size=duration(60 * cost.minutes))),
        (_("Cells"), figure(cost.cells, ",")),
        (_("Area"), figure(cost.km2, ",.0f" if cost.km2 >= 10 else ".1f") + " km²"),
    )
    for column, (label, value) in zip(columns, figures, strict=True):
        column.metric(label, value)
    places = _("not counted yet") if cost.pois is None else _("at most {pois:,}", pois=cost.pois)
    lines = {
        _("Files"): _(
            "{tiles}, {zones}, {years}, {pixels:,.1f} million pixels",
            tiles=count(cost.tiles, "tile"),
            zones=_zones(cost),
            years=count(len(cost.years), "year"),
            pixels=cost.pixels / 1000000.0,
        ),
        _("Places"): places
        + (_(", release {release}", release=cost.release) if cost.release else ""),
        _("Streets, water, parks"): _ground(request, cost),
    }
    if cost.reused_megabytes:
        lines[_("Already cached")] = _(
            "{size} from earlier downloads", size=size(cost.reused_megabytes)
        )
    lines[_("Disk")] = _(
        "{size} needed, {size2} free",
        size=size(cost.disk_megabytes),
        size2=size(cost.disk_free_megabytes),
    )
    facts(lines)


def _ground(request: FetchCity, cost: FetchEstimate) -> str:
    """What streets and base map take, and what of them is left out."""
    if request.osm_file is not None:
        return _("from the OpenStreetMap extract")
    if not request.takes_ground:
        return _("left out")
    if cost.ground_megabytes is None:
        return _("not counted yet")
    taken = _(
        "{size}, about {requests}",
        size=size(cost.ground_megabytes),
        requests=count(cost.ground_requests or 0, "request"),
    )
    if not cost.buildings_megabytes:
        return taken
    return _(
        "{taken}; no buildings, which would take {size}",
        taken=taken,
        size=size(cost.buildings_megabytes),
    )


def _zones(cost: FetchEstimate) -> str:
    return plural(
        "UTM zone {zones}", "UTM zones {zones}", len(cost.zones), zones=", ".join(cost.zones)
    )


def _say_disk(cost: FetchEstimate) -> None:
    if not cost.fits:
        st.error(
            _(
                "There is not enough room on the disk: {size} are needed while the city is "
                "built, {size2} are free. Free some space or choose a smaller area.",
                size=size(cost.disk_megabytes),
                size2=size(cost.disk_free_megabytes),
            ),
            icon=":material/hard_drive:",
        )


def _offer_exact(request: FetchCity) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Estimated from the area only; no server was queried."), width="stretch")
        asked = st.button(
            _("Get exact figures"),
            key="fetch-exact-go",
            icon=":material/cloud_sync:",
            help=_(
                "Reads the mirror's index, file headers, and statistics of places and streets for "
                "an exact estimate. The first time, the index is downloaded too (about 80 MB)."
            ),
        )
    if not asked:
        return
    with errors.boxed(state.reachable):
        with _bar() as progress:
            cost = estimate_fetch(state.store(), request, ask_servers=True, progress=progress)
        st.session_state[_EXACT] = (request, cost)
        st.rerun()


@contextmanager
def _bar() -> Iterator[Progress]:
    """Show how far the question is in this run of the page; Stop runs it again without it."""
    shown = st.empty()
    with shown.container(horizontal=True, vertical_alignment="center"):
        line = st.progress(0.0, text=_("Starting"))
        st.button(_("Stop"), key="fetch-exact-stop", icon=":material/stop_circle:")

    def progress(stage: str, done: int, total: int) -> None:
        share = min(max(done / total, 0.0), 1.0) if total else 0.0
        counted = _(", {done:,} of {total:,}", done=done, total=total) if total > 1 else ""
        line.progress(share, text=sentence(stage_in_words(stage)) + counted)

    try:
        yield progress
    finally:
        shown.empty()
