"""Layers: what was kept, on the map, with where it came from; two of them side by side."""

import streamlit as st

from aether_core.tasks.samples.representations import REPRESENTATION_KINDS
from ui.jobs.links import LAYER, asked_for
from ui.maps import difference, layer_map, take_away
from ui.maps.layer_names import seen_by, told_apart
from ui.shell import downloads, errors, page, state
from ui.shell.text import facts, plain
from workflows.cities.cities import CitySummary
from workflows.layers.export import export_layer
from workflows.layers.layers import LayerSummary, list_layers, remove_layer

MAP_HEIGHT = 600
MAP, COMPARE = "One layer", "Compare two"
KINDS = {
    "search": "search result",
    "similar": "similar places",
    "ask": "answer to a question",
    "change": "change between two years",
    "landuse": "land use",
    "socioeconomic": "shares by cell",
    "socioeconomic areas": "shares by area",
}
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
    names = told_apart(layers)
    linked = asked_for(LAYER)
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
                    *told_fit(layer),
                    f"{layer.created:%d %b %Y, %H:%M}",
                    f"{layer.features:,} {layer.unit}s",
                ]
            )
            for layer in layers
        ],
        key="layer",
    )
    return by_name[name]


def told_fit(layer: LayerSummary) -> list[str]:
    """What kind of layer it is, and what the fit saw where there was one."""
    return [KINDS.get(layer.kind, layer.kind), *filter(None, [seen_by(layer)])]


def draw_lineage(layer: LayerSummary) -> None:
    """Where the layer came from, enough to make it again."""
    asked = {
        label: layer.parameters[name]
        for name, label in ASKED.items()
        if layer.parameters.get(name) is not None
    }
    if "Representation" in asked:
        asked["Representation"] = seen_by(layer)
    needs_model = REPRESENTATION_KINDS[layer.parameters.get("representation", "aether")].needs_model
    facts(
        {
            "Kind": KINDS.get(layer.kind, layer.kind),
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
        downloads.buttons(
            f"{city.slug}-{chosen.layer}",
            lambda path: export_layer(state.store(), city.slug, chosen.layer, path),
            key="layer",
        )
        left, right = st.columns(2, gap="small")
        with left:
            take_away.report(city, chosen)
        with right:
            take_away.qgis(city, chosen)
        draw_removal(city, chosen)
        st.subheader("Provenance", anchor=False)
        draw_lineage(chosen)
    with picture, errors.boxed(state.reachable):
        layer_map.draw(city, chosen, "layer", MAP_HEIGHT)


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
            difference.draw(city, layers)


page.through_router()
with errors.boxed(state.reachable):
    draw()
