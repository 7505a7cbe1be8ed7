"""What a fetch will cost, before it begins: from geometry at once, from the servers on request."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

import streamlit as st

from aether_core.progress import Progress
from ui.shell import errors, state
from ui.shell.text import count, duration, facts, sentence
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
        return f"{megabytes / _GB:,.1f} GB"
    return f"{max(megabytes, 1):,.0f} MB" if megabytes > 0 else "0 MB"


def _figures(request: FetchCity, cost: FetchEstimate) -> None:
    about = "" if cost.basis == FROM_SERVERS else "about "
    columns = st.columns(4, gap="small")
    figures = (
        ("Download", size(cost.megabytes)),
        ("Time", f"about {duration(60 * cost.minutes)}"),
        ("Cells", f"{cost.cells:,}"),
        ("Area", f"{cost.km2:,.0f} km²" if cost.km2 >= 10 else f"{cost.km2:.1f} km²"),
    )
    for column, (label, value) in zip(columns, figures, strict=True):
        column.metric(label, value if label != "Download" else f"{about}{value}")
    places = "not counted yet" if cost.pois is None else f"at most {cost.pois:,}"
    lines = {
        "Files": f"{count(cost.tiles, 'tile')}, {_zones(cost)}, "
        f"{count(len(cost.years), 'year')}, {cost.pixels / 1e6:,.1f} million pixels",
        "Places": places + (f", release {cost.release}" if cost.release else ""),
        "Streets, water, parks": _ground(request, cost),
    }
    if cost.reused_megabytes:
        lines["Already cached"] = f"{size(cost.reused_megabytes)} from earlier downloads"
    lines["Disk"] = f"{size(cost.disk_megabytes)} needed, {size(cost.disk_free_megabytes)} free"
    facts(lines)


def _ground(request: FetchCity, cost: FetchEstimate) -> str:
    """What streets and base map take, and what of them is left out."""
    if request.osm_file is not None:
        return "from the OpenStreetMap extract"
    if not request.takes_ground:
        return "left out"
    if cost.ground_megabytes is None:
        return "not counted yet"
    taken = f"{size(cost.ground_megabytes)}, about {count(cost.ground_requests or 0, 'request')}"
    if not cost.buildings_megabytes:
        return taken
    return f"{taken}; no buildings, which would take {size(cost.buildings_megabytes)}"


def _zones(cost: FetchEstimate) -> str:
    return f"UTM {'zone' if len(cost.zones) == 1 else 'zones'} {', '.join(cost.zones)}"


def _say_disk(cost: FetchEstimate) -> None:
    if not cost.fits:
        st.error(
            f"There is not enough room on the disk: {size(cost.disk_megabytes)} are needed while "
            f"the city is built, {size(cost.disk_free_megabytes)} are free. Free some space or "
            "choose a smaller area.",
            icon=":material/hard_drive:",
        )


def _offer_exact(request: FetchCity) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Estimated from the area only; no server was queried.", width="stretch")
        asked = st.button(
            "Get exact figures",
            key="fetch-exact-go",
            icon=":material/cloud_sync:",
            help="Reads the mirror's index, file headers, and statistics of places and streets for "
            "an exact estimate. The first time, the index is downloaded too (about 80 MB).",
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
        line = st.progress(0.0, text="Starting")
        st.button("Stop", key="fetch-exact-stop", icon=":material/stop_circle:")

    def progress(stage: str, done: int, total: int) -> None:
        share = min(max(done / total, 0.0), 1.0) if total else 0.0
        counted = f", {done:,} of {total:,}" if total > 1 else ""
        line.progress(share, text=sentence(stage) + counted)

    try:
        yield progress
    finally:
        shown.empty()
