"""An embedding in rasters: any number of GeoTIFFs, pooled as one."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.file_kind import FileKindName
from aether_core.eo.norms import RasterLook, check_raster_norms
from aether_core.eo.pooling.pool import pool_grid
from aether_core.eo.pooling.pooled import OUTSIDE, TOO_LITTLE_DATA, FileInfo, Pooled
from aether_core.eo.pooling.tiling import Tiling
from aether_core.eo.pooling.view import View
from aether_core.eo.raster.file import RasterFile, open_raster, read_header
from aether_core.eo.raster.grid import Grid, footprint, group_into_grids
from aether_core.eo.raster.rectangle import Box, box_of, read_rectangle
from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.progress import Progress, silent
from aether_core.reading import in_own_process
from aether_core.vector.report import CRS_STATED, ReadingReport

_COUNT_PIXELS = 4 * 1024**2
_BATCH = 250_000
_MASK_BANDS = 8
_USUAL_PIXEL_M = 10
_MUCH_WIDER = 0.2
ZEROS_NOTE = "Vectors that are 0 in every band hold no data."


class RasterEmbedding:
    """GeoTIFFs of one embedding that serve together, whatever their CRS, tiles and row order.

    Files of one CRS whose pixels line up act as one mosaic, so windows cross their seams. Each
    point takes the mosaic where its windows hold most valid pixels.

    Args:
        files: Checked headers, at least one.
        tiling: How pooling cuts its work; the default suits every raster.
    """

    kind: FileKindName = "raster"

    def __init__(self, files: Sequence[RasterFile], *, tiling: Tiling | None = None) -> None:
        self._rasters = tuple(files)
        self._tiling = tiling or Tiling()
        self._counts: dict[RasterFile, int] | None = None
        self.grids: tuple[Grid, ...] = group_into_grids(self._rasters)

    @property
    def files(self) -> tuple[Path, ...]:
        """Absolute paths, in the order given."""
        return tuple(raster.path for raster in self._rasters)

    @property
    def headers(self) -> tuple[RasterFile, ...]:
        """What is known of each file, in the order given."""
        return self._rasters

    @property
    def dim(self) -> int:
        """How many numbers a vector has: 64 for AlphaEarth."""
        return self.grids[0].bands

    @property
    def name(self) -> str:
        """Which embedding it is, e.g. "alphaearth"."""
        return self._rasters[0].embedding

    @property
    def unit_pixels(self) -> bool:
        """Whether every pixel has length 1: of AlphaEarth, where pixels are no means of others."""
        return self.name == ALPHAEARTH and not any(raster.means for raster in self._rasters)

    @property
    def credits(self) -> tuple[str, ...]:
        """Whom the files say they are owed to, each once."""
        return tuple(dict.fromkeys(raster.credit for raster in self._rasters if raster.credit))

    @property
    def crs(self) -> str:
        """The CRS of the raster with most pixels, e.g. "EPSG:32635"."""
        return _crs_name(max(self._rasters, key=lambda raster: raster.width * raster.height))

    @property
    def pixels(self) -> int:
        """Pixels with data; one that several files of a mosaic hold counts once."""
        return self.count_pixels()

    def count_pixels(self, progress: Progress = silent) -> int:
        """Count the pixels with data, as `pixels` does, and say how far it is.

        The first band alone is read: embeddings mark nodata in all bands at once.
        """
        return sum(self._counted(progress).values())

    def _counted(self, progress: Progress) -> dict[RasterFile, int]:
        """Pixels with data of each file, each pixel in the first file that holds it."""
        if self._counts is None:
            counts: dict[RasterFile, int] = {}
            for grid in self.grids:
                counts |= _count_valid(grid, progress)
            self._counts = counts
        return self._counts

    @cached_property
    def reports(self) -> tuple[ReadingReport, ...]:
        """How each file was read; its rows are pixels."""
        counts = self._counted(silent)
        without = "no data" if len(self._rasters) == 1 else "no data, or in another file"
        return tuple(
            ReadingReport(
                raster.path.name,
                "GeoTIFF",
                crs=_crs_name(raster),
                crs_from=CRS_STATED,
                rows=raster.width * raster.height,
                notes=_notes(raster),
            ).counted(_left(without, raster.width * raster.height - used), used)
            for raster in self._rasters
            for used in [counts[raster]]
        )

    def fitting_radius(self, lonlat: NDArray[np.float64]) -> float | None:  # noqa: ARG002
        """Return None: where a raster has no data, no radius finds any."""
        return None

    @cached_property
    def footprint(self) -> BaseGeometry:
        """The area the files cover, WGS84."""
        return shapely.union_all([footprint(raster) for raster in self._rasters])

    @cached_property
    def infos(self) -> tuple[FileInfo, ...]:
        """One record a file, for the store; reads every byte for the checksums."""
        return tuple(
            FileInfo(
                path=raster.path,
                sha256=sha256_of(raster.path),
                crs=_crs_name(raster),
                width=raster.width,
                height=raster.height,
                footprint=footprint(raster),
            )
            for raster in self._rasters
        )

    def pool(
        self,
        lonlat: NDArray[np.float64],
        views: Sequence[View],
        progress: Progress = silent,
    ) -> Pooled:
        """Pool every view at every point.

        A view is the mean of its window's valid pixels, L2-normalised. Windows are cut off at the
        raster's edge; one with data in less than half of its whole size gives NaN.

        Args:
            lonlat: float64 `[n, 2]`, WGS84 degrees.
            views: Squares in pixels of the raster, disks in metres.
            progress: Told as rectangles of the raster are read.

        Raises:
            InputError: A radius under a pixel or over 500 pixels; a window of areas; a damaged
                block.
        """
        for view in views:
            if view.shape.of_areas:
                raise InputError(
                    "a raster has pixels and no areas",
                    view.shape.value,
                    "pool disks or squares",
                    code="raster-without-areas",
                )
        batches = [
            self._pool_batch(lonlat[start : start + _BATCH], views, progress)
            for start in range(0, max(len(lonlat), 1), _BATCH)
        ]
        return Pooled(
            np.concatenate([batch.vectors for batch in batches], axis=1),
            np.concatenate([batch.reasons for batch in batches]),
        )

    def _pool_batch(
        self, lonlat: NDArray[np.float64], views: Sequence[View], progress: Progress
    ) -> Pooled:
        """Pool a number of points whose sums fit in memory."""
        best = np.zeros(len(lonlat), dtype=np.int64)
        vectors = np.full((len(views), len(lonlat), self.dim), np.nan, dtype=np.float32)
        covered = np.zeros(len(lonlat), dtype=bool)
        for grid in self.grids:
            found = pool_grid(grid, lonlat, views, tiling=self._tiling, progress=progress)
            covered |= _covered(grid, lonlat)
            total = found.valid.sum(axis=0)
            better = total > best[found.index]
            index = found.index[better]
            best[index] = total[better]
            enough = 2 * found.valid[:, better] >= found.full[:, better]
            vectors[:, index] = np.where(enough[..., None], found.vectors[:, better], np.nan)
        return Pooled(vectors, _reasons(vectors, covered))


def open_rasters(
    paths: Sequence[str | Path],
    *,
    kind: str | None = None,
    tiling: Tiling | None = None,
    foreign: bool = False,
    progress: Progress = silent,
) -> RasterEmbedding:
    """Open GeoTIFFs as one embedding.

    Args:
        paths: Local `.tif` or `.tiff` files, each 64 bands, or as many as another embedding has
            that the file declares or the user named; of int8 (nodata -128) or floats (NaN). Floats
            may be means of AlphaEarth's pixels, which are shorter than 1.
        kind: Name of the embedding where it is not AlphaEarth's and the files do not say it.
        tiling: How pooling cuts its work.
        foreign: Somebody has just given the files: a process of its own, without network and other
            files, opens and checks them before this one touches them.
        progress: Told while the vectors' lengths are checked.

    Raises:
        InputError: A file is no embedding, and the message says what is wrong with it; or files
            differ in length.
        UnreadableFileError: That process died of a file, or broke a limit.
    """
    if not paths:
        raise InputError(
            "no embedding file was given",
            "(none)",
            "give at least one GeoTIFF",
            code="no-embedding-file",
        )
    different = [Path(path) for path in dict.fromkeys(paths)]
    if foreign:
        progress("checking the embedding", 0, 1)
        looks = look_at_rasters(different, kind)
        files = [read_header(path, kind=kind) for path in different]
    else:
        files, looks = _looked_at(different, kind, progress)
    return embedding_of(files, looks, tiling=tiling)


def embedding_of(
    files: Sequence[RasterFile], looks: Sequence[RasterLook], *, tiling: Tiling | None = None
) -> RasterEmbedding:
    """Join files that were looked at one by one.

    Args:
        files: Their headers.
        looks: What a look at their vectors shows, in the same order.
        tiling: How pooling cuts its work.

    Raises:
        InputError: They differ in length or kind, or none has data.
    """
    _check_one_embedding(files)
    # An export cut into files may well have one that lies outside the city altogether.
    if not any(look.with_data for look in looks):
        raise InputError(
            "the embedding has no data: every pixel is nodata",
            ", ".join(file.path.name for file in files),
            "choose another area or year, or export it again",
            code="embedding-without-data",
        )
    # The mask of one file is that of the whole export, also where a sample of another misses it.
    zeros = any(look.zeros for look in looks)
    seen = [
        replace(file, zeros_are_nodata=zeros, means=look.means)
        for file, look in zip(files, looks, strict=True)
    ]
    return RasterEmbedding(seen, tiling=tiling)


@in_own_process
def look_at_rasters(paths: Sequence[str | Path], kind: str | None) -> list[RasterLook]:
    """Open and check the files of one embedding, in a process of its own.

    Args:
        paths: The files.
        kind: Name of the embedding, as for `open_rasters`.

    Raises:
        InputError: A file is no embedding.
    """
    return _looked_at(paths, kind, silent)[1]


def _looked_at(
    paths: Sequence[str | Path], kind: str | None, progress: Progress
) -> tuple[list[RasterFile], list[RasterLook]]:
    """The files' headers, and what a look at their vectors shows."""
    files = [read_header(path, kind=kind) for path in paths]
    _check_one_embedding(files)
    return files, [_look(file, kind, progress) for file in files]


