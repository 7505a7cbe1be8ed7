"""The grid of tiles that maps on the web share: EPSG:3857, halved with each zoom."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import NotFoundError
from aether_core.spatial.earth import SEMI_MAJOR_M

PIXELS: Final = 256
"""Side of a tile."""
DEEPEST_ZOOM: Final = 22
HALF_M: Final = math.pi * SEMI_MAJOR_M
"""Half of what EPSG:3857 takes for the equator."""


def check_tile(zoom: int, column: int, row: int, *, least_zoom: int = 0) -> None:
    """Refuse a tile that is none.

    Args:
        zoom: Of the tile.
        column: From the west.
        row: From the north.
        least_zoom: The first zoom there is.

    Raises:
        NotFoundError: There is no such tile.
    """
    there = least_zoom <= zoom <= DEEPEST_ZOOM and all(0 <= at < 2**zoom for at in (column, row))
    if not there:
        raise NotFoundError(
            "no such tile",
            f"zoom {zoom}, column {column}, row {row}",
            f"zooms are {least_zoom} to {DEEPEST_ZOOM}, columns and rows below 2^zoom",
            code="no-such-tile",
        )


def tile_bounds(zoom: int, column: int, row: int) -> tuple[float, float, float, float]:
    """West, south, east and north of a tile, metres of EPSG:3857."""
    side = 2 * HALF_M / 2**zoom
    west, north = column * side - HALF_M, HALF_M - row * side
    return west, north - side, west + side, north


def pixel_middles(zoom: int, column: int, row: int) -> NDArray[np.float64]:
    """The middles of a tile's pixels.

    Returns:
        WGS84, float64 `[PIXELS * PIXELS, 2]`, row by row from the north.
    """
    within = (np.arange(PIXELS) + 0.5) / PIXELS
    lon = (column + within) / 2**zoom * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (row + within) / 2**zoom))))
    return np.column_stack([np.tile(lon, PIXELS), np.repeat(lat, PIXELS)])
