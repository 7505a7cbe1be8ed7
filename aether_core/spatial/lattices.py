"""H3's grid as plane lattices, one for each face of its icosahedron.

H3 lays a hexagonal lattice on every face of an icosahedron and projects it to the sphere from the
middle (gnomonic), so a point's cell is the lattice point nearest to it in the plane of its face.
Whoever has a face's three vectors finds a cell's place by three products and a rounding, in any
language. Where the faces lie is asked of H3 itself: its twelve pentagons are the corners.

Source: Uber H3, "Coordinate systems" (FaceIJK), h3geo.org.
"""

from functools import cache
from itertools import combinations
from typing import Final

import h3.api.numpy_int as h3
import numpy as np
from numpy.typing import NDArray

FACE: Final = 2**23
"""More than twice the places from the middle of a face to its rim, at every resolution."""
_RIM: Final = 3
"""Steps of a lattice from the rim of a face within which a cell may belong to the next face."""
_EDGE: Final = 1.2
"""Corners of the icosahedron that are nearer to each other than this share an edge of it (1.05)."""


@cache
def lattices(resolution: int) -> NDArray[np.float64]:
    """The lattice of each face.

    Args:
        resolution: H3's, 0 to 15.

    Returns:
        float64 `[20, 3, 3]`. With `p` the unit vector of a point (x to 0 N 0 E, z to the pole) and
        `a, b, c` the rows of the face whose `c` is nearest to it, its place in the lattice is
        `(a @ p, b @ p) / (c @ p)`: the six neighbours of a cell at (0, 0) lie at (1, 0), (0, 1),
        (-1, 1), (-1, 0), (0, -1) and (1, -1). Exact but for cells that touch a pentagon, all of
        which lie in the sea.
    """
    corners = _corners()
    found = [
        _lattice(corners[list(face)], resolution)
        for face in combinations(range(len(corners)), 3)
        if all(np.linalg.norm(corners[i] - corners[j]) < _EDGE for i, j in combinations(face, 2))
    ]
    return np.array(found)


