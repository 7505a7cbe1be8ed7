"""A real private PostGIS for tests: one cluster a session, one fresh database a test."""

import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Engine, make_url
from sqlalchemy.orm import Session

from db.cluster.embedded import PrivateCluster
from db.cluster.place import known_place
from db.engine import conninfo, open_engine
from db.migrate import migrate
from tests.in_memory import quick_folder

TEMPLATE = "aether_template"
UNSAFE_AND_QUICK = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "wal_level = minimal",
    "max_wal_senders = 0",
    "max_wal_size = '4GB'",
    "checkpoint_timeout = '1h'",
    "autovacuum = off",
)
"""A database a test means hundreds of copies and checkpoints; these data need no power cut."""
CREATE_COPY = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"  # a third of the default's time
_numbers = itertools.count()


def discard(cluster: PrivateCluster, home: Path) -> None:
    """Stop a cluster and leave nothing of it on the machine."""
    cluster.stop()
    place = known_place(home.resolve())
    if place is not None:
        shutil.rmtree(place.data, ignore_errors=True)
        shutil.rmtree(place.sockets, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def open_home() -> Iterator[Path]:
    """An empty folder that every account may enter, for a home with its data inside."""
    folder = Path(tempfile.mkdtemp(prefix="aether-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    """Address of a migrated database in a private cluster that lives for the test session."""
    home = Path(tempfile.mkdtemp(prefix="aether-test-", dir=quick_folder()))
    home.chmod(0o755)
    cluster = PrivateCluster(home)
    try:
        cluster.start()
        url = cluster.url()
        migrate(url)
        with psycopg.connect(conninfo(url), dbname="postgres", autocommit=True) as connection:
            for setting in UNSAFE_AND_QUICK:
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE aether")
        cluster.stop()
        cluster.start()
        yield url
    finally:
        discard(cluster, home)


@contextmanager
def fresh_database(cluster_url: str, template: str = TEMPLATE) -> Iterator[str]:
    """Address of a database copied from a template; dropped at the end."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(conninfo(cluster_url), dbname="postgres", autocommit=True) as connection:
        create = sql.SQL(CREATE_COPY)
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)")
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            url = make_url(cluster_url).set(database=name)
            yield url.render_as_string(hide_password=False)
        finally:
            connection.execute(drop.format(sql.Identifier(name)))


@pytest.fixture
def database_url(cluster_url: str) -> Iterator[str]:
    """Address of a database of the test's own: fresh, migrated and empty."""
    with fresh_database(cluster_url) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test's own database."""
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


@pytest.fixture(scope="session")
def scratch_engine(cluster_url: str) -> Iterator[Engine]:
    """An engine on a database that stays empty, as every test on it is undone."""
    with fresh_database(cluster_url) as url:
        opened = open_engine(url)
        yield opened
        opened.dispose()


@pytest.fixture
def session(scratch_engine: Engine) -> Iterator[Session]:
    """A session on an empty database, undone at the end even when the test commits.

    Nobody else sees its rows: a test that needs that takes `engine` and commits.
    """
    with scratch_engine.connect() as connection, connection.begin() as transaction:
        with Session(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as opened:
            yield opened
        transaction.rollback()
