"""Tiles of an embedding as pictures: three of its bands as red, green and blue."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rasterio.enums import Resampling
from rasterio.transform import from_bounds
from rasterio.vrt import WarpedVRT

from aether_core.eo.alphaearth import dequantise
from aether_core.eo.raster.file import open_raster
from aether_core.spatial.web_grid import PIXELS, tile_bounds

_DEVIATIONS: Final = 2.4
"""Values of a unit vector that far from 0, in deviations of one at random, are darkest and
brightest: of 64 numbers -0.3 and 0.3, as AlphaEarth is mostly shown."""


def picture_tile(
    files: Sequence[Path], bands: Sequence[int], zoom: int, column: int, row: int
) -> bytes:
    """One tile of the web's usual grid, EPSG:3857.

    The nearest pixel is shown; what has no data, or lies beside the files, is transparent. Of files
    that overlap the first one with data counts.

    Args:
        files: GeoTIFFs of one embedding, float32 or int8 as AlphaEarth is stored.
        bands: Three band numbers, from 1.
        zoom: Of the tile.
        column: From the west.
        row: From the north.

    Returns:
        A PNG of 256 x 256 pixels with transparency.

    Raises:
        InputError: A file cannot be read.
    """
    place = from_bounds(*tile_bounds(zoom, column, row), PIXELS, PIXELS)
    shown = np.zeros((PIXELS, PIXELS, 4), dtype=np.uint8)
    for file in files:
        with (
            open_raster(file) as source,
            WarpedVRT(
                source,
                crs="EPSG:3857",
                transform=place,
                width=PIXELS,
                height=PIXELS,
                resampling=Resampling.nearest,
                nodata=source.nodata,
            ) as warped,
        ):
            values = warped.read(list(bands), masked=True)
            quantised = source.dtypes[0] == "int8"
            _paint(shown, values, source.count, quantised=quantised)
    content = io.BytesIO()
    Image.fromarray(shown).save(content, "PNG")
    return content.getvalue()


def _paint(shown: NDArray[np.uint8], values: Any, count: int, *, quantised: bool) -> None:  # noqa: ANN401 - masked
    """Paint values `[3, h, w]` where there is nothing yet."""
    raw = values.data
    plain = dequantise(raw.astype(np.int8)) if quantised else raw.astype(np.float32)
    known = ~np.ma.getmaskarray(values).any(axis=0) & np.isfinite(plain).all(axis=0)
    most = _DEVIATIONS / math.sqrt(count)
    with np.errstate(invalid="ignore"):
        stretched = np.clip((plain / most + 1) * 127.5 + 0.5, 0, 255)
    new = known & (shown[..., 3] == 0)
    shown[new, :3] = stretched[:, new].T.astype(np.uint8)
    shown[new, 3] = 255
