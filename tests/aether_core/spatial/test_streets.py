"""Distances along streets: against another solver, across a river, and what makes a network."""

import networkx as nx
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from aether_core.spatial.distances import nearest_shape
from aether_core.spatial.plane import Plane
from aether_core.spatial.streets import (
    NO_WAY_M,
    SPACING_M,
    StreetNetwork,
    network_of,
    walking_distance,
)

BLOCK = 0.001
"""Degrees between two streets of the town: 55 m by 111 m."""
SIDE = 12
RIVER, BRIDGE = 6, 2
"""A river between these columns and the next, with a bridge in this row."""


def at(column: float, row: float) -> tuple[float, float]:
    return 25.0 + column * BLOCK, 60.0 + row * BLOCK


def town(*, bridges: tuple[int, ...] = (BRIDGE,)) -> list[shapely.LineString]:
    """A grid of streets on both sides of a river."""
    west, east = range(RIVER + 1), range(RIVER + 1, SIDE)
    lines = [[at(column, row) for row in range(SIDE)] for column in range(SIDE)]
    for row in range(SIDE):
        lines += [[at(column, row) for column in west], [at(column, row) for column in east]]
    lines += [[at(RIVER, row), at(RIVER + 1, row)] for row in bridges]
    return [shapely.LineString(line) for line in lines]


def by_networkx(lines: list[shapely.LineString], plane: Plane) -> nx.Graph:
    """Every corner a node and nothing left out, in metres on a plane."""
    graph = nx.Graph()
    for line in lines:
        corners = [tuple(one) for one in np.round(shapely.get_coordinates(line), 7)]
        flat = plane.points(np.array(corners))
        for a, b, far in zip(
            corners[:-1], corners[1:], np.hypot(*np.diff(flat, axis=0).T), strict=True
        ):
            if a != b:
                graph.add_edge(a, b, far=min(far, graph.get_edge_data(a, b, {}).get("far", far)))
    return graph


def brute_force(
    lines: list[shapely.LineString],
    lonlat: NDArray[np.float64],
    places: NDArray[np.float64],
    network: StreetNetwork,
) -> NDArray[np.float64]:
    """Every pair by itself: leg, way and leg, and never shorter than the straight line."""
    plane = Plane(lonlat)
    graph = by_networkx(lines, plane)
    nodes = [tuple(one) for one in np.round(network.lonlat, 7)]
    flat = plane.points(network.lonlat)
    found = np.full((len(lonlat), len(places)), np.inf)
    starts, ends = (plane.points(one) for one in (lonlat, places))
    for k, end in enumerate(ends):
        last = np.hypot(*(flat - end).T)
        ways = nx.single_source_dijkstra_path_length(graph, nodes[last.argmin()], weight="far")
        for m, start in enumerate(starts):
            first = np.hypot(*(flat - start).T)
            straight = float(np.hypot(*(start - end)))
            if straight <= first.min() + last.min():
                found[m, k] = straight
            else:
                way = ways.get(nodes[first.argmin()], np.inf)
                found[m, k] = max(first.min() + way + last.min(), straight)
    return np.minimum(found.min(axis=1), NO_WAY_M)


def test_every_way_is_as_long_as_another_solver_finds_it() -> None:
    rng = np.random.default_rng(3)
    corners = rng.uniform((25.0, 60.0), (25.02, 60.01), (120, 2)).round(7)
    lines = [
        shapely.LineString([a, *np.linspace(a, b, 9)[1:-1] + rng.normal(0, 2e-5, (7, 2)), b])
        for a, b in corners[rng.integers(0, 120, (220, 2))]
        if (a != b).any()
    ]
    network = network_of(lines)
    assert network is not None
    lonlat = rng.uniform((25.0, 60.0), (25.02, 60.01), (60, 2))
    places = rng.uniform((25.0, 60.0), (25.02, 60.01), (5, 2))
    metres, row = walking_distance(network, lonlat, shapely.points(places))
    expected = brute_force(lines, lonlat, places, network)
    np.testing.assert_allclose(metres, expected, rtol=1e-4, atol=0.1)
    for k in range(len(places)):
        of_one, _ = walking_distance(network, lonlat, shapely.points(places[[k]]))
        np.testing.assert_allclose(of_one[row == k], metres[row == k], rtol=1e-6)
        assert (of_one >= metres - 0.1).all()


def test_a_river_is_crossed_by_its_bridge() -> None:
    network = network_of(town())
    assert network is not None
    here = np.array([at(RIVER, SIDE - 1)])
    there = shapely.points([at(RIVER + 1, SIDE - 1)])
    straight, _ = nearest_shape(here, there)
    metres, _ = walking_distance(network, here, there)
    up, across = (
        nearest_shape(here, shapely.points([corner]))[0][0]
        for corner in (at(RIVER, BRIDGE), at(RIVER + 1, SIDE - 1))
    )
    assert straight[0] == pytest.approx(across)
    assert metres[0] == pytest.approx(2 * up + across, rel=1e-3)
    # Nearer as the crow flies is not nearer on foot.
    both = shapely.points([at(RIVER + 1, SIDE - 1), at(RIVER - 5, SIDE - 1)])
    assert walking_distance(network, here, both)[1].tolist() == [1]
    assert nearest_shape(here, both)[1].tolist() == [0]


def test_where_no_way_leads_the_farthest_distance_counts() -> None:
    network = network_of(town(bridges=()))
    assert network is not None
    here = np.array([at(0, 0), at(SIDE - 1, 0)])
    metres, row = walking_distance(network, here, shapely.points([at(0, 3)]))
    assert metres[0] < 400
    assert metres[1] == NO_WAY_M
    assert row.tolist() == [0, 0]


def test_parks_begin_at_their_edge_and_are_no_farther_than_the_straight_line_inside() -> None:
    network = network_of(town())
    assert network is not None
    park = shapely.box(*at(1.2, 1.2), *at(3.8, 3.8))
    lonlat = np.array([at(2.5, 2.5), at(1, 2), at(1, 8), at(2, 3.9)])
    metres, row = walking_distance(network, lonlat, np.array([None, park], dtype=object))
    straight, _ = nearest_shape(lonlat, np.array([park], dtype=object))
    assert metres[0] == 0
    assert (metres >= straight).all()
    np.testing.assert_allclose(metres[1:], straight[1:], atol=2 * BLOCK * 111_000 * 0.5)
    assert set(row.tolist()) == {1}


def test_a_network_keeps_junctions_and_a_node_every_so_often() -> None:
    long = [(25.0 + step * 1e-5, 60.0) for step in range(2001)]
    lines = [shapely.LineString(long), shapely.LineString([(25.005, 60.0), (25.005, 60.004)])]
    island = shapely.LineString([(25.3, 60.3), (25.3001, 60.3)])
    network = network_of([*lines, island])
    assert network is not None
    assert 25 < len(network) < 80  # of 2,004 corners
    assert network.metres.max() < 450
    assert np.median(network.metres) <= SPACING_M
    plane = Plane(network.lonlat)
    total = sum(shapely.length(plane.shapes(np.array(lines, dtype=object))))
    assert network.metres.sum() == pytest.approx(total, rel=1e-3)
    assert (np.bincount(network.edges.reshape(-1)) == 3).sum() == 1
    assert network.lonlat[:, 0].max() < 25.1  # what hangs together with nothing is left out


def test_nothing_makes_no_network() -> None:
    assert network_of([]) is None
    assert network_of([shapely.LineString([(25.0, 60.0), (25.0, 60.0)])]) is None
