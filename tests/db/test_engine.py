"""Addresses, and database errors in plain words."""

import os

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from aether_core.errors import InputError, StoreUnavailableError
from db.engine import allow_long, conninfo, libpq_url, open_engine, reachable, session_scope
from tests.errors import fault


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_every_postgresql_address_is_taken(scheme: str) -> None:
    url = f"{scheme}://anna:se%40cret@db.example:5433/city"
    assert psycopg.conninfo.conninfo_to_dict(conninfo(url)) == {
        "user": "anna",
        "password": "se@cret",
        "host": "db.example",
        "port": "5433",
        "dbname": "city",
    }
    assert open_engine(url).url.drivername == "postgresql+psycopg"


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        (
            "postgresql+psycopg://a@/d?host=%2Ftmp%2Fx&port=5432",
            "postgresql://a@/d?host=%2Ftmp%2Fx&port=5432",
        ),
        ("postgres://anna:se%40cret@h:5433/d", "postgresql://anna:se%40cret@h:5433/d"),
        ("postgresql://a@/d?host=h1&host=h2", "postgresql://a@/d?host=h1%2Ch2"),
        ("postgresql+psycopg2://h/d?sslmode=require", "postgresql://h/d?sslmode=require"),
    ],
)
def test_libpq_reads_what_is_printed_for_it(url: str, plain: str) -> None:
    assert libpq_url(url) == plain
    read = psycopg.conninfo.conninfo_to_dict
    assert read(libpq_url(url)) == read(conninfo(url))


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite:///x.db", "mysql://anna:secret@h/d"])
def test_other_addresses_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(InputError) as reported:
        open_engine(url)
    assert "secret" not in str(reported.value)


def test_conninfo_opens_the_same_database(database_url: str, engine: Engine) -> None:
    with psycopg.connect(conninfo(database_url)) as connection, engine.connect() as other:
        asked = "SELECT current_database()"
        row = connection.execute(asked).fetchone()
        assert row is not None
        assert row[0] == other.scalar(text(asked))


def test_nobody_there() -> None:
    engine = open_engine("postgresql://aether@/aether?host=/nowhere")
    with pytest.raises(
        StoreUnavailableError, check=fault("database-unreachable", "./aether db start")
    ):
        reachable(engine)


def test_session_ended_by_the_server_is_replaced(engine: Engine) -> None:
    def end_own_session() -> None:
        with session_scope(engine) as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailableError):
        end_own_session()
    reachable(engine)


def test_kept_connections_that_were_ended_do_not_say_that_nobody_is_there(
    database_url: str, engine: Engine
) -> None:
    with engine.connect() as one, engine.connect() as other:  # both used a moment ago, then kept
        ended = [c.scalar(text("SELECT pg_backend_pid()")) for c in (one, other)]
    with psycopg.connect(conninfo(database_url), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s) pid", [ended])
    reachable(engine)


def test_slow_statement_is_cut_and_told(database_url: str) -> None:
    engine = open_engine(database_url, statement_timeout_s=0.05)

    def sleep() -> None:
        with session_scope(engine) as session:
            session.execute(text("SELECT pg_sleep(30)"))

    with pytest.raises(StoreUnavailableError, check=fault("database-question-too-slow")):
        sleep()
    with session_scope(engine) as session:
        allow_long(session)
        session.execute(text("SELECT pg_sleep(0.2)"))
    with session_scope(engine) as session:
        assert session.scalar(text("SHOW statement_timeout")) == "50ms"
    engine.dispose()


def test_scope_undoes_on_error(engine: Engine) -> None:
    def fail() -> None:
        with session_scope(engine) as session:
            session.execute(text("CREATE TABLE half (x int)"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with session_scope(engine) as session:
        assert session.scalar(text("SELECT to_regclass('half')")) is None


def test_defects_of_ours_are_not_hidden(engine: Engine) -> None:
    def ask_wrongly() -> None:
        with session_scope(engine) as session:
            session.execute(text("SELECT no_such_column"))

    with pytest.raises(ProgrammingError):
        ask_wrongly()


@pytest.mark.filterwarnings("ignore:.*multi-threaded")
def test_a_forked_process_has_connections_of_its_own(engine: Engine) -> None:
    own = text("SELECT pg_backend_pid()")
    with engine.connect() as connection:
        before = connection.scalar(own)
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        try:
            with engine.connect() as connection:
                os.write(write, str(connection.scalar(own)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        theirs = int(told.read())
    os.waitpid(child, 0)
    with engine.connect() as connection:
        assert connection.scalar(own) == before
    assert theirs != before
