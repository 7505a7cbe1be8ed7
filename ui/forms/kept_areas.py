"""Areas of a layer that was kept: which layer, and which of its areas."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from aether_core.language import _, mark
from ui.shell import state
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary, layer_values, list_layers

Chosen = tuple[str, Sequence[str]]
"""A layer's short name, and some of its areas."""
_NONE: Final[Chosen] = ("", ())


def layers_of_areas(city: CitySummary) -> list[LayerSummary]:
    """The city's kept layers whose features are areas, newest first."""
    return [layer for layer in list_layers(state.store(), city.slug) if layer.by_area]


def ask(
    city: CitySummary,
    kept: Sequence[LayerSummary],
    key: str,
    *,
    first: Chosen = _NONE,
    most: int | None = None,
) -> Chosen:
    """Ask for areas of a layer.

    Args:
        city: The city.
        kept: Layers of areas, at least one.
        key: Start of the widgets' names.
        first: What is chosen when the form is opened.
        most: How many areas can be chosen.

    Returns:
        The layer, and the areas that were chosen.
    """
    by_name = {layer.layer: layer for layer in kept}
    layer, chosen = first
    of_layer = f"{key}-layer"
    if layer in by_name:
        st.session_state.setdefault(of_layer, layer)
    name = st.selectbox(
        _("Layer"), list(by_name), format_func=lambda slug: by_name[slug].title, key=of_layer
    )
    names = _areas_of(city.slug, name, by_name[name].created.isoformat())
    of_name = f"{key}-of-{name}"
    if name == layer:
        st.session_state.setdefault(of_name, [one for one in chosen if one in set(names)])
    return name, st.multiselect(_("Districts"), names, key=of_name, max_selections=most)


@st.cache_data(max_entries=8, show_spinner=mark("Reading the layer"))
def _areas_of(
    slug: str,
    layer: str,
    created: str,  # noqa: ARG001 - a layer made anew under the same name is another layer
) -> list[str]:
    return sorted(map(str, layer_values(state.store(), slug, layer)["area"]))
