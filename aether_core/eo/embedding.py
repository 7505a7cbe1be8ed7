"""The one way in to an embedding, whatever files it comes in."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from aether_core.eo.file_kind import FileKindName
from aether_core.eo.pooling.pooled import FileInfo, Pooled
from aether_core.eo.pooling.view import View
from aether_core.eo.raster.embedding import open_rasters
from aether_core.eo.raster.file import RASTER_SUFFIXES
from aether_core.eo.table.embedding import TABLE_SUFFIXES
from aether_core.eo.table.open import open_tables
from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.progress import Progress, silent
from aether_core.vector.report import ReadingReport

__all__ = ["EMBEDDING_SUFFIXES", "Embedding", "FileInfo", "Pooled", "open_embedding"]

EMBEDDING_SUFFIXES = RASTER_SUFFIXES | TABLE_SUFFIXES


class Embedding(Protocol):
    """An embedding that can be pooled at points."""

    kind: FileKindName

    @property
    def files(self) -> tuple[Path, ...]:
        """Absolute paths."""

    @property
    def dim(self) -> int:
        """How many numbers a vector has: 64 for AlphaEarth."""

    @property
    def name(self) -> str:
        """Which embedding it is, e.g. "alphaearth"."""

    @property
    def credits(self) -> tuple[str, ...]:
        """Whom the files say they are owed to."""

    @property
    def crs(self) -> str:
        """Its CRS, e.g. "EPSG:32635"; that of the file with most pixels if they differ."""

    @property
    def pixels(self) -> int:
        """Pixels or samples with data."""

    def count_pixels(self, progress: Progress = silent) -> int:
        """Count `pixels`, saying how far the count is; it is kept."""

    @property
    def footprint(self) -> BaseGeometry:
        """What the files cover, polygonal, WGS84."""

    @property
    def infos(self) -> tuple[FileInfo, ...]:
        """One record a file, with its checksum."""

    @property
    def reports(self) -> tuple[ReadingReport, ...]:
        """How each file was read; rows are pixels or samples."""

    def fitting_radius(self, lonlat: NDArray[np.float64]) -> float | None:
        """A radius in metres that finds samples around most points, None where no radius does."""

    def pool(
        self, lonlat: NDArray[np.float64], views: Sequence[View], progress: Progress = silent
    ) -> Pooled:
        """Pool every view at every WGS84 point `[n, 2]`."""


def open_embedding(
    paths: Sequence[str | Path],
    *,
    kind: str | None = None,
    crs: str | None = None,
    geometry: Path | None = None,
    code_field: str | None = None,
    as_points: bool = False,
    foreign: bool = False,
    progress: Progress = silent,
) -> Embedding:
    """Open an embedding from rasters or from tables.

    Args:
        paths: Local files of one kind, ending in `EMBEDDING_SUFFIXES`.
        kind: Name of the embedding where it is not AlphaEarth's and the files do not say it; of a
            city that is there, what it was added with.
        crs: What the user says the coordinates of tables are in.
        geometry: A file with the shapes of the codes of tables' rows.
        code_field: The column of these codes, or of H3 cells; found when None.
        as_points: Take the areas of a table for samples at a point inside each.
        foreign: Somebody has just given the files: rasters are first looked at in a process of its
            own, as tables always are.
        progress: Told while the files are checked.

    Raises:
        NotFoundError: A file does not exist.
        InputError: A file is no embedding, files differ in length, rasters and tables are mixed, or
            a CRS, shapes or codes were given for rasters.
    """
    found = [local_file(path, suffixes=EMBEDDING_SUFFIXES) for path in paths]
    kinds = {path.suffix.lower() in RASTER_SUFFIXES for path in found}
    if len(kinds) > 1:
        raise InputError(
            "rasters and tables cannot be combined in one embedding",
            ", ".join(path.name for path in found),
            "give files of one kind",
            code="rasters-mixed-with-tables",
        )
    if kinds == {False}:
        return open_tables(
            found,
            kind=kind,
            crs=crs,
            geometry=geometry,
            code_field=code_field,
            as_points=as_points,
            progress=progress,
        )
    if crs is not None:
        raise InputError(
            "a raster's coordinate system stands in the file and cannot be replaced",
            crs,
            "leave it out (in commands: --embedding-crs); it is for tables",
            code="crs-of-raster-given",
        )
    if geometry is not None or code_field is not None:
        raise InputError(
            "a raster has no rows that could be joined with shapes",
            geometry.name if geometry is not None else code_field,
            "leave it out (in commands: --geometry, --code-field); it is for tables of areas",
            code="shapes-of-raster-given",
        )
    return open_rasters(found, kind=kind, foreign=foreign, progress=progress)
