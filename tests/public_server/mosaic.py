"""The Zarr mosaic of AlphaEarth on the disk, written by the zarr library as the public one is.

The real grid: 9 years of 1,859,584 x 4,009,984 pixels of EPSG:4326 in shards of 4096 and chunks of
256; here the same grid and attributes, with smaller shards and chunks, of which only those that
meet an area are written. As in the real one every pixel shows what is at its centre.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.public_server.alphaearth import AREA, values_at

MOSAIC = "/tge-labs/aef-mosaic"
PIXEL = 8.983111749910169e-05
WEST, NORTH = -180.0, 83.68570533713473
HEIGHT, WIDTH = 1_859_584, 4_009_984
SHARD, CHUNK = 1024, 128
YEARS = (2017, 2018, 2024)


@dataclass(frozen=True)
class Shard:
    """One file of the mosaic.

    Args:
        path: Below the mosaic, e.g. "embeddings/c/2/0/255/1991".
        year: Of the embedding.
    """

    path: str
    year: int


def attributes() -> dict[str, Any]:
    """What the real group says of itself."""
    transform = [PIXEL, 0.0, WEST, 0.0, -PIXEL, NORTH]
    return {
        "proj:code": "EPSG:4326",
        "spatial:dimensions": ["y", "x"],
        "spatial:transform": transform,
        "spatial:transform_type": "affine",
        "spatial:shape": [HEIGHT, WIDTH],
        "spatial:registration": "pixel",
        "geoemb:type": "pixel",
        "geoemb:dimensions": 64,
        "geoemb:data_type": "int8",
        "geoemb:quantization": {
            "method": "signed_square",
            "original_dtype": "float32",
            "quantized_dtype": "int8",
            "formula": "(x / 127.5) ** 2 * sign(x)",
            "valid_range": [-127, 127],
            "nodata": -128,
        },
    }


def write_mosaic(
    folder: Path,
    *,
    years: Sequence[int] = (2018, 2024),
    area: tuple[float, float, float, float] = AREA,
    shard: int = SHARD,
    chunk: int = CHUNK,
) -> list[Shard]:
    """Write the chunks that meet an area.

    Args:
        folder: What the server serves as the mosaic; made when missing.
        years: Which have data; `time` has those of `YEARS`.
        area: W, S, E, N in degrees.
        shard: Pixels along a shard's side.
        chunk: Pixels along a chunk's side.
    """
    import zarr  # half a second, which only tests of the mosaic spend
    from zarr.codecs import ZstdCodec

    group = zarr.create_group(folder, zarr_format=3, attributes=attributes())
    times = group.create_array(
        "time", shape=(len(YEARS),), dtype="int32", dimension_names=("time",), compressors=None
    )
    times[:] = np.array(YEARS, dtype=np.int32)
    array = group.create_array(
        "embeddings",
        shape=(len(YEARS), 64, HEIGHT, WIDTH),
        dtype="int8",
        shards=(1, 64, shard, shard),
        chunks=(1, 64, chunk, chunk),
        compressors=ZstdCodec(level=3),
        fill_value=-128,
        dimension_names=("time", "band", "y", "x"),
    )
    rows, columns = window(area, chunk)
    for year in years:
        array[YEARS.index(year), :, rows, columns] = pixels(rows, columns, year)
    return [
        Shard(str(found.relative_to(folder)), YEARS[int(found.parts[-4])])
        for found in sorted(folder.glob("embeddings/c/*/0/*/*"))
    ]


def window(area: tuple[float, float, float, float], chunk: int) -> tuple[slice, slice]:
    """Rows and columns of the mosaic that hold an area, in whole chunks."""
    west, south, east, north = area

    def whole(first: float, last: float) -> slice:
        return slice(
            int(first // PIXEL // chunk) * chunk, (int(last // PIXEL // chunk) + 1) * chunk
        )

    return whole(NORTH - north, NORTH - south), whole(west - WEST, east - WEST)


def pixels(rows: slice, columns: slice, year: int) -> NDArray[np.int8]:
    """What the mosaic holds, int8 `[64, rows, columns]`."""
    lat = NORTH - (np.arange(rows.start, rows.stop) + 0.5) * PIXEL
    lon = WEST + (np.arange(columns.start, columns.stop) + 0.5) * PIXEL
    x, y = np.meshgrid(lon, lat)
    stored = values_at(np.column_stack([x.ravel(), y.ravel()]), year)
    return np.ascontiguousarray(stored.T.reshape(64, len(lat), len(lon)))
