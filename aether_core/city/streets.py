"""The streets one can walk along, from an OpenStreetMap extract."""

from pathlib import Path
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.city.osm_features import read_osm_features, tag_text
from aether_core.reading import in_own_process
from aether_core.spatial.earth import metres_a_degree
from aether_core.spatial.longitudes import Bounds, extent_of
from aether_core.spatial.streets import StreetNetwork, network_of
from aether_core.vector import DEFAULT_LIMITS, Limits

WALKED: Final = frozenset(
    {
        *("trunk", "trunk_link", "primary", "primary_link", "secondary", "secondary_link"),
        *("tertiary", "tertiary_link", "unclassified", "residential", "living_street"),
        *("pedestrian", "footway", "path", "steps", "cycleway", "track", "bridleway"),
        *("service", "road", "crossing", "corridor", "platform", "trail"),
    }
)
"""Values of `highway` one can walk along where nothing else is said (OpenStreetMap's wiki,
"OSM tags for routing/Access restrictions"): all but motorways, and what is not there yet."""
_CLOSED: Final = frozenset({"no", "private", "use_sidepath"})
_AROUND_M: Final = 1500.0
"""Ways lead out of the city and back: so far around it streets count, too."""


@in_own_process
def read_osm_streets(
    path: str | Path, boundary: shapely.Geometry, *, limits: Limits = DEFAULT_LIMITS
) -> StreetNetwork | None:
    """Read the streets of a city and around it.

    Left out is what `foot`, or else `access`, closes to people on foot.

    Args:
        path: A local `.osm.pbf` file.
        boundary: Of the city, WGS84.
        limits: Upper bound on the file's size.

    Returns:
        The network; None where the extract holds no street there.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no OSM pbf file.
    """
    ways = read_osm_features(
        path,
        {"highway": sorted(WALKED)},
        shapely.box(*bounds_of_walks(boundary)),
        columns=["highway", "foot", "access"],
        limits=limits,
    )
    if ways.empty:
        return None
    foot, access = tag_text(ways, "foot"), tag_text(ways, "access")
    closed = foot.isin(_CLOSED) | ((foot == "") & access.isin(_CLOSED))
    walked = tag_text(ways, "highway").isin(WALKED) & ~closed
    return network_of(lines_of(ways.geometry[walked].to_numpy()))


def bounds_of_walks(boundary: shapely.Geometry) -> Bounds:
    """Where streets count for walks in a city: its bounds and what lies around them, WGS84."""
    west, south, east, north = extent_of(boundary)
    wide, high = _AROUND_M / metres_a_degree((south + north) / 2)
    return west - wide, south - high, east + wide, north + high


def lines_of(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Lines, and the outlines of squares and platforms."""
    parts = shapely.get_parts(shapes)
    flat = shapely.get_type_id(parts) == 3
    outlines = shapely.get_parts(shapely.boundary(parts[flat]))
    lines = np.concatenate([parts[shapely.get_type_id(parts) == 1], outlines])
    found: NDArray[np.object_] = shapely.get_parts(lines)
    return found
