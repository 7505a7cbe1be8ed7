"""The beginning of a vector file, for choosing what its columns mean."""

from pathlib import Path

import pandas as pd

from aether_core.reading import in_own_process
from aether_core.vector.read import read_vector


@in_own_process
def first_rows(
    path: str | Path, crs: str | None = None, *, rows: int = 4
) -> tuple[int, pd.DataFrame]:
    """Return how many rows a vector file has, and its first ones as written, without geometry.

    Args:
        path: See `read_vector`.
        crs: The file's CRS where it does not say one.
        rows: How many to return.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    frame = read_vector(path, crs=crs, typed=False)
    return len(frame), pd.DataFrame(frame.drop(columns="geometry").head(rows))
