"""An embedding of areas, one vector each, such as the means that Earth Engine makes of tracts."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array
from shapely.geometry.base import BaseGeometry

from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.file_kind import FileKindName
from aether_core.eo.pooling.pooled import AREA_WITHOUT_DATA, NO_AREA, Pooled
from aether_core.eo.pooling.view import Shape, View
from aether_core.eo.table.area_rows import AreaRows
from aether_core.eo.table.embedding import TableEmbedding
from aether_core.eo.table.samples import Samples
from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.spatial.containing import AreaIndex
from aether_core.spatial.ground import ground_of_areas
from aether_core.spatial.neighbours import neighbours_of
from aether_core.spatial.overlapping import worst_overlap
from aether_core.vector.keyed.codes import shown
from aether_core.vector.report import ReadingReport

_MOST_SHARED = 0.05
"""Part of the smaller area two may share: boundaries that were simplified overlap in slivers."""


class AreaVectors:
    """Areas with a vector each, pooled where points lie.

    Args:
        geometry: Valid Polygons and MultiPolygons, object `[m]`, WGS84.
        vectors: float32 `[m, dim]` unit rows; a NaN row has no data.
    """

    def __init__(self, geometry: NDArray[np.object_], vectors: NDArray[np.float32]) -> None:
        self._geometry = geometry
        self._vectors = vectors

    @cached_property
    def _index(self) -> AreaIndex:
        return AreaIndex(self._geometry)

    @cached_property
    def neighbours(self) -> csr_array:
        """Which areas share a border, float64 `[m, m]`."""
        return neighbours_of(self._geometry)

    @property
    def alone(self) -> int:
        """How many areas have no neighbour."""
        return int((np.asarray(self.neighbours.sum(axis=1)) == 0).sum())

    @cached_property
    def wide(self) -> NDArray[np.float32]:
        """Unit mean of each area and its neighbours with data; NaN where it has none itself."""
        there = np.asarray(np.isfinite(self._vectors).all(axis=1))
        known = np.where(there[:, None], self._vectors, 0).astype(np.float64)
        sums = np.asarray((self.neighbours + eye_array(len(known))) @ known)
        norms = np.linalg.norm(sums, axis=1)
        norms[~there | (norms == 0)] = np.nan
        return np.asarray(sums / norms[:, None], dtype=np.float32)

    def pool(self, lonlat: NDArray[np.float64], views: Sequence[View]) -> Pooled:
        """Give each point the vector of the area it lies in, or its mean with its neighbours'.

        Args:
            lonlat: float64 `[n, 2]`, WGS84 degrees.
            views: Of the shapes `AREA` and `NEIGHBOURS`.

        Raises:
            InputError: A view has a radius, which areas have no use for.
        """
        for view in views:
            if not view.shape.of_areas:
                raise InputError(
                    "areas have one vector each, whatever is near a point",
                    f"{view.name}, {view.shape.value}",
                    "vary the radius in a city of pixels or samples",
                    code="areas-without-radius",
                )
        rows = self._index.rows_at(lonlat)
        inside = rows >= 0
        dim = self._vectors.shape[1]
        vectors = np.full((len(views), len(lonlat), dim), np.nan, dtype=np.float32)
        for which, view in enumerate(views):
            of_area = self._vectors if view.shape is Shape.AREA else self.wide
            vectors[which, inside] = of_area[rows[inside]]
        lacking = np.isnan(vectors).any(axis=(0, 2))
        reasons = np.where(~inside, NO_AREA, np.where(lacking, AREA_WITHOUT_DATA, ""))
        return Pooled(vectors, reasons.astype(object))


class AreaEmbedding(TableEmbedding):
    """Vectors of areas, from one or more tables.

    Args:
        paths: Absolute paths of the tables.
        samples: What each table gave; all of areas.
        name: Which embedding it is.
        table_crs: What the user said the tables' coordinates are in.

    Raises:
        InputError: There is one area only, areas repeat or overlap, or their cells are of several
            resolutions.
    """

    kind: FileKindName = "areas"

    def __init__(
        self,
        paths: Sequence[Path],
        samples: Sequence[Samples],
        name: str = ALPHAEARTH,
        table_crs: str | None = None,
    ) -> None:
        super().__init__(paths, samples, name, table_crs)
        self.areas = _together([part.areas for part in samples if part.areas is not None])
        _check(self.areas)
        self._of_areas = AreaVectors(self.areas.geometry, self._vectors)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Vector of each area, float32 `[m, dim]`; of AlphaEarth unit rows."""
        return self._vectors

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each area, WGS84, float64 `[m, 2]`."""
        return self._lonlat

    @property
    def reports(self) -> tuple[ReadingReport, ...]:
        """How each table was read; the last also says what its areas are."""
        *others, last = super().reports
        count, alone = len(self.areas.code), self._of_areas.alone
        notes = [f"The units of the city are the {count:,} areas of the table."]
        if alone:
            notes.append(
                f"{alone:,} areas share a border with no other: the wide view of places in them is "
                "their own vector."
            )
        return (*others, last.noted(*notes))

    @cached_property
    def footprint(self) -> BaseGeometry:
        """The ground of all areas together, WGS84."""
        return ground_of_areas(self.areas.geometry)

    def _covered(self, part: Samples) -> BaseGeometry:  # noqa: ARG002
        """The ground of all areas: batches of an export share it out in no order."""
        return self.footprint

    def fitting_radius(self, lonlat: NDArray[np.float64]) -> float | None:  # noqa: ARG002
        """None: a place lies in an area or in none, whatever the radius."""
        return None

    def pool(
        self,
        lonlat: NDArray[np.float64],
        views: Sequence[View],
        progress: Progress = silent,
    ) -> Pooled:
        """Pool areas where points lie, see `AreaVectors.pool`; disks as a table of samples does."""
        if any(view.shape.of_areas for view in views):
            progress("pooling the embedding", 0, 1)
            return self._of_areas.pool(lonlat, views)
        return super().pool(lonlat, views, progress)


def _together(parts: Sequence[AreaRows]) -> AreaRows:
    """The areas of several tables; those that have no codes are numbered through."""
    code = np.concatenate([part.code for part in parts])
    if all(part.code_field is None for part in parts):
        code = np.array([str(row + 1) for row in range(len(code))], dtype=object)
    levels = {part.resolution for part in parts}
    if len(levels - {None}) > 1:
        raise InputError(
            "the tables have H3 cells of several resolutions",
            ", ".join(map(str, sorted(level for level in levels if level is not None))),
            "give cells of one resolution: others would lie on each other",
            code="cells-of-mixed-resolution",
        )
    return AreaRows(
        np.concatenate([part.geometry for part in parts]),
        code,
        np.concatenate([part.name for part in parts]),
        parts[0].code_field,
        levels.pop() if len(levels) == 1 else None,
    )


def _check(areas: AreaRows) -> None:
    """Refuse areas that cannot be the units of a city."""
    if len(areas.code) < 2:
        raise InputError(
            "the table has one area only, so there is nothing to map",
            shown(areas.code.tolist()),
            "give a table of several areas, or the embedding's raster",
            code="single-area",
        )
    codes, times = np.unique(areas.code.astype(str), return_counts=True)
    if (times > 1).any():
        raise _repeated(
            f"{int((times > 1).sum())} codes, such as {shown(codes[times > 1].tolist())}"
        )
    again = pd.Series(list(shapely.to_wkb(shapely.normalize(areas.geometry)))).duplicated()
    if again.any():
        raise _repeated(
            f"{int(again.sum())} polygons, such as that of {areas.code[int(again.argmax())]}"
        )
    if areas.resolution is None and (worst := worst_overlap(areas.geometry, _MOST_SHARED)):
        raise InputError(
            "the areas of the table overlap, so a place would be in several",
            worst.words(areas.code[worst.first], areas.code[worst.second]),
            "give areas of a single level that do not overlap",
            code="areas-overlap",
        )


def _repeated(what: str) -> InputError:
    return InputError(
        "areas repeat: an area has several vectors",
        what,
        "give one row an area",
        code="areas-repeated",
    )