def look_at_raster(path: Path, kind: str | None) -> tuple[RasterFile, RasterLook]:
    """A file's header, and what a look at its vectors shows: for `embedding_of`.

    Args:
        path: A local GeoTIFF.
        kind: As for `open_rasters`.

    Raises:
        InputError: It is no embedding.
    """
    file = read_header(path, kind=kind)
    return file, _look(file, kind, silent)


def _look(file: RasterFile, kind: str | None, progress: Progress) -> RasterLook:
    return check_raster_norms(
        file, any_length=kind == file.embedding != ALPHAEARTH, progress=progress
    )


def _check_one_embedding(files: Sequence[RasterFile]) -> None:
    first = files[0]
    for file in files:
        if file.bands != first.bands:
            raise InputError(
                "all files of an embedding must have the same number of bands",
                f"{first.path.name} has {first.bands}, {file.path.name} has {file.bands}",
                "give files of one embedding",
                code="files-of-different-length",
            )
        if file.embedding != first.embedding:
            raise InputError(
                "the files contain different embeddings",
                f"{first.path.name}: {first.embedding}, {file.path.name}: {file.embedding}",
                "give files of one embedding",
                code="files-of-different-embeddings",
            )


def _crs_name(raster: RasterFile) -> str:
    code = raster.crs.to_epsg()
    return f"EPSG:{code}" if code else str(raster.crs.to_string())


