"""Values of layers as arrays, their number, which layers belong together; texts by precision.

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import op
from psycopg import sql
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SQL_TYPES = {
    "float": "double precision",
    "int": "bigint",
    "bool": "boolean",
    "text": "text",
    "list": "jsonb",
}
_FROM_JSON = {"int": "::bigint", "bool": "::boolean", "text": "#>> '{}'", "list": "::jsonb"}
_PAIRS_A_CALL = 40  # a function takes 100 arguments


@dataclass(frozen=True)
class _Unit:
    """Where one kind of layer had its values, what names its shapes, and what orders them."""

    values: str
    table: str
    id_column: str
    name: str
    key: str


_UNITS = {
    "cell": _Unit("layer_feature", "cell", "cell_id", "to_hex(cell.h3)", "cell.h3"),
    "area": _Unit("layer_area", "area", "area_id", "area.code::text", "area.id"),
}


@dataclass(frozen=True)
class _Layer:
    """A layer as a revision sees it; `columns` are what its view calls the fields."""

    id: int
    city_id: int
    view: str
    unit: _Unit
    names: list[str]
    types: list[str]
    columns: list[str]


def upgrade() -> None:
    op.add_column("layer", sa.Column("cells_layer_id", sa.BigInteger(), nullable=True))
    op.add_column("layer", sa.Column("features", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_layer_cells_layer_id"), "layer", ["cells_layer_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_layer_cells_layer_id_layer"),
        "layer",
        "layer",
        ["cells_layer_id"],
        ["id"],
        ondelete="SET NULL",
    )
    # How pages told which layers were made together, once and for all.
    op.execute("""
        UPDATE layer SET cells_layer_id = cells.id FROM layer AS cells
        WHERE layer.kind = 'socioeconomic areas' AND cells.kind = 'socioeconomic'
        AND cells.city_id = layer.city_id AND cells.created_at = layer.created_at
        AND layer.title = cells.title || ', by area'
    """)
    op.create_table(
        "layer_units",
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        _of_layer("layer_units"),
        sa.PrimaryKeyConstraint("layer_id", name=op.f("pk_layer_units")),
    )
    op.create_table(
        "layer_column",
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("numbers", postgresql.ARRAY(sa.Double()), nullable=True),
        sa.Column("codes", postgresql.ARRAY(sa.Integer()), nullable=True),
        sa.Column("words", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(numbers, codes) = 1", name=op.f("ck_layer_column_one_array")
        ),
        sa.CheckConstraint(
            "(codes IS NULL) = (words IS NULL)", name=op.f("ck_layer_column_codes_with_words")
        ),
        _of_layer("layer_column"),
        sa.PrimaryKeyConstraint("layer_id", "position", name=op.f("pk_layer_column")),
    )
    # Read whole and hardly compressible: packing them would only cost time.
    op.execute("ALTER TABLE layer_column ALTER COLUMN numbers SET STORAGE EXTERNAL")
    op.execute("ALTER TABLE layer_units ALTER COLUMN keys SET STORAGE EXTERNAL")
    connection = _driver()
    for layer in _layers(connection):
        _gather(connection, layer)
        connection.execute(sql.SQL("DROP VIEW {}").format(sql.Identifier(layer.view)))
        _lay_out(connection, layer)
    op.alter_column("layer", "features", nullable=False)
    # Nobody can say in which precision these were computed: a cache, encoded anew when wanted.
    op.execute("DELETE FROM text WHERE encoder = 'all-MiniLM-L6-v2'")
    op.drop_table("layer_feature")
    op.drop_table("layer_area")
    op.execute("""
        CREATE OR REPLACE FUNCTION drop_layer_view() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            EXECUTE format('DROP VIEW IF EXISTS %I', OLD.view_name);
            EXECUTE format('DROP MATERIALIZED VIEW IF EXISTS %I', 'layer_' || OLD.id);
            RETURN NULL;
        END
        $body$
    """)


def downgrade() -> None:
    for unit in _UNITS.values():
        _create_values(unit)
    connection = _driver()
    for layer in _layers(connection):
        _scatter(connection, layer)
        connection.execute(sql.SQL("DROP VIEW {}").format(sql.Identifier(layer.view)))
        connection.execute(sql.SQL("DROP MATERIALIZED VIEW {}").format(_rows(layer)))
        _create_json_view(connection, layer)
    op.drop_table("layer_column")
    op.drop_table("layer_units")
    op.drop_constraint(op.f("fk_layer_cells_layer_id_layer"), "layer", type_="foreignkey")
    op.drop_index(op.f("ix_layer_cells_layer_id"), table_name="layer")
    op.drop_column("layer", "features")
    op.drop_column("layer", "cells_layer_id")
    op.execute("""
        CREATE OR REPLACE FUNCTION drop_layer_view() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            EXECUTE format('DROP VIEW IF EXISTS %I', OLD.view_name);
            RETURN NULL;
        END
        $body$
    """)


def _of_layer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["layer_id"], ["layer.id"], name=op.f(f"fk_{table}_layer_id_layer"), ondelete="CASCADE"
    )


def _driver() -> psycopg.Connection[Any]:
    connection = op.get_bind().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("migrations run on psycopg")
    return connection


def _layers(connection: psycopg.Connection[Any]) -> Iterator[_Layer]:
    rows = connection.execute(
        "SELECT id, city_id, view_name, spatial_unit, fields, ARRAY(SELECT attname::text "
        "FROM pg_attribute WHERE attrelid = quote_ident(view_name)::regclass AND attnum > 0 "
        "ORDER BY attnum) FROM layer ORDER BY id"
    ).fetchall()
    for number, city_id, view, unit, fields, columns in rows:
        yield _Layer(
            number,
            city_id,
            view,
            _UNITS[unit],
            [field["name"] for field in fields],
            [field["type"] for field in fields],
            columns[2:-1],
        )


def _gather(connection: psycopg.Connection[Any], layer: _Layer) -> None:
    """Put a layer's documents into arrays, and count them."""
    given = sql.SQL(
        "SELECT {key} AS key, v.properties -> %(name)s::text AS word FROM {values} AS v "
        "JOIN {table} ON {table}.id = v.{id} WHERE v.layer_id = %(layer)s"
    ).format(
        key=sql.SQL(layer.unit.key),
        values=sql.Identifier(layer.unit.values),
        table=sql.Identifier(layer.unit.table),
        id=sql.Identifier(layer.unit.id_column),
    )
    keys = sql.SQL(
        "INSERT INTO layer_units SELECT %(layer)s, coalesce(array_agg(key ORDER BY key), '{{}}') "
        "FROM ({}) AS given"
    ).format(given)
    connection.execute(keys, {"layer": layer.id, "name": ""})
    connection.execute(
        "UPDATE layer SET features = cardinality(keys) FROM layer_units "
        "WHERE layer_id = id AND id = %s",
        (layer.id,),
    )
    numbers = sql.SQL(
        "INSERT INTO layer_column (layer_id, position, numbers) SELECT %(layer)s, %(position)s, "
        "coalesce(array_agg(coalesce((word #>> '{{}}')::double precision, 'NaN') ORDER BY key), "
        "'{{}}') FROM ({}) AS given"
    ).format(given)
    codes = sql.SQL(
        "WITH given AS MATERIALIZED ({}), known AS MATERIALIZED (SELECT word, "
        "row_number() OVER (ORDER BY word)::int AS code FROM (SELECT DISTINCT word FROM given "
        "WHERE word <> 'null') AS words) "
        "INSERT INTO layer_column (layer_id, position, codes, words) SELECT %(layer)s, "
        "%(position)s, coalesce(array_agg(coalesce(code, 0) ORDER BY key), '{{}}'), "
        "(SELECT coalesce(jsonb_agg(word ORDER BY code), '[]') FROM known) "
        "FROM given LEFT JOIN known USING (word)"
    ).format(given)
    for position, (name, kind) in enumerate(zip(layer.names, layer.types, strict=True), 1):
        statement = numbers if kind == "float" else codes
        connection.execute(
            statement, {"layer": layer.id, "name": name, "position": position}
        )


