"""One embedding in a GeoTIFF: opened safely, its header and layout checked before use."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window

from aether_core.eo.alphaearth import BAND_NAMES, BANDS
from aether_core.eo.embedding_kind import ALPHAEARTH
from aether_core.eo.raster.declared import check_named, declared_kind
from aether_core.errors import InputError
from aether_core.files.source import local_file

RASTER_SUFFIXES = frozenset({".tif", ".tiff"})
CREDIT_TAG = "ATTRIBUTION"
"""Dataset tag that says whom a raster is owed to."""
_DTYPES = ("int8", "float16", "float32", "float64")
_CACHE_BYTES = 256 * 1024**2
_MAX_BLOCK_BYTES = 600 * 1024**2
_MAX_BLOCKS_CHECKED = 500_000
_READ_ERRORS = (RasterioError, CRSError, CPLE_BaseError, OSError)

logging.getLogger("rasterio._env").setLevel(logging.CRITICAL)  # GDAL repeats what the error says


@dataclass(frozen=True)
class RasterFile:
    """The header of a checked raster.

    Args:
        path: Absolute path.
        crs: Its CRS, projected or geographic.
        transform: Pixel to CRS coordinates; no rotation, rows may run north or south.
        width: Pixels across.
        height: Pixels down.
        bands: Numbers a pixel: 64 for AlphaEarth.
        dtype: "int8" (quantised) or a float type (values as they are).
        nodata: The declared nodata value, if any.
        block_height: Rows of one stored block.
        block_width: Columns of one stored block.
        embedding: Name of the embedding it holds, e.g. "alphaearth".
        credit: Whom it is owed to by its own tag, "" where it does not say.
        zeros_are_nodata: Pixels that are 0 in every band hold no data, whatever is declared.
        means: What is said of pixels that are means of others, "" where they are none.
    """

    path: Path
    crs: CRS
    transform: Affine
    width: int
    height: int
    bands: int
    dtype: str
    nodata: float | None
    block_height: int
    block_width: int
    embedding: str = ALPHAEARTH
    credit: str = ""
    zeros_are_nodata: bool = False
    means: str = ""


@contextmanager
def open_raster(path: Path) -> Iterator[Any]:
    """Open a GeoTIFF, and only as a GeoTIFF, with GDAL's block cache bounded.

    Raises:
        InputError: GDAL can't open the file.
    """
    with rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            try:
                dataset = rasterio.open(path, driver="GTiff")
            except _READ_ERRORS as error:
                raise _damaged(path) from error
        with dataset:
            yield dataset


def read_window(
    dataset: Any,  # noqa: ANN401 - rasterio has no types
    window: Window,
    out: NDArray[Any],
    *,
    bands: Sequence[int] | None = None,
) -> None:
    """Read a window into `out`, channels last.

    Args:
        dataset: From `open_raster`.
        window: Pixels, wholly inside the raster.
        out: `[h, w, bands]` of the dataset's own type, filled in place.
        bands: Band numbers from 1; all when not given.

    Raises:
        InputError: The file's blocks can't be read.
    """
    try:
        dataset.read(indexes=bands, window=window, out=out.transpose(2, 0, 1))
    except _READ_ERRORS as error:
        raise _damaged(Path(dataset.name)) from error


def _damaged(path: Path) -> InputError:
    return InputError(
        "the file cannot be read as a GeoTIFF, it is damaged, truncated or in another format",
        path.name,
        "export or download it again",
        code="raster-unreadable",
    )


def read_header(path: str | Path, *, kind: str | None = None) -> RasterFile:
    """Open a raster and check everything its header tells.

    Args:
        path: A local GeoTIFF.
        kind: Name of the embedding it holds. None, and `alphaearth`, go by what the file says.

    Raises:
        InputError: Not a local GeoTIFF; without a name neither 64 bands nor another number that is
            declared an embedding (`declares_embedding`), or with one a raster that contradicts it;
            pixel values of another type, bands out of order, no usable CRS, rotated, truncated, or
            stored in blocks too large to read.
    """
    found = local_file(path, suffixes=RASTER_SUFFIXES)
    with open_raster(found) as dataset:
        embedding = _embedding(found, dataset, kind)
        _check_bands(found, dataset)
        _check_blocks(found, dataset)  # first: a file cut short has lost its CRS, too
        _check_georeference(found, dataset)
        block_height, block_width = dataset.block_shapes[0]
        return RasterFile(
            path=found,
            crs=dataset.crs,
            transform=dataset.transform,
            width=dataset.width,
            height=dataset.height,
            bands=dataset.count,
            dtype=dataset.dtypes[0],
            nodata=dataset.nodata,
            block_height=block_height,
            block_width=block_width,
            embedding=embedding,
            credit=dataset.tags().get(CREDIT_TAG, "").strip(),
        )


def _embedding(path: Path, dataset: Any, kind: str | None) -> str:  # noqa: ANN401 - rasterio
    """Name of the embedding a raster holds."""
    if kind is not None and kind != ALPHAEARTH:
        check_named(path.name, kind, dataset.tags(), dataset.descriptions)
        return kind
    said = declared_kind(dataset.tags(), dataset.descriptions)
    if said is None:
        picture = dataset.count in (1, 3, 4) and dataset.dtypes[0] in ("uint8", "uint16")
        raise InputError(
            f"{path.name} has {dataset.count} bands, an AlphaEarth embedding has {BANDS}",
            "a picture" if picture else f"{dataset.count} bands",
            "export exactly A00 to A63, or name the embedding if it is another one",
            code="raster-wrong-band-count",
        )
    return said


def _check_bands(path: Path, dataset: Any) -> None:  # noqa: ANN401 - rasterio has no types
    kinds = set(dataset.dtypes)
    if len(kinds) != 1 or not kinds <= set(_DTYPES):
        raise InputError(
            f"{path.name} holds values of a type that cannot be read",
            ", ".join(sorted(kinds)),
            "export it as float32, or AlphaEarth as int8 (quantised)",
            code="raster-value-type-unknown",
        )
    names = tuple(str(name) for name in dataset.descriptions)
    if set(names) == set(BAND_NAMES) and names != BAND_NAMES:
        raise InputError(
            f"the bands of {path.name} are out of order",
            " ".join(names[:4]) + " ...",
            "export them in the order A00 to A63",
            code="raster-bands-out-of-order",
        )


def _check_georeference(path: Path, dataset: Any) -> None:  # noqa: ANN401 - rasterio has no types
    crs = dataset.crs
    if crs is None or not (crs.is_projected or crs.is_geographic):
        raise InputError(
            "the raster has no coordinate reference system (CRS)",
            path.name,
            "export it as a GeoTIFF with its CRS, e.g. its original UTM zone",
            code="raster-without-crs",
        )
    transform = dataset.transform
    if transform.b or transform.d or not transform.a or not transform.e:
        raise InputError(
            "the raster is rotated or has no pixel size",
            path.name,
            "export it on a grid whose rows run west to east",
            code="raster-rotated",
        )
    if transform == Affine.identity() and crs.is_projected:
        raise InputError(
            "the raster has a CRS but no georeference",
            path.name,
            "export it with its geotransform",
            code="raster-without-position",
        )


def _check_blocks(path: Path, dataset: Any) -> None:  # noqa: ANN401 - rasterio has no types
    """Refuse what ends before its last block, and blocks too large for bounded memory."""
    block_height, block_width = dataset.block_shapes[0]
    pixel_bytes = dataset.count * np.dtype(dataset.dtypes[0]).itemsize
    if block_height * block_width * pixel_bytes > _MAX_BLOCK_BYTES:
        raise InputError(
            f"{path.name} is stored in blocks too large for partial reading",
            f"{block_width} x {block_height} pixels",
            "rewrite it as a cloud-optimised GeoTIFF (gdal_translate -of COG)",
            code="raster-blocks-too-large",
        )
    size = path.stat().st_size
    rows = -(-dataset.height // block_height)
    columns = -(-dataset.width // block_width)
    by_band = str(dataset.profile.get("interleave", "band")).lower() == "band"
    bands = dataset.count if by_band else 1
    step = max(1, rows * columns * bands // _MAX_BLOCKS_CHECKED)
    # The last block is counted back from, so that it is always among those looked at.
    for index in range(rows * columns * bands - 1, -1, -step):
        band, place = divmod(index, rows * columns)
        row, column = divmod(place, columns)
        offset = dataset.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=band + 1)
        length = dataset.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=band + 1)
        if offset is not None and length is not None and int(offset) + int(length) > size:
            raise InputError(
                "the raster is truncated: it ends before its last block",
                f"{path.name}, {size:,} bytes",
                "export or download it again",
                code="raster-truncated",
            )
