"""The SQL view of a layer: its values and shapes as one table for QGIS, psql or pyogrio.

A layer's values are arrays, which no index reaches into. So that QGIS can ask for the cells in a
window, PostgreSQL lays the arrays out once as rows, in a materialized view `layer_<id>` of typed
columns; the view that people see joins the shapes to it. Both go with the layer's row, by a
trigger.
"""

from psycopg import sql
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.columns.copy import driver
from db.columns.identifiers import bounded, column_names
from db.layers.field_types import FIELD_TYPES
from db.layers.units import SPATIAL_UNITS
from db.schema import Layer


def free_view_name(session: Session, city_slug: str, layer_slug: str) -> str:
    """`v_<city>_<layer>` in 63 bytes; a hash is added when another layer's name reads the same."""
    plain = bounded(f"v_{city_slug}_{layer_slug}")
    if session.scalar(select(Layer.id).where(Layer.view_name == plain)) is None:
        return plain
    return bounded(f"v_{city_slug}_{layer_slug}", told_apart_by=city_slug)


def view_columns(layer: Layer) -> dict[str, str]:
    """What each field of a layer is called in its view; a taken or too long name is changed."""
    unit = SPATIAL_UNITS[layer.spatial_unit]
    fields = [field["name"] for field in layer.fields]
    names = column_names(fields, (unit.id_column, unit.column, "geom"))
    return dict(zip(fields, names, strict=True))


def create_view(session: Session, layer: Layer) -> None:
    """Lay a layer's values out as rows, and make its view.

    Its columns are `cell_id`, `cell` (H3, hexadecimal) or `area_id`, `area` (code); then a column a
    field, and `geom` (WGS84). Ids are unique in it.
    """
    connection = driver(session)
    unit = SPATIAL_UNITS[layer.spatial_unit]
    rows = sql.Identifier(f"layer_{layer.id}")
    # PostgreSQL takes an array for ten rows: it would sort what are really hundreds of thousands
    # again for each column, or go over them in a loop.
    connection.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
    connection.execute(sql.SQL("CREATE MATERIALIZED VIEW {} AS {}").format(rows, _laid_out(layer)))
    connection.execute("SET LOCAL enable_nestloop = DEFAULT; SET LOCAL enable_mergejoin = DEFAULT")
    connection.execute(
        sql.SQL("CREATE UNIQUE INDEX ON {} ({})").format(rows, sql.Identifier(unit.id_column))
    )
    connection.execute(sql.SQL("ANALYZE {}").format(rows))
    columns = [
        sql.SQL("{} AS {}").format(sql.SQL(unit.name), sql.Identifier(unit.column)),
        *(
            sql.SQL("{}.{} AS {}").format(rows, _column(position), sql.Identifier(name))
            for position, name in enumerate(view_columns(layer).values(), 1)
        ),
    ]
    connection.execute(
        sql.SQL(
            "CREATE VIEW {view} AS SELECT {unit}.id AS {id}, {columns}, {unit}.geom "
            "FROM {rows} JOIN {unit} ON {unit}.id = {rows}.{id}"
        ).format(
            view=sql.Identifier(layer.view_name),
            rows=rows,
            id=sql.Identifier(unit.id_column),
            columns=sql.SQL(", ").join(columns),
            unit=sql.Identifier(unit.table),
        )
    )


def _laid_out(layer: Layer) -> sql.Composed:
    """SQL of a layer's arrays as rows: the unit's id, then `f1`, `f2`, ... in their own types."""
    unit = SPATIAL_UNITS[layer.spatial_unit]
    arrays = [_kept("layer_units", "keys", layer.id)]
    columns: list[sql.Composable] = []
    dictionaries: list[sql.Composable] = []
    for position, field in enumerate(layer.fields, 1):
        kind = FIELD_TYPES[field["type"]]
        arrays.append(_kept("layer_column", kind.array, layer.id, position))
        columns.append(sql.SQL("{} AS {}").format(sql.SQL(kind.shown(position)), _column(position)))
        if kind.array == "codes":
            dictionaries.append(_words(layer.id, position))
    names = [sql.Identifier("key"), *(_column(n) for n in range(1, len(arrays)))]
    return sql.SQL(
        "SELECT {columns} FROM ROWS FROM ({arrays}) AS stored ({names}) "
        "JOIN {unit} ON {joined} {dictionaries}"
    ).format(
        columns=sql.SQL(", ").join(
            [
                sql.SQL("{}.id AS {}").format(
                    sql.Identifier(unit.table), sql.Identifier(unit.id_column)
                ),
                *columns,
            ]
        ),
        arrays=sql.SQL(", ").join(sql.SQL("unnest({})").format(array) for array in arrays),
        names=sql.SQL(", ").join(names),
        unit=sql.Identifier(unit.table),
        joined=unit.joined(layer),
        dictionaries=sql.SQL(" ").join(dictionaries),
    )


def _words(layer_id: int, position: int) -> sql.Composable:
    """SQL that joins a coded column's words, as `w<n>`, to its codes."""
    return sql.SQL(
        "LEFT JOIN jsonb_array_elements({}) WITH ORDINALITY AS {words} (word, code) "
        "ON {words}.code = stored.{column}"
    ).format(
        _kept("layer_column", "words", layer_id, position),
        words=sql.Identifier(f"w{position}"),
        column=_column(position),
    )


def _kept(table: str, column: str, layer_id: int, position: int | None = None) -> sql.Composable:
    """SQL of one stored array, or of one column's words."""
    one = sql.SQL("(SELECT {} FROM {} WHERE layer_id = {}").format(
        sql.Identifier(column), sql.Identifier(table), sql.Literal(layer_id)
    )
    if position is None:
        return one + sql.SQL(")")
    return one + sql.SQL(" AND position = {})").format(sql.Literal(position))


def _column(position: int) -> sql.Identifier:
    return sql.Identifier(f"f{position}")
