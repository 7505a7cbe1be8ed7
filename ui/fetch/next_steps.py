"""What a city that was just fetched is made of, and what to do with it next."""

from typing import Final

import streamlit as st

from aether_core.tasks.kinds.classes import CLASSES
from ui.fetch.cost import size
from ui.shell import page, state
from ui.shell.text import count, plain, sentence
from workflows.cities.cities import CitySummary
from workflows.fetch.fetch import FetchSummary

_ARRIVED: Final = "fetch-arrived"


def greet(fetch: FetchSummary) -> None:
    """Note that a fetch this visit waited for is done."""
    st.session_state[_ARRIVED] = fetch


def show_next_steps(city: CitySummary) -> None:
    """Draw the steps, until they are closed."""
    fetch: FetchSummary | None = st.session_state.get(_ARRIVED)
    if fetch is None or fetch.slug != city.slug:
        return
    with st.container(border=True, key="next-steps"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(f"{plain(city.name)} is ready", anchor=False, width="stretch")
            st.button(
                "Close",
                key="next-steps-close",
                icon=":material/close:",
                on_click=lambda: st.session_state.pop(_ARRIVED, None),
            )
        reused = (
            f", {size(fetch.reused_megabytes)} were already cached"
            if fetch.reused_megabytes
            else ""
        )
        st.write(
            f"{count(city.pois, 'place')} and {city.unit.counted(city.cells)}; "
            f"{size(fetch.megabytes)} were downloaded{reused}."
        )
        if fetch.not_trained:
            st.warning(plain(f"Not trained: {sentence(fetch.not_trained)}."))
        with st.container(horizontal=True):
            for target, label in _steps(city, fetch):
                st.page_link(
                    target,
                    label=label,
                    icon=":material/arrow_forward:",
                    query_params={state.CITY: city.slug},
                )


def _steps(city: CitySummary, fetch: FetchSummary) -> list[tuple[str, str]]:
    if city.model is not None:
        steps = [(page.SEARCH, "Search it in words")]
    elif fetch.run is not None:
        steps = [(page.TRAIN, "See training progress")]
    else:
        steps = [(page.TRAIN, "Train its model")]
    if len(city.years) > 1 and city.model is not None:
        steps.append((page.CHANGE, "See what has changed"))
    return [*steps, (page.of_task(CLASSES.name), "Map its land use")]
