"""Connections to the store, and its failures in plain words."""

import errno
import json
import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from aether_core.errors import (
    AetherError,
    ConflictError,
    DiskFullError,
    DiskReadOnlyError,
    InputError,
    NotFoundError,
    StoreUnavailableError,
)

STATEMENT_TIMEOUT_S = 60
RESTED_S = 0.25
_USED = "used"
UNREACHABLE = (
    "the database does not answer; start it with ./aether db start, or check AETHER_DATABASE_URL"
)


def _parsed(url: str) -> URL:
    """The address as SQLAlchemy's, with psycopg as its driver.

    Raises:
        InputError: It is no PostgreSQL address. The message never repeats its password.
    """
    remedy = "write postgresql://user:password@host:5432/database"
    try:
        parsed = make_url(url.strip())
    except (ArgumentError, ValueError):
        raise InputError(
            "not a database address",
            "AETHER_DATABASE_URL",
            remedy,
            code="database-address-unreadable",
        ) from None
    if parsed.drivername.split("+")[0] not in {"postgresql", "postgres"}:
        raise InputError(
            "not a PostgreSQL address", parsed.drivername, remedy, code="database-not-postgresql"
        )
    return parsed.set(drivername="postgresql+psycopg")


def conninfo(url: str) -> str:
    """The same address for libpq and psycopg, as procrastinate's connector wants it.

    Raises:
        InputError: It is no PostgreSQL address.
    """
    parsed = _parsed(url)
    # A repeated option arrives as a tuple: libpq takes several hosts or ports as a list.
    query = {k: v if isinstance(v, str) else ",".join(v) for k, v in parsed.query.items()}
    named = {
        "user": parsed.username,
        "password": parsed.password,
        "host": parsed.host,
        "port": parsed.port,
        "dbname": parsed.database,
    }
    return make_conninfo("", **{k: v for k, v in named.items() if v is not None}, **query)


def libpq_url(url: str) -> str:
    """The same address as libpq's own programs and QGIS take it: `postgresql://...`.

    The folder of a socket stands in it as the option `host`, percent-encoded.

    Raises:
        InputError: It is no PostgreSQL address.
    """
    parsed = _parsed(url)
    query = {k: v if isinstance(v, str) else ",".join(v) for k, v in parsed.query.items()}
    plain = parsed.set(drivername="postgresql", query=query)
    return plain.render_as_string(hide_password=False)


def open_engine(
    url: str,
    *,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
    application_name: str = "aether",
) -> Engine:
    """An engine that notices a lost connection before it uses it. It does not connect yet.

    Args:
        url: `postgresql://...`, with any driver named or none.
        statement_timeout_s: Longest a statement may run, seconds; `allow_long` lifts it.
        application_name: Shown in the server's log and list of sessions.

    Raises:
        InputError: It is no PostgreSQL address.
    """
    engine = create_engine(
        _parsed(url),
        pool_size=12,  # all are kept: what overflows is closed and opened anew on every question
        max_overflow=0,
        pool_use_lifo=True,
        pool_timeout=30,
        json_serializer=_plain_json,
        connect_args={
            "connect_timeout": 5,
            "application_name": application_name,
            "options": f"-c statement_timeout={int(statement_timeout_s * 1000)} -c timezone=UTC",
        },
    )
    _ping_what_rested(engine)
    _OPENED.add(engine)
    return engine


_OPENED: WeakSet[Engine] = WeakSet()


def _forget_inherited() -> None:
    """Let a forked process open connections of its own.

    By one of its parent's the two would read each other's answers, or wait for ever for theirs.
    """
    for engine in list(_OPENED):
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_inherited)


