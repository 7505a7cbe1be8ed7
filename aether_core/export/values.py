"""Turning a column's values, and metadata, into what file formats can hold."""

import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

SIMULATED = "simulated embedding"


def property_names(frame: gpd.GeoDataFrame) -> list[str]:
    """Return the columns of a layer without its geometry, in order."""
    return [str(name) for name in frame.columns if name != frame.geometry.name]


def key_name(frame: gpd.GeoDataFrame) -> str | None:
    """Return the column that names a layer's shapes: `cell` (H3 index in hexadecimal) or `area`.

    It is the first of the two: a layer of areas may have a field of cell phones.
    """
    return next((name for name in property_names(frame) if name in ("cell", "area")), None)


def json_values(column: pd.Series) -> list[Any]:
    """Return a column as plain Python values: None for missing, lists for list-likes.

    float32 is written with the digits it has (0.1, not 0.10000000149).
    """
    if is_float_dtype(column.dtype):
        single = str(column.dtype).lower() == "float32"
        values = column.to_numpy(dtype=np.float32 if single else np.float64, na_value=np.nan)
        if single:
            shortest = pa.array(values).cast(pa.string()).cast(pa.float64())
            values = shortest.to_numpy(zero_copy_only=False)
        finite = np.isfinite(values)
        if finite.all():
            return list(values.tolist())
        return [v if ok else None for v, ok in zip(values.tolist(), finite, strict=True)]
    if is_bool_dtype(column.dtype) or is_numeric_dtype(column.dtype):
        return list(column.astype(object).where(column.notna(), None))
    return [_plain(value) for value in column]


def flattened(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame with list cells as JSON text, for formats without lists."""
    flat = frame.copy(deep=False)
    for name in property_names(frame):
        if has_lists(frame[name]):
            flat[name] = [
                None if value is None else json.dumps(value, ensure_ascii=False)
                for value in json_values(frame[name])
            ]
    return flat


def has_lists(column: pd.Series) -> bool:
    """Say whether any cell of a column is a list, tuple or array."""
    return column.dtype == object and any(isinstance(v, (list, tuple, np.ndarray)) for v in column)


def is_number(column: pd.Series) -> bool:
    """Say whether a column can be a raster band: numbers or yes/no."""
    return bool(is_numeric_dtype(column.dtype) or is_bool_dtype(column.dtype))


def text_metadata(metadata: Mapping[str, object]) -> dict[str, str]:
    """Return metadata as text by key: text as it is, everything else as JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
        for key, value in described(metadata).items()
    }


def described(metadata: Mapping[str, object]) -> dict[str, object]:
    """Return metadata that says in words when the embedding was simulated."""
    whole = dict(metadata)
    if whole.get("simulated"):
        whole.setdefault("note", SIMULATED)
    return whole


def attribution_text(metadata: Mapping[str, object]) -> str:
    """Return the attribution as one line."""
    attribution = metadata.get("attribution", "")
    if isinstance(attribution, str):
        return attribution
    return " ".join(map(str, attribution)) if isinstance(attribution, (list, tuple)) else ""


def _plain(value: object) -> object:
    """Return one cell as what JSON can hold."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool)) else str(value)
