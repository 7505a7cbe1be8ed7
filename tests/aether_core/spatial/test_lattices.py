"""H3's lattices give H3's cells, all over the world and across the edges of its faces."""

import h3.api.numpy_int as h3
import numpy as np
import pytest

from aether_core.spatial.lattices import CellLookup, lattices, unit_vectors


@pytest.mark.parametrize("resolution", [1, 4, 11, 12])
def test_the_nearest_lattice_point_is_the_cell(resolution: int) -> None:
    random = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(random.uniform(-1, 1, 3000)))
    lon = random.uniform(-180, 180, 3000)
    cells = [h3.latlng_to_cell(*at, resolution) for at in zip(lat, lon, strict=True)]
    middles = unit_vectors(np.array([h3.cell_to_latlng(cell)[::-1] for cell in cells]))
    points = unit_vectors(np.column_stack([lon, lat]))
    rows = lattices(resolution)
    assert rows.shape == (20, 3, 3)
    own = rows[np.argmax(points @ rows[:, 2].T, axis=1)]  # the face of the point for both
    of_points, of_middles = (
        np.einsum("nij,nj->ni", own[:, :2], found)
        / np.einsum("nj,nj->n", own[:, 2], found)[:, None]
        for found in (points, middles)
    )
    away = of_points - np.round(of_middles)
    u, v = away.T
    inside = np.abs([2 * u + v, u + 2 * v, u - v]).max(axis=0)  # of the hexagon, at most 1
    assert inside.max() < 1 + 1e-6
    if resolution > 1:  # there every second cell touches a pentagon
        known = np.unique(np.array(cells[::2], dtype=np.uint64))
        found = CellLookup(known).rows(np.column_stack([lon, lat]))
        there = set(known.tolist())
        wanted = [cell if cell in there else -1 for cell in cells]
        assert np.where(found < 0, -1, known[found].astype(np.int64)).tolist() == wanted
