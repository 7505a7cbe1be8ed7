"""Names of streets, parks and waters: written on the map, and found by its search."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from aether_core.language import OTHER_NAMES, PlaceName, _, all_of, mark, names_kept, translated
from aether_core.spatial.earth import metres_a_degree
from ui.map.nearby import spread_out

_BEND_M: Final = 8.0  # a street that strays less from a straight line is straight to a reader
_SHORTEST_M: Final = 15.0
_REPEATED_M: Final = 200.0  # a long street is named again after so many metres
_ANOTHER_M: Final = 1000.0  # so far apart, one name stands for two things that are to be found
_MOST_A_NAME: Final = 50

Shapes = npt.NDArray[np.object_]


def names_of(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Where names can be written, what has most room first.

    Args:
        frame: A base map: columns `kind`, `name` and `geometry`, WGS84; `other_names` may be there.

    Returns:
        `p` longitude and latitude, `t` the name (`PlaceName`), `n` what it names, `a` its
        slope in degrees anticlockwise from east, above -90 and up to 90, `l` the metres it may
        take, and `f` whether the search offers it: one of the spots that bear a name within a
        kilometre.
    """
    named = frame[(frame["name"] != "") & frame["kind"].isin(list(_KINDS))]
    found = [
        spot
        for (kind, name), rows in named.groupby(["kind", "name"], sort=True)
        for spot in _spots(_KINDS[str(kind)], _known(str(name), rows), rows.geometry.to_numpy())
    ]
    return sorted(found, key=lambda spot: -spot["l"])


def in_readers_language(spots: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Spots with `t` and `n` in the reader's language, and `o`, other names to find them by."""
    return [
        {**spot, "t": translated(spot["t"]), "n": _(spot["n"]), **found_by(spot["t"])}
        for spot in spots
    ]


def found_by(name: PlaceName) -> dict[str, list[str]]:
    """`o`, what else something is called than it is to the reader; nothing where it is no more."""
    others = [one for one in all_of(name) if one != translated(name)]
    return {"o": others} if others else {}


def _known(name: str, rows: gpd.GeoDataFrame) -> PlaceName:
    """A name with the languages that any of the pieces that bear it tells."""
    others: dict[str, str] = {}
    for cell in rows[OTHER_NAMES].unique() if OTHER_NAMES in rows else ():
        others = {**names_kept(cell), **others}
    return PlaceName(name, others)


def _spots(kind: "_Kind", name: PlaceName, shapes: Shapes) -> Iterator[dict[str, Any]]:
    """The spots of one name, the roomiest first."""
    rows = kind.spots(shapes)
    if not len(rows):
        return
    rows = rows[np.argsort(-rows[:, 3], kind="stable")]
    rows = rows[spread_out(rows[:, :2], _REPEATED_M, _MOST_A_NAME)]
    offered = set(spread_out(rows[:, :2], _ANOTHER_M, _MOST_A_NAME))
    for at, (lon, lat, slope, room) in enumerate(rows.tolist()):
        yield {
            "p": [round(lon, 6), round(lat, 6)],
            "t": name,
            "n": kind.word,
            "a": round(slope),
            "l": round(room * kind.beyond),
            "f": at in offered,
        }


def _along(shapes: Shapes) -> npt.NDArray[np.float64]:
    """Straight stretches of streets: longitude, latitude, slope, metres."""
    parts = shapely.get_parts(shapes)
    parts = parts[shapely.get_type_id(parts) == 1]
    if not len(parts):
        return np.empty((0, 4))
    lines = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
    scale = _scale(lines)
    flat = shapely.simplify(shapely.transform(lines, lambda at: at * scale), _BEND_M)
    at, line = shapely.get_coordinates(flat, return_index=True)
    step = (at[1:] - at[:-1])[line[1:] == line[:-1]]
    middle = ((at[1:] + at[:-1]) / 2)[line[1:] == line[:-1]] / scale
    slope = np.degrees(np.arctan2(step[:, 1], step[:, 0]))
    slope = 90 - (90 - slope) % 180  # a name is not written upside down
    rows = np.column_stack([middle, slope, np.hypot(*step.T)])
    return rows[rows[:, 3] >= _SHORTEST_M]


def _inside(shapes: Shapes) -> npt.NDArray[np.float64]:
    """A point inside each area: longitude, latitude, 0, the area's width in metres."""
    parts = shapely.get_parts(shapes)
    parts = parts[shapely.get_type_id(parts) == 3]
    if not len(parts):
        return np.empty((0, 4))
    bounds = shapely.bounds(parts)
    width = (bounds[:, 2] - bounds[:, 0]) * _scale(parts)[0]
    points = shapely.get_coordinates(shapely.point_on_surface(parts))
    return np.column_stack([points, np.zeros(len(parts)), width])


def _scale(shapes: Shapes) -> npt.NDArray[np.float64]:
    _, south, _, north = shapely.total_bounds(shapes)
    return metres_a_degree((south + north) / 2)


@dataclass(frozen=True)
class _Kind:
    """What has names.

    Attributes:
        word: The search's word for it.
        beyond: How much longer than what bears it a name may be.
        spots: Where on it names can be written: longitude, latitude, slope, metres.
    """

    word: str
    beyond: float
    spots: Callable[[Shapes], npt.NDArray[np.float64]]


_KINDS: Final = {
    "road": _Kind(mark("Street"), 1.1, _along),
    "green": _Kind(mark("Park"), 1.5, _inside),
    "water": _Kind(mark("Water"), 1.5, _inside),
}
"""By kind of the base map. Buildings with names are places of their own."""
