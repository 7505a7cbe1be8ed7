"""Binary COPY: bulk rows in, arrays out.

Geometries and vectors travel as raw bytes: in binary COPY the server reads a column's bytes with
that column's own type, so WKB goes straight into a geometry.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy.orm import Session

_HEADER = struct.Struct("!11sii")
_SIGNATURE = b"PGCOPY\n\xff\r\n\0"


def driver(session: Session) -> psycopg.Connection[Any]:
    """Psycopg's connection under a session, with everything pending written to it."""
    session.flush()
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("the session's engine does not use psycopg")
    return connection


def new_ids(session: Session, table: str, count: int) -> NDArray[np.int64]:
    """Take fresh ids `[count]` of a table, ascending; no other session gets them."""
    rows = driver(session).execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
        (table, count),
    )
    return np.sort(np.fromiter((row[0] for row in rows), dtype=np.int64, count=count))


def copy_in(
    session: Session, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[Any]]
) -> None:
    """Write rows into a table.

    Args:
        session: In a transaction; rows are visible to others after its commit.
        table: Name of the table.
        columns: Type of each column by name, in the order of the rows' values: `int8`, `text`, or
            `bytea` for values given as bytes (WKB for a geometry, vectors, JSON by `jsonb_bytes`).
        rows: The values.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with driver(session).cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(list(columns.values()))
        for row in rows:
            copy.write_row(row)


def jsonb_bytes(document: str) -> bytes:
    """A JSON document as `jsonb` is sent in binary: a version byte, then the text."""
    return b"\x01" + document.encode()


def copy_out(
    session: Session,
    query: str,
    parameters: Mapping[str, Any],
    columns: Mapping[str, np.dtype[Any]],
) -> dict[str, NDArray[Any]]:
    """Read a query's rows as arrays, without making a Python object a value.

    Args:
        session: In a transaction.
        query: A SELECT with `%(name)s` placeholders. No value may be NULL.
        parameters: Values of the placeholders.
        columns: Type of each column by name, as it travels: `>i8` for bigint, `("<f4", (64,))`
            for a vector of 64.

    Returns:
        One array a column, `[rows, ...]`, in the machine's own byte order.

    Raises:
        ValueError: A value does not have its column's width.
    """
    statement = sql.SQL("COPY (") + sql.SQL(query) + sql.SQL(") TO STDOUT (FORMAT BINARY)")
    with driver(session).cursor() as cursor, cursor.copy(statement, parameters) as copy:
        raw = b"".join(bytes(block) for block in copy)
    start = _body(raw)
    row: list[tuple[Any, ...]] = [("fields", ">i2")]
    for name, kind in columns.items():
        row += [(f"{name} width", ">i4"), (name, kind)]
    record = np.dtype(row)
    count, rest = divmod(len(raw) - start - 2, record.itemsize)
    table = np.frombuffer(raw, dtype=record, offset=start, count=count)
    widths_fit = all((table[f"{n} width"] == k.itemsize).all() for n, k in columns.items())
    if rest or not widths_fit:
        raise ValueError(f"rows of this query do not have the widths of {list(columns)}")
    return {
        name: np.ascontiguousarray(table[name], dtype=kind.base.newbyteorder("="))
        for name, kind in columns.items()
    }


def _body(raw: bytes) -> int:
    """Where the rows of a binary COPY begin."""
    signature, _flags, extension = _HEADER.unpack_from(raw)
    if signature != _SIGNATURE:
        raise ValueError("this is no binary COPY")
    return _HEADER.size + int(extension)
