"""The database as one stream, written and read by PostgreSQL's own programs.

What is written is one moment of it. What is read comes back in one transaction that asks itself
whether it is complete before it ends: whoever dies in between leaves the database as it was.
"""

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from aether_core.errors import StoreUnavailableError
from db.cluster.programs import ClientPrograms, find_client_programs
from db.engine import conninfo, session_scope
from db.schema import Base, Worker

CHUNK_BYTES: Final = 1 << 20
_NOT_KEPT: Final = ("procrastinate_*", Worker.__tablename__, "spatial_ref_sys")
"""Tables whose rows are of the moment: who is at work, and what stands in line for them.

The last one is PostGIS's, which an ordinary user of a database may not write.
"""
_NOT_RESTORED = re.compile(r"\d+; \d+ \d+ (?:(?:COMMENT|ACL) - )?(?:SCHEMA|EXTENSION) ")
"""Lines of a list of contents that speak of what the target has before anything is read."""


@dataclass(frozen=True)
class ServerFacts:
    """The server a database lies on.

    Attributes:
        postgresql: Its version, e.g. "15.18".
        major: The first number of it.
        postgis: Version of PostGIS; empty where the extension is not there yet.
        schema: The schema in which the app's tables are.
        revision: Of the tables; None where there are none.
    """

    postgresql: str
    major: int
    postgis: str
    schema: str
    revision: str | None


def server_facts(session: Session) -> ServerFacts:
    """What server and schema a database has."""
    number, version, schema = session.execute(
        text(
            "SELECT current_setting('server_version_num')::int, "
            "split_part(current_setting('server_version'), ' ', 1), current_schema()"
        )
    ).one()
    postgis = session.scalar(text("SELECT extversion FROM pg_extension WHERE extname = 'postgis'"))
    return ServerFacts(
        version, number // 10_000, postgis or "", schema or "public", applied_revision(session)
    )


def applied_revision(session: Session) -> str | None:
    """Revision of the tables of a database; None where there are none."""
    if not session.scalar(text("SELECT to_regclass('alembic_version') IS NOT NULL")):
        return None
    found: str | None = session.scalar(text("SELECT max(version_num) FROM alembic_version"))
    return found


def check_programs(facts: ServerFacts) -> None:
    """See that a database can be read and written here before anything is changed.

    Raises:
        StoreUnavailableError: Programs are missing; the message says what to install.
    """
    find_client_programs(facts.major)


def kept_tables() -> list[str]:
    """The tables whose rows a dump has, all but those of the moment."""
    return sorted(set(Base.metadata.tables) - {Worker.__tablename__})


def row_counts(session: Session) -> dict[str, int]:
    """How many rows each table has that a dump keeps."""
    connection = session.connection().connection.driver_connection
    if connection is None:
        raise RuntimeError("the connection is closed")
    counted = {}
    for table in kept_tables():
        if session.scalar(text("SELECT to_regclass(:name)"), {"name": f'"{table}"'}) is None:
            continue  # an older database has fewer
        question = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
        counted[table] = int(connection.execute(question).fetchone()[0])
    return counted


