"""Towns that orient a reader on a map without tiles: the large ones everywhere, more in view."""

from typing import Final

import numpy as np
import streamlit as st

from aether_core.geocoding.city_table import CityTable, read_cities
from aether_core.language import mark

Bounds = tuple[float, float, float, float]
Town = tuple[str, float, float, int]

WORLD: Final[Bounds] = (-180.0, -85.0, 180.0, 85.0)
_REACH: Final = 270.0
"""Degrees the map shows to either side, as its own `REACH`."""
_EVERYWHERE: Final = 400
_IN_VIEW: Final = 400
_NEWCOMERS: Final = 5_000


@st.cache_resource(show_spinner=mark("Opening the gazetteer"), max_entries=1)
def _table() -> CityTable:
    return read_cities(_NEWCOMERS)


@st.cache_data(max_entries=64, show_spinner=False)
def around(view: Bounds) -> list[Town]:
    """Towns to draw for a view, the largest first.

    Args:
        view: West, south, east, north of what is looked at, degrees; west or east may run on over
            the 180th meridian.

    Returns:
        Name, longitude, latitude, inhabitants: the largest of the world, and those of the view.
    """
    table = _table()
    west, south, east, north = view
    across = (table.lon - west) % 360 <= east - west
    inside = across & (table.lat >= south) & (table.lat <= north)
    largest = np.argsort(-table.population, kind="stable")
    wanted = dict.fromkeys([*largest[:_EVERYWHERE], *largest[inside[largest]][:_IN_VIEW]])
    rows = sorted(wanted, key=lambda row: -int(table.population[row]))
    return [
        (
            table.name[row],
            round(float(table.lon[row]), 4),
            round(float(table.lat[row]), 4),
            int(table.population[row]),
        )
        for row in rows
    ]


def covered_by(view: Bounds) -> Bounds:
    """The view with a margin of its own width on each side: what towns are sent for."""
    west, south, east, north = view
    wide, high = east - west, north - south
    return (
        round(max(west - wide, -_REACH), 2),
        round(max(south - high, -85.0), 2),
        round(min(east + wide, _REACH), 2),
        round(min(north + high, 85.0), 2),
    )
