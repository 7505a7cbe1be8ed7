"""Means of the embedding over areas, pixel by pixel, each weighted by the ground it shares.

How much of a pixel an area covers is exact (exactextract, polygon against pixel square). Rasters
are read in tiles, so that memory is bounded whatever their size.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from pyproj import Transformer
from scipy.sparse import csc_array

from aether_core.eo.alphaearth import dequantise
from aether_core.eo.embedding import Embedding
from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.raster.embedding import RasterEmbedding
from aether_core.eo.raster.file import open_raster
from aether_core.eo.raster.grid import Grid
from aether_core.eo.raster.rectangle import Box, Opened, box_of, read_rectangle
from aether_core.errors import InputError
from aether_core.progress import Progress, silent

Encode = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Turns pixels float32 `[p, dim]` into what is averaged, float32 `[p, d]`."""

_TILE = 1024
_PIXELS_AT_ONCE = 65_536


@dataclass(frozen=True)
class _Covered:
    """Pixels of a box that areas cover: one entry a pair.

    Attributes:
        area: int64 `[q]`, row of the area.
        pixel: int64 `[q]`, counted along the rows of the box.
        part: float64 `[q]`, part of the pixel's square, above 0.
    """

    area: NDArray[np.int64]
    pixel: NDArray[np.int64]
    part: NDArray[np.float64]


def pixel_means(
    embedding: Embedding,
    geometry: NDArray[np.object_],
    encode: Encode | None = None,
    progress: Progress = silent,
) -> NDArray[np.float32]:
    """Average the pixels of areas, then bring the mean to unit length, as pooling does.

    Args:
        embedding: Rasters in any number of files and CRS. Where several hold a spot, the first that
            has data there counts.
        geometry: Valid polygons, object `[a]`, WGS84.
        encode: Applied to every pixel before it is averaged, e.g. a model's EO head.
        progress: Told tile by tile.

    Pixels of an embedding other than AlphaEarth may have any length; what `encode` is given of them
    has length 1, as pooled vectors have.

    Returns:
        Float32 `[a, dim]` or `[a, d]`, unit rows; NaN where no pixel of the area has data.

    Raises:
        InputError: The embedding is a table; or a file's blocks cannot be read.
    """
    if not isinstance(embedding, RasterEmbedding):
        raise InputError(
            "a table of samples has no pixels to average by area",
            embedding.files[0].name,
            "average the city's cells instead",
            code="samples-without-pixels",
        )
    width = embedding.dim
    if encode is not None and embedding.name != ALPHAEARTH:
        encode = _of_unit_rows(encode)
    if encode is not None:
        width = encode(np.zeros((1, width), dtype=np.float32)).shape[1]
    sums = np.zeros((len(geometry), width))
    with ExitStack() as stack:
        datasets = {
            placed.file: stack.enter_context(open_raster(placed.file.path))
            for grid in embedding.grids
            for placed in grid.files
        }
        for number, grid in enumerate(embedding.grids):
            shapes = _in_crs_of(grid, geometry)
            work = list(_boxes(grid, shapes))
            for done, (box, areas) in enumerate(work):
                progress("averaging pixels by area", done, len(work))
                covered = _covered(grid, box, shapes, areas)
                before = embedding.grids[:number]
                _add(sums, grid, box, covered, before, datasets.__getitem__, encode)
    norm = np.linalg.norm(sums, axis=1, keepdims=True)
    norm[norm == 0] = np.nan
    return np.asarray(sums / norm, dtype=np.float32)


def _of_unit_rows(encode: Encode) -> Encode:
    def encode_directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        directions: NDArray[np.float32] = (vectors / np.where(norms == 0, 1, norms)).astype(
            np.float32
        )
        return encode(directions)

    return encode_directions


