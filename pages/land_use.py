"""Land use: from labels to a map of classes that says how sure it is and where it does not hold."""

import streamlit as st

from aether_core.charts.words import percent
from aether_core.tasks.kinds.classes import ClassFindings, sentences
from ui.forms import district as district_form
from ui.forms import fit as fit_form
from ui.forms import label as label_form
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.maps import fit_page, layer_map, trust
from ui.shell import errors, page, state
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary
from workflows.tasks.job_kinds import LAND_USE
from workflows.tasks.land_use import KIND, LandUseRequest, advice

MAP_HEIGHT = 600
KEY = "landuse"


def draw_form(city: CitySummary, panel: Panel) -> None:
    """Labels on the left, settings and the button on the right."""
    given, settings = st.columns([2, 1], gap="large")
    with given:
        labels = label_form.draw(city, KEY)
    with settings, st.container(border=True, key="landuse-settings"), errors.boxed(state.reachable):
        st.subheader("Map", anchor=False)
        title = st.text_input(
            "Title",
            key=f"{KEY}-title",
            placeholder="default: from the name of the labels",
            max_chars=200,
        )
        go_place = st.container()
        fit = fit_form.draw(city, KEY, with_representation=True)
        districts = district_form.draw(KEY)
        everywhere = st.toggle(
            "Predict everywhere",
            key=f"{KEY}-everywhere",
            help="Off: where your labels cover the ground, the map keeps what they say, and "
            "predictions fill the gaps. On: predictions everywhere.",
        )
        with go_place:
            if labels is None:
                st.caption("Still needed: labels. Add some known examples first.")
            asked = None
            if labels is not None:
                asked = LandUseRequest(
                    labels, fit, title.strip() or None, districts, predict_everywhere=everywhere
                )
            go = job_panel.button(
                panel, "Make the map", key=f"{KEY}-go", icon=":material/category:", request=asked
            )
            if go and asked is not None:
                files = (asked.labels.file, districts.file if districts else None)
                job_panel.start(panel, LAND_USE, asked, files=files)


def draw_result(city: CitySummary, layers: list[LayerSummary]) -> None:
    """The map with what is known of it."""
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        layer = fit_page.choose(KEY, layers)
        fit_page.score(
            layer,
            "accuracy",
            "Accuracy",
            known="labels",
            percent=True,
            about="Share of held-out labels whose class was predicted correctly.",
        )
        found = layer.measured(ClassFindings)
        st.metric(
            "Usable cells",
            percent(found.usable),
            help="Share of cells that are observed, or resemble the labels and have at most two "
            "possible classes. The others are grey.",
        )
        if told := advice(layer):
            st.info(plain(told), icon=":material/lightbulb:")
        fit_page.panel(layer)
        fit_page.take_with(city, layer, KEY)
    with picture, errors.boxed(state.reachable):
        layer_map.draw(city, layer, KEY, MAP_HEIGHT)
        st.caption(plain(" ".join(sentences(found))))
    with errors.boxed(state.reachable):
        trust.draw(city, layer, layer_map.values_of(city, layer), KEY)


page.through_router()
with errors.boxed(state.reachable):
    fit_page.draw("Land use", KEY, KIND, LAND_USE, form=draw_form, result=draw_result)
