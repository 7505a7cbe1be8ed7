"""Which part of the city a report's map shows."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
import streamlit as st

from aether_core.language import _, all_of, mark, translated
from aether_core.spatial.earth import metres_a_degree
from aether_core.spatial.longitudes import running_on, shapes_running_on
from ui.map.nearby import places_of
from ui.shell.text import plain
from workflows.cities.cities import CitySummary
from workflows.reports.choices import ReportDistrict, View

_WHOLE, _DISTRICTS, _PLACE = mark("Whole city"), mark("The districts"), mark("Around a place")
_ROOM: Final = 0.15
"""Left free around districts, as a part of their extent."""
_MOST_PLACES: Final = 30
_KEY: Final = "report-view"


def ask_view(city: CitySummary, districts: Sequence[ReportDistrict]) -> View | None:
    """Ask what the map shows; None for the whole city."""
    ways = [_WHOLE, *([_DISTRICTS] if districts else []), _PLACE]
    way = st.segmented_control(
        _("The map shows"),
        ways,
        default=_WHOLE,
        format_func=_,
        required=True,
        key=f"{_KEY}-{len(ways)}",
        persist_state="session",
    )
    if way == _DISTRICTS:
        return around(city, [one.geometry for one in districts])
    return _of_place(city) if way == _PLACE else None


def around(city: CitySummary, shapes: Sequence[shapely.Geometry]) -> View:
    """The box around shapes with some room, no further than the city."""
    running = shapes_running_on(np.array(shapes, dtype=object), city.bbox)
    west, south, east, north = shapely.total_bounds(running).tolist()
    room = _ROOM * max(east - west, north - south)
    return _clipped(city, (west - room, south - room, east + room, north + room))


def _of_place(city: CitySummary) -> View | None:
    """The surroundings of a place that is looked for by name; None until one is found."""
    words = st.text_input(
        _("Place"),
        key=f"{_KEY}-words-{city.slug}",
        placeholder=_("such as: library"),
        icon=":material/search:",
        max_chars=100,
        persist_state="session",
    )
    asked = " ".join(words.casefold().split())
    if not asked:
        st.caption(_("The whole city is shown until a place is chosen."))
        return None
    frame = places_of(city)
    found = frame[[any(asked in one.casefold() for one in all_of(name)) for name in frame["name"]]]
    if not len(found):
        st.info(_("No place here is called “{words}”.", words=plain(words)), icon=":material/info:")
        return None
    some = found.head(_MOST_PLACES)
    called = _numbered([translated(name) for name in some["name"]])
    names = dict(zip(some.index.tolist(), called, strict=True))
    at = st.selectbox(
        _("Which one"),
        list(names),
        format_func=lambda row: names[row],
        key=f"{_KEY}-place-{city.slug}-{asked}",
    )
    metres = st.slider(
        _("Distance shown in each direction"),
        200,
        3000,
        600,
        step=100,
        format="%d m",
        key=f"{_KEY}-metres",
        persist_state="session",
    )
    lon, lat = running_on(some.loc[[at], "lon"].to_numpy(), city.bbox)[0], some.loc[at, "lat"]
    wide, high = (metres / metres_a_degree(float(lat))).tolist()
    return _clipped(city, (lon - wide, lat - high, lon + wide, lat + high))


def _numbered(names: Sequence[str]) -> list[str]:
    """Names no two of which are alike."""
    apart: list[str] = []
    for name in names:
        number, free = 2, name
        while free in apart:
            free, number = f"{name} ({number})", number + 1
        apart.append(free)
    return apart


def _clipped(city: CitySummary, view: View) -> View:
    """A view without what lies beyond the city; six digits are a decimetre."""
    low, high = np.array(view[:2]), np.array(view[2:])
    low, high = np.maximum(low, city.bbox[:2]), np.minimum(high, city.bbox[2:])
    west, south, east, north = np.concatenate([low, high]).round(6).tolist()
    return west, south, east, north
