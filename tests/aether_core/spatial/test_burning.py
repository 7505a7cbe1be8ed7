"""Shapes burnt into a raster."""

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_bounds

from aether_core.spatial.burning import burn

SIZE = (80, 100)
GRID = from_bounds(0, 0, 10, 8, SIZE[1], SIZE[0])
HOLED = shapely.box(1, 1, 6, 6) - shapely.box(2, 2, 3, 3)
TWO = shapely.MultiPolygon([HOLED, shapely.box(7, 1, 9, 3)])
ROAD = shapely.LineString([(0, 7), (9, 0)])
BESIDE = [(-1, -1), (9, 7), (-1, 4), (4, 7.5), (-3, 4), (4, -1.5), (12, 9), (10, 8)]
"""West and south of squares that lie over the raster's edge, touch it, or lie beyond it."""
DISK = shapely.Point(5, 5).buffer(2)


@pytest.mark.parametrize(
    "shapes",
    [
        [HOLED, DISK],
        [TWO, DISK, HOLED],
        [ROAD, HOLED, shapely.Point(8, 7), TWO, ROAD],
        [ROAD],
        [shapely.force_3d(HOLED), shapely.force_3d(DISK)],
        [shapely.box(*at, *(side + 1.5 for side in at)) for at in BESIDE],
    ],
    ids=["polygons", "several parts", "of all kinds", "lines", "with heights", "over the edge"],
)
def test_it_is_what_shapes_one_by_one_give(shapes: list[shapely.Geometry]) -> None:
    alone = rasterize(
        [(shape, at) for at, shape in enumerate(shapes)],
        out_shape=SIZE,
        transform=GRID,
        fill=-1,
        dtype=np.int32,
    )
    together = burnt(shapes)
    np.testing.assert_array_equal(together, alone)
    assert len(np.unique(together)) > 1


def test_what_is_missing_or_empty_is_left_out() -> None:
    found = burnt([None, shapely.Polygon(), DISK])
    assert set(np.unique(found).tolist()) == {-1, 2}
    assert (burnt([None]) == -1).all()
    assert (burnt([]) == -1).all()


def burnt(shapes: list[shapely.Geometry | None]) -> NDArray[np.int32]:
    found: NDArray[np.int32] = burn(
        np.array(shapes, dtype=object),
        np.arange(len(shapes)),
        size=SIZE,
        transform=GRID,
        outside=-1,
        dtype=np.int32,
    )
    return found
