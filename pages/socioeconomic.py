"""Socioeconomic: from shares of areas to a map of areas and cells, with intervals."""

import streamlit as st

from aether_core.eo.file_kind import FILE_KINDS
from aether_core.tasks.kinds.shares import ShareFindings
from aether_core.tasks.samples.representations import REPRESENTATION_KINDS
from ui.forms import area as area_form
from ui.forms import district as district_form
from ui.forms import fit as fit_form
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.maps import fit_page, layer_map, trust
from ui.shell import errors, page, state
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary, list_layers
from workflows.tasks.job_kinds import SOCIOECONOMIC
from workflows.tasks.socioeconomic import KIND, SocioeconomicRequest

MAP_HEIGHT = 600
KEY = "shares"
AREAS, CELLS = "Areas", "Cells"


def draw_form(city: CitySummary, panel: Panel) -> None:
    """Areas on the left, settings and the button on the right."""
    given, settings = st.columns([2, 1], gap="large")
    with given:
        areas = area_form.draw(city, KEY)
    with settings, st.container(border=True, key="shares-settings"), errors.boxed(state.reachable):
        st.subheader("Map", anchor=False)
        title = st.text_input(
            "Title",
            key=f"{KEY}-title",
            placeholder="default: from the name of the areas",
            max_chars=180,
        )
        go_place = st.container()
        fit = fit_form.draw(city, KEY, with_representation=True)
        pixels = ask_pixels(city, fit.representation)
        districts = district_form.draw(KEY)
        st.caption(ShareFindings.note)
        with go_place:
            if areas is None:
                st.caption("Still needed: areas with at least two fields.")
            asked = None
            if areas is not None:
                named = title.strip() or None
                asked = SocioeconomicRequest(areas, fit, named, districts, pixels)
            go = job_panel.button(
                panel, "Make the map", key=f"{KEY}-go", icon=":material/groups:", request=asked
            )
            if go and asked is not None:
                files = (asked.areas.file, districts.file if districts else None)
                job_panel.start(panel, SOCIOECONOMIC, asked, files=files)


def ask_pixels(city: CitySummary, representation: str) -> bool:
    """Ask whether areas take their mean over pixels, where the embedding has some."""
    has_pixels = FILE_KINDS[city.embedding_kind].has_pixels
    if not (has_pixels and REPRESENTATION_KINDS[representation].of_pixels):
        return False
    return st.toggle(
        "Average over pixels",
        key=f"{KEY}-pixels",
        help="Average the pixels in each area instead of its cells: more precise for small "
        "areas, but slower.",
    )


def areas_of(city: CitySummary, layer: LayerSummary) -> LayerSummary | None:
    """The areas' layer that was made together with a layer of cells."""
    layers = list_layers(state.store(), city.slug)
    return next((one for one in layers if one.cells_layer == layer.number), None)


def draw_result(city: CitySummary, layers: list[LayerSummary]) -> None:
    """The map with what is known of it."""
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        layer = fit_page.choose(KEY, layers)
        by_area = areas_of(city, layer)
        shown = draw_panel(city, layer, by_area)
    with picture, errors.boxed(state.reachable):
        layer_map.draw(city, shown, KEY, MAP_HEIGHT)
        st.caption(layer.measured(ShareFindings).note)
    with errors.boxed(state.reachable):
        trust.draw(city, layer, layer_map.values_of(city, by_area or layer), KEY)


def draw_panel(
    city: CitySummary, layer: LayerSummary, by_area: LayerSummary | None
) -> LayerSummary:
    """What the map says in figures; returns the layer to draw."""
    unit = AREAS if by_area is not None else CELLS
    if by_area is not None:
        unit = st.segmented_control(
            "Show", [AREAS, CELLS], default=AREAS, required=True, key=f"{KEY}-unit"
        )
    shown = by_area if by_area is not None and unit == AREAS else layer
    fit_page.score(
        layer,
        "cosine",
        "Cosine similarity",
        known="known areas",
        percent=False,
        about="Mean cosine similarity of predicted and observed shares in held-out areas: 1 "
        "means the same mix of groups.",
    )
    fit_page.panel(layer)
    fit_page.take_with(city, shown, KEY)
    return shown


page.through_router()
with errors.boxed(state.reachable):
    fit_page.draw("Socioeconomic", KEY, KIND, SOCIOECONOMIC, form=draw_form, result=draw_result)
