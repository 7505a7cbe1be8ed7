"""Cells weighted by the ground they share with areas."""

from pathlib import Path

import h3.api.numpy_int as h3
import numpy as np
import pytest
import shapely
from pyproj import Geod

from aether_core.city.cells import cells_of, cells_with
from aether_core.spatial.hexagons import cell_polygons
from aether_core.spatial.plane import Plane
from aether_core.tasks.areas.coverage import cells_under
from aether_core.tasks.areas.overlap import measure_overlaps
from aether_core.tasks.areas.read import read_areas

CITY = shapely.box(24.93, 60.16, 24.96, 60.18)
CELLS = cells_of(CITY, 10)


def inner_areas(seed: int = 0, count: int = 12) -> np.ndarray:
    """Disks of 100 to 250 m in the middle of the city."""
    rng = np.random.default_rng(seed)
    centre = rng.uniform([24.94, 60.165], [24.95, 60.175], (count, 2))
    radius = rng.uniform(0.001, 0.002, count)
    return np.array([shapely.Point(c).buffer(r) for c, r in zip(centre, radius, strict=True)])


def test_weights_are_the_shares_a_sampling_finds() -> None:
    areas = inner_areas()
    weights = cells_under(areas, CELLS).weights.toarray()
    assert weights.shape == (12, len(CELLS))
    assert np.allclose(weights.sum(axis=1), 1)
    rng = np.random.default_rng(1)
    for area, row in zip(areas, weights, strict=True):
        west, south, east, north = area.bounds
        spots = rng.uniform([west, south], [east, north], (20_000, 2))
        spots = spots[shapely.contains_xy(area, spots[:, 0], spots[:, 1])]
        found = np.array([h3.latlng_to_cell(lat, lon, 10) for lon, lat in spots], dtype=np.uint64)
        share = np.array([(found == cell).mean() for cell in CELLS.h3])
        assert np.abs(share - row).max() < 0.02


def test_shared_ground_is_in_true_square_metres() -> None:
    overlaps = measure_overlaps(np.array([CITY.buffer(0.05)]), CELLS)
    geod = Geod(ellps="WGS84")
    true = [abs(geod.geometry_area_perimeter(cell)[0]) for cell in cell_polygons(CELLS.h3)]
    assert np.array_equal(overlaps.cell, np.arange(len(CELLS)))
    assert np.allclose(overlaps.square_metres, true, rtol=1e-4)
    assert np.array_equal(overlaps.square_metres, overlaps.cell_m2)


def test_an_area_without_cells_has_an_empty_row() -> None:
    areas = np.array([shapely.box(0, 0, 0.01, 0.01), inner_areas()[0]])
    weights = cells_under(areas, CELLS).weights
    assert weights[[0]].nnz == 0
    assert weights[[1]].sum() == pytest.approx(1)


def test_an_area_within_one_cell_has_that_cell_alone() -> None:
    centre = shapely.Point(24.945, 60.17)
    weights = cells_under(np.array([centre.buffer(1e-6)]), CELLS).weights.tocoo()
    assert weights.data.tolist() == [1.0]
    assert CELLS.h3[weights.col[0]] == h3.latlng_to_cell(60.17, 24.945, 10)


def test_parts_of_an_area_on_both_sides_of_the_antimeridian_count() -> None:
    west, east = shapely.box(179.98, 10, 180, 10.02), shapely.box(-180, 10, -179.99, 10.02)
    area = shapely.MultiPolygon([west, east])
    cells = np.union1d(cells_of(west, 9).h3, cells_of(east, 9).h3)
    weights = cells_under(np.array([area]), cells_with(9, cells)).weights
    on_east = shapely.get_x(shapely.centroid(cell_polygons(cells))) % 360 > 180
    assert weights.toarray()[0, on_east].sum() == pytest.approx(1 / 3, abs=0.05)


def test_a_plane_keeps_lengths_and_areas_of_a_city() -> None:
    lonlat = np.array([[-0.5, 51.3], [0.3, 51.7], [-0.1, 51.5]])
    metres = Plane(lonlat).points(lonlat)
    geod = Geod(ellps="WGS84")
    for one, other in ((0, 1), (0, 2), (1, 2)):
        true = geod.inv(*lonlat[one], *lonlat[other])[2]
        assert np.linalg.norm(metres[one] - metres[other]) == pytest.approx(true, rel=1e-4)


def test_london_is_covered_by_its_cells(shared: Path) -> None:
    fields = [f"ns_sec_{number}" for number in range(1, 10)]
    areas = read_areas(shared / "real" / "london" / "lsoa_ns_sec.gpkg", fields=fields)
    some = areas.geometry[:300]
    cells = cells_of(shapely.union_all(some).buffer(0.01), 9)
    overlaps = measure_overlaps(some, cells)
    covered = np.bincount(overlaps.area, overlaps.square_metres)
    geod = Geod(ellps="WGS84")
    true = [abs(geod.geometry_area_perimeter(shape)[0]) for shape in some]
    assert np.allclose(covered, true, rtol=2e-3)
