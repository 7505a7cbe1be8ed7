"""A map's cells or areas as tiles of the web's usual grid, for programs that take only pictures."""

import io
from typing import Final, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer
from rasterio.transform import from_bounds

from aether_core.spatial.burning import burn
from aether_core.spatial.lattices import CellLookup
from aether_core.spatial.web_grid import PIXELS, pixel_middles, tile_bounds
from aether_core.vector import WGS84

_MERCATOR: Final = "EPSG:3857"


class TiledShapes(Protocol):
    """Knows which shape lies at each pixel of a tile."""

    def rows(self, zoom: int, column: int, row: int) -> NDArray[np.int64]:
        """Positions of the shapes at the pixels' middles, int64 `[PIXELS, PIXELS]`; -1 for none."""


class TiledCells:
    """Cells of H3.

    Args:
        cells: Uint64 `[n]`, all of one resolution.
    """

    def __init__(self, cells: NDArray[np.uint64]) -> None:
        self._lookup = CellLookup(cells)

    def rows(self, zoom: int, column: int, row: int) -> NDArray[np.int64]:
        """Positions of the cells at the pixels' middles."""
        return self._lookup.rows(pixel_middles(zoom, column, row)).reshape(PIXELS, PIXELS)


class TiledAreas:
    """Areas; where some overlap, the last one is seen.

    Args:
        shapes: WGS84, object `[n]`.
    """

    def __init__(self, shapes: NDArray[np.object_]) -> None:
        to_map = Transformer.from_crs(WGS84, _MERCATOR, always_xy=True)
        self._shapes = shapely.transform(
            shapes, lambda at: np.column_stack(to_map.transform(*at.T))
        )
        self._tree = shapely.STRtree(self._shapes)

    def rows(self, zoom: int, column: int, row: int) -> NDArray[np.int64]:
        """Positions of the areas at the pixels' middles."""
        bounds = tile_bounds(zoom, column, row)
        near = np.sort(self._tree.query(shapely.box(*bounds)))
        burnt = burn(
            shapely.clip_by_rect(self._shapes[near], *bounds),
            near,
            size=(PIXELS, PIXELS),
            transform=from_bounds(*bounds, PIXELS, PIXELS),
            outside=-1,
            dtype=np.int32,
        )
        return burnt.astype(np.int64)


def painted(colours: NDArray[np.uint8]) -> bytes:
    """A tile as a PNG.

    Args:
        colours: Red, green, blue and opacity, uint8 `[PIXELS, PIXELS, 4]`.
    """
    content = io.BytesIO()
    Image.fromarray(colours).save(content, "PNG")
    return content.getvalue()
