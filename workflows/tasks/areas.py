"""Areas with shares or counts on their way in: read, laid over the city's cells, kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from sqlalchemy.orm import Session

from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.spatial.longitudes import extent_of
from aether_core.tasks.areas.coverage import cells_under
from aether_core.tasks.areas.given import Given
from aether_core.tasks.areas.read import Areas, read_areas
from aether_core.vector import NO_OPTIONS, ReadOptions
from db.evidence import area_sets as area_rows
from db.schema import AreaSet
from workflows.tasks.arrays import TaskCity

OUTSIDE = "outside the city"
MOSTLY_OUTSIDE = "less than half covered by cells with data"
_LEAST_COVERED = 0.5


@dataclass(frozen=True)
class AreaRequest:
    """Which areas, and which of their fields are shares of one whole.

    Attributes:
        file: Polygons with one number a field.
        fields: At least two fields, shares, per cents or counts.
        options: What the user says about the file.
        code_field: Area ID field; found when None.
        geometry: The file with the shapes of the areas' codes, where the first has none.
        given: What the numbers are; found out when None.
        minimum_count: Areas with fewer people than this are left out, where counts are given.
        minimum_m2: Areas smaller than this are left out: nearly a statement about one building.
    """

    file: Path
    fields: Sequence[str]
    options: ReadOptions = NO_OPTIONS
    code_field: str | None = None
    minimum_count: float = 100.0
    minimum_m2: float = 2500.0
    geometry: Path | None = None
    given: Given | None = None

    def __post_init__(self) -> None:
        if self.given not in (None, *get_args(Given)):
            raise InputError(
                "the numbers can be shares, percent or counts",
                self.given,
                "say one of these, or nothing to find out",
                code="no-such-kind-of-number",
            )
        if not 0 <= self.minimum_count < math.inf:
            raise InputError(
                "the minimum population must be 0 or more",
                self.minimum_count,
                "try 100",
                code="minimum-count-out-of-range",
            )
        if not 0 <= self.minimum_m2 < math.inf:
            raise InputError(
                "the minimum size must be 0 square metres or more",
                self.minimum_m2,
                "try 2500",
                code="minimum-size-out-of-range",
            )


@dataclass(frozen=True)
class CoveredAreas:
    """The areas that lie in a city, with the cells under them.

    Attributes:
        areas: The areas that are used.
        weights: Share of each cell in each area's mean, `[a, m]`, rows sum to 1.
        lonlat: A point inside each area, WGS84 `[a, 2]`.
        dropped: Areas left out, by reason.
    """

    areas: Areas
    weights: sparse.csr_array
    lonlat: NDArray[np.float64]
    dropped: dict[str, int]


def covered_areas(
    request: AreaRequest, city: TaskCity, progress: Progress = silent
) -> CoveredAreas:
    """Read areas and lay them over the city's cells.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be used, or none of its areas lies in the city.
    """
    progress("reading the areas", 0, 1)
    areas = read_areas(
        request.file,
        fields=request.fields,
        options=request.options,
        geometry=request.geometry,
        code_field=request.code_field,
        given=request.given,
        minimum_count=request.minimum_count,
    )
    progress("overlaying areas on cells", 0, 1)
    overlap = cells_under(areas.geometry, city.arrays.units, progress)
    touched = overlap.covered > 0
    large = overlap.square_metres >= request.minimum_m2
    covered = overlap.covered >= _LEAST_COVERED
    used = covered & large
    if not touched.any():
        west, south, east, north = extent_of(areas.geometry)
        raise InputError(
            "no area is inside the city",
            f"areas from {west:.4f}, {south:.4f} to {east:.4f}, {north:.4f}, "
            f"city {', '.join(f'{value:.4f}' for value in extent_of(city.boundary))}",
            "check that both cover the same city, and the areas' CRS",
            code="no-area-in-city",
        )
    reasons = {
        OUTSIDE: int((~touched).sum()),
        MOSTLY_OUTSIDE: int((touched & ~covered).sum()),
        f"smaller than {request.minimum_m2:g} square metres": int((covered & ~large).sum()),
    }
    if not used.any():
        raise InputError(
            "no usable areas",
            ", ".join(f"{n} {reason}" for reason, n in reasons.items() if n),
            "give larger areas inside the city",
            code="no-usable-areas",
        )
    points = shapely.point_on_surface(areas.geometry[used])
    return CoveredAreas(
        _only(areas, used),
        overlap.weights[np.flatnonzero(used)],
        np.column_stack([shapely.get_x(points), shapely.get_y(points)]),
        {**areas.dropped, **{reason: n for reason, n in reasons.items() if n}},
    )


def _only(areas: Areas, used: NDArray[np.bool_]) -> Areas:
    return replace(
        areas,
        geometry=areas.geometry[used],
        code=areas.code[used],
        shares=areas.shares[used],
        count=areas.count[used],
    )


def keep_areas(
    session: Session, city_id: int, request: AreaRequest, areas: Areas
) -> tuple[AreaSet, NDArray[np.int64]]:
    """Store the areas of a fit; returns the set and the areas' row ids in their order."""
    parameters = {
        "code_field": request.code_field,
        "crs": request.options.crs,
        "minimum_m2": request.minimum_m2,
        "given": areas.given,
        "geometry_sha256": areas.shapes_sha256,
    }
    known = area_rows.find_area_set(
        session,
        city_id,
        sha256=areas.sha256,
        fields=areas.fields,
        minimum_count=request.minimum_count,
        parameters=parameters,
    )
    kept = known or area_rows.add_area_set(
        session,
        city_id,
        name=Path(areas.source).name,
        source=areas.source,
        sha256=areas.sha256,
        fields=areas.fields,
        given=areas.given,
        parameters=parameters,
        dropped=areas.dropped,
        minimum_count=request.minimum_count,
        geometry=areas.geometry,
        code=areas.code,
        count=None if np.isnan(areas.count).all() else areas.count,
        shares=areas.shares,
    )
    return kept, area_rows.area_frame(session, kept)["area_id"].to_numpy(dtype=np.int64)
