"""Reading one table of an embedding: where its samples lie, and their vectors."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.eo.alphaearth import BAND_NAMES
from aether_core.eo.embedding_kind import ALPHAEARTH, kind_title
from aether_core.eo.norms import check_norms
from aether_core.eo.raster.declared import MAX_BANDS
from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.vector.options import ReadOptions
from aether_core.vector.read import read_vector

_NUMBERED = re.compile(r"(.*?)(\d+)")
_LEAST_COLUMNS = 8
"""Fewer numbered columns than this are a table's own, such as `value1` and `value2`."""
_ROW_COLUMNS = ("embedding", "embeddings", "vector")
"""Columns that may hold a whole vector a row, as the public tables of patch embeddings do."""


@in_own_process
def read_samples(
    file: Path, kind: str = ALPHAEARTH
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Read a table's rows that hold data.

    Args:
        file: An absolute path of a plain local file.
        kind: Name of the embedding. AlphaEarth's columns are A00 to A63, and its rows have length
            1. Another's are the longest run of columns numbered from 0 or 1 behind one prefix, or
            one column of lists called `embedding`, `embeddings` or `vector`; of any length but 0.

    Returns:
        (WGS84 points float64 `[m, 2]`, vectors float32 `[m, dim]`).

    Raises:
        InputError: The table lacks columns, coordinates or data, or its vectors are not of this
            embedding.
    """
    # Text tables with x and y columns are degrees here: that is what Earth Engine exports.
    crs = "EPSG:4326" if file.suffix.lower() in (".csv", ".tsv") else None
    frame = read_vector(file, ReadOptions(crs_if_unstated=crs)).frame
    vectors = _alphaearth(frame, file) if kind == ALPHAEARTH else _named(frame, file, kind)
    points = shapely.point_on_surface(frame.geometry.to_numpy())
    lonlat = np.column_stack([shapely.get_x(points), shapely.get_y(points)])
    whole = np.isfinite(vectors).all(axis=1) & np.isfinite(lonlat).all(axis=1)
    if kind != ALPHAEARTH:
        whole &= vectors.any(axis=1)
    if not whole.any():
        raise InputError(
            "the table has no usable data: no row has both coordinates and all embedding values",
            file.name,
            "choose another area or year, or export it again",
            code="embedding-without-data",
        )
    if kind == ALPHAEARTH:
        check_norms(vectors[whole], file.name)
    return lonlat[whole], vectors[whole]


def _alphaearth(frame: Any, file: Path) -> NDArray[np.float32]:  # noqa: ANN401 - geopandas, untyped
    """Return A00 to A63 as float32 `[rows, 64]`, NaN where a cell is empty."""
    missing = [name for name in BAND_NAMES if name not in frame.columns]
    if missing:
        there = [
            str(name) for name in frame.columns if name != "geometry" and name not in BAND_NAMES
        ]
        raise InputError(
            f"{file.name} lacks {len(missing)} of the columns A00 to A63",
            f"missing {', '.join(missing[:5])}; it has {', '.join(there[:6])}",
            "export all 64 bands of the embedding, or name the embedding if it is another one",
            code="table-lacks-bands",
        )
    return _numbers(frame, list(BAND_NAMES), file)


def _named(frame: Any, file: Path, kind: str) -> NDArray[np.float32]:  # noqa: ANN401 - as above
    """Return the vectors of an embedding whose columns are found by their names."""
    if all(name in frame.columns for name in BAND_NAMES):
        raise InputError(
            f"{file.name} has AlphaEarth's columns A00 to A63",
            f"it is not {kind_title(kind)}",
            "give the table of that embedding, or leave its name out",
            code="embedding-of-another-kind",
        )
    for name in _ROW_COLUMNS:
        if name in frame.columns:
            return _lists(frame[name].tolist(), name, file)
    runs = sorted(_runs([str(name) for name in frame.columns]), key=len, reverse=True)
    if not runs or (len(runs) > 1 and len(runs[0]) == len(runs[1])):
        found = ", ".join(f"{run[0]} to {run[-1]}" for run in runs)
        raise InputError(
            f"{file.name} does not make clear which columns hold the embedding",
            found or "no consecutively numbered columns",
            f"number them from 0 after a common prefix, at least {_LEAST_COLUMNS}, such as B000 to"
            " B127, and remove other columns numbered like that",
            code="embedding-columns-unclear",
        )
    return _numbers(frame, runs[0], file)


def _runs(columns: list[str]) -> list[list[str]]:
    """Columns numbered without a gap from 0 or 1 behind one prefix, in the numbers' order."""
    by_prefix: dict[str, dict[int, str]] = defaultdict(dict)
    for name in columns:
        if match := _NUMBERED.fullmatch(name):
            by_prefix[match[1]][int(match[2])] = name
    ordered = [[found[number] for number in sorted(found)] for found in by_prefix.values()]
    whole = [
        run
        for run, found in zip(ordered, by_prefix.values(), strict=True)
        if min(found) in {0, 1} and max(found) - min(found) + 1 == len(run)
    ]
    return [run for run in whole if _LEAST_COLUMNS <= len(run) <= MAX_BANDS]


def _lists(rows: list[Any], name: str, file: Path) -> NDArray[np.float32]:
    """Return a column of lists as float32 `[rows, dim]`, NaN rows where there is none."""
    there = [row for row in rows if row is not None and np.ndim(row) == 1]
    lengths = {len(row) for row in there}
    if len(lengths) != 1 or not 2 <= min(lengths) <= MAX_BANDS:
        raise InputError(
            f"column {name} of {file.name} does not hold vectors of equal length",
            ", ".join(map(str, sorted(lengths)[:5])) or "no lists",
            "give a table with the same number of values in each row",
            code="column-without-vectors",
        )
    vectors = np.full((len(rows), lengths.pop()), np.nan, dtype=np.float32)
    try:
        for index, row in enumerate(rows):
            if row is not None and np.ndim(row) == 1:
                vectors[index] = row
    except (TypeError, ValueError) as error:
        raise _no_numbers(name, file, error) from error
    return vectors


def _numbers(frame: Any, columns: list[str], file: Path) -> NDArray[np.float32]:  # noqa: ANN401
    """Return columns as float32 `[rows, dim]`, NaN where a cell is empty."""
    found = []
    for name in columns:
        try:
            found.append(pd.to_numeric(frame[name]).to_numpy(np.float32, na_value=np.nan))
        except (TypeError, ValueError) as error:
            raise _no_numbers(name, file, error) from error
    return np.column_stack(found)


def _no_numbers(name: str, file: Path, error: Exception) -> InputError:
    return InputError(
        f"column {name} of {file.name} holds values that are not numbers",
        error,
        "export the embedding's values as numbers",
        code="column-not-numeric",
    )
