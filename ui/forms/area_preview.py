"""Areas before anything is fitted: on the map, what their numbers are, and what was left out."""

from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import streamlit as st

from aether_core.charts.class_colours import class_colours
from aether_core.errors import InputError
from aether_core.language import _, mark
from aether_core.spatial.longitudes import extent_of
from aether_core.spatial.plane import Plane
from aether_core.tasks.areas.given import NUMBER_KINDS
from aether_core.tasks.areas.read import Areas
from ui.map import ground
from ui.map import map as city_map
from ui.map.coloured import Shown
from ui.map.map import MapLayer
from ui.map.shapes import ShapeValues
from ui.maps import layer_map, views
from ui.maps.views import LayerView, Look
from ui.shell import state
from ui.shell.text import count, plain
from workflows.cities.cities import CitySummary

MAP_HEIGHT: Final = 420
_ROWS_SHOWN: Final = 12
_LARGEST: Final = mark("Largest group")


def preview_areas(city: CitySummary, areas: Areas, key: str, *, smallest_m2: float) -> bool:
    """Show areas on the map; returns whether some of them lie in the city and are large enough."""
    boundary = shapely.geometry.shape(city.boundary)
    shapely.prepare(boundary)
    inside = shapely.intersects(areas.geometry, boundary)
    if not inside.any():
        west, south, east, north = extent_of(areas.geometry)
        raise InputError(
            "no area is inside the city",
            f"areas from {west:.4f}, {south:.4f} to {east:.4f}, {north:.4f}",
            "check that the file covers this city, and its coordinate system",
            code="no-area-in-city",
        )
    metric = Plane.of_shapes(areas.geometry[inside]).shapes(areas.geometry[inside])
    small = int((shapely.area(metric) < smallest_m2).sum())
    shown = st.selectbox(
        _("Show"),
        [_LARGEST, *areas.fields],
        key=f"{key}-{areas.sha256[:8]}-preview",
        format_func=lambda name: _(name) if name == _LARGEST else _("Share of {name}", name=name),
    )
    _map(city, areas, inside, shown, key)
    _said(areas, int(inside.sum()), small, smallest_m2)
    _table(areas, areas.shares[inside], key)
    return small < int(inside.sum())


def _map(
    city: CitySummary, areas: Areas, inside: npt.NDArray[np.bool_], what: str, key: str
) -> None:
    view = _view(city, areas, areas.shares[inside], what)
    codes = areas.code[inside].tolist()
    values = view.shown.titles or [
        view.shown.in_words(value) for value in view.shown.values.tolist()
    ]
    titles = [f"{code} · {words}" for code, words in zip(codes, values, strict=True)]
    city_map.draw_map(
        city,
        key=f"{key}-areas-map",
        height=MAP_HEIGHT,
        alt=_("Map of {areas} by {what}", areas=count(len(codes), "area"), what=what),
        layers=[
            MapLayer(
                areas=ShapeValues(areas.geometry[inside], replace(view.shown, titles=titles)),
                legend=layer_map.legend_of(view),
            )
        ],
    )


def _view(city: CitySummary, areas: Areas, shares: npt.NDArray[np.float64], what: str) -> LayerView:
    if what == _LARGEST:
        leading = pd.Series(np.array(areas.fields, dtype=object)[shares.argmax(axis=1)])
        shown = views.categories(leading, areas.fields, class_colours(areas.fields))
        return LayerView(shown, _LARGEST, _("largest share in the uploaded file, % of areas"))
    look = Look(dark=state.is_dark(), on_ground=ground.has_shapes(city))
    column = shares[:, areas.fields.index(what)].astype(np.float32)
    steps, names = views.share_steps(column, look)
    titles = [f"{what} {100 * share:.1f} %" for share in column.tolist()]
    return LayerView(
        Shown(column, steps, what, titles), what, _("share in the uploaded file"), names
    )


def _table(areas: Areas, shares: npt.NDArray[np.float64], key: str) -> None:
    """How large each field's share is, and how far it spreads over the areas."""
    percent = 100 * shares
    frame = pd.DataFrame(
        {
            _("Field"): areas.fields,
            _("Mean"): percent.mean(axis=0),
            _("Least"): percent.min(axis=0),
            _("Most"): percent.max(axis=0),
        }
    )
    number = st.column_config.NumberColumn(format="%.1f %%")
    st.dataframe(
        frame,
        hide_index=True,
        key=f"{key}-means",
        height="content" if len(frame) <= _ROWS_SHOWN else 460,
        column_config={
            _("Mean"): st.column_config.ProgressColumn(
                format="%.1f %%", min_value=0, max_value=float(percent.mean(axis=0).max()) or 1.0
            ),
            _("Least"): number,
            _("Most"): number,
        },
    )


def _said(areas: Areas, inside: int, small: int, smallest_m2: float) -> None:
    """What the file gave, what was mended, what was left out and why."""
    parts = [
        _(
            "{areas} in the city, given as {noun}",
            areas=count(inside, "area"),
            noun=NUMBER_KINDS[areas.given].noun,
        )
    ]
    if not NUMBER_KINDS[areas.given].has_totals:
        parts.append(_("population not known"))
    if inside < len(areas):
        parts.append(_("{inside:,} outside the city", inside=len(areas) - inside))
    if small:
        parts.append(
            _(
                "{small:,} of them left out: smaller than {smallest_m2:,.0f} m²",
                small=small,
                smallest_m2=smallest_m2,
            )
        )
    if areas.repaired:
        parts.append(_("{polygons} repaired", polygons=count(areas.repaired, "polygon")))
    parts += [
        _("{number:,} left out: {why}", number=number, why=plain(why))
        for why, number in areas.dropped.items()
    ]
    st.caption(" · ".join(parts))
