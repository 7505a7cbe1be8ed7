"""The SQL view of a layer: its values and cells as one table for QGIS, psql or pyogrio."""

from collections.abc import Mapping, Sequence
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

OWN_COLUMNS = ("cell_id", "cell", "geom")


def free_view_name(session: Session, city_slug: str, layer_slug: str) -> str:
    """`v_<city>_<layer>` in 63 bytes; a hash is added when another layer's name reads the same."""
    plain = bounded(f"v_{city_slug}_{layer_slug}")
    if session.scalar(select(Layer.id).where(Layer.view_name == plain)) is None:
        return plain
    return bounded(f"v_{city_slug}_{layer_slug}", told_apart_by=city_slug)


def field_values(fields: Sequence[Mapping[str, Any]]) -> list[sql.Composable]:
    """An SQL expression a field: its value in `layer_feature.properties`, in its own type."""
    return [
        sql.SQL("({}{}{})::{}").format(
            sql.SQL("layer_feature.properties"),
            sql.SQL("->" if field["type"] == "list" else "->>"),
            sql.Literal(field["name"]),
            sql.SQL(FIELD_TYPES[field["type"]]),
        )
        for field in fields
    ]


def create_view(session: Session, layer: Layer) -> None:
    """Make a layer's view: `cell_id`, `cell` (H3, hexadecimal), a column a field, `geom` (WGS84).

    A field whose name is taken or too long gets a changed one.
    """
    names = column_names([field["name"] for field in layer.fields], OWN_COLUMNS)
    columns = [
        sql.SQL("{} AS {}").format(value, sql.Identifier(name))
        for value, name in zip(field_values(layer.fields), names, strict=True)
    ]
    selected = [sql.SQL("cell.id AS cell_id"), sql.SQL("to_hex(cell.h3) AS cell"), *columns]
    statement = sql.SQL(
        "CREATE VIEW {} AS SELECT {}, cell.geom FROM layer_feature "
        "JOIN cell ON cell.id = layer_feature.cell_id WHERE layer_feature.layer_id = {}"
    ).format(sql.Identifier(layer.view_name), sql.SQL(", ").join(selected), sql.Literal(layer.id))
    driver(session).execute(statement)
