"""A real outage: one database that nobody can reach for a while."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from db.engine import conninfo

LOOKS = 4
"""So often nobody is seen there, one look after the other: who was let in just before connections
were refused is listed only later."""


@contextmanager
def outage(url: str) -> Iterator[None]:
    """Cut every connection to a database and refuse new ones until the block ends."""
    name = make_url(url).database
    with psycopg.connect(conninfo(url), dbname="postgres", autocommit=True) as server:

        def allow(allowed: bool) -> None:
            command = sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}")
            server.execute(command.format(sql.Identifier(name), sql.Literal(allowed)))

        allow(False)
        try:
            alone = 0
            while alone < LOOKS:
                cut = server.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )
                alone = 0 if cut.rowcount else alone + 1
                time.sleep(0.05)
            yield
        finally:
            allow(True)
