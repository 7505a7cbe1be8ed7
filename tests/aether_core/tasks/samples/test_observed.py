"""Cells that are known: by the ground that labels cover, against areas worked out one by one."""

import numpy as np
import shapely

from aether_core.city.cells import Cells, cells_of
from aether_core.spatial.hexagons import cell_polygons
from aether_core.spatial.plane import Plane
from aether_core.tasks.samples.observed import observed_cells

CELLS: Cells = cells_of(shapely.box(24.93, 60.16, 24.945, 60.17), 10)
CLASSES = ("homes", "park")


def observed(shapes: list[shapely.Geometry], names: list[str]) -> list[str | None]:
    found = observed_cells(
        np.array(shapes, dtype=object), np.array(names, dtype=object), CLASSES, CELLS
    )
    return [None if k < 0 else CLASSES[k] for k in found.label]


def part(row: int, low: float, high: float) -> shapely.Geometry:
    """The part of a cell between two parts of its width."""
    cell = cell_polygons(CELLS.h3[row : row + 1])[0]
    west, south, east, north = cell.bounds
    left, right = (west + at * (east - west) for at in (low, high))
    return shapely.intersection(cell, shapely.box(left, south, right, north))


def test_half_the_ground_of_one_class_is_enough_and_less_is_not() -> None:
    cells = observed([part(5, 0, 0.6), part(9, 0, 0.4)], ["park", "homes"])
    assert cells[5] == "park"
    assert [name for row, name in enumerate(cells) if row != 5] == [None] * (len(cells) - 1)


def test_the_larger_of_two_classes_is_observed_unless_both_cover_half() -> None:
    cells = observed([part(5, 0, 0.6), part(5, 0.6, 1)], ["park", "homes"])
    assert cells[5] == "park"
    found = observed_cells(
        np.array([part(5, 0, 0.7), part(5, 0.3, 1)], dtype=object),
        np.array(["park", "homes"], dtype=object),
        CLASSES,
        CELLS,
    )
    assert (found.label[5], found.contested) == (-1, 1)


def test_polygons_of_a_class_add_up_but_no_ground_counts_twice() -> None:
    assert observed([part(5, 0, 0.3), part(5, 0.3, 0.6)], ["park", "park"])[5] == "park"
    assert observed([part(5, 0, 0.4), part(5, 0.1, 0.4)], ["park", "park"])[5] is None


def test_points_and_classes_that_were_left_out_cover_nothing() -> None:
    points = list(shapely.points(CELLS.lonlat[:3]))
    assert set(observed(points, ["park"] * 3)) == {None}
    assert set(observed([part(5, 0, 1)], ["kiosk"])) == {None}
    assert observed([part(5, 0, 1), part(5, 0, 1)], ["kiosk", "park"])[5] == "park"


def test_a_plan_of_overlapping_plots_agrees_with_areas_worked_out_cell_by_cell() -> None:
    rng = np.random.default_rng(4)
    west, south = CELLS.lonlat.min(axis=0)
    east, north = CELLS.lonlat.max(axis=0)
    corner = rng.uniform([west, south], [east, north], (40, 2))
    size = rng.uniform(0.0004, 0.002, (40, 2))
    plots = shapely.box(*corner.T, *(corner + size).T)
    names = rng.choice(CLASSES, 40)
    plane = Plane(CELLS.lonlat)
    ground = plane.shapes(cell_polygons(CELLS.h3))
    covered = np.stack(
        [
            shapely.area(
                shapely.intersection(shapely.union_all(plane.shapes(plots[names == name])), ground)
            )
            / shapely.area(ground)
            for name in CLASSES
        ]
    )
    enough = covered >= 0.5
    clear = np.abs(covered - 0.5).min(axis=0) > 1e-3
    expected = [CLASSES[int(one.argmax())] if one.sum() == 1 else None for one in enough.T]
    found = observed(list(plots), names.tolist())
    assert [one for one, sure in zip(found, clear, strict=True) if sure] == [
        one for one, sure in zip(expected, clear, strict=True) if sure
    ]
    assert len({*found}) == 3
