"""Layers: what was kept, on the map, with where it came from."""

import numpy as np
import pandas as pd
import streamlit as st

from ui import downloads, errors, ground, legend, page, ramp, state
from ui import map as city_map
from ui.cells import CellValues
from ui.text import facts, plain
from workflows.cities import CitySummary
from workflows.export import export_layer
from workflows.layers import LayerSummary, layer_values, list_layers, remove_layer

MAP_HEIGHT = 600
ASKED = {"query": "Asked", "minus": "But not", "at": "Pointed at"}


def choose(layers: list[LayerSummary]) -> LayerSummary:
    """The list of layers; one is always chosen."""
    by_name = {layer.layer: layer for layer in layers}
    if st.session_state.get("layer") not in by_name:
        st.session_state["layer"] = layers[0].layer
    name = st.radio(
        "Kept layers",
        list(by_name),
        format_func=lambda slug: plain(by_name[slug].title),
        captions=[
            f"{layer.created:%d %b %Y, %H:%M} · {layer.features:,} cells" for layer in layers
        ],
        key="layer",
    )
    return by_name[name]


def draw_map(city: CitySummary, layer: LayerSummary) -> None:
    """The layer on the city's map, coloured by one of its fields."""
    frame = layer_values(state.store(), city.slug, layer.layer)
    numeric = [
        field for field in layer.fields if pd.api.types.is_numeric_dtype(frame[field["name"]])
    ]
    names = [field["name"] for field in numeric]
    shown = "percentile" if "percentile" in names else names[0]
    if len(names) > 1:
        shown = st.segmented_control(
            "Colour by", names, default=shown, required=True, key=f"field-{layer.layer}"
        )
    unit = next(field.get("unit", "") for field in numeric if field["name"] == shown)
    values = frame[shown].to_numpy(dtype=np.float32)
    is_percentile = shown == "percentile"
    look = {"dark": state.is_dark(), "on_ground": ground.has_shapes(city)}
    steps = ramp.percentile_steps(**look) if is_percentile else ramp.quantile_steps(values, **look)
    cells = CellValues(
        np.array([int(cell, 16) for cell in frame["cell"]], dtype=np.uint64), values, steps, shown
    )
    with st.container(key="map-frame-layer", gap=None):
        city_map.draw(
            city,
            key="layer-map",
            height=MAP_HEIGHT,
            alt=f"Map of the layer {layer.title}",
            cells=cells,
        )
        legend.draw(
            layer.title, unit, steps, names=legend.PERCENTILE_NAMES if is_percentile else None
        )


def draw_lineage(layer: LayerSummary) -> None:
    """Where the layer came from, enough to make it again."""
    asked = {
        label: layer.parameters[name]
        for name, label in ASKED.items()
        if layer.parameters.get(name) is not None
    }
    facts(
        {
            "Kind": layer.kind,
            **asked,
            "Model": layer.model or "its model was removed",
            "Embedding": f"{layer.lineage['year']}{', simulated' if layer.simulated else ''}",
            "In PostGIS": layer.view,
        }
    )


def draw_removal(city: CitySummary, layer: LayerSummary) -> None:
    """Remove the layer after a second word."""
    with st.popover("Remove", icon=":material/delete:", width="stretch"):
        st.write(f"Remove **{plain(layer.title)}** for good?")
        if st.button("Remove this layer", type="primary", key=f"remove-{layer.layer}"):
            remove_layer(state.store(), city.slug, layer.layer)
            st.toast("The layer was removed.")
            st.rerun()


def draw() -> None:
    """The page."""
    city = page.with_city("Layers")
    if city is None:
        return
    layers = list_layers(state.store(), city.slug)
    if not layers:
        page.empty(
            "No layer has been kept yet",
            "Ask the city something, then keep the answer as a layer. It can be found again here, "
            "downloaded, and read straight from PostGIS.",
            page.SEARCH,
            "Search this city",
        )
        return
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        chosen = choose(layers)
        st.subheader("Where it came from", anchor=False)
        draw_lineage(chosen)
        st.subheader("Take it away", anchor=False)
        downloads.buttons(
            f"{city.slug}-{chosen.layer}",
            lambda path: export_layer(state.store(), city.slug, chosen.layer, path),
            key="layer",
        )
        draw_removal(city, chosen)
    with picture, errors.boxed(state.reachable):
        draw_map(city, chosen)


page.through_router()
with errors.boxed(state.reachable):
    draw()
