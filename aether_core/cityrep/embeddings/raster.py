"""Rasters: looked up on the task's own grid, averaged over its cells, or read where samples lie."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.transform import Affine
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window

from aether_core.cityrep.embeddings.aligned import Found
from aether_core.cityrep.embeddings.registry import SOURCES
from aether_core.cityrep.registry import EmbeddingConfig
from aether_core.cityrep.samples import TaskSamples
from aether_core.eo.raster.file import RASTER_SUFFIXES, open_raster
from aether_core.errors import InputError
from aether_core.files.source import local_file

_STRIP_BYTES = 64 * 1024**2
WITHOUT_CELLS = (
    "The task has a raster but its samples no row and col: the embedding was read where they lie."
)


class Rasters:
    """Bands are the numbers of a vector."""

    name = "raster"
    reads_labels = True

    def vectors(self, samples: TaskSamples, config: EmbeddingConfig, path: Path) -> Found:  # noqa: ARG002 - the path is all it says
        """The vector of each sample, by the release's policy of alignment.

        A raster on the task's own grid is looked up by row and column. Any other is averaged over
        the task's cells by area, where the task has a raster of numbers or shares; a pixel that is
        larger than a cell is shared by the cells it covers. Elsewhere the pixel is taken that a
        sample lies in.

        Raises:
            NotFoundError: The embedding or the task's raster is missing.
            InputError: Either cannot be read, has no CRS, or is smaller than rows and columns say.
        """
        with ExitStack() as stack:
            source = stack.enter_context(open_raster(local_file(path, suffixes=RASTER_SUFFIXES)))
            if samples.labels is None:
                return Found(_at_points(source, samples))
            labels = stack.enter_context(
                open_raster(local_file(samples.labels, suffixes=RASTER_SUFFIXES))
            )
            if samples.cell is None:
                return Found(_at_points(source, samples), (WITHOUT_CELLS,))
            _check_cells(samples.cell, labels, samples)
            if _same_grid(source, labels):
                return Found(_read_at(source, samples.cell[:, 0], samples.cell[:, 1]))
            if samples.entry.kind.of_cells:
                return Found(_averaged(source, labels, samples.cell))
            return Found(_at_points(source, samples))


def _same_grid(one: Any, other: Any) -> bool:  # noqa: ANN401 - rasterio has no types
    return (
        (one.width, one.height) == (other.width, other.height)
        and one.crs == other.crs
        and tuple(one.transform) == tuple(other.transform)
    )


def _check_cells(cell: NDArray[np.int64], labels: Any, samples: TaskSamples) -> None:  # noqa: ANN401
    if (cell < 0).any() or (cell >= [labels.height, labels.width]).any():
        raise InputError(
            "rows or columns of the samples lie outside the task's raster",
            f"{samples.entry.task_id}: {labels.height} x {labels.width} cells",
            "download samples and raster of the same release",
            code="cityrep-cells-outside",
        )


def _averaged(source: Any, labels: Any, cell: NDArray[np.int64]) -> NDArray[np.float32]:  # noqa: ANN401
    """Mean of the pixels of each cell by area, float32 `[n, bands]`, NaN without data."""
    for dataset in (source, labels):
        _crs_of(dataset)
    vectors = np.empty((len(cell), source.count), dtype=np.float32)
    for band in range(source.count):
        grid = np.full((labels.height, labels.width), np.nan, dtype=np.float32)
        try:
            reproject(
                rasterio.band(source, band + 1),
                grid,
                src_nodata=source.nodata,
                dst_transform=labels.transform,
                dst_crs=labels.crs,
                dst_nodata=np.nan,
                resampling=Resampling.average,
            )
        except RasterioError as error:
            raise _unreadable(source) from error
        vectors[:, band] = grid[cell[:, 0], cell[:, 1]]
    return vectors


def _at_points(source: Any, samples: TaskSamples) -> NDArray[np.float32]:  # noqa: ANN401
    """The pixel each sample lies in, float32 `[n, bands]`, NaN outside and without data."""
    xy = samples.xy_in(_crs_of(source).to_wkt())
    columns, rows = ~source.transform @ (xy[:, 0], xy[:, 1])
    finite = np.isfinite(rows) & np.isfinite(columns)
    at = np.full((len(samples), 2), -1, dtype=np.int64)
    at[finite] = np.floor(np.column_stack([rows, columns])[finite].clip(-1e12, 1e12))
    return _read_at(source, at[:, 0], at[:, 1])


def _read_at(source: Any, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.float32]:  # noqa: ANN401
    """Pixels by row and column, NaN outside; read in strips, so that memory is bounded."""
    vectors = np.full((len(row), source.count), np.nan, dtype=np.float32)
    inside = np.flatnonzero(
        (row >= 0) & (row < source.height) & (column >= 0) & (column < source.width)
    )
    height = source.block_shapes[0][0]
    a_row = source.width * source.count * 4
    step = max(1, _STRIP_BYTES // (a_row * height)) * height
    for strip in np.unique(row[inside] // step).tolist():
        here = inside[row[inside] // step == strip]
        top = strip * step
        left, right = int(column[here].min()), int(column[here].max()) + 1
        window = Window(left, top, right - left, min(step, source.height - top))
        try:
            read = source.read(window=window, masked=True, out_dtype="float32")
        except RasterioError as error:
            raise _unreadable(source) from error
        pixels = read.filled(np.nan)
        vectors[here] = pixels[:, row[here] - top, column[here] - left].T
    return vectors


def _crs_of(dataset: Any) -> CRS:  # noqa: ANN401 - rasterio has no types
    if dataset.crs is None:
        raise InputError(
            "the raster has no coordinate reference system (CRS)",
            Path(dataset.name).name,
            "export it as a GeoTIFF with its CRS",
            code="raster-without-crs",
        )
    return dataset.crs


def _unreadable(dataset: Any) -> InputError:  # noqa: ANN401 - rasterio has no types
    return InputError(
        "the raster's pixels cannot be read",
        Path(dataset.name).name,
        "download it again",
        code="raster-unreadable",
    )


def grid_of(labels: Path) -> tuple[Affine, CRS]:
    """Where the cells of a task's raster lie: from columns and rows to coordinates, and their CRS.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be read, or has no CRS.
    """
    with open_raster(local_file(labels, suffixes=RASTER_SUFFIXES)) as dataset:
        return dataset.transform, _crs_of(dataset)


SOURCES[Rasters.name] = Rasters()
