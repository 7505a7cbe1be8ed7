"""A kept layer on the city's map: classes or numbers, cells or areas, greyed where not trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from aether_core.city.units import Units, title_of
from aether_core.language import _, mark
from aether_core.search.change import ChangeFindings
from ui.map import ground, legend
from ui.map import map as city_map
from ui.map.cells import WORDS_LIMIT, CellValues
from ui.map.coloured import Categories, Shown
from ui.map.legend import Legend
from ui.map.map import MapLayer
from ui.map.ramp import Steps
from ui.map.shapes import ShapeValues
from ui.maps import own_classes, views
from ui.maps.change_views import change_view
from ui.maps.switches import colour_by
from ui.maps.task_page import any_number, page_of
from ui.maps.views import LayerView, Look
from ui.shell import state
from ui.shell.text import plain, worded
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary, layer_shapes, layer_values


def draw_layer(
    city: CitySummary,
    layer: LayerSummary,
    key: str,
    below: Mapping[str, LayerSummary] = MappingProxyType({}),
) -> None:
    """Draw a layer of any kind with a switch of what is coloured and a legend.

    Args:
        city: The city.
        layer: The layer.
        key: Start of the widgets' names; a rerun with the same key keeps view and choice.
        below: Layers under it by the names that tell them apart, each with switches of its own.

    Raises:
        AetherError: A layer is gone, or the field has nothing to draw.
    """
    frame = values_of(city, layer)
    look = Look(dark=state.is_dark(), on_ground=ground.has_shapes(city))
    name = f"{key}-{layer.kind.replace(' ', '-')}"
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{name}-switch"):
        view = _asked(layer, frame, name, look)
        if view.field:
            own_classes.choose(city, layer, frame, view)
        under = [_below(city, one, called, key, look) for called, one in below.items()]
    city_map.draw_map(
        city,
        key=f"{key}-map",
        alt=_("Map of {title}, coloured by {title2}", title=layer.title, title2=view.title),
        layers=[*under, of_view(frame, view, layer.title if below else None)],
    )


def _below(city: CitySummary, layer: LayerSummary, called: str, key: str, look: Look) -> MapLayer:
    """A layer under the one that is looked at."""
    frame = values_of(city, layer)
    with st.popover(plain(called), icon=":material/layers:"):
        view = _asked(layer, frame, f"{key}-below-{layer.layer}", look)
    made = of_view(frame, view, called)
    if made.legend is None or made.legend.title == layer.title:
        return made
    return replace(made, legend=replace(made.legend, title=f"{called}: {made.legend.title}"))


def of_view(frame: pd.DataFrame, view: LayerView, name: str | None = None) -> MapLayer:
    """One view of a layer, or of anything that has a value for its cells or areas.

    Args:
        frame: Has `cell` or, with its `geometry`, `area`.
        view: What is coloured, one value a row of the frame.
        name: What the map's list of layers calls it.
    """
    if "area" in frame:
        shown = _called(view.shown, frame["area"].tolist())
        areas = ShapeValues(frame.geometry.to_numpy(), shown)
        made = MapLayer(areas=areas, legend=legend_of(view))
    else:
        ids = np.array([int(cell, 16) for cell in frame["cell"]], dtype=np.uint64)
        made = MapLayer(cells=CellValues(ids, view.shown), legend=legend_of(view))
    return made if name is None else replace(made, name=name)


def of_units(units: Units, view: LayerView) -> MapLayer:
    """A view of a city's units."""
    return replace(colours_of(units, view.shown), legend=legend_of(view))


def colours_of(units: Units, shown: Shown) -> MapLayer:
    """Values of a city's units, without a legend."""
    if units.hexagons is not None:
        return MapLayer(cells=CellValues(units.hexagons, shown))
    titles = [title_of(units, row) for row in range(len(units))]
    return MapLayer(areas=ShapeValues(units.polygons(), _called(shown, titles)))


def _called(shown: Shown, codes: Sequence[str]) -> Shown:
    """Values with what each area is called, while there are few enough to say it."""
    return shown if len(codes) > WORDS_LIMIT else shown.called(codes)


def legend_of(view: LayerView) -> Legend | None:
    """What the colours of a view mean."""
    shown = view.shown
    grey = shown.dim if shown.dimmed is not None and shown.dimmed.any() else None
    if isinstance(shown.steps, Categories):
        return legend.of_categories(view.title, view.unit, view.entries, grey=grey)
    if isinstance(shown.steps, Steps):
        return legend.of_steps(
            view.title, view.unit, shown.steps, names=view.names or None, grey=grey
        )
    return None


def values_of(city: CitySummary, layer: LayerSummary) -> pd.DataFrame:
    """A layer's values, with the polygons where they are areas; not to be changed."""
    return _values(
        state.store(), city.slug, layer.layer, layer.created.isoformat(), layer.has_shapes
    )


@st.cache_resource(max_entries=6, show_spinner=mark("Reading the layer"))
def _values(
    _store: Store,
    slug: str,
    layer: str,
    created: str,  # noqa: ARG001 - a layer made anew under the same name is another layer
    with_shapes: bool,
) -> pd.DataFrame | gpd.GeoDataFrame:
    return layer_shapes(_store, slug, layer) if with_shapes else layer_values(_store, slug, layer)


def _asked(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    """The switches of a layer, and the view they ask for, in its own classes where it has some."""
    return views.in_own_classes(_by_kind(layer, frame, key, look), layer, frame, look)


def _by_kind(layer: LayerSummary, frame: pd.DataFrame, key: str, look: Look) -> LayerView:
    """The switches of a layer's kind, and the view they ask for."""
    page = page_of(layer)
    if page is not None:
        return page.view(layer, frame, key, look)
    if isinstance(layer.findings, ChangeFindings):
        return _change(layer, layer.findings, frame, key, look)
    return any_number(layer, frame, key, look)


def _change(
    layer: LayerSummary, found: ChangeFindings, frame: pd.DataFrame, key: str, look: Look
) -> LayerView:
    """The change itself, or the scores of one of its years."""
    asked = layer.parameters
    fields = {
        mark("Change"): "change",
        str(asked["from"]): "score_from",
        str(asked["to"]): "score_to",
    }
    chosen = fields[colour_by(list(fields), "Change", f"{key}-{layer.layer}", worded("Change"))]
    if chosen == "change":
        return change_view(frame, found.noise.low, found.noise.high, layer.title)
    return views.numbers(frame, chosen, _("match, -1 to 1"), layer.title, look)
