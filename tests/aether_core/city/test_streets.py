"""The streets of a user's own OpenStreetMap extract."""

import numpy as np
import pytest
import shapely
from scipy.spatial import KDTree

from aether_core.city.osm_features import read_osm_features, tag_text
from aether_core.city.streets import WALKED, read_osm_streets
from aether_core.simulate.osm_extract import BOX, packaged_extract
from aether_core.spatial.plane import Plane
from aether_core.spatial.streets import SPACING_M, walking_distance

HELSINKI = shapely.box(*BOX)


def test_the_streets_of_an_extract_lead_everywhere_on_foot() -> None:
    network = read_osm_streets(packaged_extract(), HELSINKI)
    assert network is not None
    around = HELSINKI.buffer(0.001)
    assert all(around.covers(shapely.points(network.lonlat)).tolist())
    ways = read_osm_features(packaged_extract(), {"highway": True}, None, columns=["highway"])
    plane = Plane(network.lonlat)
    tree = KDTree(plane.points(network.lonlat))
    residential = ways[tag_text(ways, "highway") == "residential"]
    corners = plane.points(shapely.get_coordinates(residential.geometry.to_numpy()))
    away = tree.query(corners)[0]
    assert np.quantile(away, 0.98) <= SPACING_M / 2 + 1
    assert "construction" not in WALKED
    # From the railway station to the market square it is 0.9 km as the crow flies.
    station, market = np.array([[24.9414, 60.1710]]), shapely.points([[24.9525, 60.1676]])
    metres, _ = walking_distance(network, station, market)
    assert metres[0] == pytest.approx(900, rel=0.2)


def test_an_extract_of_elsewhere_has_no_streets_here() -> None:
    assert read_osm_streets(packaged_extract(), shapely.box(10.7, 59.9, 10.8, 60.0)) is None
