"""Layers: values kept for a city's cells."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.copy import copy_in, driver, jsonb_bytes
from db.engine import allow_long
from db.layer_view import FIELD_TYPES, create_view, field_values, free_view_name
from db.schema import City, Layer, LayerFeature


def add_layer(
    session: Session,
    city_id: int,
    *,
    slug: str,
    title: str,
    kind: str,
    model_id: int | None,
    fields: Sequence[Mapping[str, Any]],
    parameters: Mapping[str, Any],
    lineage: Mapping[str, Any],
    cell_ids: NDArray[np.int64],
    columns: Mapping[str, NDArray[Any] | Sequence[Any]],
) -> Layer:
    """Keep values of cells as a layer, with its SQL view.

    Args:
        session: In a transaction.
        city_id: The city.
        slug: Name in addresses, unique in the city.
        title: Name for people.
        kind: What made it: `search`, `similar`, `landuse`, ...
        model_id: The model it came from, if any.
        fields: `{name, type, unit}` each, in order; types are those of `layer_view.FIELD_TYPES`.
        parameters: What the user asked for.
        lineage: What it was made from.
        cell_ids: Cells `[m]`.
        columns: Values `[m]` by field name; NaN and None are missing.

    Raises:
        ConflictError: The city has a layer of that slug.
        ValueError: Fields and columns do not match, or a type is unknown.
    """
    _check(fields, cell_ids, columns)
    city_slug = session.scalars(select(City.slug).where(City.id == city_id)).one()
    layer = Layer(
        city_id=city_id,
        slug=slug,
        title=title,
        kind=kind,
        model_id=model_id,
        fields=[dict(field) for field in fields],
        parameters=dict(parameters),
        lineage=dict(lineage),
        view_name=free_view_name(session, city_slug, slug),
    )
    try:
        with session.begin_nested():
            session.add(layer)
    except IntegrityError as error:
        taken = select(Layer.id).where(Layer.city_id == city_id, Layer.slug == slug)
        if session.scalar(taken) is None:
            raise
        raise ConflictError(
            "a layer of this name exists", slug, "choose another title, or remove that layer"
        ) from error
    allow_long(session)
    names = [str(field["name"]) for field in fields]
    documents = _documents(names, [_plain(columns[name]) for name in names], len(cell_ids))
    rows = zip([layer.id] * len(cell_ids), cell_ids.tolist(), documents, strict=True)
    types = {"layer_id": "int8", "cell_id": "int8", "properties": "bytea"}
    copy_in(session, LayerFeature.__tablename__, types, rows)
    create_view(session, layer)
    session.refresh(layer)
    return layer


def list_layers(session: Session, city_id: int) -> list[tuple[Layer, int]]:
    """A city's layers with their numbers of cells, newest first."""
    number = (
        select(func.count())
        .where(LayerFeature.layer_id == Layer.id)
        .correlate(Layer)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Layer, number).where(Layer.city_id == city_id).order_by(Layer.id.desc())
    )
    return [(layer, int(count)) for layer, count in rows]


def feature_count(session: Session, layer_id: int) -> int:
    """How many cells a layer has values for."""
    counted = select(func.count()).select_from(LayerFeature)
    return session.scalars(counted.where(LayerFeature.layer_id == layer_id)).one()


def layer_by_slug(session: Session, city_id: int, slug: str) -> Layer:
    """One layer of a city.

    Raises:
        NotFoundError: There is none; the message lists those there are.
    """
    layer = session.scalar(select(Layer).where(Layer.city_id == city_id, Layer.slug == slug))
    if layer is None:
        known = sorted(session.scalars(select(Layer.slug).where(Layer.city_id == city_id)))
        remedy = f"the layers are: {', '.join(known)}" if known else "this city has no layer yet"
        raise NotFoundError("no such layer", slug, remedy)
    return layer


def layer_frame(session: Session, layer: Layer) -> pd.DataFrame:
    """A layer's values by cell: `cell` (H3, hexadecimal), then its fields, ordered by cell."""
    return _frame(layer, _rows(session, layer, [sql.SQL("cell.h3")]))


