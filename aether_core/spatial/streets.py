"""A city's streets as a network, and how far it is along them to the nearest of some targets."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.spatial import KDTree

from aether_core.spatial.distances import nearest_shape
from aether_core.spatial.plane import Plane

NO_WAY_M = 50_000.0
"""What counts where no way leads: the farthest distance that can be asked for."""
SPACING_M = 40.0
"""A street has a node about this often, so that every place on it is near one."""
_DECIMALS = 7
"""OpenStreetMap's own precision: streets meet where they share a point to the last digit."""
_ISLAND = 0.02
"""Parts with a smaller share of all metres are courtyards and mistakes: nothing starts there."""
_BESIDE_M = 30.0
"""A park or a street begins at every node this near to it, not at the nearest alone."""
_LEAST_M = 0.01
"""No edge is shorter: a length of 0 would be no edge to the solver."""


@dataclass(frozen=True, eq=False)
class StreetNetwork:
    """Streets one can walk along, either way.

    Attributes:
        lonlat: Nodes, WGS84, float64 `[n, 2]`.
        edges: Rows of the nodes that each edge joins, int32 `[e, 2]`.
        metres: Length of each edge, float32 `[e]`, above 0.
    """

    lonlat: NDArray[np.float64]
    edges: NDArray[np.int32]
    metres: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.lonlat)


def network_of(lines: Iterable[shapely.LineString]) -> StreetNetwork | None:
    """Join lines where they share a corner; bridges, which share none, stay apart.

    Corners between two junctions are left out unless the street would have no node for
    `SPACING_M`. Parts that hang together with less than a fiftieth of all metres are left out.

    Args:
        lines: WGS84, with the corners of their source.

    Returns:
        The network; None where no line has a length.
    """
    whole = np.array(list(lines), dtype=object)
    points, line = shapely.get_coordinates(whole, return_index=True)
    if len(points) < 2:
        return None
    _, first, node = np.unique(
        points.round(_DECIMALS), axis=0, return_index=True, return_inverse=True
    )
    node = node.reshape(-1)
    lonlat = points[first]
    along = line[1:] == line[:-1]
    pairs = np.column_stack([node[:-1][along], node[1:][along]])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    if not len(pairs):
        return None
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    flat = Plane(lonlat).points(lonlat)
    metres = np.maximum(np.hypot(*(flat[pairs[:, 0]] - flat[pairs[:, 1]]).T), _LEAST_M)
    pairs, metres = _thinned(pairs, metres, len(lonlat))
    kept = _hanging_together(pairs, metres, len(lonlat))
    pairs, metres = pairs[kept[pairs[:, 0]]], metres[kept[pairs[:, 0]]]
    used, edges = np.unique(pairs, return_inverse=True)
    return StreetNetwork(
        lonlat[used], edges.reshape(-1, 2).astype(np.int32), metres.astype(np.float32)
    )


