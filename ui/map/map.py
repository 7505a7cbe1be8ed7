"""One city's map: ground, data, boundary, points; right with no network at all."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import pandas as pd
import pydeck as pdk
import streamlit as st

from aether_core.language import _, in_order, mark, spoken, translated, wanted
from ui.map import cells as cell_layers
from ui.map import ground, served, shapes
from ui.map.basemap import basemap
from ui.map.browser import part
from ui.map.cells import CellValues
from ui.map.legend import Legend
from ui.map.names import found_by
from ui.map.nearby import has_names, place_languages, places_of
from ui.map.shapes import ShapeValues
from ui.shell import state
from ui.shell.palette import Ground
from ui.shell.palette import ground as ground_colours
from ui.shell.routes import code_address, map_code_address
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.home.map_style import map_style
from workflows.home.settings import read_settings

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

SEARCH_WORDS: Final = {
    "find": mark("Find a place or street"),
    "nothing": mark("Nothing here has such a name"),
}
"""What the box says that finds places, on every map."""
_WORDS: Final = {
    "in": mark("Zoom in"),
    "out": mark("Zoom out"),
    "fit": mark("Show the whole city"),
    "full": mark("Full screen"),
    "leave": mark("Leave full screen"),
    "picture": mark("Save as picture (PNG)"),
    "layers": mark("Layers"),
    **SEARCH_WORDS,
    "keys": mark("Arrow keys move the map, plus and minus zoom"),
    "choose": mark("Enter chooses what is in the middle"),
    "waiting": mark("Loading the map"),
    "failed": mark("The map could not be loaded"),
    "again": mark("Try again"),
    "opacity": mark("Opacity of"),
    "shown": mark("Show"),
    "none": mark("no"),
    "raise": mark("Move up:"),
    "lower": mark("Move down:"),
    "divider": mark("Divider between two maps"),
}
_GROUND: Final = mark("Streets, water, parks")
_AREAS: Final = mark("Areas")
_DATA: Final = mark("Map colours")
_PLACES: Final = mark("Places")
_OUTLINES: Final = mark("Boundary")
_NAMES: Final = mark("Names")


@dataclass(frozen=True)
class Point:
    """A marked place on the map: WGS84 and the two lines of its tooltip.

    A title that is a `PlaceName` stands there in the reader's language.
    """

    lon: float
    lat: float
    title: str
    note: str = ""


@dataclass(frozen=True)
class MapLayer:
    """One set of colours on a map, with what they mean.

    Attributes:
        cells: Values to colour cells by.
        areas: Areas or labels as polygons and points.
        overlays: Other layers of deck.gl, such as coloured points.
        legend: What the colours mean.
        name: What the list of layers calls it.
        side: `left` or `right` of a divider, where two are seen side by side.
    """

    cells: CellValues | None = None
    areas: ShapeValues | None = None
    overlays: Sequence[pdk.Layer] = ()
    legend: Legend | None = None
    name: str = _DATA
    side: Literal["left", "right"] | None = None

    def drawn(self, colours: Ground, suffix: str) -> list[pdk.Layer]:
        """What deck.gl draws of it.

        Args:
            colours: Of lines.
            suffix: End of the layers' ids.
        """
        found: list[pdk.Layer] = []
        if self.cells is not None and len(self.cells.h3):
            found.append(cell_layers.layer(self.cells, layer_id=f"cells{suffix}"))
        if self.areas is not None and len(self.areas.geometry):
            found += shapes.layers(self.areas, colours, layer_id=f"areas{suffix}")
        return [*found, *self.overlays]

    def painted(self) -> pdk.Layer | None:
        """Its cells or areas for a map that draws them as one picture; None where it has none."""
        if self.cells is not None and len(self.cells.h3):
            return cell_layers.layer(self.cells, layer_id="painted")
        if self.areas is not None and len(self.areas.geometry):
            return shapes.picture(self.areas, layer_id="painted")
        return None


@cache
def _component() -> "ComponentRenderer":
    """The component, registered once."""
    css = part("search.css") + part("map.css")
    return st.components.v2.component(
        "aether_map", html=part("map.html"), css=css, js=part("load_map.js")
    )


@cache
def _preparing() -> "ComponentRenderer":
    """The component that draws nothing and loads what the other is drawn by."""
    return st.components.v2.component("aether_prepare_map", js=part("prepare_map.js"))


def prepare() -> None:
    """Let the browser load what draws maps while the page is still being worked out."""
    with st.container(key="prepared"):
        _preparing()(key="prepare-map", data={"script": map_code_address(), "code": code_address()})


def draw_map(
    city: CitySummary,
    *,
    key: str,
    height: int | None = None,
    alt: str,
    layers: Sequence[MapLayer] = (),
    marks: Sequence[Point] = (),
    with_places: bool = False,
    with_footprint: bool = False,
    on_click: Callable[[float, float], None] | None = None,
) -> None:
    """Draw a city's map.

    Args:
        city: The city.
        height: Pixels; None takes what the window has left below a heading and a question.
        key: Stable name of the map. What is seen of the city stays as it was left, on every page.
        alt: What the map shows, for screen readers.
        layers: What colours it, lowest first.
        with_places: Draw all the city's places as dots.
        marks: A few numbered or chosen places, as rings above everything.
        with_footprint: Draw what the embedding covers, too.
        on_click: Called with lon, lat of what was clicked, before the page runs again.
    """
    colours = ground_colours(dark=state.is_dark())
    stack = _grouped(_GROUND, ground.under(city, colours))
    stack += _grouped(_AREAS, ground.units(city, colours))
    legends: list[dict[str, Any]] = []
    for at, layer in enumerate(layers):
        drawn = layer.drawn(colours, f"-{at}" if at else "")
        stack += _grouped(layer.name, drawn, movable=True, side=layer.side)
        if layer.legend is not None:
            legends.append(asdict(layer.legend) | {"of": drawn[0].id if drawn else None})
    outlines = [ground.footprint(city, colours)] if with_footprint else []
    stack += _grouped(_OUTLINES, [*outlines, ground.over(city, colours)])
    style = map_style(read_settings())
    under = basemap(None if style is None else style.of(dark=state.is_dark()))
    if (written := ground.names(city, colours)) is not None:
        stack += _grouped(_NAMES, [written], yields=True)  # to those of a style that is drawn
    if with_places and (all_places := _placed(city)):
        stack += _grouped(_PLACES, [_dots(all_places, colours)])
    if marks:
        stack += _grouped("", [_rings(marks, colours)])
    if under.problem:
        st.caption(plain(under.problem))
    _component()(
        key=key,
        data={
            "script": map_code_address(),
            "code": code_address(),
            "words": {name: _(words) for name, words in _WORDS.items()},
            "alt": alt,
            "height": height,
            "place": f"{city.slug} {city.created.isoformat()}",
            "name": city.name,
            "bounds": list(city.bbox),
            "land": list(colours.land),
            "mark": list(colours.place),
            "found": found_in(city),
            "style": under.style,
            "layers": stack,
            "legends": legends,
            "credits": list(city.attribution),
            "clickable": on_click is not None,
        },
        on_clicked_change=lambda: _clicked(key, on_click),
    )


def _grouped(group: str, layers: Sequence[pdk.Layer], **more: object) -> list[dict[str, Any]]:
    """Layers as the component takes them, under one entry of its list of layers."""
    return [{**served.document(one), "group": _(group), **more} for one in layers]


def found_in(city: CitySummary) -> list[str]:
    """Where the names are found that a map's search looks through: of places, of streets."""
    return [one for one in (_named(city), ground.names_address(city)) if one is not None]