def _lay_out(connection: psycopg.Connection[Any], layer: _Layer) -> None:
    """Make a layer's rows and the view of them."""
    unit = layer.unit
    arrays = [_kept("layer_units", "keys", layer.id)]
    columns: list[sql.Composable] = []
    words: list[sql.Composable] = []
    for position, kind in enumerate(layer.types, 1):
        if kind == "float":
            arrays.append(_kept("layer_column", "numbers", layer.id, position))
            columns.append(sql.SQL(f"NULLIF(stored.f{position}, 'NaN') AS f{position}"))
            continue
        arrays.append(_kept("layer_column", "codes", layer.id, position))
        columns.append(sql.SQL(f"(w{position}.word {_FROM_JSON[kind]}) AS f{position}"))
        words.append(
            sql.SQL("LEFT JOIN jsonb_array_elements({}) WITH ORDINALITY AS {} {}").format(
                _kept("layer_column", "words", layer.id, position),
                sql.SQL(f"w{position} (word, code)"),
                sql.SQL(f"ON w{position}.code = stored.f{position}"),
            )
        )
    joined = sql.SQL("{} = stored.key").format(sql.SQL(unit.key))
    if unit.table == "cell":
        joined += sql.SQL(" AND cell.city_id = {}").format(sql.Literal(layer.city_id))
    # An array counts for ten rows: what are really thousands would be looped over or sorted.
    connection.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
    connection.execute(
        sql.SQL(
            "CREATE MATERIALIZED VIEW {rows} AS SELECT {columns} "
            "FROM ROWS FROM ({arrays}) AS stored ({names}) JOIN {unit} ON {joined} {words}"
        ).format(
            rows=_rows(layer),
            columns=sql.SQL(", ").join(
                [sql.SQL(f"{unit.table}.id AS {unit.id_column}"), *columns]
            ),
            arrays=sql.SQL(", ").join(sql.SQL("unnest({})").format(array) for array in arrays),
            names=sql.SQL(", ").join(
                [sql.SQL("key"), *(sql.SQL(f"f{n}") for n in range(1, len(arrays)))]
            ),
            unit=sql.Identifier(unit.table),
            joined=joined,
            words=sql.SQL(" ").join(words),
        )
    )
    connection.execute(
        "SET LOCAL enable_nestloop = DEFAULT; SET LOCAL enable_mergejoin = DEFAULT"
    )
    connection.execute(
        sql.SQL("CREATE UNIQUE INDEX ON {} ({})").format(
            _rows(layer), sql.Identifier(unit.id_column)
        )
    )
    connection.execute(sql.SQL("ANALYZE {}").format(_rows(layer)))
    shown = [
        sql.SQL("{}.{} AS {}").format(_rows(layer), sql.SQL(f"f{n}"), sql.Identifier(name))
        for n, name in enumerate(layer.columns, 1)
    ]
    _create_view(connection, layer, _rows(layer), shown, sql.SQL(""))


