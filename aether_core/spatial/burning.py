"""Burning shapes into a raster: which of them lies at a pixel's centre."""

from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, DTypeLike, NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine
from shapely.geometry import mapping

_AREAS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def burn(
    shapes: NDArray[np.object_],
    numbers: ArrayLike,
    *,
    size: tuple[int, int],
    transform: Affine,
    outside: int,
    dtype: DTypeLike,
) -> NDArray[Any]:
    """Write a number at all pixels whose centre lies in a shape; later shapes lie on top.

    Args:
        shapes: Of any kind, object `[n]`, in the raster's CRS; what is missing or empty is left
            out.
        numbers: One a shape, `[n]`.
        size: Rows and columns.
        transform: From pixels to the CRS.
        outside: Of pixels that no shape has.
        dtype: An integer type.

    Returns:
        `dtype`, `[rows, columns]`.
    """
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if not there.any():
        return np.full(size, outside, dtype=dtype)
    pairs = zip(_documents(shapes[there]), np.asarray(numbers)[there].tolist(), strict=True)
    burnt: NDArray[Any] = rasterize(
        pairs, out_shape=size, fill=outside, transform=transform, dtype=dtype
    )
    return burnt


def _documents(shapes: NDArray[np.object_]) -> list[dict[str, Any]]:
    """GeoJSON of shapes, in their order; of areas made from all corners at once.

    Shapely's own goes by each shape's well-known text: of a city's 242,000 cells that took longer
    than all the burning.
    """
    areas = np.isin(shapely.get_type_id(shapes), _AREAS)
    if not areas.all():
        found = iter(_documents(shapes[areas]) if areas.any() else ())
        each = zip(shapes, areas.tolist(), strict=True)
        return [next(found) if area else mapping(one) for one, area in each]
    kind, corners, offsets = shapely.to_ragged_array(shapes, include_z=False)
    parts = corners.tolist()
    for level in offsets:
        ends = level.tolist()
        parts = [parts[first:last] for first, last in pairwise(ends)]
    name = "Polygon" if kind == shapely.GeometryType.POLYGON else "MultiPolygon"
    return [{"type": name, "coordinates": part} for part in parts]
