"""The map of one city to draw districts on: its own ground, and the districts there are."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
import streamlit as st
from shapely.geometry import mapping
from shapely.geometry import shape as geometry_of

from aether_core.charts.palette import AMBER, BLUE
from aether_core.language import mark
from aether_core.spatial.longitudes import joined_across_180
from ui.map import box_map, ground, served, shapes
from ui.map.box_map import Shape, css
from ui.map.coloured import rgba
from ui.map.map import SEARCH_WORDS, MapLayer, found_in
from ui.shell import palette, state
from ui.shell.routes import drawing_code_address
from ui.shell.text import in_language
from workflows.cities.cities import CitySummary

Role = Literal["a", "b", "rest"]
"""The first of two areas that are compared, the second, or neither."""

_WORDS: Final[Mapping[str, object]] = {
    **box_map.WORDS,
    **SEARCH_WORDS,
    "map": mark(
        "Map of the city to draw districts on. Arrow keys move it, plus and minus zoom. "
        "Districts can be chosen from lists beside it, too."
    ),
    "tools": {
        "pan": mark("Move"),
        "lasso": mark("Lasso"),
        "box": mark("Box"),
        "polygon": mark("Polygon"),
        "clear": mark("Remove"),
        "in": mark("Zoom in"),
        "out": mark("Zoom out"),
        "fit": mark("Show the whole city"),
    },
    "hints": {
        "start": mark("Choose Lasso, Box or Polygon to draw a district"),
        "pick": mark("Click a district to see its figures, or draw another one"),
        "lasso": mark("Drag around the district"),
        "box": mark("Drag across the district"),
        "polygon": mark("Click each corner in turn"),
        "another": mark("Draw another district, or choose Move to change this one"),
        "close": mark("Click the first corner again, or press Enter, to close it"),
    },
}
_VERTEX_BUDGET: Final = 30_000
_OVER_GROUND, _OVER_ANSWER = 0.22, 0.08
"""How strongly the two areas that are compared are filled: colours below them stay legible."""


@dataclass(frozen=True)
class Outline:
    """An area that is on the map already: it can be pointed at, and not changed there."""

    name: str
    geometry: shapely.Geometry
    role: Role


@dataclass(frozen=True)
class Drawn:
    """The shape that can be changed on the map.

    Attributes:
        shape: The shape; None while there is none.
        name: What it is called.
        role: What it is coloured as.
        version: Changed whenever the shape is not the map's own doing.
    """

    shape: Shape | None
    name: str
    role: Role
    version: int


def show_drawing_map(
    city: CitySummary,
    drawn: Drawn,
    outlines: Sequence[Outline],
    *,
    key: str,
    on_drawn: Callable[[Shape | None], None],
    on_picked: Callable[[str], None],
    height: int,
    answer: MapLayer | None = None,
) -> None:
    """Draw the map; it stays where the reader has moved it.

    Args:
        city: The city.
        drawn: The shape that can be changed.
        outlines: The other areas, those in front last.
        key: Stable name of the map.
        on_drawn: Called with what was drawn, or None when it was cleared, before the page runs.
        on_picked: Called with the name of an outline that was clicked.
        height: Pixels.
        answer: Values of the city's units, drawn under the districts.
    """
    created = city.created.isoformat()
    ground_key = f"{city.slug} {created}"
    with st.container(key="land-backdrop"):  # its own message: sent once, whatever is drawn
        drawn_ground = _ground(city, city.slug, created)
        box_map.component()(
            key=f"{key}-ground",
            data={
                "script": drawing_code_address(),
                "ground": {"key": ground_key, "shapes": drawn_ground},
            },
        )
    painted = None if answer is None else answer.painted()
    data = box_map.of_shape(drawn.shape, drawn.version, height)
    data |= {
        "words": in_language(_WORDS),
        "colours": _colours(_OVER_ANSWER if painted else _OVER_GROUND),
        "groundKey": ground_key,
        "towns": [],
        "covered": None,
        "bounds": box_map.roomy(city.bbox),
        "viewVersion": ground_key,
        "outlines": _outlined(outlines),
        "name": drawn.name,
        "role": drawn.role,
        "answer": None if painted is None else served.document(painted),
        "names": ground.names_address(city),
        "found": found_in(city),
    }
    box_map.component()(
        key=key,
        data=data,
        on_drawn_change=lambda: box_map.take_drawn(key, on_drawn),
        on_picked_change=lambda: _take_picked(key, on_picked),
    )


def _take_picked(key: str, on_picked: Callable[[str], None]) -> None:
    picked = st.session_state[key]["picked"]
    if picked:
        on_picked(picked["name"])


@st.cache_resource(max_entries=8, show_spinner=False)
def _ground(
    _city: CitySummary,
    slug: str,  # noqa: ARG001 - names the city
    created: str,  # noqa: ARG001 - a city added anew under the same slug is another city
) -> str:
    """The city's base map and boundary as GeoJSON geometries by kind, written once."""
    kinds = ground.shapes_of(_city)
    geometries: dict[str, Any] = {
        kind: found["features"][0]["geometry"] for kind, found in kinds.items()
    }
    boundary = joined_across_180(geometry_of(_city.boundary))
    return served.written(geometries | {"boundary": mapping(boundary)}).decode()


def _outlined(outlines: Sequence[Outline]) -> list[dict[str, object]]:
    """Outlines as the map takes them."""
    if not outlines:
        return []
    whole = np.array([one.geometry for one in outlines], dtype=object)
    key = hashlib.sha256(b"".join(shapely.to_wkb(whole))).hexdigest()
    return [
        {"name": one.name, "role": one.role, **drawn}
        for one, drawn in zip(outlines, _rings(whole, key), strict=True)
    ]


@st.cache_resource(max_entries=4, show_spinner=mark("Preparing the map"))
def _rings(
    _geometry: npt.NDArray[np.object_],
    key: str,  # noqa: ARG001 - names the shapes, which are not compared themselves
) -> list[dict[str, object]]:
    """Rings and a place for the name, thinned until all can be drawn at once; not to be changed."""
    found: list[dict[str, object]] = []
    for thin in shapes.simplified(_geometry, _VERTEX_BUDGET):
        area = joined_across_180(thin)
        at = area.representative_point()
        found.append({"rings": box_map.rings_of(area), "at": [round(at.x, 5), round(at.y, 5)]})
    return found


def _colours(fill: float) -> dict[str, str]:
    dark = state.is_dark()
    colours = palette.ground(dark=dark)
    rest = (176, 190, 200) if dark else (84, 98, 110)
    compared: dict[str, str] = {}
    for role, colour in (("a", BLUE), ("b", AMBER)):
        compared[role] = css(rgba(colour)[:3])
        compared[f"{role}Fill"] = css(rgba(colour)[:3], fill)
    return (
        box_map.colours()
        | compared
        | {
            "green": css(colours.green),
            "road": css(colours.road),
            "building": css(colours.building),
            "boundary": css(colours.boundary, 0.8),
            "rest": css(rest, 0.85),
            "restFill": css(rest, 0.08),
            "street": css(colours.name),
            "found": css(colours.place),
        }
    )
