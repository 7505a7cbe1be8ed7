"""How the files of an embedding hold their numbers."""

from collections.abc import Iterable
from pathlib import Path

from aether_core.eo.raster.file import RASTER_SUFFIXES, open_raster

TABLE = "table"


def encoding_of(files: Iterable[Path]) -> str:
    """How files hold their numbers: `int8`, `float32`, ... for rasters, `table` for tables.

    Two years of one city must share it: int8 steps would otherwise show as change.

    Args:
        files: Checked files of one embedding.

    Returns:
        The one encoding, or all of them in a row where files differ, such as `float32, int8`.

    Raises:
        InputError: A file cannot be read.
    """
    return ", ".join(sorted({_encoding(path) for path in files}))


def _encoding(path: Path) -> str:
    if path.suffix.lower() not in RASTER_SUFFIXES:
        return TABLE
    with open_raster(path) as dataset:
        return str(dataset.dtypes[0])
