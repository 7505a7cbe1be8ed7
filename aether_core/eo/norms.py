"""Telling an embedding from other numbers: its vectors have length 1."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from aether_core.eo.alphaearth import dequantise
from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.raster.file import RasterFile, open_raster, read_window
from aether_core.eo.raster.rectangle import valid_pixels
from aether_core.errors import InputError
from aether_core.progress import Progress, silent

NORM_TOLERANCE = 0.05
BAD_SHARE = 0.01

_SHORTEST_MEAN = 0.2
"""Means of genuine vectors over whole census tracts have lengths of 0.68 to 1.00."""
_SCALED_SPREAD = 1e-3

_WINDOW_PIXELS = 65_536
_WHOLE_BLOCK_PIXELS = 262_144
_PIXELS = 524_288
_LEAST_WINDOWS = 4
_MEASURED = 4
"""Of how many vectors of a large raster the length of one is taken."""
_ENOUGH_VALID = 10_000
_ENCODING = (
    "int8 is only supported in AlphaEarth's encoding: give other quantised values as float32"
)


def are_means(norms: NDArray[np.float64]) -> bool:
    """Whether lengths are those of means of unit vectors: shorter than 1, each by its own amount.

    Args:
        norms: float64 `[n]`, n at least 1.

    Returns:
        True when 99 % lie from 0.2 to 1.05, more than 1 % are off 1 by more than 0.05, and they
        differ. Vectors that are all equally short were scaled, and are no means.
    """
    bad = np.mean(np.abs(norms - 1) > NORM_TOLERANCE) > BAD_SHARE
    inside = np.mean((norms >= _SHORTEST_MEAN) & (norms <= 1 + NORM_TOLERANCE)) >= 1 - BAD_SHARE
    return bool(bad and inside and norms.std() > _SCALED_SPREAD)


def lengths(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the L2 length of each row of `[n, dim]`."""
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32, casting="same_kind")
    norms: NDArray[np.float64] = np.sqrt(squares.astype(np.float64))
    return norms


def refuse_bad_norms(norms: NDArray[np.float64], name: str, kind: str = ALPHAEARTH) -> None:
    """Raise InputError, with the figures, unless 99 % of the lengths are within 0.05 of 1."""
    what, remedy = (
        (
            "an AlphaEarth embedding",
            "give the 64 bands A00 to A63 as published, int8 or dequantised to unit length",
        )
        if kind == ALPHAEARTH
        else (
            "an embedding of unit vectors",
            f"name the embedding; {_ENCODING}",
        )
    )
    bad = float(np.mean(~(np.abs(norms - 1) <= NORM_TOLERANCE)))
    if bad > BAD_SHARE:
        raise InputError(
            f"not {what}: {bad:.1%} of the vectors in {name} have "
            f"a length that differs from 1 by more than {NORM_TOLERANCE}",
            f"median length {np.median(norms):.3g}, from {norms.min():.3g} to {norms.max():.3g}",
            remedy,
            code="vectors-of-wrong-length",
        )


@dataclass(frozen=True)
class RasterLook:
    """What a look at a raster's vectors showed.

    Attributes:
        with_data: Some pixel holds data.
        zeros: Some pixels that would hold data are 0 in every band.
    """

    with_data: bool
    zeros: bool


def check_raster_norms(
    file: RasterFile, *, any_length: bool = False, progress: Progress = silent
) -> RasterLook:
    """Check the lengths of a raster's vectors: all of a small raster, a spread sample of a large.

    Args:
        file: The raster.
        any_length: Its embedding was named by the user, so its floats may have any length but 0.
            int8 must come to unit length all the same: that shows that it is encoded as here.
        progress: Told as it is read.

    About half a million pixels are read, in whole runs of the raster's blocks, and a quarter of
    them measured; more are read only while fewer than 10,000 of them hold data.

    Returns:
        What was seen. Pixels that are 0 in every band are masked ones; they are not measured.

    Raises:
        InputError: The lengths are no embedding's, or a block is damaged.
    """
    windows = list(_windows(file))
    most = max(_LEAST_WINDOWS, _PIXELS // (windows[0].width * windows[0].height))
    measured = 1 if file.width * file.height <= _WINDOW_PIXELS else _MEASURED
    first = np.unique(np.linspace(0, len(windows) - 1, min(most, len(windows))).round())
    order = np.argsort(~np.isin(np.arange(len(windows)), first), kind="stable")
    found: list[NDArray[np.float64]] = []
    count = zeros = 0
    with open_raster(file.path) as dataset:
        for done, window in enumerate(windows[which] for which in order):
            if done >= most and count >= _ENOUGH_VALID:
                break
            progress("checking the embedding", done, len(windows))
            values = np.empty((window.height, window.width, file.bands), dtype=file.dtype)
            read_window(dataset, window, values)
            vectors = values[valid_pixels(values, file.nodata)]
            masked = ~vectors.any(axis=1)
            vectors = vectors[~masked]
            zeros += int(masked.sum())
            count += len(vectors)
            vectors = vectors[::measured]
            found.append(lengths(dequantise(vectors) if vectors.dtype == np.int8 else vectors))
    if not count and zeros and any_length:
        raise InputError(
            "every vector of the raster is zero",
            file.path.name,
            "export or download it again",
            code="raster-all-zero",
        )
    if count and (not any_length or file.dtype == "int8"):
        refuse_bad_norms(np.concatenate(found), file.path.name, file.embedding)
    return RasterLook(with_data=count > 0, zeros=zeros > 0)


def _windows(file: RasterFile) -> Iterator[Window]:
    """Cut a raster into windows that start on its blocks and read few of them."""
    if file.block_height * file.block_width <= _WHOLE_BLOCK_PIXELS:
        rows, columns = file.block_height, file.block_width
    else:
        rows = min(file.block_height, 256)
        columns = max(256, _WINDOW_PIXELS // rows)
    width = min(file.width, file.block_width, columns)
    height = min(file.height, max(rows, _WINDOW_PIXELS // width // rows * rows))
    for row in range(0, file.height, height):
        for column in range(0, file.width, width):
            yield Window(
                column, row, min(width, file.width - column), min(height, file.height - row)
            )
