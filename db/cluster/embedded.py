"""The private PostGIS cluster of a home: a unix socket, no TCP, an unprivileged account.

The server outlives the process that started it and is found again by the next one. A server that
was killed recovers from its write-ahead log: fsync stays on.
"""

import os
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from aether_core.errors import StoreUnavailableError
from aether_core.files.disk import disk_in_words
from db.cluster.account import ServerAccount
from db.cluster.place import Place, known_place, locked, settle
from db.cluster.process import clear_remains, cluster_name, server_pid
from db.cluster.programs import Programs, find_programs

PORT = 5432
OWNER = "aether"
DATABASE = "aether"
START_S = 60
LOG_LIMIT_BYTES = 5_000_000


@dataclass(frozen=True)
class ClusterStatus:
    """What is known of a cluster without starting it.

    Attributes:
        running: Whether the server process is there.
        answers: Whether it takes connections.
        pid: Process number of the server; None when stopped.
        data: The data directory; None before the first start.
        log: The server's log; None before the first start.
    """

    running: bool
    answers: bool
    pid: int | None
    data: Path | None
    log: Path | None


class PrivateCluster:
    """The cluster that belongs to one home.

    Args:
        home: The home folder (`AETHER_HOME`); made when missing.
        program_roots: Where PostgreSQL is looked for; None for the places systems install it in.
    """

    def __init__(self, home: Path, program_roots: Sequence[Path] | None = None) -> None:
        self._home = home.expanduser().resolve()
        self._program_roots = program_roots

    def start(self) -> None:
        """Make the cluster on first use, and have it answer. Harmless when it already does.

        Raises:
            StoreUnavailableError: PostgreSQL or PostGIS is missing, or the server does not start.
            DiskFullError: There is no room for it.
            DiskReadOnlyError: Its disk takes no changes.
            InputError: The home is closed to this user.
        """
        place = known_place(self._home)
        if place is not None and _answers(place):
            return
        with disk_in_words(*self._folders(place)), locked(self._home):
            place, account = settle(self._home)
            if _answers(place):
                return
            made = _made_by(place.data)
            programs = find_programs(self._program_roots, major=made)
            if server_pid(place) is not None and _answers_soon(place):
                _create_database(place)  # a first start may have been cut short before it
                return
            if server_pid(place) is not None:
                _stop(place, account, programs)  # runs, but its socket is gone
            clear_remains(place, account.uid)
            if made is None:
                _initialise(place, account, programs)
            _configure(place, account)
            _launch(place, account, programs)
            _create_database(place)

    def stop(self) -> None:
        """Stop the server; data are kept. Harmless when it is stopped.

        Raises:
            StoreUnavailableError: The server does not stop.
            InputError: The home is closed to this user.
        """
        if (known := known_place(self._home)) is None:
            return
        with disk_in_words(*self._folders(known)), locked(self._home):
            place, account = settle(self._home)
            if server_pid(place) is not None:
                _stop(
                    place, account, find_programs(self._program_roots, major=_made_by(place.data))
                )

    def status(self) -> ClusterStatus:
        """Whether the server runs and answers; starts nothing."""
        place = known_place(self._home)
        if place is None:
            return ClusterStatus(running=False, answers=False, pid=None, data=None, log=None)
        pid = server_pid(place)
        return ClusterStatus(
            running=pid is not None,
            answers=pid is not None and _answers(place),
            pid=pid,
            data=place.data,
            log=_log(place),
        )

    def url(self) -> str:
        """The SQLAlchemy address of the database; stays the same over restarts.

        Raises:
            StoreUnavailableError: No folder can hold the database.
            DiskFullError: There is no room in the home.
            DiskReadOnlyError: The home's disk takes no changes.
            InputError: The home is closed to this user.
        """
        place = known_place(self._home)
        if place is None:
            with disk_in_words(*self._folders(place)), locked(self._home):
                place, _ = settle(self._home)
        return (
            f"postgresql+psycopg://{OWNER}@/{DATABASE}?host={quote(str(place.sockets))}&port={PORT}"
        )

    def _folders(self, place: Place | None) -> tuple[Path, ...]:
        """Where the cluster writes, the likeliest to be full first."""
        return (self._home,) if place is None else (place.data, self._home, place.sockets)


def _log(place: Place) -> Path:
    return place.data / "server.log"


