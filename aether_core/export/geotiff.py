"""Cloud-optimised GeoTIFF: a layer on a UTM grid, as numbers or as classes with their colours."""

from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

import geopandas as gpd
import numpy as np
import numpy.typing as npt
from rasterio.io import DatasetWriter, MemoryFile
from rasterio.shutil import copy as copy_raster

from aether_core.errors import InputError
from aether_core.export.classes import ClassEntry, class_entries
from aether_core.export.raster_grid import Grid, pixel_rows
from aether_core.export.values import is_number, key_name, property_names, text_metadata

_BLOCK = 512
_NO_CLASS = 0


def write_geotiff(frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]) -> None:
    """Write a layer of cells or areas as a COG.

    A layer whose metadata names its classes (see `classes.class_entries`) becomes one uint8 band
    of class numbers with a colour table; 0 is nodata, and the names stand in the band's tags.
    Otherwise every number is a float32 band, nodata is NaN, and yes/no becomes 1/0; texts and lists
    are left out.

    Raises:
        InputError: The layer has no numbers, or spans too much for one grid.
    """
    classes = class_entries(metadata)
    if classes:
        _write_classes(frame, file, metadata, str(metadata["class_field"]), classes)
    else:
        _write_numbers(frame, file, metadata)


def _write_numbers(frame: gpd.GeoDataFrame, file: BinaryIO, metadata: Mapping[str, object]) -> None:
    key = key_name(frame)
    names = [n for n in property_names(frame) if n != key and is_number(frame[n])]
    if not names:
        raise InputError(
            "a GeoTIFF needs a layer with a numeric field",
            f"columns are {', '.join(property_names(frame))}",
            "export to .geojson, .gpkg, .parquet or .csv",
            code="layer-without-numbers",
        )
    grid, rows = pixel_rows(frame, len(names))
    with MemoryFile() as plain:
        with plain.open(**_profile(grid, len(names), "float32", np.nan)) as raster:
            raster.update_tags(**text_metadata(metadata))
            for band, name in enumerate(names, start=1):
                column = frame[name].to_numpy(dtype=np.float32, na_value=np.nan)
                raster.write(np.append(column, np.float32(np.nan))[rows], band)
                raster.set_band_description(band, name)
        _write_cog(plain, file, predictor="floating_point", overview_resampling="average")


def _write_classes(
    frame: gpd.GeoDataFrame,
    file: BinaryIO,
    metadata: Mapping[str, object],
    field: str,
    classes: list[ClassEntry],
) -> None:
    if field not in frame.columns:
        raise ValueError(f"the layer has no class field {field}: {property_names(frame)}")
    numbers = _class_numbers(frame[field], classes)
    grid, rows = pixel_rows(frame, 1)
    with MemoryFile() as plain:
        with plain.open(**_profile(grid, 1, "uint8", _NO_CLASS)) as raster:
            raster.update_tags(**text_metadata(metadata))
            raster.write(np.append(numbers, np.uint8(_NO_CLASS))[rows], 1)
            _describe_classes(raster, field, classes)
        # The commonest class below, not an average of numbers that only name classes.
        _write_cog(plain, file, overview_resampling="mode")


def _class_numbers(column: Iterable[Any], classes: list[ClassEntry]) -> npt.NDArray[np.uint8]:
    """Return each row's class number, 0 for what is no class."""
    number = {entry.name: entry.value for entry in classes}
    return np.array([number.get(name, _NO_CLASS) for name in column], dtype=np.uint8)


def _describe_classes(raster: DatasetWriter, field: str, classes: list[ClassEntry]) -> None:
    raster.set_band_description(1, field)
    raster.write_colormap(
        1, {_NO_CLASS: (0, 0, 0, 0)} | {entry.value: (*entry.rgb, 255) for entry in classes}
    )
    # rasterio cannot write GDAL's category names; tags keep the names with the numbers.
    raster.update_tags(1, **{f"class_{entry.value}": entry.name for entry in classes})


def _profile(grid: Grid, count: int, dtype: str, nodata: float) -> dict[str, Any]:
    return {
        "driver": "GTiff",
        "width": grid.width,
        "height": grid.height,
        "count": count,
        "dtype": dtype,
        "nodata": nodata,
        "crs": grid.crs,
        "transform": grid.transform,
        "tiled": True,
        "interleave": "band",
    }


def _write_cog(plain: MemoryFile, file: BinaryIO, **options: str) -> None:
    with MemoryFile() as optimised:
        copy_raster(
            plain.name,
            optimised.name,
            driver="COG",
            compress="deflate",
            blocksize=_BLOCK,
            **options,
        )
        # Written from memory: GDAL does not report a disk that fills up while it closes a file.
        file.write(optimised.getbuffer())
