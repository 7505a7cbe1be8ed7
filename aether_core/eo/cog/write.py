"""Writing an AlphaEarth embedding as the dataset comes: a true int8 cloud-optimised GeoTIFF."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine

from aether_core.eo.alphaearth import ATTRIBUTION, BAND_NAMES, BANDS, INT8_NODATA, quantise
from aether_core.errors import InputError
from aether_core.files.whole import atomic_path

_ROWS = 256


def write_embedding_cog(
    path: Path,
    vectors: NDArray[np.float32] | NDArray[np.int8],
    transform: Affine,
    crs: str | CRS,
    *,
    bottom_up: bool = False,
    tags: Mapping[str, str] | None = None,
    force: bool = False,
) -> None:
    """Write an embedding as an int8 COG, bands named A00 to A63, nodata -128.

    Args:
        path: A `.tif` to write, whole or not at all.
        vectors: `[h, w, 64]`, row 0 in the north: float32 unit vectors (NaN is no data), which are
            quantised as the dataset is, or int8 as stored (-128 is no data).
        transform: North-up: of the north-west corner, pixel height negative.
        crs: E.g. "EPSG:32635".
        bottom_up: Store the rows from south to north, as the public mirror's files do.
        tags: Further dataset tags; the dataset's attribution is always there unless given.
        force: Replace an existing file.

    Raises:
        ConflictError: The file exists and `force` is false.
        InputError: The array is not `[h, w, 64]` or the transform is not north-up.
    """
    if vectors.ndim != 3 or vectors.shape[2] != BANDS:
        raise InputError(
            "an embedding has 64 bands, last",
            vectors.shape,
            "give [h, w, 64]",
            code="embedding-wrong-shape",
        )
    if transform.e >= 0 or transform.b or transform.d:
        raise InputError(
            "the transform is not north-up",
            transform,
            "give a negative pixel height",
            code="transform-not-north-up",
        )
    if bottom_up:
        vectors = vectors[::-1]
        south = transform.f + transform.e * vectors.shape[0]
        transform = Affine(transform.a, 0, transform.c, 0, -transform.e, south)
    with atomic_path(Path(path), force=force) as target:
        plain = target.with_name(f"plain-{target.name}")
        with rasterio.open(plain, "w", **_profile(vectors.shape, transform, crs)) as dataset:
            for row in range(0, vectors.shape[0], _ROWS):
                rows = vectors[row : row + _ROWS]
                raw = rows if rows.dtype == np.int8 else quantise(rows.astype(np.float32))
                window = ((row, row + len(raw)), (0, vectors.shape[1]))
                dataset.write(np.moveaxis(raw, 2, 0), window=window)
            for band, name in enumerate(BAND_NAMES, start=1):
                dataset.set_band_description(band, name)
            dataset.update_tags(**({"ATTRIBUTION": ATTRIBUTION} | dict(tags or {})))
        rasterio.shutil.copy(
            plain,
            target,
            driver="COG",
            compress="DEFLATE",
            level=6,
            blocksize=256,
            interleave="PIXEL",
            overview_resampling="NEAREST",
        )


def _profile(shape: tuple[int, ...], transform: Affine, crs: str | CRS) -> dict[str, Any]:
    """Return the creation settings of the file the COG is made from."""
    return {
        "driver": "GTiff",
        "height": shape[0],
        "width": shape[1],
        "count": BANDS,
        "dtype": "int8",
        "nodata": INT8_NODATA,
        "crs": crs,
        "transform": transform,
        "interleave": "pixel",
        "tiled": True,
        "blockxsize": 256,
        "blockysize": 256,
        "compress": "DEFLATE",
        "zlevel": 1,
        "BIGTIFF": "IF_SAFER",
    }
