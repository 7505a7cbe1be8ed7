"""An embedding in a table: vectors sampled at points, as Earth Engine users export AlphaEarth's."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.file_kind import FileKindName
from aether_core.eo.pooling.pooled import NO_SAMPLE, FileInfo, Pooled
from aether_core.eo.pooling.view import Shape, View
from aether_core.eo.table.samples import Samples
from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.progress import Progress, silent
from aether_core.spatial.earth import earth_centred
from aether_core.spatial.longitudes import extent_of, running_on, within_180
from aether_core.vector.report import ReadingReport

TABLE_SUFFIXES = frozenset(
    {
        *(".csv", ".tsv", ".parquet", ".geoparquet"),
        *(".geojson", ".gpkg", ".fgb", ".shp", ".gz", ".zip"),
    }
)
"""Endings of tables, the last two of packed ones."""

_CHUNK_PAIRS = 2_000_000
_TOLERANCE_M = 1e-6
_LONE_SAMPLE_DEGREES = 1e-4
_HALF_DIAGONAL = 0.75
"""The middle of a square of samples lies 0.71 of its side from them."""
_FOUND_SHARE = 0.9
_WIDEST_M = 10_000.0
_SAID_DEGREES = "OGC:CRS84"
"""How EPSG:4326 is kept where the user said it: `EPSG:4326` stands for what the file says."""


class TableEmbedding:
    """Samples of an embedding at points, from one or more tables.

    Args:
        paths: Absolute paths of the tables.
        samples: What each table gave.
        name: Which embedding it is.
        table_crs: What the user said the tables' coordinates are in.
    """

    kind: FileKindName = "table"
    crs = "EPSG:4326"
    credits: tuple[str, ...] = ()

    def __init__(
        self,
        paths: Sequence[Path],
        samples: Sequence[Samples],
        name: str = ALPHAEARTH,
        table_crs: str | None = None,
    ) -> None:
        self.name = name
        self.files: tuple[Path, ...] = tuple(paths)
        self._samples = tuple(samples)
        self._lonlat = np.concatenate([part.lonlat for part in samples])
        self._vectors = np.concatenate([part.vectors for part in samples])
        self._table_crs = table_crs
        self._tree = cKDTree(earth_centred(self._lonlat))

    @property
    def reports(self) -> tuple[ReadingReport, ...]:
        """How each table was read."""
        return tuple(part.report for part in self._samples)

    @property
    def length(self) -> NDArray[np.float64]:
        """Length of each sample's vector as its table has it, float64 `[m]`."""
        return np.concatenate([part.length for part in self._samples])

    @property
    def dim(self) -> int:
        """How many numbers a vector has: 64 for AlphaEarth."""
        return int(self._vectors.shape[1])

    @property
    def pixels(self) -> int:
        """How many samples hold data."""
        return len(self._lonlat)

    def count_pixels(self, progress: Progress = silent) -> int:  # noqa: ARG002 - as for rasters
        """Return `pixels`; nothing has to be read for it."""
        return self.pixels

    @cached_property
    def footprint(self) -> BaseGeometry:
        """The smallest convex area that holds the samples, WGS84."""
        return _area_of(self._lonlat)

    @cached_property
    def infos(self) -> tuple[FileInfo, ...]:
        """One record a file, for the store: its width is its number of samples, its height 1."""
        return tuple(
            FileInfo(path, sha256_of(path), self._crs_kept, len(part.lonlat), 1, around)
            for path, part in zip(self.files, self._samples, strict=True)
            for around in [self._covered(part)]
        )

    def _covered(self, part: Samples) -> BaseGeometry:
        """What one table covers, WGS84."""
        return _area_of(part.lonlat)

    @property
    def _crs_kept(self) -> str:
        """The CRS a table is read with again: the user's, or `crs`, which says to find it out."""
        if self._table_crs is None:
            return self.crs
        return _SAID_DEGREES if self._table_crs == self.crs else self._table_crs

    def fitting_radius(self, lonlat: NDArray[np.float64]) -> float | None:
        """Return a radius in metres that finds samples for nine points of ten.

        Args:
            lonlat: float64 `[n, 2]`, WGS84 degrees, n at least 1.

        Returns:
            It is wide enough for the gaps between the samples, too, and rounded up to two digits.
            None where the points lie elsewhere: 10 km and more away.
        """
        away, _ = self._tree.query(earth_centred(lonlat))
        gaps = 0.0
        if self.pixels > 1:
            nearest, _ = self._tree.query(earth_centred(self._lonlat), k=2)
            gaps = _HALF_DIAGONAL * float(np.median(nearest[:, 1]))
        radius = max(float(np.quantile(away, _FOUND_SHARE)), gaps, 1.0)
        digit = 10.0 ** (np.floor(np.log10(radius)) - 1)
        rounded = float(np.ceil(radius / digit - _TOLERANCE_M) * digit)
        return rounded if rounded <= _WIDEST_M else None

    def pool(
        self,
        lonlat: NDArray[np.float64],
        views: Sequence[View],
        progress: Progress = silent,
    ) -> Pooled:
        """Pool every view at every point: the mean of the samples in a disk, L2-normalised.

        Args:
            lonlat: float64 `[n, 2]`, WGS84 degrees.
            views: Disks, in metres on the ground.
            progress: Told as points are done.

        Returns:
            A row is NaN where no sample lies within the radius.

        Raises:
            InputError: A view is no disk: samples have no pixels to count.
        """
        for view in views:
            if view.shape is not Shape.DISK:
                raise InputError(
                    "a table of samples has neither pixels nor areas, only disks around points",
                    f"{view.name}, {view.shape}",
                    "pool disks, with a radius in metres",
                    code="samples-without-pixels",
                )
        vectors = np.full((len(views), len(lonlat), self.dim), np.nan, dtype=np.float32)
        known = np.flatnonzero(
            np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat) <= (360, 90)).all(axis=1)
        )
        places = earth_centred(lonlat[known])
        for which, view in enumerate(views):
            radius = (view.radius_m or 0.0) + _TOLERANCE_M
            counts = self._tree.query_ball_point(places, radius, return_length=True)
            for chunk in _chunks(counts):
                progress("pooling the embedding", int(chunk[0]), len(known))
                vectors[which, known[chunk]] = self._mean(places[chunk], radius)
        missing = np.isnan(vectors).any(axis=(0, 2))
        return Pooled(vectors, np.where(missing, NO_SAMPLE, "").astype(object))

    def _mean(self, places: NDArray[np.float64], radius: float) -> NDArray[np.float32]:
        """Return unit means `[n, dim]` of the samples within a radius, NaN where there is none."""
        found = self._tree.query_ball_point(places, radius, return_sorted=True)
        counts = np.array([len(samples) for samples in found], dtype=np.int64)
        picked = np.concatenate([np.asarray(s, dtype=np.int64) for s in found])
        starts = np.concatenate([[0], np.cumsum(counts)])
        weights = sparse.csr_matrix(
            (np.ones(len(picked)), picked, starts), shape=(len(places), len(self._lonlat))
        )
        sums = weights @ self._vectors.astype(np.float64)
        norms = np.linalg.norm(sums, axis=1)
        norms[(counts == 0) | (norms == 0)] = np.nan
        unit: NDArray[np.float32] = (sums / norms[:, None]).astype(np.float32)
        return unit


def _area_of(lonlat: NDArray[np.float64]) -> BaseGeometry:
    """Return the convex hull of points as an area, a hair wide where they lie on one line."""
    bounds = extent_of(shapely.points(lonlat))
    lon = running_on(lonlat[:, 0], bounds)
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack([lon, lonlat[:, 1]])))
    area = hull if hull.geom_type == "Polygon" else hull.buffer(_LONE_SAMPLE_DEGREES)
    return within_180(np.array([area], dtype=object)).shapes[0]


def _chunks(counts: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Cut points so that a chunk finds a bounded number of samples."""
    if not len(counts):
        return []
    group = np.cumsum(counts) // _CHUNK_PAIRS
    return np.split(np.arange(len(counts)), np.flatnonzero(np.diff(group)) + 1)
