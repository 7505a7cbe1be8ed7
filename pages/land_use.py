"""Land use: from labels to a map of classes that says how sure it is and where it does not hold."""

import streamlit as st

from ui import (
    district_form,
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
        districts = district_form.draw(KEY)
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


def made(city: CitySummary, request: LandUseRequest) -> None:
    """Fit in this run of the page, then show the map."""
    with working.bar(KEY) as progress:
        result = land_use(state.store(), city.slug, request, progress)
    districts = request.districts
    given = (request.labels.file, districts.file if districts else None)
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


page.through_router()
with errors.boxed(state.reachable):
    fit_page.draw("Land use", KEY, KIND, form=draw_form, result=draw_result)
