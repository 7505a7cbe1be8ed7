"""Areas laid over cells: weights, and how much of each area they cover."""

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely

from aether_core.city.cells import cells_with
from aether_core.spatial.hexagons import cell_polygons
from aether_core.tasks.areas.coverage import cells_under


def test_an_area_half_outside_the_cells_is_half_covered() -> None:
    middle = h3.latlng_to_cell(60.17, 24.94, 9)
    cells = np.sort(np.asarray(h3.grid_disk(middle, 6), dtype=np.uint64))
    union = shapely.union_all(cell_polygons(cells))
    west, south, east, north = union.bounds
    x, y = (west + east) / 2, (south + north) / 2
    inside = shapely.box(x - 0.002, y - 0.001, x + 0.002, y + 0.001)
    hexagon = cell_polygons(cells)[len(cells) // 2]
    half = shapely.union(hexagon, shapely.affinity.translate(hexagon, 1.0, 0))
    far = shapely.affinity.translate(inside, 3, 0)
    found = cells_under(np.array([inside, half, far], dtype=object), cells_with(9, cells))
    assert found.covered == pytest.approx([1.0, 0.5, 0.0], abs=1e-3)
    sums = np.asarray(found.weights.sum(axis=1)).ravel()
    assert sums == pytest.approx([1.0, 1.0, 0.0])