def _named(city: CitySummary) -> str | None:
    """Where the city's named places are found; None where it has none."""
    if not has_names(city):
        return None

    def named() -> list[dict[str, object]]:
        frame = places_of(city)
        return _findable(frame[frame["name"] != ""])

    return _records_once(city, "named", named)


def _placed(city: CitySummary) -> str | None:
    """Where all the city's places are found; None where it has none."""
    frame = places_of(city)
    if not len(frame):
        return None
    return _records_once(city, "places", lambda: _records(_points_of(frame)))


def _records_once(city: CitySummary, what: str, make: Callable[[], Sequence[object]]) -> str:
    """Where records are found in the reader's language; readers who see the same share them."""
    languages = in_order(wanted(), place_languages(city))
    key = (city.slug, city.created, what, spoken(), languages)
    return served.once(key, lambda: served.written(make()), "json")


def _findable(frame: pd.DataFrame) -> list[dict[str, object]]:
    """Records of named places, with what else they are called."""
    found = zip(_records(_points_of(frame)), frame["name"], strict=True)
    return [{**record, **found_by(name)} for record, name in found]


def _clicked(key: str, on_click: Callable[[float, float], None] | None) -> None:
    clicked = st.session_state[key]["clicked"]
    if clicked and on_click is not None:
        on_click(float(clicked["lon"]), float(clicked["lat"]))


def _records(points: Sequence[Point]) -> list[dict[str, object]]:
    return [
        {"p": [round(p.lon, 6), round(p.lat, 6)], "t": translated(p.title), "n": p.note}
        for p in points
    ]


def _dots(address: str, colours: Ground) -> pdk.Layer:
    return pdk.Layer(
        "ScatterplotLayer",
        address,
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


def _points_of(frame: pd.DataFrame) -> list[Point]:
    """The points of a frame with lon, lat, name, category, group."""
    return [
        Point(lon, lat, name or category or _("Unnamed place"), category if name else group)
        for lon, lat, name, category, group in frame[
            ["lon", "lat", "name", "category", "group"]
        ].itertuples(index=False)
    ]
