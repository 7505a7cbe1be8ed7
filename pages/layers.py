"""Layers: what was kept, on the map, with where it came from; two of them side by side."""

import streamlit as st

from aether_core.tasks.samples.representations import REPRESENTATION_KINDS
from ui.jobs.links import LAYER, from_address
from ui.maps import difference, layer_map, take_away
from ui.maps.layer_names import distinct_names, features_used
from ui.shell import errors, page, state
from ui.shell.text import facts, plain
from workflows.cities.cities import CitySummary
from workflows.layers.kinds import layer_kind
from workflows.layers.layers import LayerSummary, list_layers, remove_layer

MAP_HEIGHT = 600
MAP, COMPARE = "One layer", "Compare two"
ASKED = {
    "query": "Asked",
    "question": "Asked",
    "minus": "But not",
    "at": "Example point",
    "from": "From",
    "to": "To",
    "labels": "Labels",
    "areas": "Areas",
    "representation": "Representation",
    "predictor": "Predictor",
    "protocol": "Protocol",
}


def choose(layers: list[LayerSummary]) -> LayerSummary:
    """The list of layers; one is always chosen."""
    by_name = {layer.layer: layer for layer in layers}
    names = distinct_names(layers)
    linked = from_address(LAYER)
    if linked in by_name:
        st.session_state["layer"] = linked
    elif st.session_state.get("layer") not in by_name:
        st.session_state["layer"] = layers[0].layer
    name = st.radio(
        "Saved layers",
        list(by_name),
        format_func=lambda slug: plain(names[slug]),
        captions=[
            " · ".join(
                [
                    *kind_and_features(layer),
                    f"{layer.created:%d %b %Y, %H:%M}",
                    f"{layer.features:,} {layer.unit}s",
                ]
            )
            for layer in layers
        ],
        key="layer",
    )
    return by_name[name]


def kind_and_features(layer: LayerSummary) -> list[str]:
    """What kind of layer it is, and what the fit saw where there was one."""
    return [layer_kind(layer.kind).noun, *filter(None, [features_used(layer)])]


def draw_lineage(layer: LayerSummary) -> None:
    """Where the layer came from, enough to make it again."""
    asked = {
        label: layer.parameters[name]
        for name, label in ASKED.items()
        if layer.parameters.get(name) is not None
    }
    if "Representation" in asked:
        asked["Representation"] = features_used(layer)
    needs_model = REPRESENTATION_KINDS[layer.parameters.get("representation", "aether")].needs_model
    facts(
        {
            "Kind": layer_kind(layer.kind).noun,
            **asked,
            "Model": layer.model or ("its model was removed" if needs_model else "none needed"),
            "Embedding": f"{layer.years}{', simulated' if layer.simulated else ''}",
            "In PostGIS": layer.view,
        }
    )


def draw_removal(city: CitySummary, layer: LayerSummary) -> None:
    """Remove the layer after a second word."""
    # A popover of its own for each layer: after a removal the next one's is closed.
    with st.popover(
        "Remove", icon=":material/delete:", width="stretch", key=f"removal-{layer.layer}"
    ):
        st.write(f"Remove **{plain(layer.title)}** permanently?")
        if st.button("Remove this layer", type="primary", key=f"remove-{layer.layer}"):
            remove_layer(state.store(), city.slug, layer.layer)
            st.toast("The layer was removed.")
            st.rerun()


def draw_one(city: CitySummary, layers: list[LayerSummary]) -> None:
    """One layer: its map, where it came from, and what can be done with it."""
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        with st.container(height=260, border=False) if len(layers) > 4 else st.container():
            chosen = choose(layers)
        st.subheader("Download", anchor=False)
        take_away.files(city, chosen, "layer")
        left, right = st.columns(2, gap="small")
        with left:
            take_away.report(city, chosen)
        with right:
            take_away.qgis(city, chosen)
        draw_removal(city, chosen)
        st.page_link(
            page.DISTRICTS, label="Figures of districts", query_params={state.CITY: city.slug}
        )
        st.subheader("Provenance", anchor=False)
        draw_lineage(chosen)
    with picture, errors.boxed(state.reachable):
        layer_map.draw_layer(city, chosen, "layer", MAP_HEIGHT)


def draw() -> None:
    """The page."""
    city = page.with_city("Layers")
    if city is None:
        return
    layers = list_layers(state.store(), city.slug)
    if not layers:
        page.empty(
            "No saved layers yet",
            "Search the city, then save the result as a layer. Saved layers are listed here, can "
            "be downloaded, and can be opened directly from PostGIS.",
            page.SEARCH,
            "Search this city",
        )
        return
    if LAYER in st.query_params:
        st.session_state["layers-view"] = MAP
    view = st.segmented_control(
        "View",
        [MAP, COMPARE],
        default=None if "layers-view" in st.session_state else MAP,
        required=True,
        key="layers-view",
        label_visibility="collapsed",
    )
    if view == MAP:
        draw_one(city, layers)
    else:
        with errors.boxed(state.reachable):
            difference.show_difference(city, layers)


page.through_router()
with errors.boxed(state.reachable):
    draw()
