"""Another year for a city that is there: which, what it costs, start."""

from collections.abc import Callable

import streamlit as st

from aether_core.eo.alphaearth import FIRST_YEAR, LAST_YEAR
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.errors import InputError
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
            "Fetch another year",
            icon=":material/calendar_add_on:",
            width="stretch",
            **rights.needing(FETCH.role),
        ),
        errors.boxed(state.reachable),
    ):
        _ask(city, years, on_started)


def _ask(city: CitySummary, years: list[int], on_started: Callable[[FetchSummary], None]) -> None:
    year = st.selectbox(
        "Year",
        years,
        key=f"year-{city.slug}",
        help="If the mirror lacks a year, you are told; no other year is used instead.",
    )
    try:
        cost = _cost(city.slug, year)
    except InputError as error:
        st.caption(plain(errors.in_words(error)))
        return
    st.caption(
        f"About {size(cost.megabytes)} and {duration(60 * cost.minutes)}. The same places and "
        "cells are used for that year, so that change can be mapped."
    )
    if not cost.fits:
        st.error(
            f"{size(cost.disk_megabytes)} of disk space are needed and "
            f"{size(cost.disk_free_megabytes)} are free.",
            icon=":material/hard_drive:",
        )
    agreed = not cost.asks or st.checkbox(
        f"Allow a download of more than {cost.ask_megabytes:,} MB", key=f"year-consent-{city.slug}"
    )
    if not st.button(
        f"Fetch {year}",
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
