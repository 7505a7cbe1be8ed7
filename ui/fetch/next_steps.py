"""What a city that was just fetched is made of, and what to do with it next."""

from typing import Final

import streamlit as st

from aether_core.language import _
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
            st.header(_("{name} is ready", name=plain(city.name)), anchor=False, width="stretch")
            st.button(
                _("Close"),
                key="next-steps-close",
                icon=":material/close:",
                on_click=lambda: st.session_state.pop(_ARRIVED, None),
            )
        reused = (
            _(", {size} were already cached", size=size(fetch.reused_megabytes))
            if fetch.reused_megabytes
            else ""
        )
        st.write(
            _(
                "{places} and {units}; {size} were downloaded{reused}.",
                places=count(city.pois, "place"),
                units=city.unit.counted(city.cells),
                size=size(fetch.megabytes),
                reused=reused,
            )
        )
        lacking = [str(one["version"]) for one in city.sources if one.get("lacking")]
        if lacking:
            st.warning(
                _(
                    "The mosaic lacks files here: parts of the city have no data in {years}.",
                    years=", ".join(lacking),
                )
            )
        if fetch.not_trained:
            st.warning(
                plain(_("Not trained: {not_trained}.", not_trained=sentence(fetch.not_trained)))
            )
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
        steps = [(page.SEARCH, _("Search it in words"))]
    elif fetch.run is not None:
        steps = [(page.TRAIN, _("See training progress"))]
    else:
        steps = [(page.TRAIN, _("Train its model"))]
    if len(city.years) > 1 and city.model is not None:
        steps.append((page.CHANGE, _("See what has changed")))
    return [*steps, (page.of_task(CLASSES.name), _("Map its land use"))]
