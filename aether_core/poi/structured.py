"""Cells that hold more than a text: lists and records, as they are or written as text.

Parquet and GeoJSON keep a list or a record as such. In a CSV, GeoPackage or Shapefile it is text,
in the notation of whoever wrote it: JSON, Python's, NumPy's, DuckDB's, PostgreSQL's or GDAL's.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

_NUMPY_ARRAY = re.compile(r"\barray\((\[[^\]]*\])(?:,\s*dtype=[\w']+)?\)")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=>\s*(?:"((?:[^"\\]|\\.)*)"|NULL)')
_BARE_PAIR = re.compile(r"[{,]\s*([\w:]+)=(.*?)(?=,\s*[\w:]+=|\}$)", re.DOTALL)
_DUCKDB_PAIR = re.compile(
    r"'(\w+)':\s*(\{.*?\}|\[.*?\]|.*?)(?=,\s*'\w+':|\}$)",
    re.DOTALL,
)
_LONGEST_BARE = 20_000
"""Characters of a record without quotes that is looked into; a longer one is no description."""
_GDAL_LIST = re.compile(r"\(\d+:(.*)\)", re.DOTALL)
_LABELS = ("primary", "name", "title", "label", "category_name")
"""Members of a record in a list that say what it is, the most telling first."""
_LEFT = {"", "null", "none", "nan"}


def record_in(cell: object) -> Mapping[str, Any] | None:
    """Return the record a cell holds, or None where it holds none.

    >>> record_in('{"primary": "Aalto"}')
    {'primary': 'Aalto'}
    >>> record_in('"amenity"=>"cafe"')
    {'amenity': 'cafe'}
    """
    if isinstance(cell, Mapping):
        return cell
    if isinstance(cell, str):
        return _record_in_text(cell.strip())
    return _record_of_pairs(cell) if isinstance(cell, list | tuple | np.ndarray) else None


def _record_in_text(text: str) -> Mapping[str, Any] | None:
    if _HSTORE.match(text):
        return {_plain(key): _plain(value) for key, value in _HSTORE.findall(text)}
    if not (text.startswith("{") and text.endswith("}")):
        return None
    parsed = _literal(text)
    if parsed is not None or len(text) > _LONGEST_BARE:
        return parsed if isinstance(parsed, Mapping) else None
    pairs = (_DUCKDB_PAIR if text.startswith("{'") else _BARE_PAIR).findall(text)
    return {key: _bare(value) for key, value in pairs} or None


def items_in(cell: object) -> list[str] | None:
    """Return the texts of the list a cell holds, or None where it holds no list.

    Records in a list stand for what they are called.

    >>> items_in('["cafe", "bakery"]')
    ['cafe', 'bakery']
    >>> items_in("{cafe,bakery}")
    ['cafe', 'bakery']
    """
    if isinstance(cell, list | tuple | np.ndarray):
        return _texts(cell)
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if text.startswith("[") and text.endswith("]"):
        return _texts(_listed(text))
    if match := _GDAL_LIST.fullmatch(text):
        return _texts(match[1].split(","))
    if text.startswith("{") and text.endswith("}") and ":" not in text and "=" not in text:
        return _texts(part.strip().strip('"') for part in text[1:-1].split(","))
    return None


def _listed(text: str) -> Iterable[object]:
    """The items of a list in brackets. NumPy writes them side by side, DuckDB without quotes."""
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        if "{" in text and isinstance(found := _literal(text), list):
            return found
        quoted = [one or other for one, other in _QUOTED.findall(text)]
        return quoted or [part.strip() for part in text[1:-1].split(", ")]
    return parsed if isinstance(parsed, list) else []


def _literal(text: str) -> object:
    """A value in JSON or in Python's notation; None where it is neither."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(_NUMPY_ARRAY.sub(r"\1", text))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _record_of_pairs(cell: Any) -> dict[str, Any] | None:  # noqa: ANN401 - a list of any kind
    """A map as Parquet's come: a list of keys with their values."""
    pairs = [one for one in cell if isinstance(one, tuple) and len(one) == 2]
    return {str(key): value for key, value in pairs} if pairs and len(pairs) == len(cell) else None


def _bare(text: str) -> object:
    """A value that stands in a record without quotes."""
    text = text.strip()
    if text.lower() in _LEFT:
        return None
    if text.startswith(("{", "[")):
        return record_in(text) or items_in(text)
    return text


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _texts(items: Iterable[object]) -> list[str]:
    found = []
    for item in items:
        if isinstance(item, Mapping):
            label = next((item[name] for name in _LABELS if item.get(name)), None)
        else:
            label = item
        if label is None or (pd.api.types.is_scalar(label) and pd.isna(label)):
            continue
        text = str(label).strip()
        if text.lower() not in _LEFT:
            found.append(text)
    return found
