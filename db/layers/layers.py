"""Layers: values kept for a city's cells, or for the areas of a set."""

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from db.columns.copy import driver
from db.engine import allow_long
from db.layers.field_types import Column
from db.layers.units import SPATIAL_UNITS
from db.layers.values import check_columns, read_values, write_values
from db.layers.view import create_view, free_view_name
from db.schema import City, Layer

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
        fields: `{name, type, unit}` each, in order; types are those of `field_types.FIELD_TYPES`.
        parameters: What the user asked for.
        lineage: What it was made from.
        cell_ids: Cells `[m]`.
        columns: Values `[m]` by field name; NaN and None are missing.
        label_set_id: Labels it was fitted on; the layer outlives them.
        area_set_id: Areas it was fitted on; the layer goes with them.
        findings: What was measured while it was made; without NaN.

    Raises:
        ConflictError: The city has a layer of that slug.
        ValueError: Fields and columns do not match, a type is unknown, or a cell or area is none of
            the city's or set's, or given twice.
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
    cells_layer_id: int | None = None,
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
        fields: `{name, type, unit}` each, in order; types are those of `field_types.FIELD_TYPES`.
        parameters: What the user asked for.
        lineage: What it was made from.
        area_set_id: The set the areas belong to; the layer goes with it.
        area_ids: Areas `[a]` of that set.
        columns: Values `[a]` by field name; NaN and None are missing.
        cells_layer_id: The layer of cells that was made together with it.
        findings: What was measured while it was made; without NaN.

    Raises:
        ConflictError: The city has a layer of that slug.
        ValueError: Fields and columns do not match, a type is unknown, or a cell or area is none of
            the city's or set's, or given twice.
    """
    layer = Layer(
        city_id=city_id,
        slug=slug,
        title=title,
        kind=kind,
        spatial_unit="area",
        model_id=model_id,
        area_set_id=area_set_id,
        cells_layer_id=cells_layer_id,
        parameters=dict(parameters),
        lineage=dict(lineage),
        findings=dict(findings or {}),
    )
    return _add(session, layer, fields, area_ids, columns)


def list_layers(session: Session, city_id: int) -> list[Layer]:
    """A city's layers, newest first."""
    newest = select(Layer).where(Layer.city_id == city_id).order_by(Layer.id.desc())
    return list(session.scalars(newest))


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
        raise NotFoundError("no such layer", slug, remedy, code="no-such-layer")
    return layer


def layer_frame(session: Session, layer: Layer) -> pd.DataFrame:
    """A layer's values: `cell` (H3, hexadecimal) or `area` (code), then its fields.

    Cells come by H3 index, areas in the order of their set (as in `area_sets.area_frame`).

    Raises:
        NotFoundError: The layer has been removed since it was found.
    """
    found = read_values(session, layer)
    if found is None:
        raise _removed(layer)
    return found[1]


def layer_geo_frame(session: Session, layer: Layer) -> gpd.GeoDataFrame:
    """As `layer_frame`, with the polygons (WGS84) as `geometry`."""
    unit = SPATIAL_UNITS[layer.spatial_unit]
    found = read_values(session, layer)
    statement = sql.SQL(
        "SELECT ST_AsBinary({unit}.geom) FROM unnest((SELECT keys FROM layer_units "
        "WHERE layer_id = {layer})) AS stored (key) JOIN {unit} ON {joined} ORDER BY stored.key"
    ).format(
        unit=sql.Identifier(unit.table), layer=sql.Literal(layer.id), joined=unit.joined(layer)
    )
    with driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(statement).fetchall()
    if found is None or len(found[0]) != len(rows):
        raise _removed(layer)
    shapes = shapely.from_wkb([row[0] for row in rows])
    return gpd.GeoDataFrame(found[1], geometry=shapes, crs="EPSG:4326")


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
    layer.features = len(unit_ids)
    layer.view_name = free_view_name(session, city_slug, layer.slug)
    _insert(session, layer)
    allow_long(session)
    unit = SPATIAL_UNITS[layer.spatial_unit]
    keys = unit.keys_of(session, layer, np.asarray(unit_ids, dtype=np.int64))
    write_values(session, layer, keys, columns)
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
            "a layer of this name exists",
            slug,
            "choose another title, or remove that layer",
            code="layer-exists",
        ) from error


def _removed(layer: Layer) -> NotFoundError:
    return NotFoundError(
        "no such layer",
        layer.slug,
        "it has been removed; list those there are",
        code="no-such-layer",
    )
