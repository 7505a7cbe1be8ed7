"""Distances against geodesics measured one by one."""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import Geod

from aether_core.errors import InputError
from aether_core.spatial.distances import nearest_shape
from tests.errors import fault

GEOD = Geod(ellps="WGS84")
CLOSE = 0.005
CORNERS_M = 2.0
"""Corners this close together on a line: what is left of a metre between them."""


def around(lon: float, lat: float, metres: float, n: int, seed: int) -> NDArray[np.float64]:
    """Points scattered around a place."""
    rng = np.random.default_rng(seed)
    turned = GEOD.fwd(
        np.full(n, lon), np.full(n, lat), rng.uniform(0, 360, n), metres * np.sqrt(rng.random(n))
    )
    return np.column_stack(turned[:2])


def geodesics(lonlat: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Metres from each point to the nearest corner, every pair measured on the ellipsoid."""
    m, n = len(lonlat), len(corners)
    start, end = np.repeat(lonlat, n, axis=0), np.tile(corners, (m, 1))
    metres = GEOD.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])[2]
    return np.asarray(metres).reshape(m, n).min(axis=1)


def along(line: shapely.LineString) -> NDArray[np.float64]:
    """Corners every few metres on a line that is straight in longitude and latitude."""
    return shapely.get_coordinates(shapely.segmentize(line, CORNERS_M / 111_000))


@pytest.mark.parametrize(
    ("lon", "lat", "reach"),
    [
        pytest.param(24.94, 60.17, 3_000, id="Helsinki"),
        pytest.param(-0.1, 51.5, 40_000, id="London, over two UTM zones"),
        pytest.param(36.82, -1.29, 20_000, id="Nairobi, at the equator"),
        pytest.param(179.99, -16.8, 30_000, id="Taveuni, across the 180th meridian"),
        pytest.param(15.63, 78.22, 20_000, id="Longyearbyen, far north"),
        pytest.param(139.7, 35.7, 250_000, id="a region 500 km wide"),
    ],
)
def test_points_agree_with_the_geodesic(lon: float, lat: float, reach: float) -> None:
    lonlat, places = around(lon, lat, reach, 150, 1), around(lon, lat, reach, 40, 2)
    metres, row = nearest_shape(lonlat, shapely.points(places))
    truth = geodesics(lonlat, places)
    np.testing.assert_allclose(metres, truth, rtol=CLOSE, atol=0.01)
    to_row = GEOD.inv(*lonlat.T, *places[row].T)[2]
    np.testing.assert_allclose(to_row, truth, rtol=CLOSE)


@pytest.mark.parametrize("lon", [24.94, 180.0])
def test_lines_and_polygons_agree_with_the_geodesic(lon: float) -> None:
    lonlat = around(lon, 60.17, 4_000, 60, 3)
    line = shapely.LineString([(lon - 0.02, 60.16), (lon + 0.01, 60.18), (lon + 0.03, 60.17)])
    pond = shapely.Point(lon - 0.05, 60.15).buffer(0.004)
    shapes = np.array([line, None, pond, shapely.Polygon()], dtype=object)
    metres, row = nearest_shape(lonlat, shapes)
    corners = np.vstack([along(line), along(shapely.LineString(pond.exterior.coords))])
    np.testing.assert_allclose(metres, geodesics(lonlat, corners), rtol=CLOSE, atol=CORNERS_M)
    assert set(row) <= {0, 2}
    inside = np.array([[lon - 0.05, 60.15]])
    assert nearest_shape(inside, shapes)[0].tolist() == [0]


def test_a_shape_cut_at_the_meridian_is_as_far_as_the_whole() -> None:
    lonlat = around(-179.95, -16.8, 8_000, 50, 4)
    whole = shapely.box(179.9, -16.9, 180.02, -16.85)
    halves = shapely.MultiPolygon(
        [shapely.box(179.9, -16.9, 180, -16.85), shapely.box(-180, -16.9, -179.98, -16.85)]
    )
    one, other = (nearest_shape(lonlat, np.array([shape]))[0] for shape in (whole, halves))
    np.testing.assert_allclose(one, other, atol=0.5)
    assert (one == 0).any() or one.min() > 0
    assert one.max() < 20_000


def test_a_long_edge_follows_its_parallel() -> None:
    """Straight in longitude and latitude, as GeoJSON has it, and not straight on the plane."""
    road = shapely.LineString([(20.0, 60.0), (28.0, 60.0)])
    lonlat = np.array([[24.0, 60.01], [21.0, 60.01]])
    np.testing.assert_allclose(
        nearest_shape(lonlat, np.array([road]))[0], geodesics(lonlat, along(road)), rtol=CLOSE
    )


def test_nothing_to_measure_to_is_said() -> None:
    nothing = np.array([None, shapely.Point()], dtype=object)
    with pytest.raises(InputError, check=fault("nothing-to-measure-to", "2 shapes")):
        nearest_shape(np.array([[0.0, 0.0]]), nothing)
