"""Metres of degrees, held against geodesics on the ellipsoid."""

import numpy as np
import pytest
from pyproj import Geod

from aether_core.spatial.earth import earth_centred, metres_a_degree

ELLIPSOID = Geod(ellps="WGS84")


@pytest.mark.parametrize("lat", [-89.0, -45.0, 0.0, 30.0, 60.25, 80.0])
def test_a_degree_is_as_long_as_on_the_ground_within_its_promise(lat: float) -> None:
    east, north = metres_a_degree(lat)
    step = 0.001
    assert east * step == pytest.approx(ELLIPSOID.inv(24.0, lat, 24.0 + step, lat)[2], rel=0.006)
    south, top = lat - step / 2, lat + step / 2
    assert north * step == pytest.approx(ELLIPSOID.inv(24.0, south, 24.0, top)[2], rel=0.006)


@pytest.mark.parametrize(("metres", "short"), [(10.0, 1e-8), (10_000.0, 0.002), (150_000.0, 4.0)])
def test_the_straight_line_is_short_by_no_more_than_is_said(metres: float, short: float) -> None:
    lon, lat = np.array([179.9999, -74.0, 0.0, 24.9]), np.array([-16.5, 40.7, 0.0, 60.2])
    bearing, distance = np.array([90.0, 200.0, 0.0, 45.0]), np.full(4, metres)
    there = np.column_stack(ELLIPSOID.fwd(lon, lat, bearing, distance)[:2])
    line = earth_centred(np.column_stack([lon, lat])) - earth_centred(there)
    assert np.linalg.norm(line, axis=1) == pytest.approx(metres, abs=short)


def test_no_points_are_no_places() -> None:
    assert earth_centred(np.empty((0, 2))).shape == (0, 3)
