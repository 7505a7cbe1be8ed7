"""The database as it was before a new version of the app changes its tables."""

import fcntl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Engine

from aether_core.files.whole import atomic_path
from db import dump
from db.cities import folders as folder_rows
from db.engine import session_scope
from db.migrate import known_revisions, newest_revision
from workflows.home.settings import Settings

log = structlog.get_logger()

KEPT: Final = 3
"""How many are kept, the newest."""


def keep_before_migration(settings: Settings, url: str, engine: Engine) -> Path | None:
    """Write a database that has cities into `backups/`, if its tables are to be changed.

    Of processes that start at once the first writes; the others wait until it has.

    Args:
        settings: The installation's.
        url: Address of the database.
        engine: Connections to it.

    Returns:
        The file; None where there is nothing to be kept, or the settings do without.

    Raises:
        StoreUnavailableError: PostgreSQL's client programs are missing.
        DiskFullError: There is no room for it.
    """
    if not settings.migration_backup or _changing(engine) is None:
        return None
    settings.backups.mkdir(parents=True, exist_ok=True)
    with (settings.backups / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        facts = _changing(engine)
        if facts is None:
            return None
        now = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        file = settings.backups / f"{facts.revision}-to-{newest_revision()}-{now}.dump"
        with atomic_path(file) as temporary, temporary.open("wb") as opened:
            for piece in dump.dumped(url, facts):
                opened.write(piece)
        log.info("a new version changes the tables; the database as it was is kept", file=str(file))
        others = sorted(set(settings.backups.glob("*.dump")) - {file}, key=_written)
        for old in others[: 1 - KEPT]:  # this one stays, whatever the clock said before
            old.unlink(missing_ok=True)
    return file


def _changing(engine: Engine) -> dump.ServerFacts | None:
    """The server's facts, where its database has cities and tables of an older version."""
    with session_scope(engine) as session:
        facts = dump.server_facts(session)
        old = facts.revision in known_revisions() and facts.revision != newest_revision()
        return facts if old and folder_rows.has_cities(session) else None


def _written(file: Path) -> str:
    """When a file was written, by its name."""
    return file.stem.rpartition("-")[2]
