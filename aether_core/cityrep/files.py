"""Files of a release, each read in a process of its own: tables, JSON and CSV."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.files.source import local_file
from aether_core.reading import in_own_process
from aether_core.vector.limits import DEFAULT_LIMITS

TABLE_SUFFIXES = frozenset({".parquet", ".csv"})
_EXPORT_AGAIN = "download the release again"


@dataclass(frozen=True)
class VectorTable:
    """A table of vectors.

    Attributes:
        key: Object `[n]` of str, the column that was asked for; None without one.
        xy: Float64 `[n, 2]`, likewise.
        vectors: Float32 `[n, d]`, as the file has them.
    """

    key: NDArray[np.object_] | None
    xy: NDArray[np.float64] | None
    vectors: NDArray[np.float32]


@in_own_process
def read_json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    """Read a JSON file.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no JSON in UTF-8.
    """
    file = local_file(path, suffixes=frozenset({".json"}))
    DEFAULT_LIMITS.check_bytes(file.stat().st_size, file)
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:  # UnicodeDecodeError is one, too
        raise InputError(
            "the file cannot be read as JSON",
            f"{file.name}: {error}",
            _EXPORT_AGAIN,
            code="cityrep-json-unreadable",
        ) from error


@in_own_process
def read_records(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as texts by column, one dict a row.

    Raises:
        NotFoundError: There is no such file.
        InputError: It is no CSV in UTF-8, or a row has more cells than there are headings.
    """
    file = local_file(path, suffixes=frozenset({".csv"}))
    DEFAULT_LIMITS.check_bytes(file.stat().st_size, file)
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = list(csv.DictReader(text, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(
            "the file cannot be read as CSV",
            f"{file.name}: {error}",
            _EXPORT_AGAIN,
            code="cityrep-csv-unreadable",
        ) from error
    uneven = next((number for number, row in enumerate(rows, 2) if _is_uneven(row)), None)
    if uneven is not None:
        raise InputError(
            "a row of the file has another number of cells than its first line",
            f"{file.name}, line {uneven}",
            _EXPORT_AGAIN,
            code="cityrep-csv-unreadable",
        )
    return [{key: value or "" for key, value in row.items()} for row in rows]


def _is_uneven(row: dict[Any, Any]) -> bool:
    return None in row or None in row.values()


@in_own_process
def read_columns(path: Path, needed: list[str], wanted: list[str]) -> dict[str, NDArray[Any]]:
    """Read some columns of a table.

    Args:
        path: A Parquet or CSV file.
        needed: Columns that must be there.
        wanted: Columns that may be missing.

    Returns:
        Each that is there: numbers as they are, anything else as texts, None where empty.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be read, or a needed column is missing.
    """
    frame = _frame(path)
    _check_columns(frame, needed, path)
    return {
        name: _column(frame[name])
        for name in dict.fromkeys([*needed, *wanted])
        if name in frame.columns
    }


@in_own_process
def read_vectors(
    path: Path,
    *,
    key: str | None,
    xy: tuple[str, str] | None,
    columns: list[str] | None,
    apart: list[str],
) -> VectorTable:
    """Read a table of vectors.

    Args:
        path: A Parquet or CSV file.
        key: Column that names the rows.
        xy: Columns of their coordinates.
        columns: Columns of the vectors, in order; every column of numbers but `key`, `xy` and
            `apart` when None.
        apart: Columns that are no part of vectors, where they are there.

    Raises:
        NotFoundError: There is no such file.
        InputError: It cannot be read, a column is missing, or there is no column of numbers.
    """
    frame = _frame(path)
    named = [*([] if key is None else [key]), *(xy or ())]
    _check_columns(frame, [*named, *(columns or ())], path)
    if columns is None:
        left = {*named, *apart}
        columns = [
            name
            for name in frame.columns
            if name not in left and pd.api.types.is_numeric_dtype(frame[name])
        ]
    if not columns:
        raise InputError(
            "the table of vectors has no columns of numbers",
            f"{path.name}: {', '.join(map(str, frame.columns))}",
            _EXPORT_AGAIN,
            code="cityrep-embedding-without-numbers",
        )
    numbers = frame[columns]
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in numbers.dtypes):
        numbers = numbers.apply(pd.to_numeric, errors="coerce")
    return VectorTable(
        None if key is None else _texts(frame[key]),
        None
        if xy is None
        else np.column_stack([pd.to_numeric(frame[one], errors="coerce") for one in xy]).astype(
            np.float64
        ),
        np.ascontiguousarray(numbers.to_numpy(dtype=np.float32, na_value=np.nan)),
    )


def _frame(path: Path) -> pd.DataFrame:
    file = local_file(path, suffixes=TABLE_SUFFIXES)
    try:
        return _parquet(file) if file.suffix.lower() == ".parquet" else _csv(file)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(
            f"{file.name} cannot be read as a table",
            str(error).split("\n", maxsplit=1)[0],
            _EXPORT_AGAIN,
            code="cityrep-table-unreadable",
        ) from error


def _parquet(file: Path) -> pd.DataFrame:
    with pq.ParquetFile(file) as opened:
        footer = opened.metadata
        DEFAULT_LIMITS.check_columns(footer.num_columns, file)
        DEFAULT_LIMITS.check_features(footer.num_rows, file)
        unpacked = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
        DEFAULT_LIMITS.check_bytes(unpacked, file)
        # Without pandas' own metadata, which would make an index of what is a column.
        return opened.read().replace_schema_metadata(None).to_pandas()


def _csv(file: Path) -> pd.DataFrame:
    DEFAULT_LIMITS.check_bytes(file.stat().st_size, file)
    frame = pd.read_csv(file, low_memory=False)
    DEFAULT_LIMITS.check_columns(frame.shape[1], file)
    DEFAULT_LIMITS.check_features(len(frame), file)
    return frame


def _check_columns(frame: pd.DataFrame, needed: list[str], path: Path) -> None:
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise InputError(
            f"{path.name} lacks columns that the release says it has",
            ", ".join(missing),
            _EXPORT_AGAIN,
            code="cityrep-column-missing",
        )


def _column(column: pd.Series) -> NDArray[Any]:
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(column)
    return _texts(column)


def _texts(column: pd.Series) -> NDArray[np.object_]:
    """Texts of a column, None where it is empty."""
    texts = column.astype(str).astype(object)
    return np.asarray(texts.where(column.notna(), None), dtype=object)