def _add(
    sums: NDArray[np.float64],
    grid: Grid,
    box: Box,
    covered: _Covered,
    before: Sequence[Grid],
    opened: Opened,
    encode: Encode | None,
) -> None:
    """Add the pixels of a box, weighted by the square metres areas share with them."""
    rectangle = read_rectangle(grid, box, opened)
    columns = box.right - box.left
    pixels = np.unique(covered.pixel)
    pixels = pixels[rectangle.valid.reshape(-1)[pixels]]
    pixels = pixels[~_known(grid, box, pixels, before, opened)]
    place = np.searchsorted(pixels, covered.pixel)
    has_data = place < len(pixels)
    has_data[has_data] = pixels[place[has_data]] == covered.pixel[has_data]
    row_m2 = _pixel_m2(grid, box)
    square_metres = covered.part[has_data] * row_m2[covered.pixel[has_data] // columns]
    areas, area = np.unique(covered.area[has_data], return_inverse=True)
    weights = csc_array((square_metres, (area, place[has_data])), shape=(len(areas), len(pixels)))
    values = rectangle.values.reshape(-1, grid.bands)
    for start in range(0, len(pixels), _PIXELS_AT_ONCE):
        chunk = slice(start, start + _PIXELS_AT_ONCE)
        part = values[pixels[chunk]]
        vectors = dequantise(part) if part.dtype == np.int8 else part
        sums[areas] += weights[:, chunk] @ (vectors if encode is None else encode(vectors))


def _in_crs_of(grid: Grid, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return areas in a grid's CRS; None where it cannot hold them."""
    to_grid = Transformer.from_crs("EPSG:4326", grid.crs.to_wkt(), always_xy=True)

    def project(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(to_grid.transform(lonlat[:, 0], lonlat[:, 1]))

    shapes = np.array(shapely.transform(geometry, project), dtype=object)
    shapes[~np.isfinite(shapely.bounds(shapes)).all(axis=1)] = None
    valid: NDArray[np.object_] = shapely.make_valid(shapes)
    return valid


def _boxes(grid: Grid, shapes: NDArray[np.object_]) -> Iterator[tuple[Box, NDArray[np.int64]]]:
    """Yield the parts of a grid that hold both pixels and areas, and the areas in each."""
    corners = set()
    for placed in grid.files:
        whole = box_of(placed)
        corners |= {
            (row * _TILE, column * _TILE)
            for row in range(whole.top // _TILE, -(-whole.bottom // _TILE))
            for column in range(whole.left // _TILE, -(-whole.right // _TILE))
        }
    tree = shapely.STRtree(shapes)
    for top, left in sorted(corners):
        tile = Box(top, top + _TILE, left, left + _TILE)
        areas = np.sort(tree.query(shapely.box(*_extent(grid, tile)), predicate="intersects"))
        if len(areas):
            west, south, east, north = shapely.total_bounds(shapes[areas])
            needed = Box(
                int(np.floor((grid.north - north) / grid.pixel_height)),
                int(np.ceil((grid.north - south) / grid.pixel_height)),
                int(np.floor((west - grid.west) / grid.pixel_width)),
                int(np.ceil((east - grid.west) / grid.pixel_width)),
            ).meet(tile)
            if not needed.empty:
                yield needed, areas


def _extent(grid: Grid, box: Box) -> tuple[float, float, float, float]:
    """Return west, south, east, north of a box in the grid's CRS."""
    return (
        grid.west + box.left * grid.pixel_width,
        grid.north - box.bottom * grid.pixel_height,
        grid.west + box.right * grid.pixel_width,
        grid.north - box.top * grid.pixel_height,
    )


def _covered(
    grid: Grid, box: Box, shapes: NDArray[np.object_], areas: NDArray[np.int64]
) -> _Covered:
    """Measure which part of each pixel of a box the areas cover."""
    source = NumPyRasterSource(
        np.ones((box.bottom - box.top, box.right - box.left), dtype=np.uint8), *_extent(grid, box)
    )
    features = [
        {"type": "Feature", "geometry": shapely.geometry.mapping(shape), "properties": {}}
        for shape in shapes[areas]
    ]
    found = [
        feature["properties"]
        for feature in exact_extract(source, features, ["cell_id", "coverage"])
    ]
    count = [len(properties["cell_id"]) for properties in found]
    pixel = np.concatenate([properties["cell_id"] for properties in found]).astype(np.int64)
    part = np.concatenate([properties["coverage"] for properties in found]).astype(np.float64)
    real = part > 0
    return _Covered(np.repeat(areas, count)[real], pixel[real], part[real])


def _pixel_m2(grid: Grid, box: Box) -> NDArray[np.float64]:
    """Square metres of a pixel in each row of a box, float64 `[rows]`."""
    rows = np.arange(box.top, box.bottom, dtype=np.float64) + 0.5
    columns = np.full(len(rows), (box.left + box.right) / 2, dtype=np.float64)
    cc, cr, rr = grid.metric(rows, columns)
    return np.asarray(np.sqrt(np.maximum(cc * rr - cr**2, 0.0)))


def _known(
    grid: Grid, box: Box, pixels: NDArray[np.int64], before: Sequence[Grid], opened: Opened
) -> NDArray[np.bool_]:
    """Tell which pixels an earlier grid has data for, at their centres: those count there."""
    known = np.zeros(len(pixels), dtype=bool)
    if not before or not len(pixels):
        return known
    row, column = np.divmod(pixels, box.right - box.left)
    x = grid.west + (box.left + column + 0.5) * grid.pixel_width
    y = grid.north - (box.top + row + 0.5) * grid.pixel_height
    to_wgs84 = Transformer.from_crs(grid.crs.to_wkt(), "EPSG:4326", always_xy=True)
    lonlat = np.column_stack(to_wgs84.transform(x, y))
    for other in before:
        rows, columns = (np.floor(np.clip(part, -1e12, 1e12)) for part in other.locate(lonlat))
        rows, columns = rows.astype(np.int64), columns.astype(np.int64)
        there = np.flatnonzero(other.covers(rows, columns))
        if len(there):
            rows, columns = rows[there], columns[there]
            near = Box(rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
            valid = read_rectangle(other, near, opened, bands=(1,)).valid
            known[there] |= valid[rows - near.top, columns - near.left]
    return known