def unit_vectors(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of the sphere.

    Args:
        lonlat: WGS84, float64 `[n, 2]`; H3 takes its latitudes for those of a sphere.

    Returns:
        float64 `[n, 3]`.
    """
    lon, lat = np.radians(lonlat).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def places(lonlat: NDArray[np.float64], resolution: int) -> NDArray[np.int32]:
    """Places of cells in the lattices.

    Args:
        lonlat: Middles of cells, WGS84, float64 `[m, 2]`.
        resolution: Of the cells.

    Returns:
        Both places in the lattice of the face in which the middle lies, int32 `[m, 2]`; `FACE`
        times the face's number is added to the first.
    """
    points, rows = unit_vectors(lonlat), lattices(resolution)
    face = np.argmax(points @ rows[:, 2].T, axis=1)
    across, along, deep = np.einsum("nij,nj->in", rows[face], points)
    found = np.round([across / deep, along / deep]).T.astype(np.int32)
    found[:, 0] += face.astype(np.int32) * FACE
    return found


class CellLookup:
    """Which of some cells a point lies in, for many points at once.

    Args:
        cells: H3 cells, uint64 `[m]`, all of one resolution.
    """

    def __init__(self, cells: NDArray[np.uint64]) -> None:
        self._resolution = h3.get_resolution(int(cells[0]))
        middles = np.array([h3.cell_to_latlng(cell)[::-1] for cell in cells.tolist()])
        self._places = _Sorted(_keys(places(middles, self._resolution)))
        self._cells = _Sorted(cells.astype(np.int64))

    def rows(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """The position of each point's cell among the cells, -1 where it is none of them.

        Args:
            lonlat: WGS84, float64 `[n, 2]`.

        Returns:
            int64 `[n]`.
        """
        points, faces = unit_vectors(lonlat), lattices(self._resolution)
        deep = points @ faces[:, 2].T
        every = np.arange(len(points))
        face = np.argmax(deep, axis=1)
        nearest = deep[every, face]
        place = np.empty((len(points), 2))
        for one in np.unique(face):
            on_it = face == one
            place[on_it] = points[on_it] @ faces[one, :2].T / nearest[on_it, None]
        found = _hexagons(*place.T)
        found[:, 0] += face.astype(np.int32) * FACE
        rows = self._places.rows(_keys(found))
        # A cell on the rim of a face has a place on the next one, too, and only one is kept.
        deep[every, face] = -np.inf
        rim = nearest - deep.max(axis=1) < _RIM / np.linalg.norm(faces[0, 0])
        cells = [h3.latlng_to_cell(lat, lon, self._resolution) for lon, lat in lonlat[rim].tolist()]
        rows[rim] = self._cells.rows(np.array(cells, dtype=np.int64))
        return rows


class _Sorted:
    """Finds numbers among others, int64 `[m]`."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self._order = np.argsort(numbers)
        self._numbers = numbers[self._order]

    def rows(self, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """The position of each, -1 where it is not there."""
        at = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
        return np.where(self._numbers[at] == wanted, self._order[at], -1)


def _hexagons(across: NDArray[np.float64], along: NDArray[np.float64]) -> NDArray[np.int32]:
    """The lattice point whose hexagon a place lies in, int32 `[n, 2]`."""
    third = -across - along
    rounded = np.round([across, along, third])
    off = np.abs(rounded - [across, along, third])
    worst = np.argmax(off, axis=0)
    first = np.where(worst == 0, -rounded[1] - rounded[2], rounded[0])
    second = np.where(worst == 1, -rounded[0] - rounded[2], rounded[1])
    return np.column_stack([first, second]).astype(np.int32)


def _keys(found: NDArray[np.int32]) -> NDArray[np.int64]:
    """One number a place."""
    wide = found.astype(np.int64)
    return (wide[:, 0] << 32) + wide[:, 1]


def _corners() -> NDArray[np.float64]:
    """Corners of the icosahedron, `[12, 3]`."""
    places = [h3.cell_to_latlng(cell)[::-1] for cell in h3.get_pentagons(0)]
    return unit_vectors(np.array(places))


def _lattice(corners: NDArray[np.float64], resolution: int) -> NDArray[np.float64]:
    """The three rows of the face with these corners."""
    middle = corners.sum(axis=0)
    middle /= np.linalg.norm(middle)
    east = corners[0] / (corners[0] @ middle) - middle
    # Two steps of resolution 0 lead from the middle to a corner; each resolution's steps are
    # shorter by the root of 7, and those of odd ones are turned by 19.1 degrees.
    step = float(np.linalg.norm(east)) / 2 / 7 ** (resolution / 2)
    east /= np.linalg.norm(east)
    north = np.cross(middle, east)
    turns = [0.0] if resolution % 2 == 0 else [np.arcsin(np.sqrt(3 / 28))]
    turns += [-turn for turn in turns if turn]
    made = [_rows(middle, east, north, step, turn) for turn in turns]
    return min(made, key=lambda rows: _off(rows, resolution))


def _rows(
    middle: NDArray[np.float64],
    east: NDArray[np.float64],
    north: NDArray[np.float64],
    step: float,
    turn: float,
) -> NDArray[np.float64]:
    first, second = (
        step * (np.cos(angle) * east + np.sin(angle) * north) for angle in (turn, turn + np.pi / 3)
    )
    across = np.cross(second, middle)
    along = np.cross(middle, first)
    return np.array([across / (first @ across), along / (second @ along), middle])


def _off(rows: NDArray[np.float64], resolution: int) -> float:
    """How far the cells around a face's middle lie from points of its lattice."""
    x, y, z = rows[2]
    cell = h3.latlng_to_cell(np.degrees(np.arcsin(z)), np.degrees(np.arctan2(y, x)), resolution)
    places = np.array([h3.cell_to_latlng(one)[::-1] for one in h3.grid_disk(cell, 1)])
    points = unit_vectors(places)
    at = (points @ rows[:2].T) / (points @ rows[2])[:, None]
    return float(np.abs(at - np.round(at)).max())