def layer_geo_frame(session: Session, layer: Layer) -> gpd.GeoDataFrame:
    """As `layer_frame`, with the cells' polygons (WGS84) as `geometry`."""
    rows = _rows(session, layer, [sql.SQL("cell.h3"), sql.SQL("ST_AsBinary(cell.geom)")])
    frame = _frame(layer, [(row[0], *row[2:]) for row in rows])
    shapes = shapely.from_wkb([row[1] for row in rows])
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")


def remove_layer(session: Session, city_id: int, slug: str) -> None:
    """Delete a layer; its SQL view goes with it.

    Raises:
        NotFoundError: The city has no such layer.
    """
    layer = layer_by_slug(session, city_id, slug)
    allow_long(session)
    session.execute(delete(Layer).where(Layer.id == layer.id))
    session.expire_all()


def _check(
    fields: Sequence[Mapping[str, Any]],
    cell_ids: NDArray[np.int64],
    columns: Mapping[str, NDArray[Any] | Sequence[Any]],
) -> None:
    names = [field["name"] for field in fields]
    if len(set(names)) < len(names) or set(names) != set(columns):
        raise ValueError(f"fields {names} and columns {list(columns)} must be the same")
    unknown = {field["type"] for field in fields} - set(FIELD_TYPES)
    if unknown:
        raise ValueError(f"unknown field types {unknown}; there are {list(FIELD_TYPES)}")
    wrong = [name for name, values in columns.items() if len(values) != len(cell_ids)]
    if wrong:
        raise ValueError(f"columns {wrong} must have {len(cell_ids)} values")


def _plain(values: NDArray[Any] | Sequence[Any]) -> list[Any]:
    """Values for JSON. float32 takes its shortest decimals, which read back to the same bits."""
    array = np.asarray(values) if isinstance(values, np.ndarray) else None
    if array is not None and array.dtype == np.float32:
        array = array.astype(str).astype(np.float64)
    listed = list(values) if array is None else array.tolist()
    return [None if isinstance(v, float) and not np.isfinite(v) else v for v in listed]


def _documents(names: list[str], columns: list[list[Any]], count: int) -> Iterable[bytes]:
    rows = zip(*columns, strict=True) if columns else [()] * count
    for row in rows:
        document = {n: v for n, v in zip(names, row, strict=True) if v is not None}
        yield jsonb_bytes(json.dumps(document, allow_nan=False, ensure_ascii=False))


def _rows(session: Session, layer: Layer, leading: list[sql.Composable]) -> list[tuple[Any, ...]]:
    statement = sql.SQL(
        "SELECT {} FROM layer_feature JOIN cell ON cell.id = layer_feature.cell_id "
        "WHERE layer_feature.layer_id = {} ORDER BY cell.h3"
    ).format(sql.SQL(", ").join([*leading, *field_values(layer.fields)]), sql.Literal(layer.id))
    with driver(session).cursor(binary=True) as cursor:
        return cursor.execute(statement).fetchall()


def _frame(layer: Layer, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = list(zip(*rows, strict=True)) if rows else [()] * (1 + len(layer.fields))
    frame = {"cell": [f"{index:x}" for index in columns[0]]}
    for field, values in zip(layer.fields, columns[1:], strict=True):
        frame[field["name"]] = _series(field["type"], values)
    return pd.DataFrame(frame)


def _series(kind: str, values: Sequence[Any]) -> Any:  # noqa: ANN401 - pandas has no types here
    """Values as pandas likes them; missing ones are NaN, or None in text and lists."""
    if kind == "float":
        return np.array(values, dtype=np.float64)
    if kind in ("int", "bool") and None in values:
        return pd.array(list(values), dtype="Int64" if kind == "int" else "boolean")
    if kind in ("int", "bool"):
        return np.array(values, dtype=np.int64 if kind == "int" else bool)
    return pd.Series(list(values), dtype=object)
