"""Which columns of a table hold an embedding, and the vectors in them."""

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.eo.alphaearth import BAND_NAMES
from aether_core.eo.embedding_kind import kind_title
from aether_core.eo.raster.declared import MAX_BANDS
from aether_core.errors import InputError

_NUMBERED = re.compile(r"(.*?)(\d+)")
_LEAST_COLUMNS = 8
"""Fewer numbered columns than this are a table's own, such as `value1` and `value2`."""
_ROW_COLUMNS = ("embedding", "embeddings", "vector")
"""Columns that may hold a whole vector a row, as the public tables of patch embeddings do."""
_BAND = re.compile(r"(.*?)A(\d\d)((?:\D.*)?)", re.IGNORECASE)
_MEAN = re.compile(r"mean|avg|average", re.IGNORECASE)
_NO_MEAN = re.compile(r"std|dev|var|min|max|count|sum|range|skew|kurt|p\d", re.IGNORECASE)


def alphaearth_vectors(frame: Any, file: Path) -> tuple[NDArray[np.float32], str]:  # noqa: ANN401
    """Return A00 to A63 as float32 `[rows, 64]`, NaN where a cell is empty, and their headings."""
    if all(name in frame.columns for name in BAND_NAMES):
        return _numbers(frame, list(BAND_NAMES), file), _span(list(BAND_NAMES))
    around: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for name in map(str, frame.columns):
        if match := _BAND.fullmatch(name.strip()):
            around[match[1], match[3]][f"A{match[2]}"] = name
    sets = {words: found for words, found in around.items() if set(BAND_NAMES) <= set(found)}
    called = [found for words, found in sets.items() if _MEAN.search("".join(words))]
    means = called or [
        found for words, found in sets.items() if not _NO_MEAN.search("".join(words))
    ]
    if len(means) > 1:
        raise InputError(
            f"several sets of 64 columns of {file.name} may be the embedding",
            "; ".join(f"{found['A00']} to {found['A63']}" for found in means),
            "keep one of them",
            code="embedding-columns-unclear",
        )
    if means:
        columns = [means[0][name] for name in BAND_NAMES]
        return _numbers(frame, columns, file), _span(columns)
    missing = [name for name in BAND_NAMES if name not in frame.columns]
    there = [str(name) for name in frame.columns if name != "geometry" and name not in BAND_NAMES]
    raise InputError(
        f"{file.name} lacks {len(missing)} of the columns A00 to A63",
        f"missing {', '.join(missing[:5])}; it has {', '.join(there[:6])}",
        "export all 64 bands of the embedding, or name the embedding if it is another one",
        code="table-lacks-bands",
    )


def _span(columns: list[str]) -> str:
    return f"{columns[0]} to {columns[-1]}"


def named_vectors(frame: Any, file: Path, kind: str) -> tuple[NDArray[np.float32], str]:  # noqa: ANN401
    """Return the vectors of an embedding whose columns are found by their names, and the names."""
    if all(name in frame.columns for name in BAND_NAMES):
        raise InputError(
            f"{file.name} has AlphaEarth's columns A00 to A63",
            f"it is not {kind_title(kind)}",
            "give the table of that embedding, or leave its name out",
            code="embedding-of-another-kind",
        )
    for name in _ROW_COLUMNS:
        if name in frame.columns:
            return _lists(frame[name].tolist(), name, file), name
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
    return _numbers(frame, runs[0], file), _span(runs[0])


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
