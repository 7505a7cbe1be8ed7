"""A city's representations at the samples of a CityRep task."""

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from aether_core.cityrep.embeddings.raster import grid_of
from aether_core.cityrep.samples import TaskSamples
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.tasks.areas.pixels import pixel_means
from aether_core.tasks.samples.representations import Representation
from workflows.tasks.arrays import TaskCity


def described(city: TaskCity, seen: Representation, samples: TaskSamples) -> NDArray[np.float32]:
    """Describe the samples of a task by a representation of a city.

    The release's policy averages a raster over the cells of a task that has some; so a
    representation that pixels have is averaged over them, each pixel described first. Others, and
    all where the samples are points, are what the city says of the spot, as for a labelled point.

    Returns:
        Float32 `[n, d]`, NaN throughout where the city says nothing of a sample.
    """
    inside = shapely.contains_xy(city.boundary, samples.lonlat)
    encoders = seen.pixel_encoders
    of_cells = samples.cell is not None and samples.labels is not None
    has_pixels = seen.of_pixels and FILE_KINDS[city.embedding_kind].has_pixels
    if of_cells and has_pixels and samples.entry.task_type != "classification":
        cells = cell_shapes(samples)
        embedding = city.opened()
        inside |= shapely.intersects(city.boundary, cells)
        vectors = [pixel_means(embedding, cells[inside], one) for one in encoders]
        known = np.hstack(vectors) if inside.any() else np.empty((0, 1), dtype=np.float32)
    else:
        known = seen.at_points(samples.lonlat[inside])
    known[~np.isfinite(known).all(axis=1)] = np.nan
    found = np.full((len(samples), known.shape[1]), np.nan, dtype=np.float32)
    found[inside] = known
    return found


def cell_shapes(samples: TaskSamples) -> NDArray[np.object_]:
    """The outlines of the samples' cells, WGS84, object `[n]`.

    Raises:
        NotFoundError: The task's raster is missing.
        InputError: It cannot be read, or has no CRS.
    """
    if samples.cell is None or samples.labels is None:
        raise AssertionError("the samples are no cells of a raster")
    grid, crs = grid_of(samples.labels)
    row, column = samples.cell.T
    corners = [
        grid @ (column + right, row + down) for right, down in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    x, y = np.stack(corners, axis=-1)
    change = Transformer.from_crs(crs.to_wkt(), "EPSG:4326", always_xy=True)
    lon, lat = change.transform(x.ravel(), y.ravel())
    rings = np.column_stack([lon, lat]).reshape(-1, 4, 2)
    return np.asarray(shapely.polygons(rings), dtype=object)
