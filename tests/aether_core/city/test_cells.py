"""H3 cells of a boundary: which, how many, and their outlines."""

import h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from aether_core.city.cells import Cells, cell_at, cells_of, choose_resolution
from aether_core.errors import InputError
from aether_core.spatial.hexagons import cell_polygons
from tests.errors import fault

CITY = shapely.box(24.90, 60.15, 24.95, 60.18)


@given(
    lon=st.floats(-179, 178),
    lat=st.floats(-75, 74),
    size=st.floats(0.005, 0.03),
    resolution=st.integers(8, 10),
)
@settings(max_examples=30)
def test_cells_are_those_whose_centre_lies_inside(
    lon: float, lat: float, size: float, resolution: int
) -> None:
    boundary = shapely.Polygon(
        [(lon, lat), (lon + size, lat), (lon + size / 2, lat + size), (lon, lat + size / 2)],
        [[(lon + size * x, lat + size * y) for x, y in ((0.2, 0.1), (0.4, 0.1), (0.3, 0.3))]],
    )
    try:
        found = cells_of(boundary, resolution)
    except InputError:
        found = Cells(resolution, np.empty(0, np.uint64), np.empty((0, 2)))
    assert (np.diff(found.h3.astype(np.int64)) > 0).all()
    assert shapely.contains_xy(boundary.buffer(1e-9), *found.lonlat.T).all()
    # Every cell near the boundary whose centre is inside is there.
    middle = h3.latlng_to_cell(lat + size / 2, lon + size / 2, resolution)
    near = [h3.str_to_int(cell) for cell in h3.grid_disk(middle, 60)]
    centres = np.array([h3.cell_to_latlng(h3.int_to_str(cell))[::-1] for cell in near])
    inside = shapely.contains_xy(boundary.buffer(-1e-9), *centres.T)
    assert set(np.array(near, np.uint64)[inside]) <= set(found.h3)


def test_a_boundary_in_parts_has_the_cells_of_all() -> None:
    parts = [shapely.box(24.90, 60.15, 24.92, 60.16), shapely.box(25.0, 60.2, 25.01, 60.22)]
    together = cells_of(shapely.MultiPolygon(parts), 10).h3
    apart = np.concatenate([cells_of(part, 10).h3 for part in parts])
    np.testing.assert_array_equal(together, np.sort(apart))
    assert together.dtype == np.uint64


def test_the_finest_resolution_within_the_limit_is_chosen() -> None:
    counts = {resolution: len(cells_of(CITY, resolution).h3) for resolution in range(8, 13)}
    for resolution in range(8, 12):
        assert choose_resolution(CITY, limit=counts[resolution]) == resolution
        assert choose_resolution(CITY, limit=counts[resolution + 1] - 1) == resolution
    assert choose_resolution(CITY) == 12
    assert choose_resolution(CITY, finest=10) == 10
    assert choose_resolution(shapely.box(24.5, 60.0, 25.5, 60.5)) == 9
    with pytest.raises(InputError, check=fault("boundary-too-large", f"{counts[8] - 1:,}")):
        choose_resolution(CITY, limit=counts[8] - 1)


def test_polygons_are_the_outlines_of_the_cells() -> None:
    cells = cells_of(CITY, 9)
    polygons = cell_polygons(cells.h3)
    assert len(polygons) == len(cells.h3)
    for index, polygon in zip(cells.h3.tolist(), polygons, strict=True):
        outline = [(lon, lat) for lat, lon in h3.cell_to_boundary(h3.int_to_str(index))]
        assert polygon.equals(shapely.Polygon(outline))
    assert shapely.is_ccw(shapely.get_exterior_ring(polygons)).all()
    assert shapely.contains(polygons, shapely.points(cells.lonlat)).all()


def test_pentagons_and_the_antimeridian_keep_their_shape() -> None:
    pentagon = h3.str_to_int(h3.get_pentagons(9)[3])
    crossing = cell_at(180.0, -17.0, 8)
    polygons = cell_polygons(np.array([pentagon, crossing], dtype=np.uint64))
    assert shapely.is_valid(polygons).all()
    west, _, east, _ = polygons[1].bounds
    assert east - west < 0.1
    assert cell_polygons(np.empty(0, dtype=np.uint64)).shape == (0,)


def test_cell_at_is_the_cell_that_holds_the_point() -> None:
    index = cell_at(24.94, 60.17, 10)
    assert isinstance(index, int)
    (polygon,) = cell_polygons(np.array([index], dtype=np.uint64))
    assert polygon.contains(shapely.Point(24.94, 60.17))
    assert index in cells_of(CITY, 10).h3


@pytest.mark.parametrize(("lon", "lat"), [(181, 0), (0, 91), (float("nan"), 0)])
def test_cell_at_refuses_what_is_no_place(lon: float, lat: float) -> None:
    with pytest.raises(InputError, check=fault("coordinates-not-degrees", lon, lat)):
        cell_at(lon, lat, 10)


def test_boundaries_without_a_cell_or_an_area_are_refused() -> None:
    with pytest.raises(InputError, check=fault("boundary-smaller-than-cell", 8)):
        cells_of(shapely.Point(24.9, 60.15).buffer(1e-6), 8)
    with pytest.raises(InputError, check=fault("boundary-not-an-area", "LineString")):
        cells_of(shapely.LineString([(24.9, 60.1), (25, 60.2)]), 8)
    with pytest.raises(InputError, check=fault("cell-resolution-out-of-range", 16)):
        cells_of(CITY, 16)
