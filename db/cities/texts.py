"""Encoded texts: a cache by hash, shared by all cities."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.columns.copy import copy_in, driver
from db.columns.vector_type import STORED, vector_bytes

_INCOMING = "incoming_text"


def missing_hashes(session: Session, encoder: str, hashes: Iterable[str]) -> set[str]:
    """Those of the hashes that the encoder has not encoded yet."""
    wanted = set(hashes)
    rows = driver(session).execute(
        "SELECT hash FROM text WHERE encoder = %s AND hash = ANY(%s)", (encoder, list(wanted))
    )
    return wanted - {row[0] for row in rows}


def places_to_encode(
    session: Session, encoder: str, city_id: int
) -> list[tuple[str, str, str, str]]:
    """A city's places whose text the encoder has not encoded, one a text.

    Returns:
        Rows (hash of the text, name, category, group), by hash.
    """
    rows = driver(session).execute(
        'SELECT DISTINCT ON (text_hash) text_hash, name, category, "group" FROM poi '
        "WHERE city_id = %s AND NOT EXISTS "
        "(SELECT FROM text WHERE hash = poi.text_hash AND encoder = %s) ORDER BY text_hash, id",
        (city_id, encoder),
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def add_texts(
    session: Session, encoder: str, hashes: Sequence[str], vectors: NDArray[np.float32]
) -> None:
    """Store vectors `[n, dim]` of texts; those already there stay as they are.

    Raises:
        ValueError: Hashes and vectors differ in number, or a vector holds NaN.
    """
    connection = driver(session)
    incoming = sql.Identifier(_INCOMING)
    connection.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} (LIKE text) ON COMMIT DROP").format(incoming)
    )
    rows = zip(hashes, [encoder] * len(hashes), vector_bytes(vectors), strict=True)
    copy_in(session, _INCOMING, {"hash": "text", "encoder": "text", "vector": "bytea"}, rows)
    # In one order for every session: two that add the same texts wait, and never deadlock.
    connection.execute(
        sql.SQL(
            "INSERT INTO text (hash, encoder, vector) SELECT hash, encoder, vector FROM {} "
            "ORDER BY hash ON CONFLICT DO NOTHING"
        ).format(incoming)
    )
    connection.execute(sql.SQL("DROP TABLE {}").format(incoming))


def text_vectors(session: Session, encoder: str, hashes: Sequence[str]) -> NDArray[np.float32]:
    """Vectors float32 `[len(hashes), dim]` of texts, in order; repeated hashes repeat.

    Raises:
        NotFoundError: The encoder has not encoded one of them.
    """
    with driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(
            "SELECT hash, vector FROM text WHERE encoder = %s AND hash = ANY(%s)",
            (encoder, list(set(hashes))),
        ).fetchall()
    at = {row[0]: index for index, row in enumerate(rows)}
    absent = [value for value in hashes if value not in at]
    if absent:
        raise NotFoundError(
            f"texts not encoded by {encoder}",
            absent[0],
            f"encode these {len(absent)} texts first",
            code="text-not-encoded",
        )
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    distinct = np.frombuffer(b"".join(row[1] for row in rows), dtype=STORED)
    vectors: NDArray[np.float32] = distinct.reshape(len(rows), -1)[[at[value] for value in hashes]]
    return vectors
