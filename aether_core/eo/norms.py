"""Telling an embedding from other numbers: its vectors have length 1."""

from collections.abc import Iterator, Sequence
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

_SHORTEST_MEAN = 0.35
"""Means of genuine vectors over whole census tracts have lengths of 0.68 to 1.00. Vectors that were
decoded twice have 0.17 to 0.32."""
_LEAST_NEGATIVE = 0.1
"""Of genuine values, and of means of them, about half are below 0; of reflectances none is."""
_SCALED_SPREAD = 1e-3

_WINDOW_PIXELS = 65_536
_WHOLE_BLOCK_PIXELS = 262_144
_PIXELS = 524_288
_LEAST_WINDOWS = 4
_MEASURED = 4
"""Of how many vectors of a large raster the length of one is taken."""
_ENOUGH_VALID = 10_000
_MEANS_AS_FLOATS = "means of pixels as floats, decoded before they are averaged"
_ENCODING = (
    "int8 is only supported in AlphaEarth's encoding: give other quantised values as float32"
)


@dataclass(frozen=True)
class Measured:
    """What some vectors are like.

    Attributes:
        norms: Their lengths, float64 `[n]`, n at least 1.
        lowest: Their smallest value.
        highest: Their largest value.
        negative: Share of their values below 0.
    """

    norms: NDArray[np.float64]
    lowest: float
    highest: float
    negative: float

    @classmethod
    def of(cls, vectors: NDArray[np.floating[Any]]) -> "Measured":
        """Measure vectors `[n, dim]`."""
        below = float(np.mean(vectors < 0))
        return cls(lengths(vectors), float(vectors.min()), float(vectors.max()), below)

    @classmethod
    def together(cls, parts: Sequence["Measured"]) -> "Measured":
        """Join what was measured of parts, at least one."""
        sizes = [len(part.norms) for part in parts]
        return cls(
            np.concatenate([part.norms for part in parts]),
            min(part.lowest for part in parts),
            max(part.highest for part in parts),
            float(np.average([part.negative for part in parts], weights=sizes)),
        )

    @property
    def are_means(self) -> bool:
        """Whether these are means of unit vectors: shorter than 1, each by its own amount.

        True when 99 % of the lengths lie from 0.35 to 1.05, more than 1 % are off 1 by more than
        0.05, and they differ: vectors that are all equally short were scaled, and are no means. Of
        their values a tenth at least is negative, and a tenth is not.
        """
        bad = np.mean(np.abs(self.norms - 1) > NORM_TOLERANCE) > BAD_SHARE
        fits = (self.norms >= _SHORTEST_MEAN) & (self.norms <= 1 + NORM_TOLERANCE)
        spread = self.norms.std() > _SCALED_SPREAD
        signs = _LEAST_NEGATIVE <= self.negative <= 1 - _LEAST_NEGATIVE
        return bool(bad and fits.mean() >= 1 - BAD_SHARE and spread and signs)

    @property
    def means_note(self) -> str:
        """What is said of means."""
        return (
            f"The vectors are means of several pixels, {self.norms.min():.2f} to "
            f"{self.norms.max():.2f} long (median {np.median(self.norms):.2f})"
        )

    @property
    def words(self) -> str:
        """The figures, for a message."""
        figures = (
            f"median length {np.median(self.norms):.3g}, from {self.norms.min():.3g} to "
            f"{self.norms.max():.3g}; values from {self.lowest:.3g} to {self.highest:.3g}"
        )
        return figures if self.lowest < 0 else f"{figures}, none below 0, as in reflectances"


def lengths(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return the L2 length of each row of `[n, dim]`."""
    squares = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32, casting="same_kind")
    norms: NDArray[np.float64] = np.sqrt(squares.astype(np.float64))
    return norms


def refuse_bad_norms(measured: Measured, name: str, kind: str = ALPHAEARTH) -> None:
    """Raise InputError, with the figures, unless 99 % of the lengths are within 0.05 of 1."""
    what, remedy = (
        (
            "an AlphaEarth embedding",
            "give the 64 bands A00 to A63 as published, int8 or dequantised to unit length; "
            + _MEANS_AS_FLOATS,
        )
        if kind == ALPHAEARTH
        else (
            "an embedding of unit vectors",
            f"name the embedding; {_ENCODING}",
        )
    )
    bad = float(np.mean(~(np.abs(measured.norms - 1) <= NORM_TOLERANCE)))
    if bad > BAD_SHARE:
        raise InputError(
            f"not {what}: {bad:.1%} of the vectors in {name} have "
            f"a length that differs from 1 by more than {NORM_TOLERANCE}",
            measured.words,
            remedy,
            code="vectors-of-wrong-length",
        )


@dataclass(frozen=True)
class RasterLook:
    """What a look at a raster's vectors showed.

    Attributes:
        with_data: Some pixel holds data.
        zeros: Some pixels that would hold data are 0 in every band.
        means: What is said of pixels that are means of others; "" where they are none.
    """

    with_data: bool
    zeros: bool
    means: str = ""


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
        InputError: The lengths are neither an embedding's nor those of means of it, or a block is
            damaged.
    """
    windows = list(_windows(file))
    most = max(_LEAST_WINDOWS, _PIXELS // (windows[0].width * windows[0].height))
    measured = 1 if file.width * file.height <= _WINDOW_PIXELS else _MEASURED
    first = np.unique(np.linspace(0, len(windows) - 1, min(most, len(windows))).round())
    order = np.argsort(~np.isin(np.arange(len(windows)), first), kind="stable")
    found: list[Measured] = []
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
            if len(vectors):
                decoded = dequantise(vectors) if vectors.dtype == np.int8 else vectors
                found.append(Measured.of(decoded))
    if not count and zeros and any_length:
        raise InputError(
            "every vector of the raster is zero",
            file.path.name,
            "export or download it again",
            code="raster-all-zero",
        )
    means = ""
    if count and (not any_length or file.dtype == "int8"):
        seen = Measured.together(found)
        # Other quantised values than AlphaEarth's can look like means once they are decoded.
        if file.embedding == ALPHAEARTH and file.dtype != "int8" and seen.are_means:
            means = seen.means_note
        else:
            refuse_bad_norms(seen, file.path.name, file.embedding)
    return RasterLook(with_data=count > 0, zeros=zeros > 0, means=means)


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
