"""Burning shapes into a raster: which of them lies at a pixel's centre."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, DTypeLike, NDArray
from rasterio.features import rasterize
from rasterio.transform import Affine, array_bounds
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
    near = np.flatnonzero(_reach(shapes, array_bounds(*size, transform)))
    if not len(near):
        return np.full(size, outside, dtype=dtype)
    pairs = zip(_documents(shapes[near]), np.asarray(numbers)[near].tolist(), strict=True)
    burnt: NDArray[Any] = rasterize(
        pairs, out_shape=size, fill=outside, transform=transform, dtype=dtype
    )
    return burnt


def _reach(shapes: NDArray[np.object_], bounds: tuple[float, ...]) -> NDArray[np.bool_]:
    """Whether each shape may lie within bounds; what is missing or empty does not."""
    west, south, east, north = bounds
    left, low, right, high = shapely.bounds(shapes).T
    near: NDArray[np.bool_] = (left <= east) & (right >= west) & (low <= north) & (high >= south)
    return near


def _documents(shapes: NDArray[np.object_]) -> list[dict[str, Any]]:
    """GeoJSON of shapes, in their order; of areas with slices of one array of corners.

    Shapely's own goes by each shape's well-known text: of a city's 242,000 cells that took longer
    than all the burning. Lists of corners keep Python's collector at work, a quarter of the whole.
    """
    areas = np.isin(shapely.get_type_id(shapes), _AREAS)
    if not areas.all():
        found = iter(_documents(shapes[areas]) if areas.any() else ())
        each = zip(shapes, areas.tolist(), strict=True)
        return [next(found) if area else mapping(one) for one, area in each]
    kind, corners, offsets = shapely.to_ragged_array(shapes, include_z=False)
    parts: Sequence[Any] = corners
    for level in offsets:
        ends = level.tolist()
        parts = [parts[first:last] for first, last in pairwise(ends)]
    name = "Polygon" if kind == shapely.GeometryType.POLYGON else "MultiPolygon"
    return [{"type": name, "coordinates": part} for part in parts]
