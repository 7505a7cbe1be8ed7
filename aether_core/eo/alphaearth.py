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


def _dequantisation_table() -> NDArray[np.float32]:
    """Every int8 as float, addressed by its bits read as uint8; nodata is NaN."""
    values = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.float64)
    table = np.sign(values) * (values / INT8_SCALE) ** 2
    table[values == INT8_NODATA] = np.nan
    return table.astype(np.float32)


_TABLE = _dequantisation_table()


def dequantise(raw: NDArray[np.int8]) -> NDArray[np.float32]:
    """Turn stored int8 values into embedding values.

    Args:
        raw: int8 of any shape, as stored in the dataset's files.

    Returns:
        float32 of the same shape in [-0.993, 0.993]; NaN where `raw` is -128 (no data).
    """
    return _TABLE[raw.view(np.uint8)]


def quantise(unit: NDArray[np.float32]) -> NDArray[np.int8]:
    """Turn embedding values into the dataset's int8, the nearest level each.

    Args:
        unit: float32 of any shape in [-1, 1]; NaN where there is no data.

    Returns:
        int8 of the same shape in [-127, 127]; -128 where `unit` is NaN.
    """
    missing = np.isnan(unit)
    values = np.where(missing, np.float32(0), unit)
    levels = np.rint(np.sign(values) * np.sqrt(np.abs(values)) * INT8_SCALE)
    raw = np.clip(levels, -127, 127).astype(np.int8)
    raw[missing] = INT8_NODATA
    return raw


def check_year(year: int) -> int:
    """Return `year` when the dataset covers it.

    Raises:
        InputError: The year is outside 2017 to 2025.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(
            "AlphaEarth has no embedding of this year",
            year,
            f"give a year from {FIRST_YEAR} to {LAST_YEAR}",
        )
    return year
