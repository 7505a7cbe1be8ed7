"""Areas side by side: who shares a border, what ground they cover, where points lie."""

import numpy as np
import shapely

from aether_core.spatial.containing import AreaIndex
from aether_core.spatial.ground import ground_of_areas
from aether_core.spatial.neighbours import neighbours_of
from aether_core.spatial.overlapping import worst_overlap
from aether_core.spatial.plane import Plane

SIDE = 0.01


def squares(count: int = 3, gap: float = 0.0) -> np.ndarray:
    return np.array(
        [
            shapely.box(x * SIDE, y * SIDE, (x + 1) * SIDE - gap, (y + 1) * SIDE - gap)
            for y in range(count)
            for x in range(count)
        ],
        dtype=object,
    )


def beside() -> np.ndarray:
    """Which of nine squares share a side, by their rows and columns."""
    y, x = np.divmod(np.arange(9), 3)
    return np.abs(x[:, None] - x) + np.abs(y[:, None] - y) == 1


def test_neighbours_share_a_side_and_not_a_corner() -> None:
    for gap in (0.0, 0.00005):  # 5 m, as borders that were simplified leave
        assert np.array_equal(neighbours_of(squares(gap=gap)).toarray() > 0, beside())
    assert neighbours_of(squares(gap=0.001)).nnz == 0  # a road of 100 m is between them


def test_an_island_has_no_neighbour_and_small_areas_have_a_small_gap() -> None:
    areas = np.append(squares(), shapely.box(1, 1, 1.01, 1.01))
    assert neighbours_of(areas)[[9]].nnz == 0
    tiny = shapely.transform(squares(gap=0.0005), lambda points: points / 1000)
    assert neighbours_of(tiny).nnz == 0  # 50 m of 1 km stay apart at any size


def test_the_ground_has_no_slivers_between_areas() -> None:
    ground = ground_of_areas(squares(gap=0.00005))
    assert shapely.get_num_interior_rings(ground) == 0
    assert shapely.contains(ground, shapely.box(0, 0, 3 * SIDE, 3 * SIDE).buffer(-0.0002))
    plane = Plane.of_shapes(squares())
    there_and_back = plane.degrees(plane.shapes(squares()))
    assert shapely.equals_exact(there_and_back, squares(), 1e-9).all()


def test_the_ground_lies_within_180_degrees() -> None:
    across = np.array([shapely.box(179.98, 0, 180, 0.02), shapely.box(-180, 0, -179.98, 0.02)])
    ground = ground_of_areas(across)
    west, _, east, _ = ground.bounds
    assert (west, east) == (-180, 180)
    assert shapely.area(ground) < 0.001
    assert neighbours_of(across).nnz == 2


def test_a_point_on_a_border_is_in_the_first_area() -> None:
    lonlat = np.array([[SIDE, SIDE / 2], [5.0, 5.0], [np.nan, 0.0], [2.5 * SIDE, 2.5 * SIDE]])
    assert AreaIndex(squares()).rows_at(lonlat).tolist() == [0, -1, -1, 8]


def test_the_worst_overlap_is_found() -> None:
    areas = squares()
    assert worst_overlap(areas, 0.0) is None
    areas[4] = shapely.box(SIDE, SIDE, 2.5 * SIDE, 2 * SIDE)
    worst = worst_overlap(areas, 0.05)
    assert worst is not None
    assert (worst.first, worst.second, worst.pairs) == (4, 5, 1)
    assert 0.49 < worst.part < 0.51
    assert worst_overlap(areas[:1], 0.05) is None
