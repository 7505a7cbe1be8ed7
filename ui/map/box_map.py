"""A map to draw areas on, by mouse, touch or keyboard, offline: of the world, or of one city.

The land is Natural Earth's (1:10 million, public domain), simplified; towns are the gazetteer's.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

import shapely
import streamlit as st
from shapely.geometry import MultiPolygon, Polygon

from aether_core.language import mark
from aether_core.spatial.longitudes import extent_of, joined_across_180
from ui.map import towns
from ui.map.browser import FOLDER, part
from ui.map.towns import WORLD, Bounds
from ui.shell import state
from ui.shell.palette import Rgb, ground
from ui.shell.routes import drawing_code_address
from ui.shell.text import in_language

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

Kind = Literal["box", "polygon", "area"]

_MOST_CORNERS: Final = 60
_MOST_SHOWN_CORNERS: Final = 4_000
WORDS: Final[Mapping[str, object]] = {
    "map": mark(
        "Map of the world to draw the city's area on. Arrow keys move it, plus and minus zoom. "
        "The same area can be typed as four numbers."
    ),
    "tools": {
        "pan": mark("Move"),
        "box": mark("Box"),
        "polygon": mark("Polygon"),
        "clear": mark("Clear"),
        "in": mark("Zoom in"),
        "out": mark("Zoom out"),
        "fit": mark("Show the whole area"),
    },
    "hints": {
        "start": mark("Choose Box or Polygon to draw the city's area"),
        "box": mark("Drag across the city"),
        "polygon": mark("Click each corner in turn"),
        "close": mark("Click the first corner again, or press Enter, to close it"),
    },
    "corners": [
        mark("North-west corner"),
        mark("North-east corner"),
        mark("South-east corner"),
        mark("South-west corner"),
    ],
    "corner": mark("Corner"),
    "between": mark("Add a corner"),
    "whole": mark("Move the whole area"),
    "failed": mark("The map could not be loaded"),
}


@dataclass(frozen=True)
class Shape:
    """What is drawn on the map.

    Attributes:
        kind: `box` and `polygon` have corners that can be moved; an `area` is only shown.
        boundary: WGS84; may cross itself when drawn so.
        km2: Its area, where it could be measured.
        fresh: Whether it was drawn just now; moved or changed otherwise.
    """

    kind: Kind
    boundary: MultiPolygon
    km2: float | None = None
    fresh: bool = False


@cache
def component() -> "ComponentRenderer":
    """The component, registered once."""
    css = part("search.css") + part("box_map.css")
    return st.components.v2.component(
        "aether_box_map", html=part("box_map.html"), css=css, js=part("load_map.js")
    )


@cache
def _land() -> str:
    packed = (FOLDER / "box_map_land.json.gz").read_bytes()
    return base64.b64encode(packed).decode("ascii")


def draw_box_map(
    drawn: Shape | None,
    *,
    key: str,
    version: int,
    on_drawn: Callable[[Shape | None], None],
    height: int = 440,
) -> None:
    """Draw the map of the world.

    Args:
        drawn: What is on it.
        key: Stable name of the map.
        version: Changed by the caller whenever shape or view are not the map's own doing: only
            then does the map take them over: it goes to the shape, or to the world without one.
        on_drawn: Called with what was drawn, or None when it was cleared, before the page runs.
        height: Pixels.
    """
    view_key = f"{key}-view"
    if st.session_state.get(f"{key}-version") != version:
        st.session_state[f"{key}-version"] = version
        st.session_state[f"{key}-bounds"] = (
            WORLD if drawn is None else roomy(extent_of(drawn.boundary))
        )
        st.session_state[view_key] = st.session_state[f"{key}-bounds"]
    covered = towns.covered_by(st.session_state[view_key])
    with st.container(key="land-backdrop"):  # its own message: sent once, whatever is drawn
        component()(key=f"{key}-land", data={"script": drawing_code_address(), "land": _land()})
    data = {
        "words": in_language(WORDS),
        "towns": towns.around(covered),
        "covered": covered,
        "bounds": st.session_state[f"{key}-bounds"],
        "viewVersion": version,
    }
    component()(
        key=key,
        data=of_shape(drawn, version, height) | data,
        on_drawn_change=lambda: take_drawn(key, on_drawn),
        on_view_change=lambda: _take_view(key),
    )


def of_shape(drawn: Shape | None, version: int, height: int) -> dict[str, object]:
    """What the component is told of the shape, whatever else it is told."""
    return {
        "script": drawing_code_address(),
        "height": height,
        "colours": colours(),
        "font": "system-ui, sans-serif",
        "shape": None if drawn is None else _on_screen(drawn),
        "area": None if drawn is None else drawn.km2,
        "shapeVersion": version,
    }


def shape_of(kind: Kind, rings: Sequence[Sequence[Sequence[float]]]) -> Shape:
    """A shape of rings that were drawn; each ring is a polygon of its own."""
    return Shape(kind, MultiPolygon([Polygon(ring) for ring in rings]))


def kind_of(boundary: MultiPolygon) -> Kind:
    """How a boundary from elsewhere can be edited: with too many corners it is only shown."""
    whole = joined_across_180(boundary)
    parts = shapely.get_parts(whole)
    if len(parts) != 1 or parts[0].interiors or len(parts[0].exterior.coords) > _MOST_CORNERS:
        return "area"
    return "box" if parts[0].equals(shapely.box(*whole.bounds)) else "polygon"


def take_drawn(key: str, on_drawn: Callable[[Shape | None], None]) -> None:
    """Hand on what a map has told of its shape."""
    drawn = st.session_state[key]["drawn"]
    if not drawn:
        return
    if len(drawn["ring"]) < 3:
        on_drawn(None)
        return
    found = shape_of(drawn["kind"], [drawn["ring"]])
    on_drawn(replace(found, fresh=bool(drawn.get("fresh"))))


def _take_view(key: str) -> None:
    view = st.session_state[key]["view"]
    if view:
        st.session_state[f"{key}-view"] = tuple(view)


def roomy(bounds: Bounds) -> Bounds:
    """The bounds themselves, or some room around where they are nearly a point."""
    west, south, east, north = bounds
    least = 0.01
    wide, high = max(least - (east - west), 0) / 2, max(least - (north - south), 0) / 2
    return west - wide, south - high, east + wide, north + high


def _on_screen(drawn: Shape) -> dict[str, object]:
    """Kind and rings; a long outline is thinned to what a screen can show."""
    boundary = joined_across_180(drawn.boundary)
    if drawn.kind == "area" and shapely.get_num_coordinates(boundary) > _MOST_SHOWN_CORNERS:
        west, _, east, _ = boundary.bounds
        boundary = boundary.simplify((east - west) / 1000, preserve_topology=True)
    if drawn.kind == "box":
        west, south, east, north = boundary.bounds
        return {
            "kind": "box",
            "rings": [[[west, north], [east, north], [east, south], [west, south]]],
        }
    return {"kind": drawn.kind, "rings": rings_of(boundary)}


def rings_of(boundary: shapely.Geometry) -> list[list[list[float]]]:
    """Every ring of polygons, rounded and without its last corner."""
    return [
        [[round(lon, 5), round(lat, 5)] for lon, lat in ring.coords[:-1]]
        for part in shapely.get_parts(boundary)
        for ring in (part.exterior, *part.interiors)
    ]


def colours() -> dict[str, str]:
    """The map's colours in the page's theme."""
    dark = state.is_dark()
    own = ground(dark=dark)
    edge = (43, 138, 170) if dark else (31, 111, 139)
    return {
        "water": css(own.water),
        "land": css(own.land),
        "coast": css(own.boundary, 0.45),
        "town": css(own.boundary),
        "name": "#c9d3d9" if dark else "#46535e",
        "edge": css(edge),
        "area": css(edge, 0.2),
    }


def css(colour: Rgb, opacity: float = 1.0) -> str:
    """A colour as CSS writes it."""
    red, green, blue = colour
    return f"rgba({red},{green},{blue},{opacity:g})"
