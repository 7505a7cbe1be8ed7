"""The area that is to become a city: one for the visit, whether found, drawn, typed or read."""

from dataclasses import dataclass, replace
from typing import Final

import streamlit as st
from shapely.geometry import MultiPolygon

from aether_core.city.outline import area_km2, box_boundary
from aether_core.errors import AetherError
from aether_core.language import _
from aether_core.spatial.longitudes import Bounds, boxes_of, extent_of
from ui.map import box_map
from ui.map.box_map import Shape

KEY: Final = "fetch-area"
_VERSION: Final = "fetch-area-version"
_PROBLEM: Final = "fetch-area-problem"
EDGES: Final = ("west", "south", "east", "north")
_USUAL_EDGE: Final = {"west": -180.0, "south": -90.0, "east": 180.0, "north": 90.0}


@dataclass(frozen=True)
class Area:
    """An area in WGS84 and where it comes from.

    Attributes:
        shape: What the map shows; not checked yet.
        origin: Data sources, as a sentence.
        credits: What its source asks to be credited with.
    """

    shape: Shape
    origin: str
    credits: tuple[str, ...] = ()

    @property
    def boundary(self) -> MultiPolygon:
        """The area itself."""
        return self.shape.boundary


def current() -> Area | None:
    """The area as it stands."""
    area: Area | None = st.session_state.get(KEY)
    return area


def version() -> int:
    """Changed whenever the area was set by anything but the map."""
    number: int = st.session_state.setdefault(_VERSION, 0)
    return number


def problem() -> AetherError | None:
    """Why there is no area, where one was asked for."""
    found: AetherError | None = st.session_state.get(_PROBLEM)
    return found


def take(boundary: MultiPolygon, origin: str, credit: str = "") -> None:
    """Make this the area; the map goes to it."""
    shape = Shape(box_map.kind_of(boundary), boundary)
    _keep(Area(shape, origin, (credit,) if credit else ()))
    st.session_state[_VERSION] = version() + 1


def drop(problem: AetherError | None = None) -> None:
    """Leave no area, and say why where there is a reason."""
    st.session_state.pop(KEY, None)
    st.session_state[_PROBLEM] = problem
    st.session_state[_VERSION] = version() + 1


def drawn(shape: Shape | None) -> None:
    """Take over what was drawn on the map; None where it was cleared."""
    if shape is None:
        st.session_state.pop(KEY, None)
        st.session_state[_PROBLEM] = None
    else:
        _keep(Area(shape, _("Drawn by hand.")))


def typed() -> None:
    """Take over the four edges that were typed."""
    edges = [float(st.session_state[f"fetch-{edge}"]) for edge in EDGES]
    try:
        boundary = box_boundary(*edges)
    except AetherError as error:
        drop(error)
    else:
        take(boundary, _("Typed by hand."))


def show_edges() -> None:
    """Put the area's edges into the four fields, before they are drawn."""
    area = current()
    if area is None and problem() is not None:
        return  # the fields keep what cannot be used, to be mended
    edges = tuple(_USUAL_EDGE.values()) if area is None else _edges(area.boundary)
    for edge, value in zip(EDGES, edges, strict=True):
        st.session_state[f"fetch-{edge}"] = round(value, 5)


def _edges(boundary: MultiPolygon) -> Bounds:
    """The edges as they are typed: across the 180th meridian the west lies beyond the east."""
    boxes = boxes_of(extent_of(boundary))
    return boxes[0][:2] + boxes[-1][2:]


def _keep(area: Area) -> None:
    """Keep an area with its size; one that crosses itself has none."""
    if area.boundary.is_valid:
        area = replace(area, shape=replace(area.shape, km2=area_km2(area.boundary)))
    st.session_state[KEY] = area
    st.session_state[_PROBLEM] = None
