"""Build and draw a city's map: ground, data, boundary, points; right with no network at all."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import h3
import numpy as np
import numpy.typing as npt
import pandas as pd
import pydeck as pdk
import streamlit as st

from aether_core.spatial.longitudes import middle_of
from ui.map import cells as cell_layers
from ui.map import ground, shapes
from ui.map.basemap import basemap
from ui.map.cells import CellValues
from ui.map.ready_json import written
from ui.map.shapes import ShapeValues
from ui.shell import state
from ui.shell.palette import Ground
from ui.shell.palette import ground as ground_colours
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.home.settings import read_settings

_TOOLTIP: Final = "<div style='font-weight:600'>{t}</div><div style='opacity:.8'>{n}</div>"
_TILE: Final = 512


class _CompactDeck(pdk.Deck):  # type: ignore[misc]  # pydeck is untyped
    """A deck that is sent without indentation: a third of the bytes."""

    def to_json(self) -> str:
        return written(self)


@dataclass(frozen=True)
class Point:
    """A marked place on the map: WGS84 and the two lines of its tooltip."""

    lon: float
    lat: float
    title: str
    note: str = ""


def draw_map(
    city: CitySummary,
    *,
    key: str,
    height: int,
    alt: str,
    cells: CellValues | None = None,
    targets: npt.NDArray[np.uint64] | None = None,
    points: Sequence[Point] = (),
    marks: Sequence[Point] = (),
    areas: ShapeValues | None = None,
    overlays: Sequence[pdk.Layer] = (),
    with_footprint: bool = False,
    width: int = 860,
    on_click: Callable[[float, float], None] | None = None,
) -> None:
    """Draw a city's map.

    Args:
        city: The city.
        height: Pixels.
        key: Stable name of the map: a rerun with the same key keeps view and selection.
        alt: What the map shows, for screen readers.
        cells: Values to colour cells by.
        targets: Cells that take clicks while there are no values.
        points: Places as dots.
        marks: A few numbered or chosen places, as rings above everything.
        areas: Areas or labels as polygons and points.
        overlays: Further layers above the data, such as coloured points.
        with_footprint: Draw what the embedding covers, too.
        width: About how many pixels the map gets; the whole city is seen at first.
        on_click: Called with lon, lat of what was clicked, before the page runs again.
    """
    colours = ground_colours(dark=state.is_dark())
    round_ = st.session_state.setdefault(f"{key}-round", 0)
    stack = [*ground.under(city, colours)]
    if cells is not None and len(cells.h3):
        stack += cell_layers.layers(cells, layer_id=f"cells-{round_}")
    elif targets is not None:
        stack.append(cell_layers.targets(targets, layer_id=f"targets-{round_}"))
    if areas is not None and len(areas.geometry):
        stack += shapes.layers(areas, colours, layer_id=f"areas-{round_}")
    if with_footprint:
        stack.append(ground.footprint(city, colours))
    stack.append(ground.over(city, colours))
    stack += overlays
    if points:
        stack.append(_dots(points, colours, f"points-{round_}"))
    if marks:
        stack.append(_rings(marks, colours, f"marks-{round_}"))
    under = basemap(read_settings().basemap_style)
    if under.problem:
        st.caption(plain(under.problem))
    deck = _deck(stack, under.style, city, height, width)
    if on_click is None:
        st.pydeck_chart(deck, height=height, key=key, alt=alt)
    else:
        st.pydeck_chart(
            deck, height=height, key=key, alt=alt, on_select=lambda: _clicked(key, on_click)
        )


def _clicked(key: str, on_click: Callable[[float, float], None]) -> None:
    """Hand a click on. New layer ids in the next run clear the selection, which dims the map."""
    objects = st.session_state[key]["selection"]["objects"]
    picked = next((records[0] for records in objects.values() if records), None)
    if picked is None:
        return
    st.session_state[f"{key}-round"] += 1
    if "h" in picked:
        lat, lon = h3.cell_to_latlng(picked["h"])
    else:
        lon, lat = picked["p"]
    on_click(lon, lat)


def _deck(
    layers: list[pdk.Layer],
    style: str | list[dict[str, Any]],
    city: CitySummary,
    height: int,
    width: int,
) -> pdk.Deck:
    deck = _CompactDeck(
        layers=layers,
        map_provider=None,
        initial_view_state=_view(city.bbox, height, width),
        # Across the 180th meridian each side is drawn where the other's view looks for it.
        views=[pdk.View(type="MapView", controller=True, repeat=city.bbox[2] > 180)],
        tooltip={
            "html": _TOOLTIP,
            "style": {
                "background": "rgba(20,27,33,.94)",
                "color": "#f2f5f6",
                "fontSize": "13px",
                "padding": "6px 9px",
                "borderRadius": "6px",
                "maxWidth": "260px",
            },
        },
    )
    deck.map_provider = "maplibre"
    deck.map_style = style
    return deck


def _view(bbox: tuple[float, float, float, float], height: int, width: int) -> pdk.ViewState:
    west, south, east, north = bbox
    span_x = max(math.radians(east - west), 1e-6)
    top, bottom = (math.asinh(math.tan(math.radians(lat))) for lat in (north, south))
    span_y = max(top - bottom, 1e-6)
    scale = min(width / span_x, height / span_y) * 2 * math.pi / _TILE
    return pdk.ViewState(
        longitude=middle_of(bbox)[0],
        latitude=math.degrees(math.atan(math.sinh((top + bottom) / 2))),
        zoom=math.log2(scale) - 0.12,
    )


def _records(points: Sequence[Point]) -> list[dict[str, object]]:
    return [{"p": [round(p.lon, 6), round(p.lat, 6)], "t": p.title, "n": p.note} for p in points]


def _dots(points: Sequence[Point], colours: Ground, layer_id: str) -> pdk.Layer:
    return pdk.Layer(
        "ScatterplotLayer",
        _records(points),
        id=layer_id,
        get_position="p",
        get_radius=7,
        radius_min_pixels=1.6,
        radius_max_pixels=6,
        get_fill_color=[*colours.place, 190],
        pickable=True,
    )


def _rings(points: Sequence[Point], colours: Ground, layer_id: str) -> pdk.Layer:
    return pdk.Layer(
        "ScatterplotLayer",
        _records(points),
        id=layer_id,
        get_position="p",
        get_radius=1,
        radius_min_pixels=6,
        radius_max_pixels=6,
        get_fill_color=[*colours.place, 255],
        get_line_color=[*colours.ring, 255],
        stroked=True,
        line_width_min_pixels=2,
        pickable=True,
    )


def points_of(frame: pd.DataFrame) -> list[Point]:
    """The points of a frame with lon, lat, name, category, group."""
    return [
        Point(lon, lat, name or category or "Unnamed place", category if name else group)
        for lon, lat, name, category, group in frame[
            ["lon", "lat", "name", "category", "group"]
        ].itertuples(index=False)
    ]
