"""Cells and areas answer the same questions about where they lie and what they are called."""

import numpy as np
import shapely

from aether_core.city.cells import cells_of
from aether_core.city.city_areas import CityAreas
from aether_core.city.units import AREAS, H3_CELLS, Units, title_of
from aether_core.tasks.areas.coverage import cells_under

BOX = shapely.box(24.93, 60.16, 24.96, 60.18)


def areas() -> CityAreas:
    """Two areas side by side and one apart, which the file had between them."""
    geometry = np.array(
        [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1), shapely.box(5, 0, 6, 1)], dtype=object
    )
    return CityAreas(
        np.array([0, 2, 3], dtype=np.uint64),
        geometry,
        np.array(["A", "B", "C"], dtype=object),
        np.array(["Old Town", "", ""], dtype=object),
    )


def check_alike(units: Units) -> None:
    rows = np.array([0, len(units) - 1])
    assert np.array_equal(units.rows_at(units.lonlat), np.arange(len(units)))
    assert [units.row_of(code) for code in units.codes()] == list(range(len(units)))
    assert [units.code(int(row)) for row in rows] == [units.codes()[row] for row in rows]
    some = units.take(rows)
    assert np.array_equal(some.keys, units.keys[rows])
    assert shapely.equals(some.polygons(), units.polygons(rows)).all()
    assert units.row_of("nonsense") is None
    assert units.middle_of("nonsense") is None
    lon, lat = units.middle_of(units.code(1)) or (np.nan, np.nan)
    assert np.allclose([lon, lat], units.lonlat[1])
    assert set(units.near(units.polygons(rows[:1]).copy())) >= {0}


def test_cells_and_areas_answer_alike() -> None:
    cells = cells_of(BOX, 10)
    check_alike(cells)
    check_alike(areas())
    assert (cells.kind, areas().kind) == (H3_CELLS, AREAS)
    assert cells.hexagons is not None
    assert cells.names() is None
    assert cells.middle_of("8a1126d36227fff") is not None  # a cell elsewhere lies somewhere


def test_areas_are_called_by_their_names_and_codes() -> None:
    found = areas()
    assert (title_of(found, 0), title_of(found, 1)) == ("Old Town (A)", "B")
    assert found.names() == ["Old Town", "", ""]
    assert found.take(np.array([1, 2])).names() is None
    assert found.rows_at(np.array([[5.5, 0.5], [3.0, 0.5]])).tolist() == [2, -1]


def test_an_area_that_is_a_unit_is_that_unit_alone() -> None:
    found = areas()
    drawn = np.array([shapely.box(0, 0, 1.001, 1), shapely.box(0, 0, 2, 1)], dtype=object)
    weights = cells_under(drawn, found).weights.toarray()
    assert weights[0].tolist() == [1.0, 0.0, 0.0]
    assert np.allclose(weights[1], [0.5, 0.5, 0.0], atol=1e-3)