def database_bytes(session: Session) -> int:
    """What the database takes on its disk."""
    return int(session.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def dumped(url: str, facts: ServerFacts, *, snapshot: str | None = None) -> Iterator[bytes]:
    """Write a database's schema and rows, a piece at a time, in `pg_dump`'s custom format.

    Only the app's own schema is written, with all that is in it.

    Args:
        url: Address of the database.
        facts: Of its server.
        snapshot: The moment, as another transaction has exported it; now when left out.

    Raises:
        StoreUnavailableError: The programs are missing, or the server does not answer.
    """
    programs = find_client_programs(facts.major)
    address, environment = _address(url)
    command = [
        programs.path("pg_dump"),
        *("--format=custom", "--compress=1", "--no-password", f"--dbname={address}"),
        f'--schema="{facts.schema}"',
        *(f'--exclude-table-data="{facts.schema}".{table}' for table in _NOT_KEPT),
        *([] if snapshot is None else [f"--snapshot={snapshot}"]),
    ]
    with tempfile.TemporaryFile() as words:
        process = _started(command, environment, errors=words, output=subprocess.PIPE)
        try:
            while piece := _out(process).read(CHUNK_BYTES):
                yield piece
            _check(process, words, "the database could not be written into a file")
        finally:
            _end(process)


def restored(
    url: str,
    facts: ServerFacts,
    read: Callable[[], Iterable[bytes]],
    *,
    first: Sequence[str] = (),
    last: Sequence[str] = (),
) -> None:
    """Read a database back that `dumped` wrote, wholly or not at all.

    Args:
        url: Address of a database without any of our tables.
        facts: Of its server.
        read: Gives the dump from its beginning, a piece at a time; called twice.
        first: Statements that come before it, in the same transaction.
        last: Statements that come after it, in the same transaction; one that fails undoes all.

    Raises:
        StoreUnavailableError: The programs are missing, the server does not answer, or what is
            read does not fit it.
    """
    programs = find_client_programs(facts.major)
    address, environment = _address(url)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as words:
        wanted = Path(folder) / "wanted"
        wanted.write_text(_contents(programs, read, words), encoding="utf-8")
        command = [programs.path("psql"), "--no-psqlrc", "--quiet", "--no-password"]
        command += ["--set=ON_ERROR_STOP=1", "--output=/dev/null", f"--dbname={address}"]
        # Without its last words the server undoes all of it: a program that is killed sends none.
        store = _started(command, environment, errors=words, input_=subprocess.PIPE)
        try:
            opening = ["BEGIN", "SET LOCAL statement_timeout = 0", *first]
            with suppress(BrokenPipeError):
                _in(store).write(_script(opening))
                _in(store).flush()
            _pour(programs, wanted, read, into=_in(store), words=words)
            closing = [f'SET search_path TO "{facts.schema}"', *last, "COMMIT"]
            with suppress(BrokenPipeError):
                _in(store).write(_script(closing))
                _in(store).close()
            _check(store, words, "the database of the backup could not be read")
        finally:
            _end(store)


def _contents(
    programs: ClientPrograms, read: Callable[[], Iterable[bytes]], words: IO[bytes]
) -> str:
    """The list of what a dump holds, without what the target has already."""
    command = [programs.path("pg_restore"), "--list"]
    process = _started(command, {}, errors=words, input_=subprocess.PIPE, output=subprocess.PIPE)
    try:
        feeder = _feed(process, read)
        lines = _out(process).read().decode("utf-8", "replace").splitlines()
        feeder.join()
        _check(process, words, "the database of the backup cannot be read")
    finally:
        _end(process)
    return "\n".join(line for line in lines if not _NOT_RESTORED.match(line)) + "\n"


def _pour(
    programs: ClientPrograms,
    wanted: Path,
    read: Callable[[], Iterable[bytes]],
    *,
    into: IO[bytes],
    words: IO[bytes],
) -> None:
    """Have a dump written out as statements."""
    command = [programs.path("pg_restore"), "--no-owner", "--no-privileges"]
    command += [f"--use-list={wanted}", "--file=-"]
    process = _started(command, {}, errors=words, input_=subprocess.PIPE, output=into)
    try:
        _feed(process, read).join()
        _check(process, words, "the database of the backup cannot be read")
    finally:
        _end(process)


def _feed(
    process: subprocess.Popen[bytes], read: Callable[[], Iterable[bytes]]
) -> threading.Thread:
    """Give a program what is read, beside whoever reads what it writes."""

    def feed() -> None:
        with suppress(OSError, ValueError):  # it has had enough, or was ended
            for piece in read():
                _in(process).write(piece)
        with suppress(OSError, ValueError):
            _in(process).close()

    thread = threading.Thread(target=feed, daemon=True)
    thread.start()
    return thread


def drop_tables(engine: Engine) -> None:
    """Drop what is left of our tables below the oldest revision: the queue's, and the note of it.

    The caller has gone back to `base` and made sure that nothing is lost.
    """
    kinds = {"r": "TABLE", "v": "VIEW", "S": "SEQUENCE"}
    with session_scope(engine) as session:
        found = session.execute(
            text(
                "SELECT relkind, oid::regclass::text FROM pg_class "
                "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'v') "
                "AND (relname LIKE 'procrastinate\\_%' OR relname = 'alembic_version')"
            )
        ).all()
        for kind, name in found:
            session.execute(text(f"DROP {kinds[kind]} IF EXISTS {name} CASCADE"))
        routines = "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE "
        own = "AND pronamespace = current_schema()::regnamespace"
        for name in session.scalars(text(f"{routines} 'procrastinate\\_%' {own}")).all():
            session.execute(text(f"DROP FUNCTION IF EXISTS {name} CASCADE"))
        types = "SELECT oid::regtype::text FROM pg_type WHERE typname LIKE 'procrastinate\\_%' "
        own = "AND typnamespace = current_schema()::regnamespace AND typtype IN ('e', 'c')"
        for name in session.scalars(text(types + own)).all():
            session.execute(text(f"DROP TYPE IF EXISTS {name} CASCADE"))


def is_counted(counts: Mapping[str, int]) -> str:
    """A statement that fails unless each table has so many rows."""
    check = sql.SQL(
        "SELECT count(*) INTO counted FROM {table}; IF counted <> {rows} THEN "
        "RAISE EXCEPTION '% of % rows in table %', counted, {rows}, {name}; END IF;"
    )
    checks = sql.SQL(" ").join(
        check.format(table=sql.Identifier(table), rows=sql.Literal(rows), name=sql.Literal(table))
        for table, rows in counts.items()
    )
    whole = sql.SQL("DO $check$ DECLARE counted bigint; BEGIN {} END $check$").format(checks)
    return whole.as_string()


def _address(url: str) -> tuple[str, Mapping[str, str]]:
    """An address for the programs' command line, on which no password may stand."""
    named = {key: str(value) for key, value in conninfo_to_dict(conninfo(url)).items()}
    password = named.pop("password", None)
    environment = {} if password is None else {"PGPASSWORD": password}
    return make_conninfo("", **named), environment


def _script(statements: Sequence[str]) -> bytes:
    return "".join(f"{statement};\n" for statement in statements).encode()


def _started(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    errors: IO[bytes],
    input_: int = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            env={**os.environ, "LC_ALL": "C", **environment},
            stdin=input_,
            stdout=output,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is ours to carry out
        )
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot run {command[0]}: {error.strerror}", code="database-program-not-run"
        ) from error


def _check(process: subprocess.Popen[bytes], words: IO[bytes], what: str) -> None:
    """Wait for a program's end, and say its last error."""
    if process.wait() == 0:
        return
    words.seek(0)
    said = words.read(CHUNK_BYTES).decode("utf-8", "replace")
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line or "error:" in line or "FATAL" in line]
    reason = (errors or lines or [f"it ended with {process.returncode}"])[0]
    raise StoreUnavailableError(f"{what}: {reason}", code="database-program-failed")


def _end(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(OSError):
                pipe.close()
    if process.poll() is None:
        process.kill()
    process.wait()


def _in(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdin is None:
        raise RuntimeError("the program was started without an input")
    return process.stdin


def _out(process: subprocess.Popen[bytes]) -> IO[bytes]:
    if process.stdout is None:
        raise RuntimeError("the program was started without an output")
    return process.stdout
