"""Home: the cities, what each has, and what to do next."""

import streamlit as st

from aether_core.language import _
from ui.fetch import jobs as fetch_jobs
from ui.fetch import real_demo
from ui.map import thumbnail
from ui.shell import errors, footer, page, state, tour
from ui.shell.text import count, plain
from workflows.cities.cities import CitySummary
from workflows.demo.simulated import SLUG

COLUMNS = 3


def next_step(city: CitySummary) -> tuple[str, str, str]:
    """What to do next with a city: in words, the page to go to, the link's label."""
    if city.model is None and not city.pois:
        words = _("It has no places: it can be mapped, but not searched in words.")
        return words, page.LAYERS, _("Make a map")
    if city.model is None:
        return _("Its model has not been trained yet."), page.TRAIN, _("Train its model")
    return _("Ready to search."), page.SEARCH, _("Ask this city")


def draw_card(city: CitySummary) -> None:
    """One city's card."""
    words, target, label = next_step(city)
    with st.container(border=True, key=f"card-{city.slug}", height="stretch"):
        thumbnail.draw_thumbnail(city)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(plain(city.name), anchor=False, width="content")
            if city.simulated:
                footer.simulated_badge()
        parts = [
            ", ".join(map(str, city.years)),
            count(city.pois, "place"),
            city.unit.counted(city.cells),
            count(city.models, "model"),
            count(city.layers, "layer"),
        ]
        st.caption(" · ".join(parts))
        st.write(words)
        st.page_link(
            target,
            label=label,
            icon=":material/arrow_forward:",
            width="stretch",
            query_params={state.CITY: city.slug},
        )
        if city.slug == SLUG:
            tour.offer(city)


page.through_router()
page.heading(_("Cities"))
with errors.boxed(state.reachable):
    cities = state.cities()
    if cities:
        st.caption(
            _(
                "Ask a city in plain words and get a map back. "
                "Each city has its own places, model and layers."
            )
        )
        for start in range(0, len(cities), COLUMNS):
            for column, city in zip(
                st.columns(COLUMNS), cities[start : start + COLUMNS], strict=False
            ):
                with column:
                    draw_card(city)
        st.page_link(
            page.CITY,
            label=_("Add a city"),
            icon=":material/add:",
            width="stretch",
            query_params={"do": "add"},
        )
        fetch_jobs.hint()
        for city in cities:
            real_demo.offer_real_demo(city)
    else:
        fetch_jobs.hint()
        page.empty(
            _("There is no city yet"),
            _(
                "Type a city's name or draw a box, and fetch it from public data; or add one from "
                "your own files, or load the demo with `./aether demo`."
            ),
            page.CITY,
            _("Add a city"),
        )
