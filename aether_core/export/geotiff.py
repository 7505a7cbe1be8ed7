"""Cloud-optimised GeoTIFF: H3 cells on a UTM grid, one float32 band per number."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

import geopandas as gpd
import h3
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from affine import Affine
from h3.api.numpy_int import latlng_to_cell
from pyproj import Transformer
from rasterio.io import MemoryFile
from rasterio.shutil import copy as copy_raster
from scipy.ndimage import binary_dilation

from aether_core.boundary import working_crs
from aether_core.errors import InputError
from aether_core.export.values import is_number, property_names, text_metadata
from aether_core.vector import WGS84

_FINEST_M = 10.0
_MOST_PIXELS = 50_000_000
_BLOCK = 512
_REACH = 2  # pixels; no corner of a cell is further from its centre's pixel


@dataclass(frozen=True)
class _Grid:
    """A north-up grid in metres."""

    transform: Affine
    width: int
    height: int


def write_geotiff(frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]) -> None:
    """Write the numeric columns of an H3 layer as a COG.

    The pixel is about the edge length of a cell, at least 10 m; a pixel takes the values of the
    cell its centre lies in. Nodata is NaN; yes/no becomes 1/0; texts and lists are left out.

    Raises:
        InputError: The layer has no cells or no numbers, or spans too much for one grid.
    """
    names = [name for name in property_names(frame) if is_number(frame[name])]
    if "cell" not in frame.columns or not names:
        raise InputError(
            "a GeoTIFF needs a layer of cells with a number in it",
            f"columns are {', '.join(property_names(frame))}",
            "export to .geojson, .gpkg, .parquet or .csv",
        )
    crs = working_crs(shapely.box(*frame.total_bounds))
    cells = np.array([h3.str_to_int(cell) for cell in frame["cell"]], dtype=np.uint64)
    centres = _centres(frame["cell"], crs)
    grid = _grid(centres, h3.get_resolution(frame["cell"].iloc[0]))
    rows = _cell_rows(cells, centres, crs, grid)
    values = [frame[name].to_numpy(dtype=np.float32, na_value=np.nan) for name in names]
    profile = {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": len(names),
        "dtype": "float32",
        "nodata": np.nan,
        "crs": crs,
        "transform": grid.transform,
        "tiled": True,
        "interleave": "band",
    }
    with MemoryFile() as plain, MemoryFile() as optimised:
        with plain.open(**profile) as raster:
            raster.update_tags(**text_metadata(metadata))
            for band, (name, column) in enumerate(zip(names, values, strict=True), start=1):
                raster.write(np.append(column, np.float32(np.nan))[rows], band)
                raster.set_band_description(band, name)
        copy_raster(
            plain.name,
            optimised.name,
            driver="COG",
            compress="deflate",
            predictor="floating_point",
            blocksize=_BLOCK,
            overview_resampling="average",
        )
        # Written from memory: GDAL does not report a disk that fills up while it closes a file.
        file.write(optimised.getbuffer())


def _centres(cells: pd.Series, crs: str) -> npt.NDArray[np.float64]:
    """Return the centres of H3 cells as `[n, 2]` easting, northing."""
    latlon = np.array([h3.cell_to_latlng(cell) for cell in cells])
    to_metres = Transformer.from_crs(WGS84, crs, always_xy=True)
    return np.column_stack(to_metres.transform(latlon[:, 1], latlon[:, 0]))


def _grid(centres: npt.NDArray[np.float64], resolution: int) -> _Grid:
    """Lay a grid over cells, its pixel about the edge of a cell and its lines on round numbers."""
    pixel = max(_FINEST_M, float(round(h3.average_hexagon_edge_length(resolution, unit="m"))))
    west, south = np.floor(centres.min(axis=0) / pixel - _REACH) * pixel
    east, north = np.ceil(centres.max(axis=0) / pixel + _REACH) * pixel
    width, height = round((east - west) / pixel), round((north - south) / pixel)
    if width * height > _MOST_PIXELS:
        raise InputError(
            "the layer spans too much for one grid",
            f"{width:,} x {height:,} pixels of {pixel:g} m",
            "export to .gpkg or .parquet",
        )
    return _Grid(Affine(pixel, 0, west, 0, -pixel, north), width, height)


def _cell_rows(
    cells: npt.NDArray[np.uint64], centres: npt.NDArray[np.float64], crs: str, grid: _Grid
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
    to_degrees = Transformer.from_crs(crs, WGS84, always_xy=True)
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
