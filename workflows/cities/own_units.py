"""What a new city is mapped on: H3 cells pooled from its embedding, or the embedding's areas."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from aether_core.city.cells import cells_of, choose_resolution
from aether_core.city.city_areas import CityAreas
from aether_core.city.units import Units
from aether_core.eo.embedding import Embedding
from aether_core.eo.file_kind import FILE_KINDS, UnitsName
from aether_core.eo.pooling.view import View
from aether_core.eo.table.area_embedding import AreaEmbedding
from aether_core.errors import InputError
from aether_core.progress import Progress
from aether_core.spatial.longitudes import extent_of
from aether_core.spatial.plane import Plane

_FEWEST_AREAS = 2


@dataclass(frozen=True)
class AskedUnits:
    """What decides about the units.

    Attributes:
        boundary: Of the city, WGS84.
        boundary_given: Whether a user gave it; else it is the embedding's own.
        view: The base view.
        radius_m: Of pixels or samples around a place.
        cell_resolution: H3 resolution; chosen by the boundary's size when None.
    """

    boundary: MultiPolygon
    boundary_given: bool
    view: View
    radius_m: float
    cell_resolution: int | None


@dataclass(frozen=True, eq=False)
class OwnUnits:
    """What a city is mapped on.

    Attributes:
        units: Those with data.
        vectors: Of each in the base view, float32 `[m, dim]`.
        length: Of each vector as its file has it, `[m]`; None of pixels and samples.
        radius_m: Half of how far a unit and its window reach.
        resolution: Of H3 cells.
    """

    units: Units
    vectors: np.ndarray
    length: np.ndarray | None
    radius_m: float
    resolution: int | None

    @property
    def lengths(self) -> list[float] | None:
        """Least, median and greatest length of the vectors; None where they are not known."""
        if self.length is None:
            return None
        return [float(part(self.length)) for part in (np.min, np.median, np.max)]


def own_units(embedding: Embedding, asked: AskedUnits, progress: Progress) -> OwnUnits:
    """Return the units of a new city, with their vectors.

    Raises:
        InputError: None of them has data, the boundary is too small or too large for them, or a
            cell size was given for areas.
    """
    return _WAYS[FILE_KINDS[embedding.kind].units](embedding, asked, progress)


def box_words(geometry: BaseGeometry) -> str:
    """The extent of a geometry, for a message."""
    return ", ".join(f"{value:.4f}" for value in extent_of(geometry))


def _pool_cells(embedding: Embedding, asked: AskedUnits, progress: Progress) -> OwnUnits:
    """H3 cells over the boundary, pooled at their centres."""
    boundary = asked.boundary
    resolution = asked.cell_resolution or choose_resolution(boundary)
    cells = cells_of(boundary, resolution)
    if not len(cells.h3):
        raise InputError(
            "the boundary contains no cells",
            box_words(boundary),
            "give a boundary of at least one hectare",
            code="boundary-smaller-than-cell",
        )
    pooled = embedding.pool(cells.lonlat, [asked.view], progress)
    ok = pooled.ok
    if not ok.any():
        raise InputError(
            "no cell of the city has embedding data",
            box_words(boundary),
            "check the boundary",
            code="no-cell-with-embedding",
        )
    return OwnUnits(cells.take(ok), pooled.vectors[0, ok], None, asked.radius_m, resolution)


def _own_areas(embedding: Embedding, asked: AskedUnits, progress: Progress) -> OwnUnits:  # noqa: ARG001
    """The areas that the embedding describes, those with their middle in the boundary."""
    if asked.cell_resolution is not None:
        raise InputError(
            "a city made of areas has no H3 cells to choose a size of",
            asked.cell_resolution,
            "leave the cell size out (in commands: --cell-resolution)",
            code="cell-size-of-areas",
        )
    if not isinstance(embedding, AreaEmbedding):
        raise TypeError(f"an embedding of {embedding.kind} has no areas")
    inside = np.ones(embedding.pixels, dtype=bool)
    if asked.boundary_given:
        shapely.prepare(asked.boundary)
        inside = shapely.contains_xy(asked.boundary, embedding.lonlat)
    if inside.sum() < _FEWEST_AREAS:
        raise InputError(
            "the boundary holds fewer than two areas of the embedding",
            f"{int(inside.sum())} of {embedding.pixels}",
            "give a larger boundary, or none",
            code="no-cell-with-embedding",
        )
    areas = embedding.areas
    units = CityAreas(
        np.flatnonzero(inside).astype(np.uint64),
        areas.geometry[inside],
        areas.code[inside],
        areas.name[inside],
    )
    square_metres = shapely.area(Plane(units.lonlat).shapes(units.geometry))
    return OwnUnits(
        units,
        embedding.vectors[inside],
        embedding.length[inside],
        float(np.sqrt(np.median(square_metres) / np.pi)),
        None,
    )


_WAYS: Mapping[UnitsName, Callable[[Embedding, AskedUnits, Progress], OwnUnits]] = MappingProxyType(
    {"h3": _pool_cells, "areas": _own_areas}
)
