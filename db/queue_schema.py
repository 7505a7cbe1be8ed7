"""The job queue's tables, kept at the version of the installed procrastinate.

Procrastinate ships its schema and the steps between its versions as SQL files. The name of the
last step applied is kept as a comment on its main table, so that an upgrade of the package runs
just the new ones.
"""

from pathlib import Path

from procrastinate.schema import SchemaManager
from psycopg import sql
from sqlalchemy import Connection, text


def apply_queue_schema(connection: Connection, steps_folder: Path | None = None) -> None:
    """Create the queue's tables, or bring them up to date. Harmless when they are.

    Args:
        connection: In a transaction; nothing is committed here.
        steps_folder: SQL files whose names sort in the order of their making; procrastinate's own
            by default.
    """
    steps = _steps(steps_folder)
    newest = steps[-1].name
    is_there = connection.scalar(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL"))
    if not is_there:
        _execute(connection, SchemaManager.get_schema())
        _note(connection, newest)
        return
    applied = _applied(connection)
    if applied is None or applied >= newest:
        return  # without our note the tables are someone else's to look after
    for step in steps:
        if step.name > applied:
            _execute(connection, step.read_text(encoding="utf-8"))
    _note(connection, newest)


def queue_schema_is_newest(connection: Connection) -> bool:
    """Whether the queue's tables are there and `apply_queue_schema` would change nothing."""
    applied = _applied(connection)
    return applied is not None and applied >= _steps()[-1].name


def _steps(folder: Path | None = None) -> list[Path]:
    return sorted((folder or Path(SchemaManager.get_migrations_path())).glob("*.sql"))


def _applied(connection: Connection) -> str | None:
    """Name of the last step that was applied; None without our note or without the tables."""
    note: str | None = connection.scalar(
        text("SELECT obj_description(to_regclass('procrastinate_jobs'), 'pg_class')")
    )
    return note


def _note(connection: Connection, step: str) -> None:
    statement = sql.SQL("COMMENT ON TABLE procrastinate_jobs IS {}").format(step)
    _execute(connection, statement.as_string())


def _execute(connection: Connection, statements: str) -> None:
    """Run several statements at once, as psycopg does when there are no parameters."""
    driver = connection.connection.driver_connection
    if driver is None:
        raise RuntimeError("the connection is closed")
    driver.execute(statements)
