"""Telling an AlphaEarth embedding from other 64 numbers: its vectors have length 1."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from aether_core.eo.alphaearth import dequantise
from aether_core.eo.raster_file import RasterFile, open_raster, read_window
from aether_core.eo.rectangle import valid_pixels
from aether_core.errors import InputError
from aether_core.progress import Progress, silent

NORM_TOLERANCE = 0.05
BAD_SHARE = 0.01

_WINDOW_PIXELS = 65_536
_WINDOWS = 16
_ENOUGH_VALID = 10_000


def check_norms(vectors: NDArray[np.floating[Any]], name: str) -> None:
    """Refuse vectors whose lengths show that they are no AlphaEarth embedding.

    Args:
        vectors: `[n, 64]` valid vectors, dequantised, n at least 1.
        name: What to call them in the error.

    Raises:
        InputError: More than 1 % of the lengths are off 1 by more than 0.05.
    """
    refuse_bad_norms(lengths(vectors), name)


def lengths(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the L2 length of each row of `[n, 64]`."""
    wide = vectors.astype(np.float64)
    norms: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    return norms


def refuse_bad_norms(norms: NDArray[np.float64], name: str) -> None:
    """Raise InputError, with the figures, unless 99 % of the lengths are within 0.05 of 1."""
    bad = float(np.mean(~(np.abs(norms - 1) <= NORM_TOLERANCE)))
    if bad > BAD_SHARE:
        raise InputError(
            f"not an AlphaEarth embedding: {bad:.1%} of the vectors in {name} have"
            f" a length off 1 by more than {NORM_TOLERANCE}",
            f"median length {np.median(norms):.3g}, from {norms.min():.3g} to {norms.max():.3g}",
            "give the 64 bands A00 to A63 as published, int8 or dequantised to unit length",
        )


def check_raster_norms(file: RasterFile, *, progress: Progress = silent) -> None:
    """Check the lengths of a raster's vectors: all of a small raster, a spread sample of a large.

    About a million pixels are read, in whole runs of the raster's blocks; more only while fewer
    than 10,000 of them hold data.

    Raises:
        InputError: No pixel holds data, or the lengths are not AlphaEarth's, or a block is damaged.
    """
    windows = list(_windows(file))
    step = max(1, len(windows) // _WINDOWS)
    spread = [*windows[::step], *(w for i, w in enumerate(windows) if i % step)]
    found: list[NDArray[np.float64]] = []
    count = 0
    with open_raster(file.path) as dataset:
        for done, window in enumerate(spread):
            if done > _WINDOWS and count >= _ENOUGH_VALID:
                break
            progress("checking the embedding", done, len(spread))
            values = np.empty((window.height, window.width, 64), dtype=file.dtype)
            read_window(dataset, window, values)
            vectors = values[valid_pixels(values, file.nodata)]
            if vectors.dtype == np.int8:
                vectors = dequantise(vectors)
            found.append(lengths(vectors))
            count += len(vectors)
    if not count:
        raise InputError(
            "the raster holds no data at all, every pixel is nodata",
            file.path.name,
            "choose another area or year, or export it again",
        )
    refuse_bad_norms(np.concatenate(found), file.path.name)


def _windows(file: RasterFile) -> Iterator[Window]:
    """Cut a raster into windows that start on its blocks and read few of them."""
    rows = min(file.block_height, 256)
    width = min(file.width, file.block_width, max(256, _WINDOW_PIXELS // rows))
    height = min(file.height, max(rows, _WINDOW_PIXELS // width // rows * rows))
    for row in range(0, file.height, height):
        for column in range(0, file.width, width):
            yield Window(
                column, row, min(width, file.width - column), min(height, file.height - row)
            )
