"""A layer's values in the store: one array of keys, and one array a field in the same order."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from db.columns.arrays import array_bytes, array_of
from db.columns.copy import copy_in, driver, jsonb_bytes
from db.columns.identifiers import free_names
from db.layers.field_types import FIELD_TYPES, Column, Stored
from db.layers.units import SPATIAL_UNITS, Keys
from db.schema import Layer, LayerColumn, LayerUnits

_INT64, _INT32, _FLOAT64 = (np.dtype(kind) for kind in (np.int64, np.int32, np.float64))


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


def write_values(session: Session, layer: Layer, keys: Keys, columns: Mapping[str, Column]) -> None:
    """Store the values of a layer's units, each column `[n]` in the order of the ids given."""
    types = {"layer_id": "int8", "keys": "bytea"}
    copy_in(session, LayerUnits.__tablename__, types, [(layer.id, array_bytes(keys.key))])
    types = {
        "layer_id": "int8",
        "position": "int4",
        "numbers": "bytea",
        "codes": "bytea",
        "words": "bytea",
    }
    rows = (
        (layer.id, position, *_sent(FIELD_TYPES[field["type"]].store(columns[field["name"]]), keys))
        for position, field in enumerate(layer.fields, 1)
    )
    copy_in(session, LayerColumn.__tablename__, types, rows)


def read_values(session: Session, layer: Layer) -> tuple[NDArray[np.int64], pd.DataFrame] | None:
    """A layer's keys int64 `[n]`, ascending, and its values as a frame with typed columns.

    The frame begins with what people call the units. A field that is called like that column, or
    `geometry`, ends in `_` there. None when the layer has been removed.
    """
    with driver(session).cursor(binary=True) as cursor:
        # Keys and columns in one question: nobody can remove the layer between the two.
        rows = cursor.execute(
            "SELECT 0, array_send(keys), NULL, NULL FROM layer_units WHERE layer_id = %(layer)s "
            "UNION ALL SELECT position, array_send(numbers), array_send(codes), words "
            "FROM layer_column WHERE layer_id = %(layer)s ORDER BY 1",
            {"layer": layer.id},
        ).fetchall()
    if not rows:
        return None
    unit = SPATIAL_UNITS[layer.spatial_unit]
    keys = array_of(rows[0][1], _INT64)
    names = free_names([field["name"] for field in layer.fields], (unit.column, "geometry"))
    called = pd.Series(unit.names_of(session, layer, keys), dtype=object)
    frame: dict[str, Any] = {unit.column: called}
    for field, (_, numbers, codes, words) in zip(layer.fields, rows[1:], strict=True):
        stored = Stored(
            None if numbers is None else array_of(numbers, _FLOAT64),
            None if codes is None else array_of(codes, _INT32),
            words,
        )
        frame[names[field["name"]]] = FIELD_TYPES[field["type"]].read(stored)
    return keys, pd.DataFrame(frame)


def _sent(stored: Stored, keys: Keys) -> tuple[bytes | None, bytes | None, bytes | None]:
    """Numbers, codes and words as binary COPY wants them, in the order of the keys."""
    words = None
    if stored.words is not None:
        words = jsonb_bytes(json.dumps(stored.words, allow_nan=False, ensure_ascii=False))
    return (
        None if stored.numbers is None else array_bytes(stored.numbers[keys.order]),
        None if stored.codes is None else array_bytes(stored.codes[keys.order]),
        words,
    )
