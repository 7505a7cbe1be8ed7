"""A layer's values: columns of arrays to rows of JSON, and back to a data frame."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from db.copy import jsonb_bytes
from db.identifiers import free_names
from db.layer_view import FIELD_TYPES

Column = NDArray[Any] | Sequence[Any]


def check_columns(
    fields: Sequence[Mapping[str, Any]], count: int, columns: Mapping[str, Column]
) -> None:
    """Make sure that every field has its column.

    Raises:
        ValueError: Fields and columns do not match, a type is unknown, or a column does not have
            `count` values.
    """
    names = [field["name"] for field in fields]
    if len(set(names)) < len(names) or set(names) != set(columns):
        raise ValueError(f"fields {names} and columns {list(columns)} must be the same")
    unknown = {field["type"] for field in fields} - set(FIELD_TYPES)
    if unknown:
        raise ValueError(f"unknown field types {unknown}; there are {list(FIELD_TYPES)}")
    wrong = [name for name, values in columns.items() if len(values) != count]
    if wrong:
        raise ValueError(f"columns {wrong} must have {count} values")


def documents(
    fields: Sequence[Mapping[str, Any]], count: int, columns: Mapping[str, Column]
) -> Iterable[bytes]:
    """Yield one JSON document a row, as binary COPY wants it; missing values are left out."""
    names = [str(field["name"]) for field in fields]
    listed = [_plain(columns[name]) for name in names]
    rows = zip(*listed, strict=True) if listed else [()] * count
    for row in rows:
        document = {n: v for n, v in zip(names, row, strict=True) if v is not None}
        yield jsonb_bytes(json.dumps(document, allow_nan=False, ensure_ascii=False))


def value_frame(
    key: str, fields: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]]
) -> pd.DataFrame:
    """Rows of a key and the fields' values as a data frame with typed columns.

    A field that is called like the key, or `geometry`, ends in `_` there.
    """
    columns = list(zip(*rows, strict=True)) if rows else [()] * (1 + len(fields))
    frame: dict[str, Any] = {key: pd.Series(list(columns[0]), dtype=object)}
    names = free_names([field["name"] for field in fields], (key, "geometry"))
    for field, values in zip(fields, columns[1:], strict=True):
        frame[names[field["name"]]] = _series(field["type"], values)
    return pd.DataFrame(frame)


def _plain(values: Column) -> list[Any]:
    """Values for JSON. float32 takes its shortest decimals, which read back to the same bits."""
    array = np.asarray(values) if isinstance(values, np.ndarray) else None
    if array is not None and array.dtype == np.float32:
        array = array.astype(str).astype(np.float64)
    listed = list(values) if array is None else array.tolist()
    return [None if isinstance(v, float) and not np.isfinite(v) else v for v in listed]


def _series(kind: str, values: Sequence[Any]) -> Any:  # noqa: ANN401 - pandas has no types here
    """Values as pandas likes them; missing ones are NaN, or None in text and lists."""
    if kind == "float":
        return np.array(values, dtype=np.float64)
    if kind in ("int", "bool") and None in values:
        return pd.array(list(values), dtype="Int64" if kind == "int" else "boolean")
    if kind in ("int", "bool"):
        return np.array(values, dtype=np.int64 if kind == "int" else bool)
    return pd.Series(list(values), dtype=object)
