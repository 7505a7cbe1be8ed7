"""Another year for a city that is there: which, what it costs, start."""

from collections.abc import Callable

import streamlit as st

from aether_core.eo.alphaearth import FIRST_YEAR, LAST_YEAR
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.errors import InputError
from aether_core.language import _
from ui.fetch.cost import size
from ui.shell import errors, rights, state
from ui.shell.text import duration, plain
from workflows.cities.cities import CitySummary
from workflows.fetch.fetch import (
    ALPHAEARTH,
    FetchEstimate,
    FetchSummary,
    estimate_fetch,
    start_fetch,
    years_of_city,
)
from workflows.fetch.job_kind import FETCH


def ask_year(city: CitySummary, on_started: Callable[[FetchSummary], None]) -> None:
    """Draw the form; `on_started` gets the fetch that was queued.

    Nothing is drawn for a city no year of the public files can stand beside.
    """
    years = [one for one in range(LAST_YEAR, FIRST_YEAR - 1, -1) if one not in city.years]
    has_pixels = FILE_KINDS[city.embedding_kind].has_pixels
    if city.simulated or city.embedding != ALPHAEARTH or not has_pixels or not years:
        return
    with (
        st.popover(
            _("Fetch another year"),
            icon=":material/calendar_add_on:",
            width="stretch",
            **rights.needing(FETCH.role),
        ),
        errors.boxed(state.reachable),
    ):
        _ask(city, years, on_started)


def _ask(city: CitySummary, years: list[int], on_started: Callable[[FetchSummary], None]) -> None:
    year = st.selectbox(
        _("Year"),
        years,
        key=f"year-{city.slug}",
        help=_("If the mirror lacks a year, you are told; no other year is used instead."),
    )
    try:
        cost = _cost(city.slug, year)
    except InputError as error:
        st.caption(plain(errors.in_words(error)))
        return
    st.caption(
        _(
            "About {size} and {minutes}. The same places and cells are used for that year, "
            "so that change can be mapped.",
            size=size(cost.megabytes),
            minutes=duration(60 * cost.minutes),
        )
    )
    if not cost.fits:
        st.error(
            _(
                "{size} of disk space are needed and {size2} are free.",
                size=size(cost.disk_megabytes),
                size2=size(cost.disk_free_megabytes),
            ),
            icon=":material/hard_drive:",
        )
    agreed = not cost.asks or st.checkbox(
        _("Allow a download of more than {ask_megabytes:,} MB", ask_megabytes=cost.ask_megabytes),
        key=f"year-consent-{city.slug}",
    )
    if not st.button(
        _("Fetch {year}", year=year),
        type="primary",
        key=f"year-go-{city.slug}",
        icon=":material/download:",
        width="stretch",
        disabled=not (agreed and cost.fits),
    ):
        return
    request = years_of_city(state.store(), city.slug, (year,))
    on_started(start_fetch(state.store(), request, confirmed=cost.asks and agreed, estimate=cost))


@st.cache_data(max_entries=16, show_spinner=False, ttl=60)
def _cost(slug: str, year: int) -> FetchEstimate:
    store = state.store()
    return estimate_fetch(store, years_of_city(store, slug, (year,)))