def _made_by(data: Path) -> int | None:
    """Major version that wrote the data; None when there are none yet."""
    try:
        return int((data / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise StoreUnavailableError(
            f"cannot read the database in {data}: {error}", code="database-files-unreadable"
        ) from error


def _connect(place: Place, database: str) -> psycopg.Connection:
    return psycopg.connect(
        host=str(place.sockets),
        port=PORT,
        user=OWNER,
        dbname=database,
        connect_timeout=5,
        autocommit=True,
    )


def _answers(place: Place, database: str = DATABASE) -> bool:
    try:
        with _connect(place, database):
            return True
    except psycopg.OperationalError:
        return False


def _answers_soon(place: Place) -> bool:
    """Wait for a server that is starting or recovering, as long as it has a socket."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and server_pid(place) is not None:
        if _answers(place, "postgres"):
            return True
        if not (place.sockets / f".s.PGSQL.{PORT}").exists() and _has_started(place.data):
            return False
        time.sleep(0.1)
    return False


def _has_started(data: Path) -> bool:
    """Whether the server says of itself that it is ready, on the last line of its lock file."""
    with suppress(OSError):
        return (data / "postmaster.pid").read_text().strip().endswith("ready")
    return False


def _initialise(place: Place, account: ServerAccount, programs: Programs) -> None:
    """Run initdb beside the data directory and rename: a cluster is whole or not there."""
    partial = place.data / "partial"
    _clear_unfinished(place.data, partial)
    account.own(place.data)
    done = account.run(
        [
            programs.path("initdb"),
            "--pgdata",
            str(partial),
            "--username",
            OWNER,
            "--auth",
            "peer",
            "--encoding",
            "UTF8",
            "--locale",
            _utf8_locale(account),
            "--lc-messages",
            "C",
            "--no-sync",
        ]
    )
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise StoreUnavailableError(
            f"cannot make the database in {place.data}: {_last(done.stderr)}",
            code="database-not-made",
        )
    os.sync()  # once for all: initdb would wait for each of its thousand files
    # PG_VERSION is what makes a data directory one: it comes last.
    for entry in sorted(partial.iterdir(), key=lambda path: path.name == "PG_VERSION"):
        entry.rename(place.data / entry.name)
    partial.rmdir()


def _clear_unfinished(data: Path, partial: Path) -> None:
    """Remove an initialisation that was cut short; it is told by its own folder."""
    if not partial.exists() and any(data.iterdir()):
        raise StoreUnavailableError(
            f"{data} holds files that are no database; move them away",
            code="database-folder-holds-other-files",
        )
    for entry in [path for path in data.iterdir() if path != partial]:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    shutil.rmtree(partial, ignore_errors=True)


def _utf8_locale(account: ServerAccount) -> str:
    """C.UTF-8 where the system has it: names fold case in every script, and no order surprises."""
    known = account.run(["locale", "-a"]).stdout.lower().split()
    return "C.UTF-8" if {"c.utf8", "c.utf-8"} & set(known) else "C"


def _configure(place: Place, account: ServerAccount) -> None:
    """Write the settings that are ours; `ALTER SYSTEM` still wins over them."""
    settings = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(place.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        # A city's removal drops its layers' views at once, with five locks a layer.
        "max_locks_per_transaction": "512",
        "shared_buffers": "256MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "128MB",
        "max_wal_size": "2GB",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "jit": "off",  # PostGIS queries spend longer compiling than running
        "max_parallel_workers_per_gather": "0",  # containers give /dev/shm 64 MB
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %a ",
    }
    lines = "".join(
        f"{key} = '{value.replace(chr(39), 2 * chr(39))}'\n" for key, value in settings.items()
    )
    users = "".join(f"aether {name} {OWNER}\n" for name in dict.fromkeys(["root", account.name]))
    main = place.data / "postgresql.conf"
    include = "include 'aether.conf'\n"
    _write(place.data / "aether.conf", lines, account)
    _write(place.data / "pg_hba.conf", "local all all peer map=aether\n", account)
    _write(place.data / "pg_ident.conf", users, account)
    if include not in (text := main.read_text(encoding="utf-8")):
        _write(main, text + "\n" + include, account)


def _write(path: Path, text: str, account: ServerAccount) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    if not account.is_me:
        os.chown(partial, account.uid, account.gid)
    partial.replace(path)


def _launch(place: Place, account: ServerAccount, programs: Programs) -> None:
    log = _log(place)
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    done = account.run(
        [
            programs.path("pg_ctl"),
            "start",
            "--wait",
            f"--timeout={START_S}",
            "--pgdata=.",  # pg_ctl goes through a shell, and a home's path may hold quotes
            f"--log={log.name}",
            f"--options=--cluster_name={cluster_name(place)}",
        ],
        folder=place.data,
        timeout_s=START_S + 10,
    )
    if done.returncode == 0:
        return
    if server_pid(place) is not None:
        raise StoreUnavailableError(
            "the database is still recovering; try again in a minute", code="database-recovering"
        )
    output = log.read_text(encoding="utf-8", errors="replace") if log.exists() else done.stderr
    raise StoreUnavailableError(
        f"the database does not start: {_last(output)}; the log is {log}",
        code="database-start-failed",
    )


def _stop(place: Place, account: ServerAccount, programs: Programs) -> None:
    for mode in ("fast", "immediate"):
        account.run(
            [
                programs.path("pg_ctl"),
                "stop",
                "--wait",
                f"--timeout={START_S}",
                f"--mode={mode}",
                "--pgdata=.",
            ],
            folder=place.data,
            timeout_s=START_S + 10,
        )
        if server_pid(place) is None:
            return
    raise StoreUnavailableError(
        f"the database does not stop; the log is {_log(place)}", code="database-stop-failed"
    )


def _create_database(place: Place) -> None:
    try:
        with _connect(place, "postgres") as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.Error as error:
        raise StoreUnavailableError(
            f"the database does not answer: {_last(str(error))}", code="database-unreachable"
        ) from error


def _last(text: str) -> str:
    """The line that says what went wrong: the last error, else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "FATAL" in line or "error:" in line or "ERROR" in line]
    return (errors or lines or ["no reason given"])[-1]