def _notes(raster: RasterFile) -> tuple[str, ...]:
    """What is said of a file beside its counts."""
    notes = [ZEROS_NOTE] if raster.zeros_are_nodata else []
    if raster.means:
        notes.append(f"{raster.means}; the mean of a window is that of all pixels behind them.")
    in_metres = raster.crs.is_projected and raster.crs.linear_units_factor[1] == 1
    times = abs(raster.transform.a) / _USUAL_PIXEL_M
    if in_metres and abs(times - 1) > _MUCH_WIDER:
        notes.append(
            f"Windows are counted in pixels and meant for those of {_USUAL_PIXEL_M} m: with these "
            f"of {abs(raster.transform.a):g} m they are {times:.3g} times as wide. A radius of "
            f"{100 / times:.0f} m makes them as wide as usual (in commands: --radius-m)."
        )
    return tuple(notes)


def _covered(grid: Grid, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Bool `[n]`: the point lies in one of the grid's files."""
    rows, columns = (
        np.floor(np.clip(part, -(2.0**40), 2.0**40)).astype(np.int64)
        for part in grid.locate(lonlat)
    )
    return grid.covers(rows, columns)


def _reasons(vectors: NDArray[np.float32], covered: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Say for each point why a view is missing, "" when none is."""
    missing = np.isnan(vectors).any(axis=(0, 2))
    reasons = np.full(len(covered), "", dtype=object)
    reasons[missing & covered] = TOO_LITTLE_DATA
    reasons[missing & ~covered] = OUTSIDE
    return reasons


def _left(reason: str, count: int) -> dict[str, int]:
    return {reason: count} if count else {}


def _count_valid(grid: Grid, progress: Progress) -> dict[RasterFile, int]:
    """Count the pixels of a grid's files that hold data in the first band, each once."""
    totals: dict[RasterFile, int] = {}
    counted: list[Box] = []
    with ExitStack() as stack:
        datasets = {
            placed.file: stack.enter_context(open_raster(placed.file.path)) for placed in grid.files
        }
        for placed in grid.files:
            whole = box_of(placed)
            total = 0
            # A single band may be 0 in a pixel with data; so many at once are not.
            bands = range(
                1, 1 + min(_MASK_BANDS if placed.file.zeros_are_nodata else 1, grid.bands)
            )
            for box in _strips(whole, placed.file):
                progress("counting pixels", box.top - whole.top, placed.file.height)
                valid = read_rectangle(grid, box, datasets.__getitem__, bands=bands).valid
                for before in counted:
                    shared = before.meet(box)
                    if not shared.empty:
                        valid[
                            shared.top - box.top : shared.bottom - box.top,
                            shared.left - box.left : shared.right - box.left,
                        ] = False
                total += int(np.count_nonzero(valid))
            counted.append(whole)
            totals[placed.file] = total
    return totals


def _strips(whole: Box, file: RasterFile) -> list[Box]:
    """Cut a file's rectangle into strips of whole rows, of a bounded number of pixels."""
    rows = max(1, _COUNT_PIXELS // file.width // file.block_height) * file.block_height
    return [
        Box(top, min(top + rows, whole.bottom), whole.left, whole.right)
        for top in range(whole.top, whole.bottom, rows)
    ]