def walking_distance(
    network: StreetNetwork, lonlat: NDArray[np.float64], shapes: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Measure along the streets to the nearest of some shapes.

    A way begins at the node nearest to the point and ends at a node beside the shape; both legs
    are straight. It is never shorter than the straight line, which is the way where the shape is
    no farther than the streets are.

    Args:
        network: The streets.
        lonlat: Points to measure from, WGS84, float64 `[m, 2]`, finite, at least one.
        shapes: Points, lines and polygons in WGS84, object `[k]`; None and empty ones count for
            nothing.

    Returns:
        Metres, 0 inside a shape, `NO_WAY_M` where no way leads, float64 `[m]`; and the row of the
        shape that is reached, int64 `[m]`.

    Raises:
        InputError: No shape is left to measure to.
    """
    straight, nearest = nearest_shape(lonlat, shapes)
    plane = Plane(lonlat)
    nodes = plane.points(network.lonlat)
    tree = KDTree(nodes)
    entry, leg, target = _entries(plane, tree, shapes)
    first_leg, start = tree.query(plane.points(lonlat))
    reached, by = _spread(network, entry, leg, target)
    along = np.minimum(first_leg + reached[start], NO_WAY_M)
    # The straight way is on foot where it is no longer than the legs that leave the streets.
    direct = straight <= first_leg + _last_leg(leg, target, len(shapes))[nearest]
    metres = np.where(direct, straight, np.maximum(along, straight))
    row = np.where(direct | ~np.isfinite(reached[start]), nearest, by[start])
    return metres, row.astype(np.int64)


def _entries(
    plane: Plane, tree: KDTree, shapes: NDArray[np.object_]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Nodes at which shapes are reached, the straight leg from there, and the shape's row."""
    usable = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    flat = plane.shapes(shapely.force_2d(shapes[usable]))
    flat = shapely.make_valid(flat)
    is_point = shapely.get_type_id(flat) == 0
    at = np.flatnonzero(is_point)
    leg, entry = tree.query(shapely.get_coordinates(flat[at]))
    entries, legs, targets = [entry], [leg], [usable[at]]
    wide = np.flatnonzero(~is_point)
    if len(wide):
        points = shapely.points(tree.data)
        streets = shapely.STRtree(points)
        pairs, far = streets.query_nearest(flat[wide], all_matches=False, return_distance=True)
        entries.append(pairs[1])
        legs.append(far)
        targets.append(usable[wide[pairs[0]]])
        shape, node = streets.query(flat[wide], predicate="dwithin", distance=_BESIDE_M)
        entries.append(node)
        legs.append(shapely.distance(points[node], flat[wide[shape]]))
        targets.append(usable[wide[shape]])
    return (
        np.concatenate(entries).astype(np.int64),
        np.concatenate(legs),
        np.concatenate(targets).astype(np.int64),
    )


def _spread(
    network: StreetNetwork,
    entry: NDArray[np.int64],
    leg: NDArray[np.float64],
    target: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Metres from every node to the nearest target, and its row; infinite where no way leads.

    A source of its own is joined to every entry by an edge as long as its leg, so that one run of
    Dijkstra's algorithm serves all targets.
    """
    n = len(network)
    order = np.lexsort((leg, entry))
    entry, first = np.unique(entry[order], return_index=True)
    leg, target = leg[order][first], target[order][first]
    a, b = network.edges.T
    source = np.full(len(entry), n)
    graph = csr_array(
        (
            np.concatenate([network.metres, network.metres, np.maximum(leg, _LEAST_M)]),
            (np.concatenate([a, b, source]), np.concatenate([b, a, entry])),
        ),
        shape=(n + 1, n + 1),
    )
    metres, before = dijkstra(graph, indices=n, return_predecessors=True)
    root = np.where((before < 0) | (before == n), np.arange(n + 1), before)
    while not np.array_equal(further := root[root], root):
        root = further  # whoever comes after another node is nearest to the same target
    by = np.full(n + 1, -1, dtype=np.int64)
    by[entry] = target
    by = np.where(np.isfinite(metres), by[root], -1)
    return metres[:n], by[:n]


def _last_leg(
    leg: NDArray[np.float64], target: NDArray[np.int64], targets: int
) -> NDArray[np.float64]:
    """The shortest leg of each target, float64 `[k]`."""
    found = np.full(targets, np.inf)
    np.minimum.at(found, target, leg)
    return found


def _thinned(
    pairs: NDArray[np.int64], metres: NDArray[np.float64], n: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Leave out corners of degree 2, in rounds of those whose neighbours both stay.

    A corner goes while the edge that takes its place is no longer than `SPACING_M`.
    """
    while True:
        degree = np.bincount(pairs.reshape(-1), minlength=n)
        ends = np.concatenate([pairs[:, 0], pairs[:, 1]])
        edge = np.concatenate([np.arange(len(pairs))] * 2)
        order = np.argsort(ends, kind="stable")
        start = np.searchsorted(ends[order], np.arange(n))
        two = np.flatnonzero(degree == 2)
        one, other = edge[order][start[two]], edge[order][start[two] + 1]
        a = pairs[one].sum(axis=1) - two
        b = pairs[other].sum(axis=1) - two
        fits = (metres[one] + metres[other] <= SPACING_M) & (a != b)
        two, one, other, a, b = (x[fits] for x in (two, one, other, a, b))
        # Of corners beside each other only the one with the lower number goes in a round.
        wanted = np.full(n, n, dtype=np.int64)
        wanted[two] = two
        goes = (two < wanted[a]) & (two < wanted[b])
        if not goes.any():
            return pairs, metres
        one, other, a, b = (x[goes] for x in (one, other, a, b))
        stays = np.ones(len(pairs), dtype=bool)
        stays[one] = stays[other] = False
        joined = np.sort(np.column_stack([a, b]), axis=1)
        pairs = np.concatenate([pairs[stays], joined])
        metres = np.concatenate([metres[stays], metres[one] + metres[other]])
        pairs, metres = _shortest(pairs, metres)


def _shortest(
    pairs: NDArray[np.int64], metres: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One edge between two nodes, the shortest: a sparse graph would add them up."""
    order = np.lexsort((metres, pairs[:, 1], pairs[:, 0]))
    pairs, metres = pairs[order], metres[order]
    first = np.ones(len(pairs), dtype=bool)
    first[1:] = (pairs[1:] != pairs[:-1]).any(axis=1)
    return pairs[first], metres[first]


def _hanging_together(
    pairs: NDArray[np.int64], metres: NDArray[np.float64], n: int
) -> NDArray[np.bool_]:
    """Nodes of parts that are no mere courtyards, bool `[n]`."""
    graph = csr_array((np.ones(len(pairs)), pairs.T), shape=(n, n))
    _, part = connected_components(graph, directed=False)
    length = np.bincount(part[pairs[:, 0]], weights=metres, minlength=int(part.max()) + 1)
    large = length >= min(_ISLAND * length.sum(), length.max())
    return np.asarray(large[part])
