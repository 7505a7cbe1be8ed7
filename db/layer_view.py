"""The SQL view of a layer: its values and shapes as one table for QGIS, psql or pyogrio."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.copy import driver
from db.identifiers import bounded, column_names
from db.schema import Layer

FIELD_TYPES: Mapping[str, str] = {
    "float": "double precision",
    "int": "bigint",
    "bool": "boolean",
    "text": "text",
    "list": "jsonb",
}
"""SQL type of each type of field."""


@dataclass(frozen=True)
class Source:
    """Where the values of layers of one spatial unit are, and how their shapes are named.

    Attributes:
        values: Table with `layer_id`, the unit's id and `properties`.
        unit: Table of the shapes, and the name of a frame's first column.
        key: The unit's id in `values`, and the view's unique column.
        name: SQL for what people call a shape: H3 index in hexadecimal, or the area's code.
        order: SQL a layer's rows are sorted by.
        geometry_type: Of every shape, as QGIS and PostGIS call it.
    """

    values: str
    unit: str
    key: str
    name: str
    order: str
    geometry_type: str

    @property
    def joined(self) -> sql.Composed:
        """SQL of values and shapes side by side."""
        return sql.SQL("{values} JOIN {unit} ON {unit}.id = {values}.{key}").format(
            values=sql.Identifier(self.values),
            unit=sql.Identifier(self.unit),
            key=sql.Identifier(self.key),
        )


SOURCES: Mapping[str, Source] = {
    "cell": Source("layer_feature", "cell", "cell_id", "to_hex(cell.h3)", "cell.h3", "Polygon"),
    "area": Source("layer_area", "area", "area_id", "area.code::text", "area.id", "MultiPolygon"),
}
"""By a layer's spatial unit."""


def free_view_name(session: Session, city_slug: str, layer_slug: str) -> str:
    """`v_<city>_<layer>` in 63 bytes; a hash is added when another layer's name reads the same."""
    plain = bounded(f"v_{city_slug}_{layer_slug}")
    if session.scalar(select(Layer.id).where(Layer.view_name == plain)) is None:
        return plain
    return bounded(f"v_{city_slug}_{layer_slug}", told_apart_by=city_slug)


def field_values(table: str, fields: Sequence[Mapping[str, Any]]) -> list[sql.Composable]:
    """An SQL expression a field: its value in the `properties` of a table, in its own type."""
    return [
        sql.SQL("({}{}{})::{}").format(
            sql.Identifier(table, "properties"),
            sql.SQL("->" if field["type"] == "list" else "->>"),
            sql.Literal(field["name"]),
            sql.SQL(FIELD_TYPES[field["type"]]),
        )
        for field in fields
    ]


def view_columns(layer: Layer) -> dict[str, str]:
    """What each field of a layer is called in its view; a taken or too long name is changed."""
    source = SOURCES[layer.spatial_unit]
    fields = [field["name"] for field in layer.fields]
    names = column_names(fields, (source.key, source.unit, "geom"))
    return dict(zip(fields, names, strict=True))


def create_view(session: Session, layer: Layer) -> None:
    """Make a layer's view.

    Its columns are `cell_id`, `cell` (H3, hexadecimal) or `area_id`, `area` (code); then a column a
    field, and `geom` (WGS84). Ids are unique in it.
    """
    source = SOURCES[layer.spatial_unit]
    columns = [
        sql.SQL("{} AS {}").format(value, sql.Identifier(name))
        for value, name in zip(
            field_values(source.values, layer.fields), view_columns(layer).values(), strict=True
        )
    ]
    statement = sql.SQL(
        "CREATE VIEW {view} AS SELECT {unit}.id AS {key}, {columns}, {unit}.geom FROM {joined} "
        "WHERE {values}.layer_id = {layer}"
    ).format(
        view=sql.Identifier(layer.view_name),
        unit=sql.Identifier(source.unit),
        key=sql.Identifier(source.key),
        columns=sql.SQL(", ").join(
            [
                sql.SQL("{} AS {}").format(sql.SQL(source.name), sql.Identifier(source.unit)),
                *columns,
            ]
        ),
        joined=source.joined,
        values=sql.Identifier(source.values),
        layer=sql.Literal(layer.id),
    )
    driver(session).execute(statement)