def _ping_what_rested(engine: Engine) -> None:
    """See that a connection is alive before it is used, unless it was used a moment ago.

    A page takes a connection three times a run. Asked each time, as `pool_pre_ping` does, every
    fifth message to the server is such a question.
    """

    def note(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info[_USED] = time.monotonic()

    def look(
        connection: DBAPIConnection, record: ConnectionPoolEntry, _fairy: PoolProxiedConnection
    ) -> None:
        if time.monotonic() - record.info.get(_USED, -math.inf) < RESTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except psycopg.Error as error:
            raise InvalidatePoolError from error  # all of them are opened anew

    event.listen(engine, "checkin", note)
    event.listen(engine, "checkout", look)


def _plain_json(value: Any) -> str:  # noqa: ANN401 - whatever a JSON column is given
    """JSON as the SQL standard knows it: NaN and infinity are refused, not written."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def allow_long(session: Session) -> None:
    """Lift the statement timeout until this transaction ends, for bulk work."""
    session.execute(text("SET LOCAL statement_timeout = 0"))


def reachable(engine: Engine) -> None:
    """Ask the store for a sign of life.

    A connection that was kept from before its server's end tells of that end alone, so another one
    is asked.

    Raises:
        StoreUnavailableError: It gives none.
    """
    try:
        _ask(engine)
    except StoreUnavailableError as error:
        lost = error.__cause__
        if not (isinstance(lost, DBAPIError) and lost.connection_invalidated):
            raise
        _ask(engine)


def _ask(engine: Engine) -> None:
    with session_scope(engine) as session:
        session.execute(text("SELECT 1"))


@contextmanager
def session_scope(engine: Engine) -> Iterator[Session]:
    """One transaction: committed at the end, undone on any error.

    Objects stay readable after it.

    Raises:
        StoreUnavailableError: The store went away, is full up with sessions, or took too long.
        DiskFullError: There is no room on its disk.
        DiskReadOnlyError: It takes no changes.
    """
    with _in_plain_words(), Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def reading_scope(engine: Engine) -> Iterator[Session]:
    """A few statements that read, each by itself.

    There is no transaction around them, whose beginning and end are messages to the server of their
    own; at the level "read committed" it would not make them see the same anyway.

    Raises:
        StoreUnavailableError: The store went away, is full up with sessions, or took too long.
    """
    alone = engine.execution_options(isolation_level="AUTOCOMMIT")
    with _in_plain_words(), Session(alone, expire_on_commit=False) as session:
        yield session


@contextmanager
def _in_plain_words() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        plain = in_plain_words(error)
        if plain is None:
            raise
        raise plain from error


def in_plain_words(error: DBAPIError | psycopg.Error) -> AetherError | None:
    """What a database error means for the user; None when it is a defect of ours."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.DataError) and cause.sqlstate is None:
        # Psycopg refuses a NUL itself, before the server has seen it.
        return InputError(
            "a text cannot be stored",
            str(cause),
            "leave the character out",
            code="text-not-storable",
        )
    if (full := _disk_at_fault(cause)) is not None:
        return full
    for kind, explain in _TOLD.items():
        if isinstance(cause, kind):
            return explain(cause)
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    # Without an SQL state the server never spoke; class 08 is a broken connection, 57P a shutdown.
    state = getattr(cause, "sqlstate", None)
    broken = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError) and (
        state is None or state.startswith(("08", "57P"))
    )
    return (
        StoreUnavailableError(UNREACHABLE, code="database-unreachable") if lost or broken else None
    )


def _disk_at_fault(cause: BaseException | None) -> AetherError | None:
    """What the server says of its disk; a quota and a read-only disk have no state of their own."""
    message = str(cause)
    words = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT))
    if isinstance(cause, psycopg.errors.DiskFull) or any(word in message for word in words):
        return DiskFullError("no room left on the database's disk; make room there and try again")
    read_only = isinstance(cause, psycopg.errors.ReadOnlySqlTransaction)
    if read_only or os.strerror(errno.EROFS) in message:
        return DiskReadOnlyError(
            "the database takes no changes: it, or its disk, is read-only; make it writable"
        )
    return None


def _refused(error: BaseException) -> AetherError:
    return StoreUnavailableError(
        f"the database refuses us: {str(error).splitlines()[-1]}", code="database-refuses-login"
    )


def _removed(error: BaseException) -> AetherError:
    """Nobody writes rows for what was never there: it went between reading and writing."""
    diagnostics = error.diag if isinstance(error, psycopg.Error) else None
    table = diagnostics.table_name if diagnostics is not None else None
    return NotFoundError(
        "what this belongs to was removed meanwhile",
        table or "",
        "list what there is now",
        code="removed-meanwhile",
    )


_TOLD: Mapping[type[psycopg.Error], Callable[[BaseException], AetherError]] = {
    psycopg.errors.QueryCanceled: lambda _: StoreUnavailableError(
        "a database query timed out; try again", code="database-question-too-slow"
    ),
    psycopg.errors.TooManyConnections: lambda _: StoreUnavailableError(
        "the database has no free session; try again in a moment",
        code="database-sessions-all-taken",
    ),
    psycopg.errors.InvalidPassword: _refused,
    psycopg.errors.InvalidCatalogName: _refused,
    psycopg.errors.ForeignKeyViolation: _removed,
    psycopg.errors.UntranslatableCharacter: lambda error: InputError(
        "a text cannot be stored",
        str(error).splitlines()[0],
        "leave the character out",
        code="text-not-storable",
    ),
    psycopg.errors.DeadlockDetected: lambda _: ConflictError(
        "two changes stood in each other's way",
        "the database undid this one",
        "try again",
        code="changes-block-each-other",
    ),
}
"""What the server says of its own accord, in plain words."""
