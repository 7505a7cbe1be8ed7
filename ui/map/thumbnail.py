"""A small picture of a city for its card: its own water, green and boundary as SVG."""

from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Final

import numpy as np
import pandas as pd
import shapely
import streamlit as st

from aether_core.language import _
from aether_core.spatial.earth import metres_a_degree
from aether_core.spatial.longitudes import running_on, shapes_running_on
from ui.map import ground
from ui.map.nearby import places_of
from ui.shell import state
from ui.shell.palette import Rgb
from ui.shell.palette import ground as ground_colours
from workflows.cities.cities import CitySummary

_WIDTH: Final = 320
_HEIGHT: Final = 150
_MARGIN: Final = 8
_MOST_DOTS: Final = 500


def draw_thumbnail(city: CitySummary) -> None:
    """Draw the city's thumbnail."""
    picture = b64encode(svg(city, dark=state.is_dark()).encode()).decode("ascii")
    about = escape(_("Small map of {name}", name=city.name))
    st.html(f'<img class="thumbnail" alt="{about}" src="data:image/svg+xml;base64,{picture}">')


def svg(city: CitySummary, *, dark: bool) -> str:
    """The picture as an SVG element."""
    colours = ground_colours(dark=dark)
    frame = Frame(city.bbox)
    size = f'width="{_WIDTH}" height="{_HEIGHT}"'
    parts = [f'<rect {size} fill="{_hex(colours.land)}"/>']
    for kind, shape in ground.shapes_of(city).items():
        colour = _hex(getattr(colours, kind))
        path = frame.path(shapely.geometry.shape(shape["features"][0]["geometry"]))
        parts.append(
            _line(path, colour, 0.9)
            if kind in ground.LINES
            else f'<path d="{path}" fill="{colour}"/>'
        )
    parts.append(_line(frame.dots(places_of(city)), _hex(colours.place), 1.6))
    parts.append(
        _line(frame.path(shapely.geometry.shape(city.boundary)), _hex(colours.boundary), 1.2)
    )
    content = "".join(parts)
    view = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view} {size}>{content}</svg>'


def _line(path: str, colour: str, width: float) -> str:
    stroke = f'stroke="{colour}" stroke-width="{width}" stroke-linecap="round"'
    return f'<path d="{path}" fill="none" {stroke} stroke-opacity="0.8"/>'


def _hex(colour: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


class Frame:
    """Places lon/lat on the picture, the whole city inside it."""

    def __init__(self, bbox: tuple[float, float, float, float]) -> None:
        west, south, east, north = self._bbox = bbox
        self._middle = ((west + east) / 2, (south + north) / 2)
        self._metres_a_degree = metres_a_degree(self._middle[1]).tolist()
        wide, high = self._metres_a_degree
        across = max((east - west) * wide, 1e-4) / (_WIDTH - 2 * _MARGIN)
        along = max((north - south) * high, 1e-4) / (_HEIGHT - 2 * _MARGIN)
        self._metres_a_pixel = max(across, along)

    def path(self, geometry: shapely.Geometry) -> str:
        """Every ring and line of a geometry as one SVG path, a pixel's half exact."""
        tolerance = 0.5 * self._metres_a_pixel / self._metres_a_degree[1]
        (shape,) = shapes_running_on(np.array([geometry], dtype=object), self._bbox)
        return "".join(self._rings(shapely.simplify(shape, tolerance)))

    def dots(self, places: pd.DataFrame) -> str:
        """Some hundred places, evenly chosen, as one path of dots."""
        some = places.iloc[:: max(1, -(-len(places) // _MOST_DOTS))]
        return "".join(
            f"M{self._place(lon, lat)}h0"
            for lon, lat in zip(
                running_on(some["lon"].to_numpy(), self._bbox), some["lat"], strict=True
            )
        )

    def _rings(self, geometry: shapely.Geometry) -> Iterator[str]:
        for part in shapely.get_parts(geometry):
            for ring in shapely.get_rings(part) if part.geom_type == "Polygon" else [part]:
                points = (self._place(lon, lat) for lon, lat in shapely.get_coordinates(ring))
                yield "M" + "L".join(points)

    def _place(self, lon: float, lat: float) -> str:
        wide, high = self._metres_a_degree
        x = _WIDTH / 2 + (lon - self._middle[0]) * wide / self._metres_a_pixel
        y = _HEIGHT / 2 - (lat - self._middle[1]) * high / self._metres_a_pixel
        return f"{x:.1f} {y:.1f}"
