"""A real outage: one database that nobody can reach for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from db.engine import conninfo


@contextmanager
def outage(url: str) -> Iterator[None]:
    """Cut every connection to a database and refuse new ones until the block ends."""
    name = make_url(url).database
    with psycopg.connect(conninfo(url), dbname="postgres", autocommit=True) as server:

        def allow(allowed: bool) -> None:
            command = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
            server.execute(command.format(sql.Identifier(name), sql.Literal(allowed)))

        allow(False)
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )
        try:
            yield
        finally:
            allow(True)
