"""Layers: values kept for a city's cells, or for the areas of a set."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict, Unpack

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
from db.columns.copy import driver
from db.engine import allow_long
from db.layers.field_types import Column
from db.layers.units import SPATIAL_UNITS
from db.layers.values import check_columns, read_values, write_values
from db.layers.view import create_view, free_view_name
from db.schema import City, Layer

_OF_UNITS = {"h3": "cell", "areas": "city_area"}
"""What a layer of a city's units keeps values for."""
_NAMED = 10
"""Layers a message lists at most."""


class NewLayer(TypedDict):
    """What is given of every new layer, whether of cells or of areas.

    Attributes:
        slug: Name in addresses, unique in the city.
        title: Name for people.
        kind: What made it: `search`, `similar`, `ask`, `landuse`, `socioeconomic`, ...
        model_id: The model it came from, if any.
        fields: `{name, type, unit}` each, in order; types are those of `field_types.FIELD_TYPES`.
        parameters: What the user asked for.
        lineage: What it was made from.
        columns: Values by field name, one a cell or area; NaN and None are missing.
        findings: What was measured while it was made; without NaN.
    """

    slug: str
    title: str
    kind: str
    model_id: int | None
    fields: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, Any]
    lineage: Mapping[str, Any]
    columns: Mapping[str, Column]
    findings: NotRequired[Mapping[str, Any]]


def add_layer(
    session: Session,
    city_id: int,
    *,
    cell_ids: NDArray[np.int64],
    label_set_id: int | None = None,
    area_set_id: int | None = None,
    **new: Unpack[NewLayer],
) -> Layer:
    """Keep values of cells as a layer, with its SQL view.

    Args:
        session: In a transaction.
        city_id: The city.
        cell_ids: Cells `[m]`.
        label_set_id: Labels it was fitted on; the layer outlives them.
        area_set_id: Areas it was fitted on; the layer goes with them.
        new: All else, as `NewLayer` has it.

    Raises:
        ConflictError: The city has a layer of that slug.
        ValueError: Fields and columns do not match, a type is unknown, or a cell is none of the
            city's, or given twice.
    """
    units = session.scalars(select(City.units).where(City.id == city_id)).one()
    layer = Layer(
        city_id=city_id,
        spatial_unit=_OF_UNITS[units],
        label_set_id=label_set_id,
        area_set_id=area_set_id,
    )
    return _add(session, layer, cell_ids, new)


def add_area_layer(
    session: Session,
    city_id: int,
    *,
    area_set_id: int,
    area_ids: NDArray[np.int64],
    cells_layer_id: int | None = None,
    **new: Unpack[NewLayer],
) -> Layer:
    """Keep values of areas as a layer, with its SQL view.

    Args:
        session: In a transaction.
        city_id: The city.
        area_set_id: The set the areas belong to; the layer goes with it.
        area_ids: Areas `[a]` of that set.
        cells_layer_id: The layer of cells that was made together with it.
        new: All else, as `NewLayer` has it.

    Raises:
        ConflictError: The city has a layer of that slug.
        ValueError: Fields and columns do not match, a type is unknown, or an area is none of the
            set's, or given twice.
    """
    layer = Layer(
        city_id=city_id, spatial_unit="area", area_set_id=area_set_id, cells_layer_id=cells_layer_id
    )
    return _add(session, layer, area_ids, new)


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
    """A layer's values: `cell` (H3, hexadecimal) or `area` (its code), then its fields.

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


def change_layer(
    session: Session,
    layer: Layer,
    *,
    title: str | None = None,
    own_classes: Mapping[str, Any] | None = None,
) -> None:
    """Change how a layer is called or coloured, and note when; what is None stays.

    Args:
        session: In a transaction.
        layer: The layer.
        title: Name for people.
        own_classes: Chosen colours and classes by field, all of them.
    """
    layer.title = layer.title if title is None else title
    layer.own_classes = layer.own_classes if own_classes is None else dict(own_classes)
    layer.changed_at = func.now()
    session.flush()
    session.refresh(layer)


def remove_layer(session: Session, city_id: int, slug: str) -> None:
    """Delete a layer; its SQL view goes with it.

    Raises:
        NotFoundError: The city has no such layer.
    """
    layer = layer_by_slug(session, city_id, slug)
    allow_long(session)
    session.execute(delete(Layer).where(Layer.id == layer.id))
    session.expire_all()


def _add(session: Session, layer: Layer, unit_ids: NDArray[np.int64], new: NewLayer) -> Layer:
    """Store a new layer with the values of its cells or areas `[n]`, and make its view."""
    check_columns(new["fields"], len(unit_ids), new["columns"])
    city_slug = session.scalars(select(City.slug).where(City.id == layer.city_id)).one()
    layer.slug, layer.title, layer.kind = new["slug"], new["title"], new["kind"]
    layer.model_id = new["model_id"]
    layer.fields = [dict(field) for field in new["fields"]]
    layer.parameters, layer.lineage = dict(new["parameters"]), dict(new["lineage"])
    layer.findings = dict(new.get("findings", {}))
    layer.features = len(unit_ids)
    layer.view_name = free_view_name(session, city_slug, layer.slug)
    _insert(session, layer)
    allow_long(session)
    unit = SPATIAL_UNITS[layer.spatial_unit]
    keys = unit.keys_of(session, layer, np.asarray(unit_ids, dtype=np.int64))
    write_values(session, layer, keys, new["columns"])
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
