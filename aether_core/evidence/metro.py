"""A table of areas with an embedding, figures and counts of places, ready to be tested on."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.city.city_areas import CityAreas
from aether_core.eo.embedding import open_embedding
from aether_core.eo.table.area_embedding import AreaEmbedding, AreaVectors
from aether_core.errors import InputError
from aether_core.files.whole import sha256_of
from aether_core.spatial.plane import Plane
from aether_core.vector import read_vector

TABLE_SUFFIXES = frozenset({".parquet", ".geoparquet", ".gpkg", ".geojson"})
COUNTED = "poi_"
"""What columns begin with that hold places a km2; their total is `poi_total_all`."""
_TOTAL = "total_all"
_REST = "other"
_LAND = "aland_m2"


@dataclass(frozen=True, eq=False)
class Metro:
    """Areas of one metropolitan area.

    Attributes:
        name: Of its file, without the ending.
        sha256: Of the file's content.
        areas: The areas, m.
        vectors: The embedding, unit rows float32 `[m, dim]`; a NaN row has no data.
        figures: Columns of the file that hold numbers, `m` rows.
    """

    name: str
    sha256: str
    areas: CityAreas
    vectors: NDArray[np.float32]
    figures: pd.DataFrame

    def __len__(self) -> int:
        return len(self.areas)

    @cached_property
    def around(self) -> AreaVectors:
        """The areas with their neighbours."""
        return AreaVectors(self.areas.geometry, self.vectors)

    @cached_property
    def km2(self) -> NDArray[np.float64]:
        """Size of each area in km2, float64 `[m]`: of its land where the file has it."""
        if _LAND in self.figures:
            land = np.asarray(self.figures[_LAND], dtype=np.float64) / 1e6
            if np.isfinite(land).all() and (land > 0).all():
                return land
        shapes = Plane.of_shapes(self.areas.geometry).shapes(self.areas.geometry)
        return np.asarray(shapely.area(shapes) / 1e6, dtype=np.float64)

    @cached_property
    def places(self) -> pd.DataFrame:
        """How many places of each kind an area has, int64 `[m, kinds]`; no column where unknown.

        What the total has beyond the kinds is `other`.
        """
        names = [name for name in self.figures if str(name).startswith(COUNTED)]
        density = self.figures[names].rename(columns=lambda name: name.removeprefix(COUNTED))
        counts = density.fillna(0).mul(self.km2, axis=0).round()
        if _TOTAL in counts:
            total = counts.pop(_TOTAL)
            counts[_REST] = (total - counts.sum(axis=1)).clip(lower=0)
        return counts.astype(np.int64)


def read_metro(path: Path) -> Metro:
    """Read a table of areas.

    Args:
        path: A file in `TABLE_SUFFIXES` with polygons, the columns of an embedding, a code an
            area, and figures.

    Raises:
        InputError: It holds no embedding of areas, areas overlap or repeat, or have no code.
    """
    embedding = open_embedding([path])
    if not isinstance(embedding, AreaEmbedding) or embedding.areas.code_field is None:
        raise InputError(
            f"{path.name} is no table of areas with codes",
            embedding.kind,
            "give one row an area: its polygon, a code, the embedding and figures",
            code="evidence-without-areas",
        )
    rows = embedding.areas
    frame = read_vector(path).frame
    by_code = frame.set_axis(frame[rows.code_field].astype(str), axis=0).loc[rows.code.astype(str)]
    areas = CityAreas(
        np.arange(len(rows.code), dtype=np.uint64), rows.geometry, rows.code, rows.name
    )
    numbers = pd.DataFrame(by_code.drop(columns="geometry")).select_dtypes("number")
    return Metro(
        path.stem, sha256_of(path), areas, embedding.vectors, numbers.reset_index(drop=True)
    )
