"""A kept layer on the city's map: classes or numbers, cells or areas, greyed where not trusted."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from aether_core.search.change import ChangeFindings
from aether_core.tasks.findings import ClassFindings, ShareFindings
from ui.map import ground, legend
from ui.map import map as city_map
from ui.map.cells import CellValues
from ui.map.coloured import Categories
from ui.map.ramp import Steps
from ui.map.shapes import ShapeValues
from ui.maps import share_views, views
from ui.maps.change_views import change_view
from ui.maps.views import LayerView, Look
from ui.shell import state
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary, layer_shapes, layer_values

GREY_OUT = "Grey out unreliable"


def draw(city: CitySummary, layer: LayerSummary, key: str, height: int) -> None:
    """Draw a layer of any kind with a switch of what is coloured and a legend.

    Args:
        city: The city.
        layer: The layer.
        key: Start of the widgets' names; a rerun with the same key keeps view and choice.
        height: Pixels.

    Raises:
        AetherError: The layer is gone, or the field has nothing to draw.
    """
    frame = values_of(city, layer)
    look = Look(dark=state.is_dark(), on_ground=ground.has_shapes(city))
    name = f"{key}-{layer.kind.replace(' ', '-')}"
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{name}-switch"):
        view = _asked(layer, frame, name, look)
    alt = f"Map of {layer.title}, coloured by {view.title}"
    on_map(city, layer, frame, view, key=key, height=height, alt=alt)


def on_map(
    city: CitySummary,
    layer: LayerSummary,
    frame: pd.DataFrame,
    view: LayerView,
    *,
    key: str,
    height: int,
    alt: str,
) -> None:
    """Draw one view of a layer, or of anything that has a value for the same cells or areas.

    Args:
        frame: Has `cell` or, with its `geometry`, `area`.
    """
    cells = areas = None
    if layer.unit == "area":
        areas = ShapeValues(frame.geometry.to_numpy(), view.shown)
    else:
        ids = np.array([int(cell, 16) for cell in frame["cell"]], dtype=np.uint64)
        cells = CellValues(ids, view.shown, mean=view.mean)
    with st.container(key=f"map-frame-{key}", gap=None):
        city_map.draw(city, key=f"{key}-map", height=height, alt=alt, cells=cells, areas=areas)
        draw_legend(view, key)


def draw_legend(view: LayerView, key: str) -> None:
    """The legend of a view, in the corner of the enclosing map frame."""
    shown = view.shown
    grey = shown.dim if shown.dimmed is not None and shown.dimmed.any() else None
    if isinstance(shown.steps, Categories):
        legend.draw_categories(view.title, view.unit, view.entries, grey=grey, key=key)
    elif isinstance(shown.steps, Steps):
        legend.draw(
            view.title, view.unit, shown.steps, names=view.names or None, grey=grey, key=key
        )


def values_of(city: CitySummary, layer: LayerSummary) -> pd.DataFrame:
    """A layer's values, with the polygons where they are areas; not to be changed."""
    return _values(
        state.store(), city.slug, layer.layer, layer.created.isoformat(), layer.unit == "area"
    )


@st.cache_resource(max_entries=6, show_spinner="Reading the layer")
def _values(
    _store: Store,
    slug: str,
    layer: str,
    created: str,  # noqa: ARG001 - a layer made anew under the same name is another layer
    of_areas: bool,
) -> pd.DataFrame | gpd.GeoDataFrame:
    return layer_shapes(_store, slug, layer) if of_areas else layer_values(_store, slug, layer)


def _asked(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    """The switches of a layer's kind, and the view they ask for."""
    return _VIEWS.get(layer.kind, _numbers)(layer, frame, key, look)


def _numbers(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    """Any field of numbers."""
    named = {
        field["name"]: field.get("unit", "")
        for field in layer.fields
        if pd.api.types.is_numeric_dtype(frame[field["name"]])
    }
    first = "percentile" if "percentile" in named else next(iter(named))
    chosen = _switch(list(named), first, f"{key}-{layer.layer}") if len(named) > 1 else first
    return views.numbers(frame, chosen, named[chosen], layer.title, look)


def _change(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    """The change itself, or the scores of one of its years."""
    asked = layer.parameters
    fields = {"Change": "change", str(asked["from"]): "score_from", str(asked["to"]): "score_to"}
    chosen = fields[_switch(list(fields), "Change", f"{key}-{layer.layer}")]
    if chosen == "change":
        noise = layer.measured(ChangeFindings).noise
        return change_view(frame, noise.low, noise.high, layer.title)
    return views.numbers(frame, chosen, "cosine, -1 to 1", layer.title, look)


def _land_use(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    classes = layer.measured(ClassFindings).outcomes
    what = _switch(views.LAND_USE, views.CLASS, key)
    one = _field(classes, "Class", f"{key}-one-{layer.layer}") if what == views.ONE_CLASS else ""
    view = views.land_use(frame, classes, what, look, one=one)
    if what == views.TRUST or not _grey(key):
        return view
    holds = "applicable" if what == views.SET_SIZE else "trusted"
    return view.greyed(~frame[holds].to_numpy(dtype=bool), look)


def _shares(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    fields = layer.measured(ShareFindings).outcomes
    offered = share_views.AREAS if layer.unit == "area" else share_views.CELLS
    what = _switch(offered, share_views.FIELD, key)
    field = other = fields[0]
    if what in share_views.OF_ONE_FIELD:
        field = _field(fields, "Field", f"{key}-field-{layer.layer}")
    if what == share_views.BETWEEN:
        others = [name for name in fields if name != field]
        other = _field(others, "less", f"{key}-other-{layer.layer}")
    level = float(layer.parameters.get("level", 0.9))
    view = share_views.shares(frame, fields, share_views.Asked(what, field, other, level), look)
    outside = ~frame["applicable"].to_numpy(dtype=bool)
    return view.greyed(outside, look) if outside.any() and _grey(key) else view


_VIEWS: Final[Mapping[str, Callable[[LayerSummary, pd.DataFrame, str, Look], LayerView]]] = {
    "landuse": _land_use,
    "socioeconomic": _shares,
    "socioeconomic areas": _shares,
    "change": _change,
}
"""How a kind of layer is looked at; any other by its numbers."""


def _switch(options: Sequence[str], default: str, key: str) -> str:
    return st.segmented_control(
        "Colour by",
        list(options),
        default=default,
        required=True,
        key=f"{key}-by",
        persist_state="session",
    )


def _field(names: Sequence[str], label: str, key: str) -> str:
    return st.selectbox(label, list(names), key=key, width=180)


def _grey(key: str) -> bool:
    return st.toggle(
        GREY_OUT,
        value=True,
        key=f"{key}-grey",
        help="Grey: several classes are possible, or the cell is unlike any of the labels.",
    )
