"""One city's map: ground, data, boundary, points; right with no network at all."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pydeck as pdk
import streamlit as st
from pydeck.bindings.json_tools import default_serialize

from ui.map import cells as cell_layers
from ui.map import ground, served, shapes
from ui.map.basemap import basemap
from ui.map.cells import CellValues
from ui.map.legend import Legend
from ui.map.nearby import places_of
from ui.map.shapes import ShapeValues
from ui.shell import state
from ui.shell.palette import Ground
from ui.shell.palette import ground as ground_colours
from ui.shell.routes import code_address
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.home.settings import read_settings

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

_WORDS: Final = {
    "in": "Zoom in",
    "out": "Zoom out",
    "fit": "Show the whole city",
    "full": "Full screen",
    "leave": "Leave full screen",
    "picture": "Save as picture (PNG)",
    "layers": "Layers",
    "find": "Find a place",
    "nothing": "No place here has such a name",
    "keys": "Arrow keys move the map, plus and minus zoom",
    "choose": "Enter chooses what is in the middle",
    "waiting": "Loading the map",
    "failed": "The map could not be loaded",
    "again": "Try again",
    "opacity": "Opacity of",
    "shown": "Show",
    "none": "no",
}


@dataclass(frozen=True)
class Point:
    """A marked place on the map: WGS84 and the two lines of its tooltip."""

    lon: float
    lat: float
    title: str
    note: str = ""


@cache
def _component() -> "ComponentRenderer":
    """The component, registered once: its parts are this module's own files."""
    own = Path(__file__)
    html, css, js = (
        own.with_suffix(suffix).read_text(encoding="utf-8") for suffix in (".html", ".css", ".js")
    )
    return st.components.v2.component("aether_map", html=html, css=css, js=js)


def draw_map(
    city: CitySummary,
    *,
    key: str,
    height: int,
    alt: str,
    cells: CellValues | None = None,
    points: Sequence[Point] = (),
    marks: Sequence[Point] = (),
    areas: ShapeValues | None = None,
    overlays: Sequence[pdk.Layer] = (),
    legend: Legend | None = None,
    with_footprint: bool = False,
    on_click: Callable[[float, float], None] | None = None,
) -> None:
    """Draw a city's map.

    Args:
        city: The city.
        height: Pixels.
        key: Stable name of the map. What is seen of the city stays as it was left, on every page.
        alt: What the map shows, for screen readers.
        cells: Values to colour cells by.
        points: Places as dots.
        marks: A few numbered or chosen places, as rings above everything.
        areas: Areas or labels as polygons and points.
        overlays: Further layers above the data, such as coloured points.
        legend: What the colours mean.
        with_footprint: Draw what the embedding covers, too.
        on_click: Called with lon, lat of what was clicked, before the page runs again.
    """
    colours = ground_colours(dark=state.is_dark())
    stack = [(_GROUND, one) for one in ground.under(city, colours)]
    if cells is not None and len(cells.h3):
        stack.append((_DATA, cell_layers.layer(cells, layer_id="cells")))
    if areas is not None and len(areas.geometry):
        stack += [(_DATA, one) for one in shapes.layers(areas, colours, layer_id="areas")]
    if with_footprint:
        stack.append((_OUTLINES, ground.footprint(city, colours)))
    stack.append((_OUTLINES, ground.over(city, colours)))
    stack += [(_DATA, one) for one in overlays]
    if points:
        stack.append((_PLACES, _dots(points, colours)))
    if marks:
        stack.append(("", _rings(marks, colours)))
    under = basemap(read_settings().basemap_style)
    if under.problem:
        st.caption(plain(under.problem))
    _component()(
        key=key,
        data={
            "code": code_address(),
            "words": _WORDS,
            "alt": alt,
            "height": height,
            "place": f"{city.slug} {city.created.isoformat()}",
            "name": city.name,
            "bounds": list(city.bbox),
            "land": list(colours.land),
            "mark": list(colours.place),
            "places": _named(city),
            "style": under.style,
            "layers": [{**_plain(one), "group": group} for group, one in stack],
            "legend": None if legend is None else asdict(legend),
            "credits": list(city.attribution),
            "clickable": on_click is not None,
        },
        on_clicked_change=lambda: _clicked(key, on_click),
    )


_GROUND: Final = "Streets, water, parks"
_DATA: Final = "Map colours"
_PLACES: Final = "Places"
_OUTLINES: Final = "Boundary"


def _named(city: CitySummary) -> str | None:
    """Where the city's named places are found; None where it has none."""
    frame = places_of(city)
    named = frame[frame["name"] != ""]
    if not len(named):
        return None
    key = (city.slug, city.created, "places")
    return served.once(key, lambda: served.written(_records(points_of(named))), "json")


def _clicked(key: str, on_click: Callable[[float, float], None] | None) -> None:
    clicked = st.session_state[key]["clicked"]
    if clicked and on_click is not None:
        on_click(float(clicked["lon"]), float(clicked["lat"]))


def _plain(layer: pdk.Layer) -> dict[str, Any]:
    """A layer as deck.gl reads it."""
    document: dict[str, Any] = json.loads(json.dumps(layer, default=default_serialize))
    return document


def _records(points: Sequence[Point]) -> list[dict[str, object]]:
    return [{"p": [round(p.lon, 6), round(p.lat, 6)], "t": p.title, "n": p.note} for p in points]


def _dots(points: Sequence[Point], colours: Ground) -> pdk.Layer:
    return pdk.Layer(
        "ScatterplotLayer",
        served.of_json(_records(points)),
        id="points",
        get_position="p",
        get_radius=7,
        radius_min_pixels=1.6,
        radius_max_pixels=6,
        get_fill_color=[*colours.place, 190],
        pickable=True,
    )


def _rings(points: Sequence[Point], colours: Ground) -> pdk.Layer:
    return pdk.Layer(
        "ScatterplotLayer",
        _records(points),
        id="marks",
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
