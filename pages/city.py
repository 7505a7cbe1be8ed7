"""City: what one city holds and what was left out; add one, remove one."""

import streamlit as st

from ui import add_form, errors, page, state
from ui import map as city_map
from ui.nearby import places_of
from ui.text import count, facts, plain
from workflows.cities import CitySummary, list_cities, remove_city

MAP_HEIGHT = 560
SHOW, ADD = "This city", "Add a city"


def draw_places(city: CitySummary) -> None:
    """The city's boundary and places on a map."""
    frame = places_of(city)
    city_map.draw(
        city,
        key="city-map",
        height=MAP_HEIGHT,
        alt=f"Map of the places of {city.name}",
        points=city_map.points_of(frame),
        with_footprint=True,
    )
    st.caption(
        "Grey line: the city's boundary. Orange line: what the embedding covers. Dots: places."
    )
    if len(frame) < city.pois:
        st.caption(f"{len(frame):,} of {city.pois:,} places are drawn.")


def draw_facts(city: CitySummary) -> None:
    """The figures of the city."""
    kind = "pixels" if city.embedding_kind == "raster" else "samples"
    mark = ", simulated" if city.simulated else ""
    facts(
        {
            "Places": f"{city.pois:,}",
            "Cells": f"{city.cells:,} (H3 resolution {city.cell_resolution})",
            "Embedding": f"{city.year}, {city.pixels:,} {kind}{mark}",
            "Radius": f"{city.radius_m:g} m",
            "Coordinates": city.crs,
            "Short name": city.slug,
            "Model in use": city.model or "none yet",
            "Added": f"{city.created:%d %b %Y}",
        }
    )


def draw_dropped(city: CitySummary) -> None:
    """What the file of places held and the city does not."""
    st.subheader("Left out", anchor=False)
    dropped = {reason: number for reason, number in city.pois_dropped.items() if number}
    if not dropped:
        st.caption("Every place of the file is in the city.")
        return
    st.caption(f"{count(sum(dropped.values()), 'place')} of the file could not be used.")
    ordered = sorted(dropped.items(), key=lambda item: -item[1])
    st.dataframe(
        {"Reason": [reason for reason, _ in ordered], "Places": [number for _, number in ordered]},
        hide_index=True,
        key="dropped",
    )


def draw_removal(city: CitySummary) -> None:
    """Remove the city once its short name has been typed."""
    with st.popover("Remove this city", icon=":material/delete:", width="stretch"):
        st.write(
            f"This removes **{plain(city.name)}** with {count(city.pois, 'place')}, "
            f"{count(city.models, 'model')} and {count(city.layers, 'layer')}. "
            "It cannot be undone."
        )
        typed = st.text_input(f"Type {city.slug} to confirm", key=f"confirm-{city.slug}")
        if st.button(
            "Remove for good",
            type="primary",
            disabled=typed != city.slug,
            key=f"remove-{city.slug}",
        ):
            remove_city(state.store(), city.slug)
            st.toast("The city was removed.")
            st.rerun()


def added(city: CitySummary) -> None:
    """Show the city that was just added."""
    state.choose_later(city.slug)
    st.session_state["city-next"] = SHOW
    st.toast(f"{plain(city.name)} was added.")
    st.rerun()


def settle_view(*, has_city: bool) -> None:
    """Decide what to show before anything is drawn."""
    if "city-next" in st.session_state:
        st.session_state["city-view"] = st.session_state.pop("city-next")
    elif not has_city or (
        "city-view" not in st.session_state and st.query_params.get("do") == "add"
    ):
        st.session_state["city-view"] = ADD
    else:
        st.session_state.setdefault("city-view", SHOW)


def draw() -> None:
    """The page."""
    city = state.city(list_cities(state.store()))
    settle_view(has_city=city is not None)
    adding = st.session_state["city-view"] == ADD
    page.heading("Add a city" if adding else "City", None if adding else city)
    if city is not None:
        st.segmented_control(
            "What to do", [SHOW, ADD], required=True, key="city-view", label_visibility="collapsed"
        )
    if adding or city is None:
        with errors.boxed(state.reachable):
            add_form.draw(added)
        return
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        draw_facts(city)
        draw_dropped(city)
        draw_removal(city)
    with picture, errors.boxed(state.reachable):
        draw_places(city)


page.through_router()
with errors.boxed(state.reachable):
    draw()