def _create_values(unit: _Unit) -> None:
    op.create_table(
        unit.values,
        sa.Column("layer_id", sa.BigInteger(), nullable=False),
        sa.Column(unit.id_column, sa.BigInteger(), nullable=False),
        sa.Column(
            "properties",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            [unit.id_column],
            [f"{unit.table}.id"],
            name=op.f(f"fk_{unit.values}_{unit.id_column}_{unit.table}"),
            ondelete="CASCADE",
        ),
        _of_layer(unit.values),
        sa.PrimaryKeyConstraint("layer_id", unit.id_column, name=op.f(f"pk_{unit.values}")),
    )
    op.create_index(
        op.f(f"ix_{unit.values}_{unit.id_column}"), unit.values, [unit.id_column], unique=False
    )


def _scatter(connection: psycopg.Connection[Any], layer: _Layer) -> None:
    """Put a layer's rows back into one document each."""
    pairs = [
        sql.SQL("{}::text, {}").format(sql.Literal(name), sql.SQL(f"f{position}"))
        for position, name in enumerate(layer.names, 1)
    ]
    parts = [
        sql.SQL("jsonb_build_object({})").format(
            sql.SQL(", ").join(pairs[start : start + _PAIRS_A_CALL])
        )
        for start in range(0, len(pairs), _PAIRS_A_CALL)
    ]
    connection.execute(
        sql.SQL("INSERT INTO {} SELECT {}, {}, jsonb_strip_nulls({}) FROM {}").format(
            sql.Identifier(layer.unit.values),
            sql.Literal(layer.id),
            sql.Identifier(layer.unit.id_column),
            sql.SQL(" || ").join([sql.SQL("'{}'::jsonb"), *parts]),
            _rows(layer),
        )
    )


def _create_json_view(connection: psycopg.Connection[Any], layer: _Layer) -> None:
    values = sql.Identifier(layer.unit.values)
    shown = [
        sql.SQL("({}.properties {} {})::{} AS {}").format(
            values,
            sql.SQL("->" if kind == "list" else "->>"),
            sql.Literal(name),
            sql.SQL(_SQL_TYPES[kind]),
            sql.Identifier(column),
        )
        for name, kind, column in zip(layer.names, layer.types, layer.columns, strict=True)
    ]
    one = sql.SQL("WHERE {}.layer_id = {}").format(values, sql.Literal(layer.id))
    _create_view(connection, layer, values, shown, one)


def _create_view(
    connection: psycopg.Connection[Any],
    layer: _Layer,
    rows: sql.Composable,
    shown: list[sql.Composed],
    where: sql.Composable,
) -> None:
    unit = layer.unit
    connection.execute(
        sql.SQL(
            "CREATE VIEW {view} AS SELECT {unit}.id AS {id}, {columns}, {unit}.geom "
            "FROM {rows} JOIN {unit} ON {unit}.id = {rows}.{id} {where}"
        ).format(
            view=sql.Identifier(layer.view),
            unit=sql.Identifier(unit.table),
            id=sql.Identifier(unit.id_column),
            columns=sql.SQL(", ").join(
                [
                    sql.SQL("{} AS {}").format(sql.SQL(unit.name), sql.Identifier(unit.table)),
                    *shown,
                ]
            ),
            rows=rows,
            where=where,
        )
    )


def _rows(layer: _Layer) -> sql.Identifier:
    return sql.Identifier(f"layer_{layer.id}")


def _kept(table: str, column: str, layer_id: int, position: int | None = None) -> sql.Composable:
    one = sql.SQL("SELECT {} FROM {} WHERE layer_id = {}").format(
        sql.Identifier(column), sql.Identifier(table), sql.Literal(layer_id)
    )
    if position is not None:
        one += sql.SQL(" AND position = {}").format(sql.Literal(position))
    return sql.SQL("({})").format(one)
