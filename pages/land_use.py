"""Land use: from labels to a map of classes that says how sure it is and where it does not hold."""

from pathlib import Path

import streamlit as st

from aether_core.vector import VECTOR_SUFFIXES
from ui import (
    errors,
    fit_form,
    fit_page,
    label_form,
    layer_map,
    page,
    state,
    trust,
    uploads,
    working,
)
from workflows.cities import CitySummary
from workflows.land_use import KIND, LandUseRequest, advice, land_use
from workflows.layers import LayerSummary

MAP_HEIGHT = 600
KEY = "landuse"
VECTORS = tuple(sorted(ending.lstrip(".") for ending in VECTOR_SUFFIXES - {".shp"}))


def draw_form(city: CitySummary) -> None:
    """Labels on the left, settings and the button on the right."""
    given, settings = st.columns([2, 1], gap="large")
    with given:
        labels = label_form.draw(city, KEY)
    with settings, st.container(border=True, key="landuse-settings"), errors.boxed(state.reachable):
        st.subheader("Map", anchor=False)
        title = st.text_input(
            "Title", key=f"{KEY}-title", placeholder="made from the labels' name", max_chars=200
        )
        go_place = st.container()
        fit = fit_form.draw(city, KEY, with_representation=True)
        districts = ask_districts()
        with go_place:
            if labels is None:
                st.caption("Still needed: labels.")
            go = st.button(
                "Fit and map",
                type="primary",
                key=f"{KEY}-go",
                disabled=labels is None,
                width="stretch",
                icon=":material/category:",
            )
            working.say_stopped(KEY)
            if go and labels is not None:
                made(city, LandUseRequest(labels, fit, title.strip() or None, districts))


def ask_districts() -> Path | None:
    """Ask for areas to tell errors apart by."""
    with st.expander("Districts", icon=":material/grid_view:"):
        files = uploads.choose(
            "Districts, optional",
            key=f"{KEY}-districts",
            endings=VECTORS,
            about="Areas with a name each: errors are told apart by them, and each is predicted "
            "once from all the others.",
        )
    return files[0] if files else None


def made(city: CitySummary, request: LandUseRequest) -> None:
    """Fit in this run of the page, then show the map."""
    with working.bar(KEY) as progress:
        result = land_use(state.store(), city.slug, request, progress)
    given = [request.labels.file, request.districts]
    uploads.forget([path for path in given if path is not None])
    fit_page.show_next(KEY, result.layer)


def draw_result(city: CitySummary, layers: list[LayerSummary]) -> None:
    """The map with what is known of it."""
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        layer = fit_page.choose(KEY, layers)
        fit_page.score(
            layer,
            "accuracy",
            "Right",
            known="labels",
            percent=True,
            about="Share of labels whose class was predicted right by a fit that had not seen "
            "them or any label near them.",
        )
        st.metric(
            "Can be trusted",
            f"{layer.findings['trusted']:.0%}".replace("%", " %"),
            help="Share of the cells that resemble the labels and have at most two classes "
            "possible. The others are grey.",
        )
        if told := advice(layer):
            st.info(told, icon=":material/lightbulb:")
        fit_page.panel(layer, "labels", layer.findings["classes"], "Classes")
        fit_page.take_with(city, layer, KEY)
    with picture, errors.boxed(state.reachable):
        layer_map.draw(city, layer, KEY, MAP_HEIGHT)
    with errors.boxed(state.reachable):
        trust.draw(city, layer, layer_map.values_of(city, layer), KEY)


def draw() -> None:
    """The page."""
    city = page.with_city("Land use")
    if city is None:
        return
    layers = fit_page.layers_of(city, KIND)
    if fit_page.is_new(KEY, layers):
        draw_form(city)
    else:
        draw_result(city, layers)


page.through_router()
with errors.boxed(state.reachable):
    draw()
