"""Areas as tiles: each pixel shows the area its middle lies in, also over a tile's edge."""

import numpy as np
import shapely

from aether_core.export.map_tiles import TiledAreas
from aether_core.spatial.web_grid import PIXELS, pixel_middles


def test_a_pixel_has_the_area_that_its_middle_lies_in() -> None:
    shapes = np.array(
        [
            shapely.box(24.9, 60.1, 24.95, 60.2),
            shapely.Point(25.0, 60.15).buffer(0.04),
            None,
            shapely.box(-10, 0, -9, 1),
            shapely.box(24.93, 60.12, 24.99, 60.16),
        ]
    )
    tiled = TiledAreas(shapes)
    for column in (1165, 1166):
        rows = tiled.rows(11, column, 593)
        expected = np.full(PIXELS * PIXELS, -1)
        middles = shapely.points(pixel_middles(11, column, 593))
        for at in (0, 1, 4):
            expected[shapely.contains(shapes[at], middles)] = at
        # A circle's edge is straight in degrees here and in metres there.
        assert (rows.ravel() != expected).mean() < 0.002
        assert len(np.unique(rows)) > 2
    assert (tiled.rows(11, 0, 0) == -1).all()
