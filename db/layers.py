"""Layers: values kept for a city's cells, or for the areas of a set."""

from collections.abc import Mapping, Sequence
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
from db.copy import copy_in, driver
from db.engine import allow_long
from db.layer_values import Column, check_columns, documents, value_frame
from db.layer_view import SOURCES, create_view, field_values, free_view_name
from db.schema import City, Layer, LayerArea, LayerFeature

_NAMED = 10
"""Layers a message lists at most."""


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
    columns: Mapping[str, Column],
    label_set_id: int | None = None,
    area_set_id: int | None = None,
    findings: Mapping[str, Any] | None = None,
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
        label_set_id: Labels it was fitted on; the layer outlives them.
        area_set_id: Areas it was fitted on; the layer goes with them.
        findings: What was measured while it was made; without NaN.

    Raises:
        ConflictError: The city has a layer of that slug.
        ValueError: Fields and columns do not match, or a type is unknown.
    """
    layer = Layer(
        city_id=city_id,
        slug=slug,
        title=title,
        kind=kind,
        spatial_unit="cell",
        model_id=model_id,
        label_set_id=label_set_id,
        area_set_id=area_set_id,
        parameters=dict(parameters),
        lineage=dict(lineage),
        findings=dict(findings or {}),
    )
    return _add(session, layer, fields, cell_ids, columns)


def add_area_layer(
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
    area_set_id: int,
    area_ids: NDArray[np.int64],
    columns: Mapping[str, Column],
    findings: Mapping[str, Any] | None = None,
) -> Layer:
    """Keep values of areas as a layer, with its SQL view.

    Args:
        session: In a transaction.
        city_id: The city.
        slug: Name in addresses, unique in the city.
        title: Name for people.
        kind: What made it: `socioeconomic`, ...
        model_id: The model it came from, if any.
        fields: `{name, type, unit}` each, in order; types are those of `layer_view.FIELD_TYPES`.
        parameters: What the user asked for.
        lineage: What it was made from.
        area_set_id: The set the areas belong to; the layer goes with it.
        area_ids: Areas `[a]` of that set.
        columns: Values `[a]` by field name; NaN and None are missing.
        findings: What was measured while it was made; without NaN.

    Raises:
        ConflictError: The city has a layer of that slug.
        ValueError: Fields and columns do not match, or a type is unknown.
    """
    layer = Layer(
        city_id=city_id,
        slug=slug,
        title=title,
        kind=kind,
        spatial_unit="area",
        model_id=model_id,
        area_set_id=area_set_id,
        parameters=dict(parameters),
        lineage=dict(lineage),
        findings=dict(findings or {}),
    )
    return _add(session, layer, fields, area_ids, columns)


def list_layers(session: Session, city_id: int) -> list[tuple[Layer, int]]:
    """A city's layers with their numbers of cells or areas, newest first."""
    number = _counted(LayerFeature) + _counted(LayerArea)
    rows = session.execute(
        select(Layer, number).where(Layer.city_id == city_id).order_by(Layer.id.desc())
    )
    return [(layer, int(count)) for layer, count in rows]


def feature_count(session: Session, layer_id: int) -> int:
    """How many cells or areas a layer has values for; 0 when it was removed."""
    number = _counted(LayerFeature) + _counted(LayerArea)
    return int(session.scalar(select(number).where(Layer.id == layer_id)) or 0)


def layer_by_slug(session: Session, city_id: int, slug: str) -> Layer:
    """One layer of a city.

    Raises:
        NotFoundError: There is none; the message lists those there are.
    """
    layer = session.scalar(select(Layer).where(Layer.city_id == city_id, Layer.slug == slug))
    if layer is None:
        newest = select(Layer.slug).where(Layer.city_id == city_id).order_by(Layer.id.desc())
        known = list(session.scalars(newest.limit(_NAMED + 1)))
        named = ", ".join(known[:_NAMED]) + (", and older ones" if len(known) > _NAMED else "")
        remedy = f"the layers are: {named}" if known else "this city has no layer yet"
        raise NotFoundError("no such layer", slug, remedy)
    return layer


def layer_frame(session: Session, layer: Layer) -> pd.DataFrame:
    """A layer's values: `cell` (H3, hexadecimal) or `area` (code), then its fields.

    Cells come by H3 index, areas in the order of their set (as in `area_sets.area_frame`).

    Raises:
        NotFoundError: The layer has been removed since it was found.
    """
    source = SOURCES[layer.spatial_unit]
    rows = _rows(session, layer, [sql.SQL(source.name)])
    return value_frame(source.unit, layer.fields, rows)


def layer_geo_frame(session: Session, layer: Layer) -> gpd.GeoDataFrame:
    """As `layer_frame`, with the polygons (WGS84) as `geometry`."""
    source = SOURCES[layer.spatial_unit]
    shape = sql.SQL("ST_AsBinary({})").format(sql.Identifier(source.unit, "geom"))
    rows = _rows(session, layer, [sql.SQL(source.name), shape])
    frame = value_frame(source.unit, layer.fields, [(row[0], *row[2:]) for row in rows])
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


def _add(
    session: Session,
    layer: Layer,
    fields: Sequence[Mapping[str, Any]],
    unit_ids: NDArray[np.int64],
    columns: Mapping[str, Column],
) -> Layer:
    """Store a new layer with the values of its cells or areas `[n]`, and make its view."""
    check_columns(fields, len(unit_ids), columns)
    city_slug = session.scalars(select(City.slug).where(City.id == layer.city_id)).one()
    layer.fields = [dict(field) for field in fields]
    layer.view_name = free_view_name(session, city_slug, layer.slug)
    _insert(session, layer)
    allow_long(session)
    source = SOURCES[layer.spatial_unit]
    rows = zip(
        [layer.id] * len(unit_ids),
        np.asarray(unit_ids).tolist(),
        documents(fields, len(unit_ids), columns),
        strict=True,
    )
    types = {"layer_id": "int8", source.key: "int8", "properties": "bytea"}
    copy_in(session, source.values, types, rows)
    create_view(session, layer)
    session.refresh(layer)
    return layer


def _insert(session: Session, layer: Layer) -> None:
    city_id, slug = layer.city_id, layer.slug
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


def _counted(values: type[LayerFeature | LayerArea]) -> Any:  # noqa: ANN401 - an SQL expression
    """SQL of how many rows of a table belong to a layer of the outer query."""
    return (
        select(func.count())
        .select_from(values)
        .where(values.layer_id == Layer.id)
        .correlate(Layer)
        .scalar_subquery()
    )


def _rows(session: Session, layer: Layer, leading: list[sql.Composable]) -> list[tuple[Any, ...]]:
    source = SOURCES[layer.spatial_unit]
    statement = sql.SQL("SELECT {} FROM {} WHERE {}.layer_id = {} ORDER BY {}").format(
        sql.SQL(", ").join([*leading, *field_values(source.values, layer.fields)]),
        source.joined,
        sql.Identifier(source.values),
        sql.Literal(layer.id),
        sql.SQL(source.order),
    )
    with driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(statement).fetchall()
    if not rows and session.scalar(select(Layer.id).where(Layer.id == layer.id)) is None:
        raise NotFoundError(
            "no such layer", layer.slug, "it has been removed; list those there are"
        )
    return rows
