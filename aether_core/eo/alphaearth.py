"""The AlphaEarth Foundations satellite embedding: its numbers and how they are stored.

A pixel is a unit vector of 64 numbers, about 10 m on the ground, one a year. The public files store
each number as int8: `value = sign(v) * (v / 127.5) ** 2`, with -128 in every band where there is no
data (dataset readme of the public mirror, Source Cooperative `tge-labs/aef`).
"""

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError

BANDS = 64
BAND_NAMES: tuple[str, ...] = tuple(f"A{band:02d}" for band in range(BANDS))
INT8_NODATA = -128
INT8_SCALE = 127.5
FIRST_YEAR = 2017
LAST_YEAR = 2025
ATTRIBUTION = (
    "The AlphaEarth Foundations Satellite Embedding dataset is produced by Google and"
    " Google DeepMind. (CC-BY 4.0)"
)


def dequantise(raw: NDArray[np.int8]) -> NDArray[np.float32]:
    """Turn stored int8 values into embedding values.

    Args:
        raw: int8 of any shape, as stored in the dataset's files.

    Returns:
        float32 of the same shape in [-0.993, 0.993]; NaN where `raw` is -128 (no data).
    """
    values = raw.astype(np.float32)
    values *= np.abs(values)
    values /= INT8_SCALE**2
    missing = raw == INT8_NODATA
    if missing.any():
        values[missing] = np.nan
    return values


def quantise(unit: NDArray[np.float32]) -> NDArray[np.int8]:
    """Turn embedding values into the dataset's int8, the nearest level each.

    Args:
        unit: float32 of any shape in [-1, 1]; NaN where there is no data.

    Returns:
        int8 of the same shape in [-127, 127]; -128 where `unit` is NaN.
    """
    levels = np.abs(unit)
    np.sqrt(levels, out=levels)
    levels *= INT8_SCALE
    np.rint(levels, out=levels)
    np.minimum(levels, 127, out=levels)
    levels *= np.sign(unit)
    missing = np.isnan(levels)
    if missing.any():
        levels[missing] = INT8_NODATA
    return levels.astype(np.int8)


def check_year(year: int) -> int:
    """Return `year` when the dataset covers it.

    Raises:
        InputError: The year is outside 2017 to 2025.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(
            "AlphaEarth has no embedding for this year",
            year,
            f"give a year from {FIRST_YEAR} to {LAST_YEAR}",
            code="alphaearth-lacks-year",
        )
    return year
