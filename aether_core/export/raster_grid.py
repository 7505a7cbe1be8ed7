"""The grid of a raster export, and which cell or area each of its pixels lies in."""

from dataclasses import dataclass

import geopandas as gpd
import h3
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from affine import Affine
from h3.api.numpy_int import latlng_to_cell
from pyproj import Transformer
from scipy.ndimage import binary_dilation

from aether_core.city.boundary import working_crs
from aether_core.errors import InputError
from aether_core.export.values import key_name
from aether_core.spatial.burning import burn
from aether_core.spatial.longitudes import extent_of
from aether_core.vector import WGS84

_FINEST_M = 10.0
_AREA_PIXELS_M = (10.0, 20.0, 50.0, 100.0)
_MOST_PIXELS = 50_000_000
_MOST_VALUES = 50_000_000
"""Areas of a large region take coarser pixels rather than more values than this."""
_REACH = 2  # pixels; no corner of a cell is further from its centre's pixel


@dataclass(frozen=True)
class Grid:
    """A north-up grid in metres.

    Attributes:
        crs: UTM zone of the layer, `EPSG:32xxx`.
        transform: From column and row to easting and northing.
        width: Columns.
        height: Rows.
    """

    crs: str
    transform: Affine
    width: int
    height: int


def pixel_rows(frame: gpd.GeoDataFrame, bands: int) -> tuple[Grid, npt.NDArray[np.int64]]:
    """Lay a grid over a layer and find the row of the layer that each pixel takes its values from.

    Cells take pixels of about their edge length, at least 10 m. Areas take the finest of 10, 20, 50
    and 100 m that keeps `bands` bands small. A pixel belongs to the shape its centre lies in.

    Args:
        frame: The layer, WGS84; where its key is `cell`, its shapes are those H3 cells.
        bands: How many values a pixel will hold.

    Returns:
        The grid, and int64 `[height, width]`: positions in the frame, -1 where there is none.

    Raises:
        InputError: The layer spans too much for one grid.
    """
    crs = working_crs(shapely.box(*extent_of(frame.geometry.to_numpy())))
    if key_name(frame) == "cell":
        return _rows_of_cells(frame["cell"], crs)
    return _rows_of_areas(frame, crs, bands)


def _rows_of_cells(cells: pd.Series, crs: str) -> tuple[Grid, npt.NDArray[np.int64]]:
    indexes = np.array([h3.str_to_int(cell) for cell in cells], dtype=np.uint64)
    centres = _centres(cells, crs)
    edge = h3.average_hexagon_edge_length(h3.get_resolution(cells.iloc[0]), unit="m")
    pixel = max(_FINEST_M, float(round(edge)))
    low = np.floor(centres.min(axis=0) / pixel - _REACH) * pixel
    high = np.ceil(centres.max(axis=0) / pixel + _REACH) * pixel
    grid = _grid(crs, pixel, *low, *high)
    return grid, _look_up(indexes, centres, grid)


def _rows_of_areas(
    frame: gpd.GeoDataFrame, crs: str, bands: int
) -> tuple[Grid, npt.NDArray[np.int64]]:
    shapes = frame.geometry.to_crs(crs)
    west, south, east, north = shapes.total_bounds
    fitting = (
        p for p in _AREA_PIXELS_M if (east - west) * (north - south) * bands / p**2 < _MOST_VALUES
    )
    pixel = next(fitting, _AREA_PIXELS_M[-1])
    low = np.floor(np.array([west, south]) / pixel) * pixel
    high = np.ceil(np.array([east, north]) / pixel) * pixel
    grid = _grid(crs, pixel, *low, *high)
    rows = burn(
        shapes.to_numpy(),
        np.arange(len(shapes)),
        size=(grid.height, grid.width),
        transform=grid.transform,
        outside=-1,
        dtype=np.int32,
    )
    return grid, rows.astype(np.int64)


def _grid(crs: str, pixel: float, west: float, south: float, east: float, north: float) -> Grid:
    width, height = round((east - west) / pixel), round((north - south) / pixel)
    if width * height > _MOST_PIXELS:
        raise InputError(
            "the layer is too large for one grid",
            f"{width:,} x {height:,} pixels of {pixel:g} m",
            "export to .gpkg or .parquet",
            code="layer-spans-too-much",
        )
    return Grid(crs, Affine(pixel, 0, west, 0, -pixel, north), width, height)


def _centres(cells: pd.Series, crs: str) -> npt.NDArray[np.float64]:
    """Return the centres of H3 cells as `[n, 2]` easting, northing."""
    latlon = np.array([h3.cell_to_latlng(cell) for cell in cells])
    to_metres = Transformer.from_crs(WGS84, crs, always_xy=True)
    return np.column_stack(to_metres.transform(latlon[:, 1], latlon[:, 0]))


def _look_up(
    cells: npt.NDArray[np.uint64], centres: npt.NDArray[np.float64], grid: Grid
) -> npt.NDArray[np.int64]:
    """Return for every pixel the position of its cell in `cells`, -1 where there is none.

    Only pixels near a cell's centre are looked up, so the cost follows the cells, not the extent.
    """
    column, row = np.floor(~grid.transform @ centres.T).astype(int)
    near = np.zeros((grid.height, grid.width), dtype=bool)
    near[row, column] = True
    near = binary_dilation(near, np.ones((2 * _REACH + 1, 2 * _REACH + 1), dtype=bool))
    rows, columns = np.nonzero(near)
    x, y = grid.transform @ np.stack([columns + 0.5, rows + 0.5])
    to_degrees = Transformer.from_crs(grid.crs, WGS84, always_xy=True)
    lon, lat = to_degrees.transform(x, y)
    resolution = h3.get_resolution(h3.int_to_str(int(cells[0])))
    # h3 has no array form; about 2 s for the pixels of 250,000 cells.
    found = np.fromiter(
        (
            latlng_to_cell(*place, resolution)
            for place in zip(lat.tolist(), lon.tolist(), strict=True)
        ),
        dtype=np.uint64,
        count=len(lon),
    )
    order = np.argsort(cells)
    at = order[np.minimum(np.searchsorted(cells, found, sorter=order), len(cells) - 1)]
    result = np.full((grid.height, grid.width), -1, dtype=np.int64)
    result[rows, columns] = np.where(cells[at] == found, at, -1)
    return result
