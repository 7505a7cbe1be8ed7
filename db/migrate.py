"""Bring a database to the schema of this version."""

import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from aether_core.errors import StoreUnavailableError
from db.engine import in_plain_words, open_engine
from db.queue_schema import apply_queue_schema, queue_schema_is_newest

LOCK = 0x61657468  # "aeth": any number, as long as every process takes the same
MIGRATIONS = Path(__file__).parent / "migrations"

logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


def migrate(
    url: str, revision: str = "head", *, before: Callable[[Engine], object] | None = None
) -> None:
    """Upgrade to a revision, and the job queue with it, in one transaction: all or nothing.

    Processes that call this at once take turns. Harmless when nothing is to be done.

    Args:
        url: Address of the database.
        revision: Revision to upgrade to; the newest by default.
        before: Called first where something is to be done.

    Raises:
        InputError: `url` is no PostgreSQL address.
        StoreUnavailableError: The database does not answer, lacks PostGIS, or was written by a
            newer version of this app.
    """
    _change(url, revision, upwards=True, before=before)


def downgrade(url: str, revision: str) -> None:
    """Go back to an older revision; tables it does not know are dropped with their data.

    Args:
        url: Address of the database.
        revision: Revision to return to; `base` leaves none of our tables.

    Raises:
        InputError: `url` is no PostgreSQL address.
        StoreUnavailableError: The database does not answer.
    """
    _change(url, revision, upwards=False)


def _change(
    url: str, revision: str, *, upwards: bool, before: Callable[[Engine], object] | None = None
) -> None:
    engine = open_engine(url, statement_timeout_s=0, application_name="aether migrate")
    try:
        with engine.begin() as connection:
            if upwards and revision == "head" and _is_newest(connection):
                return  # as each start but the first finds it: no lock, no reading of revisions
        if before is not None:
            before(engine)
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            if upwards:
                require_postgis(connection)
                command.upgrade(_config(connection), revision)
                apply_queue_schema(connection)
            else:
                command.downgrade(_config(connection), revision)
    except DBAPIError as error:
        plain = in_plain_words(error)
        if plain is None:
            raise
        raise plain from error
    except CommandError as error:
        raise StoreUnavailableError(
            f"this database does not fit this version of the app: {error}; newest known revision: "
            f"{newest_revision()}",
            code="database-of-other-version",
        ) from error
    finally:
        engine.dispose()


def _is_newest(connection: Connection) -> bool:
    if not connection.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
        return False
    applied = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    return applied == [newest_revision()] and queue_schema_is_newest(connection)


@cache
def newest_revision() -> str:
    """The revision this version of the app works with."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    return head or "none"


@cache
def known_revisions() -> frozenset[str]:
    """All revisions this version of the app knows the way from."""
    return frozenset(one.revision for one in ScriptDirectory(str(MIGRATIONS)).walk_revisions())


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def require_postgis(connection: Connection) -> None:
    """See that the server has the extension, whether or not this database has it yet.

    Raises:
        StoreUnavailableError: It has not.
    """
    available = connection.scalar(
        text("SELECT count(*) FROM pg_available_extensions WHERE name = 'postgis'")
    )
    if not available:
        raise StoreUnavailableError(
            "this PostgreSQL server has no PostGIS; install it there, on Debian or Ubuntu with: "
            "sudo apt-get install postgis postgresql-<version>-postgis-3",
            code="server-without-postgis",
        )
