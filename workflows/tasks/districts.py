"""Districts: areas that errors are broken down by, and that are left out one at a time."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.vector import read_vector
from aether_core.vector.headings import find_column

NO_DISTRICT = "outside all districts"


@dataclass(frozen=True)
class Districts:
    """Areas that errors are broken down by, and that are left out one at a time.

    Attributes:
        geometry: Polygons, WGS84, object `[d]`.
        name: Their names, object `[d]`.
    """

    geometry: NDArray[np.object_]
    name: NDArray[np.object_]


@dataclass(frozen=True)
class DistrictFile:
    """Where districts come from.

    Attributes:
        file: A vector file of areas.
        field: The field that names them; the first text field when None.
    """

    file: Path
    field: str | None = None


@in_own_process
def read_districts(source: DistrictFile) -> Districts:
    """Read districts from a vector file.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be used.
    """
    frame = read_vector(source.file).frame
    names = [name for name in frame.columns if name != "geometry"]
    texts = [name for name in names if frame[name].map(lambda value: isinstance(value, str)).all()]
    given = source.field
    chosen = find_column(names, given, file=source.file.name) if given else next(iter(texts), None)
    if chosen is None:
        raise InputError(
            "the districts have no names",
            source.file.name,
            "give a file with a text field, or name the field",
            code="districts-without-names",
        )
    shapes = shapely.make_valid(frame.geometry.to_numpy())
    return Districts(shapes, frame[chosen].astype(str).to_numpy(dtype=object))


def district_of(districts: Districts, lonlat: NDArray[np.float64]) -> NDArray[np.object_]:
    """Name of the district each point lies in, `NO_DISTRICT` where in none."""
    names = np.full(len(lonlat), NO_DISTRICT, dtype=object)
    point, district = (
        shapely.STRtree(districts.geometry)
        .query(shapely.points(lonlat), predicate="intersects")
        .tolist()
    )
    names[point] = districts.name[district]
    return names
