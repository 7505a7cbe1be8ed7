"""The private cluster: real servers, started, stopped and killed."""

import json
import os
import shutil
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from aether_core.errors import StoreUnavailableError
from db.cluster import place as cluster_place
from db.cluster.embedded import PrivateCluster
from db.cluster.place import Place, known_place
from db.columns.copy import copy_in
from db.engine import conninfo, open_engine, reachable, session_scope
from tests.db_fixtures import discard
from tests.errors import fault


@pytest.fixture(scope="module")
def own_home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="aether-test-"))
    folder.chmod(0o755)
    home = folder / "home"
    yield home
    discard(PrivateCluster(home), home)
    folder.rmdir()


@pytest.fixture
def cluster(own_home: Path) -> PrivateCluster:
    """One cluster that the tests of this file start, stop and kill in turn."""
    made = PrivateCluster(own_home)
    made.start()
    with psycopg.connect(conninfo(made.url()), autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
    return made


def _place(cluster: PrivateCluster) -> Place:
    data = cluster.status().data
    assert data is not None
    place = known_place(data.parent)
    assert place is not None
    return place


def _execute(cluster: PrivateCluster, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo(cluster.url()), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def _kill_server(cluster: PrivateCluster) -> None:
    pid = cluster.status().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while cluster.status().running:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_start_stop_start_keeps_data_and_address(cluster: PrivateCluster) -> None:
    address = cluster.url()
    _execute(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
    cluster.start()
    assert cluster.status().answers
    cluster.stop()
    cluster.stop()
    assert not cluster.status().running
    cluster.start()
    assert cluster.url() == address
    assert _execute(cluster, "SELECT number FROM kept") == [(7,)]


def test_settings_are_safe(cluster: PrivateCluster) -> None:
    shown = dict(_execute(cluster, "SELECT name, setting FROM pg_settings"))
    assert shown["listen_addresses"] == ""
    assert shown["fsync"] == shown["full_page_writes"] == shown["synchronous_commit"] == "on"
    place = _place(cluster)
    assert stat.S_IMODE(place.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.data.stat().st_mode) == 0o700
    server = Path(f"/proc/{cluster.status().pid}")
    assert server.stat().st_uid != 0


def test_kill_9_recovers_committed_rows(cluster: PrivateCluster) -> None:
    _execute(cluster, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
    _kill_server(cluster)
    assert (cluster.status().data / "postmaster.pid").exists()
    with pytest.raises(psycopg.OperationalError):
        _execute(cluster, "SELECT 1")
    cluster.start()
    assert _execute(cluster, "SELECT count(*), sum(number) FROM kept") == [(1000, 500500)]


def test_kill_9_with_a_busy_backend_recovers(cluster: PrivateCluster) -> None:
    """A backend that works on after its server was killed may not share the data with the next."""
    with psycopg.connect(conninfo(cluster.url()), autocommit=True) as connection:
        busy = connection.info.backend_pid

        def work() -> None:
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT count(*) FROM generate_series(1, 1000000000)")

        worker = threading.Thread(target=work)
        worker.start()
        deadline = time.monotonic() + 20
        active = "SELECT pid FROM pg_stat_activity WHERE state = 'active'"
        while (busy,) not in _execute(cluster, active):
            assert time.monotonic() < deadline
        _kill_server(cluster)
        assert Path(f"/proc/{busy}").exists()
        cluster.start()
        worker.join(timeout=20)
        assert not worker.is_alive()
    assert _execute(cluster, "SELECT 1") == [(1,)]


def test_lock_file_of_a_number_that_now_belongs_to_another_program(
    cluster: PrivateCluster,
) -> None:
    """After a restart of the machine the number in a lock file may be anyone's: ours, here."""
    place = _place(cluster)
    lock = (place.data / "postmaster.pid").read_text().split("\n")
    cluster.stop()
    lock[0] = str(os.getpid())
    for path in (place.data / "postmaster.pid", place.sockets / ".s.PGSQL.5432.lock"):
        path.write_text("\n".join(lock))
        shutil.chown(path, place.data.stat().st_uid)
    assert not cluster.status().running
    cluster.start()
    assert cluster.status().answers


def test_socket_directory_that_was_cleaned_away(cluster: PrivateCluster) -> None:
    """Cleaners of /tmp take the socket from under a running server, or the folder at a restart."""
    _execute(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
    place = _place(cluster)
    shutil.rmtree(place.sockets)
    status = cluster.status()
    assert status.running
    assert not status.answers
    cluster.start()
    assert _execute(cluster, "SELECT number FROM kept") == [(7,)]
    cluster.stop()
    shutil.rmtree(place.sockets)
    cluster.start()
    assert _execute(cluster, "SELECT number FROM kept") == [(7,)]


def test_squatted_socket_directory_is_left_alone(cluster: PrivateCluster) -> None:
    cluster.stop()
    place = _place(cluster)
    place.sockets.rmdir()
    place.sockets.symlink_to("/tmp")  # noqa: S108 - what an attacker would do
    try:
        cluster.start()
        moved = known_place(place.home)
        assert moved is not None
        assert moved.sockets != place.sockets
        assert cluster.status().answers
    finally:
        place.sockets.unlink()


def test_two_homes_at_once_then_one_is_moved(cluster: PrivateCluster, open_home: Path) -> None:
    """The second home has a path that no shell likes."""
    home, moved_home = open_home / 'it\'s a %home "of" $ÄÖ', open_home / "moved"
    other, moved = PrivateCluster(home), PrivateCluster(moved_home)
    try:
        other.start()
        assert cluster.url() != other.url()
        _execute(cluster, "CREATE TABLE kept AS SELECT 1 AS number")
        _execute(other, "CREATE TABLE kept AS SELECT 2 AS number")
        assert _execute(cluster, "SELECT number FROM kept") == [(1,)]
        other.stop()
        assert cluster.status().answers
        home.rename(moved_home)
        moved.start()
        assert _execute(moved, "SELECT number FROM kept") == [(2,)]
    finally:
        discard(moved, moved_home)
        discard(other, home)


def test_copied_home_runs_beside_the_original(
    cluster: PrivateCluster, own_home: Path, open_home: Path
) -> None:
    home = open_home / "copy"
    copy = PrivateCluster(home)
    try:
        _execute(cluster, "CREATE TABLE kept AS SELECT 1 AS number")
        cluster.stop()
        shutil.copytree(own_home, home)
        owner = (own_home / "cluster").stat()
        for path in [home / "cluster", *(home / "cluster").rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid)
        cluster.start()
        copy.start()
        assert cluster.url() != copy.url()
        _execute(copy, "UPDATE kept SET number = 2")
        assert _execute(cluster, "SELECT number FROM kept") == [(1,)]
    finally:
        discard(copy, home)


def test_many_first_starts_at_once_finish_a_half_made_cluster(open_home: Path) -> None:
    """The first start was cut short before, and now several processes try again."""
    home = open_home / "home"
    PrivateCluster(home).url()  # settles where the data go, and makes the folder
    data = home / "cluster"
    (data / "partial" / "base").mkdir(parents=True)
    (data / "global").mkdir()
    (data / "global" / "1262").write_bytes(b"half")
    failures: list[Exception] = []

    def start() -> None:
        try:
            PrivateCluster(home).start()
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert failures == []
        assert _execute(PrivateCluster(home), "SELECT 1") == [(1,)]
    finally:
        discard(PrivateCluster(home), home)


def test_home_in_a_closed_folder_under_a_strict_umask(
    open_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_place, "SYSTEM_DATA", open_home / "var")
    before = os.umask(0o077)
    closed = Path(tempfile.mkdtemp(prefix="aether-test-"))  # 0700, as mktemp makes it
    home = closed / "home"
    cluster = PrivateCluster(home)
    try:
        cluster.start()
        data = cluster.status().data
        assert data is not None
        as_root = os.geteuid() == 0  # root hands the server to an account that cannot enter
        assert data.is_relative_to(closed) is not as_root
        assert json.loads((home / "cluster.json").read_text())["data"] == str(data)
        _execute(cluster, "CREATE TABLE kept AS SELECT 7 AS number")
        cluster.stop()
        again = PrivateCluster(home)
        again.start()
        assert _execute(again, "SELECT number FROM kept") == [(7,)]
    finally:
        os.umask(before)
        discard(cluster, home)
        shutil.rmtree(closed)


def test_foreign_files_in_the_data_folder_are_not_touched(open_home: Path) -> None:
    cluster = PrivateCluster(open_home / "home")
    cluster.url()
    precious = open_home / "home" / "cluster" / "thesis.txt"
    precious.write_text("years of work")
    with pytest.raises(
        StoreUnavailableError, check=fault("database-folder-holds-other-files", precious.parent)
    ):
        cluster.start()
    assert precious.read_text() == "years of work"
    discard(cluster, open_home / "home")


def test_nothing_installed_says_what_to_install(open_home: Path) -> None:
    empty = open_home / "empty"
    empty.mkdir()
    with pytest.raises(
        StoreUnavailableError, check=fault("postgresql-not-installed", "apt-get install postgresql")
    ):
        PrivateCluster(open_home / "home", program_roots=[empty]).start()
    discard(PrivateCluster(open_home / "home"), open_home / "home")


def test_postgresql_without_postgis_says_what_to_install(open_home: Path) -> None:
    """What is asked of the programs is their version and share folder: here without PostGIS."""
    programs = open_home / "roots" / "15" / "bin"
    programs.mkdir(parents=True)
    says_so = {"postgres": "postgres (PostgreSQL) 15.3", "initdb": "", "pg_config": "/nowhere"}
    for name, says in says_so.items():
        (programs / name).write_text(f"#!/bin/sh\necho '{says}'\n")
        (programs / name).chmod(0o755)
    with pytest.raises(
        StoreUnavailableError,
        check=fault("postgis-not-installed", "install postgresql-15-postgis-3"),
    ):
        PrivateCluster(open_home / "home", program_roots=[open_home / "roots"]).start()
    discard(PrivateCluster(open_home / "home"), open_home / "home")


def test_data_of_another_major_version_are_not_opened(open_home: Path) -> None:
    cluster = PrivateCluster(open_home / "home")
    cluster.url()
    data = open_home / "home" / "cluster"
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(
        StoreUnavailableError, check=fault("postgresql-version-missing", "PostgreSQL 9")
    ):
        cluster.start()
    discard(cluster, open_home / "home")


def test_unreadable_record_is_a_plain_error(open_home: Path) -> None:
    home = open_home / "home"
    home.mkdir()
    (home / "cluster.json").write_text("{")
    with pytest.raises(
        StoreUnavailableError, check=fault("database-record-unreadable", home / "cluster.json")
    ):
        PrivateCluster(home).start()


def test_stopped_in_mid_session_then_recovers_with_the_same_engine(
    cluster: PrivateCluster,
) -> None:
    engine = open_engine(cluster.url())
    with session_scope(engine) as session:
        session.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))

    def stop_halfway() -> None:
        with session_scope(engine) as session:
            session.execute(text("INSERT INTO kept VALUES (8)"))
            cluster.stop()
            session.execute(text("INSERT INTO kept VALUES (9)"))

    with pytest.raises(StoreUnavailableError, check=fault("database-unreachable")) as reported:
        stop_halfway()
    assert "\n" not in str(reported.value)
    with pytest.raises(StoreUnavailableError, check=fault("database-unreachable")):
        reachable(engine)
    cluster.start()
    with session_scope(engine) as session:
        assert session.scalars(text("SELECT number FROM kept")).all() == [7]
    engine.dispose()


def test_killed_in_the_middle_of_a_copy(cluster: PrivateCluster) -> None:
    """COPY goes past SQLAlchemy: its loss of connection is told as plainly, and nothing stays."""
    engine = open_engine(cluster.url())
    with session_scope(engine) as session:
        session.execute(text("CREATE TABLE kept (number bigint)"))

    def rows() -> Iterator[tuple[int]]:
        for number in range(2_000_000):
            if number == 1000:
                _kill_server(cluster)
            yield (number,)

    def copy_all() -> None:
        with session_scope(engine) as session:
            copy_in(session, "kept", {"number": "int8"}, rows())

    with pytest.raises(StoreUnavailableError, check=fault("database-unreachable")):
        copy_all()
    cluster.start()
    with session_scope(engine) as session:
        assert session.scalars(text("SELECT count(*) FROM kept")).one() == 0
    engine.dispose()
