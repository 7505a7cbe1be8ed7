"""The middle and extent of places on a circle, and shapes cut at the 180th meridian."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from aether_core.spatial.longitudes import (
    extent_of,
    middle_of,
    running_on,
    shapes_running_on,
    within_180,
)


def points(*lonlat: tuple[float, float]) -> np.ndarray:
    return shapely.points(np.array(lonlat, dtype=float))


def one(shape: shapely.Geometry) -> np.ndarray:
    return np.array([shape], dtype=object)


@pytest.mark.parametrize(
    ("shapes", "extent", "middle"),
    [
        (points((24, 60), (25, 61)), (24, 60, 25, 61), 24.5),
        (points((177, -18), (-178, -17), (179, -16)), (177, -18, 182, -16), 179.5),
        (points((179, 0), (-176, 1)), (179, 0, 184, 1), -178.5),
        (points((-10, 0), (10, 1)), (-10, 0, 10, 1), 0),
        (points((180, 0), (179.5, 1)), (179.5, 0, 180, 1), 179.75),
        (points((-180, 0), (-179.5, 1)), (-180, 0, -179.5, 1), -179.75),
        (points((7, 0)), (7, 0, 7, 0), 7),
        (shapely.box(179.9, -17, 180.2, -16), (179.9, -17, 180.2, -16), -179.95),
        (
            shapely.MultiPolygon([shapely.box(-180, 0, -179, 1), shapely.box(178, 0, 180, 2)]),
            (178, 0, 181, 2),
            179.5,
        ),
        (shapely.box(-180, -90, 180, 90), (-180, -90, 180, 90), 0),
    ],
)
def test_the_smallest_box_and_its_middle(
    shapes: np.ndarray, extent: tuple[float, ...], middle: float
) -> None:
    assert extent_of(shapes) == pytest.approx(extent)
    assert middle_of(extent_of(shapes))[0] == pytest.approx(middle)


def test_nothing_has_no_extent() -> None:
    assert np.isnan(extent_of(np.array([None, shapely.Point()], dtype=object))).all()


@given(
    middle=st.floats(-180, 179.99), offsets=st.lists(st.floats(-20, 20), min_size=1, max_size=20)
)
def test_points_run_on_whatever_their_middle(middle: float, offsets: list[float]) -> None:
    lon = (np.array(offsets) + middle + 180) % 360 - 180
    bounds = extent_of(shapely.points(lon, np.zeros(len(lon))))
    assert bounds[2] - bounds[0] == pytest.approx(np.ptp(offsets), abs=1e-6)
    following = running_on(lon, bounds)
    assert (following >= bounds[0] - 1e-9).all()
    assert (following <= bounds[2] + 1e-9).all()


RING = shapely.Polygon([(179, -17), (-179, -17), (-179, -16), (179, -16)])
CUT = shapely.MultiPolygon([shapely.box(179, -17, 180, -16), shapely.box(-180, -17, -179, -16)])
HOLED = shapely.Polygon(
    [(178, -18), (-178, -18), (-178, -14), (178, -14)],
    [[(179, -17), (-179, -17), (-179, -16), (179, -16)]],
)


@pytest.mark.parametrize(
    "shape",
    [
        RING,
        shapely.box(179, -17, 181, -16),
        shapely.box(-181, -17, -179, -16),
        shapely.MultiPolygon([shapely.box(179, -17, 180, -16), shapely.box(180, -17, 181, -16)]),
        RING.reverse(),
    ],
)
def test_a_shape_across_is_cut(shape: shapely.Geometry) -> None:
    done = within_180(one(shape))
    assert shapely.union_all(done.shapes).equals(CUT)
    assert done.shapes[0].is_valid
    (back,) = shapes_running_on(done.shapes, extent_of(done.shapes))
    assert back.equals(shapely.box(179, -17, 181, -16))


def test_holes_and_lines_follow() -> None:
    (holed,) = within_180(one(HOLED)).shapes
    assert holed.is_valid
    assert holed.area == pytest.approx(4 * 4 - 2 * 1)
    (line,) = within_180(one(shapely.LineString([(179, 0), (-179, 1)]))).shapes
    assert line.length == pytest.approx(np.hypot(2, 1))
    assert shapely.get_num_geometries(line) == 2


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(-180, -90, 180, 90),
        shapely.box(-100, 0, 100, 1),
        shapely.Polygon([(-180, -80), (0, -70), (180, -80), (180, -90), (-180, -90)]),
        CUT,
        shapely.Point(180, 0),
        shapely.Point(),
        None,
    ],
)
def test_what_is_within_stays(shape: shapely.Geometry | None) -> None:
    done = within_180(one(shape))
    assert (done.shapes[0], done.moved, done.cut) == (shape, 0, 0)


def test_points_beyond_are_brought_back() -> None:
    done = within_180(points((181, 1), (359, 2), (-190, 3), (10, 4)))
    np.testing.assert_allclose(shapely.get_x(done.shapes), [-179, -1, 170, 10])
    assert done.moved == 3
