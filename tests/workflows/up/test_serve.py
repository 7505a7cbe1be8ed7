"""`up` and `down`: one thing that starts and stops together."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.errors import ConflictError
from aether_core.simulate.grid_city import simulate_city
from db.cluster.embedded import PrivateCluster
from db.engine import conninfo
from tests.db_fixtures import discard
from tests.forks import Forked, be_command, ended
from tests.store_consistency import children
from tests.workflows.up.up_home import (
    PATIENCE_S,
    aether,
    answers,
    beginning,
    free_port,
    kill_all,
    pid_of_up,
    processes_of,
    soon,
    up,
)
from workflows.home.settings import Settings
from workflows.up import serve
from workflows.up.record import only_one

PROGRAM, WEB = "workflows.jobs.worker", "ui.server"
WORKER = f"{PROGRAM} --lane quick"
"""One of the workers; the others are started and ended with it."""


@pytest.fixture
def home(open_home: Path) -> Iterator[Path]:
    yield open_home
    kill_all(open_home)
    discard(PrivateCluster(open_home), open_home)


def the_one(home: Path, word: str) -> int:
    """Number of the one process of a home whose command holds a word."""
    assert soon(lambda: len(processes_of(home, word)) == 1), processes_of(home)
    (pid,) = processes_of(home, word)
    return pid


def web_app(home: Path) -> int:
    """Number of the process that accepts the web app's connections."""
    assert soon(lambda: processes_of(home, WEB))
    return min(processes_of(home, WEB))  # it forks the others


def begin_adding(home: Path, folder: Path) -> Forked:
    """A command that adds a city of 500 m as a job, and waits for it."""
    city = simulate_city(7, size_m=500, pois=40)
    embedding, places = folder / "city.tif", folder / "places.geojson"
    write_embedding_cog(embedding, city.vectors, city.transform, city.crs, bottom_up=True)
    city.pois.to_file(places, driver="GeoJSON")
    words = ["city", "add", "town", "--name", "Town", "--year", "2024", "--json"]
    words += ["--embedding", str(embedding), "--pois", str(places)]
    settings = {"AETHER_HOME": str(home), "AETHER_DATABASE_URL": ""}
    return Forked(be_command, *words, environment=settings, output=folder / "told")


def finds(connection: psycopg.Connection, query: LiteralString) -> bool:
    """Whether a query finds something by now."""
    return bool(connection.execute(query).fetchall())


HOLD_UP = """
CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NEW; END';
CREATE TRIGGER hold_up BEFORE INSERT ON raster FOR EACH ROW EXECUTE FUNCTION hold_up()
"""
"""Whoever stores a city waits, as long as somebody holds that lock."""
STORING = (
    "SELECT pid FROM pg_stat_activity "
    "WHERE wait_event_type = 'Lock' AND query ILIKE 'INSERT INTO raster%'"
)


def gives_way(pid: int) -> bool:
    """Whether pages come before a process, also where the kernel shares its time by sessions."""
    group = Path(f"/proc/{pid}/autogroup")
    own = os.getpriority(os.PRIO_PROCESS, pid) > 0
    return own and not (group.exists() and group.read_text().endswith("nice 0\n"))


def test_up_serves_whatever_part_is_killed_and_down_ends_it(home: Path, tmp_path: Path) -> None:
    """Also the `up` itself: what it leaves is ended by the next one, which starts afresh.

    Web app and database are killed while a job is storing a city: it goes on and stores it once.
    """
    with up(home) as address:
        assert answers(address)
        the_one(home, WORKER)

        code, out, _ = aether(home, "up", "--port", str(free_port()), "--json")
        assert (code, json.loads(out)["error"]["type"]) == (2, "ConflictError")
        assert address in out
        code, out, _ = aether(home, "db", "stop", "--json")
        assert (code, json.loads(out)["error"]["type"]) == (2, "ConflictError")

        worker = the_one(home, WORKER)
        assert not gives_way(worker)
        assert gives_way(the_one(home, f"{PROGRAM} --lane training"))
        os.kill(worker, signal.SIGKILL)
        assert soon(lambda: set(processes_of(home, WORKER)) - {worker})

        cluster = PrivateCluster(home)
        server = cluster.status().pid
        assert server is not None
        address_of_it = conninfo(cluster.url())
        with (
            closing(psycopg.connect(address_of_it, autocommit=True)) as holding,
            closing(psycopg.connect(address_of_it, autocommit=True)) as looking,
        ):
            looking.execute(HOLD_UP)
            holding.execute("SELECT pg_advisory_lock(7)")
            adding = begin_adding(home, tmp_path)
            assert soon(lambda: finds(looking, STORING)), (tmp_path / "told").read_text()
            assert len(children(home / "cities")) == 2  # the folder has its place, and its scratch
            web = set(processes_of(home, WEB))
            os.kill(web_app(home), signal.SIGKILL)
            assert soon(lambda: set(processes_of(home, WEB)) - web and answers(address))
            assert soon(lambda: not web & set(processes_of(home, WEB)), 10)
            os.kill(server, signal.SIGKILL)
        assert soon(lambda: cluster.status().pid not in {None, server}, 15)
        assert soon(lambda: cluster.status().answers, 15)
        assert adding.wait(PATIENCE_S) == 0, (tmp_path / "told").read_text()
        with psycopg.connect(conninfo(cluster.url())) as connection:
            (row,) = connection.execute("SELECT state, error FROM job").fetchall()
            assert row == ("done", None)
            (path,) = connection.execute("SELECT path FROM raster").fetchall()
        assert children(home / "cities") == [Path(path[0]).parts[1]]
        assert answers(address)

        left = {the_one(home, WORKER), *processes_of(home, WEB)}
        os.kill(pid_of_up(home), signal.SIGKILL)
        with up(home) as address_then:
            assert answers(address_then)
            assert the_one(home, WORKER) not in left
            assert not left & set(processes_of(home, WEB))

            code, out, _ = aether(home, "down", "--json")
            assert (code, json.loads(out)) == (0, {"stopped": True})
            assert not PrivateCluster(home).status().running
            assert soon(lambda: not processes_of(home), 5)
            assert not (home / "up.json").exists()
    assert json.loads(aether(home, "down", "--json").out) == {"stopped": False}


def test_down_ends_what_a_killed_up_left_the_database_too(home: Path) -> None:
    """Here one that was killed over its start: its workers run, and no web app yet or hardly."""
    with beginning(home):
        the_one(home, WORKER)
        os.kill(pid_of_up(home), signal.SIGKILL)
        code, out, _ = aether(home, "down", "--json")
        assert (code, json.loads(out)) == (0, {"stopped": True})
        assert not PrivateCluster(home).status().running
        assert soon(lambda: not processes_of(home), 5)


def test_a_signal_ends_up_in_good_order(home: Path, database_url: str) -> None:
    """That of a terminal which is closed, in the middle of the start; others are taken alike."""
    with beginning(home, url=database_url) as process:
        the_one(home, WORKER)
        process.send_signal(signal.SIGHUP)
        assert process.wait(PATIENCE_S) == 0
        assert not processes_of(home)
        assert not (home / "up.json").exists()


ENDS_IN_GOOD_ORDER = 7


def wait_for(number: int) -> int:
    """Get a signal as an `up` does which a shell started in its background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve._end_on_signals()
    try:
        os.kill(os.getpid(), number)
        time.sleep(10)
    except KeyboardInterrupt:
        return ENDS_IN_GOOD_ORDER
    return 0


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda one: one.name
)
def test_every_ending_signal_is_taken(number: signal.Signals) -> None:
    """Ctrl-C, `down`, and a terminal that is closed."""
    assert ended(wait_for, number.value).code == ENDS_IN_GOOD_ORDER


def test_a_number_that_now_is_another_programs_is_left_alone(home: Path) -> None:
    """The record, of this version or an earlier one, names a process that is not ours."""
    stranger = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(600)", "cli", "train"]
    )
    try:
        for record in (
            {"pid": stranger.pid, "address": "http://localhost:1"},
            {"pid": stranger.pid, "address": "http://localhost:1", "started": "long ago"},
        ):
            (home / "up.json").write_text(json.dumps(record))
            assert aether(home, "down").code == 0
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_worker_of_another_home_or_started_by_hand_is_left_alone(
    home: Path, database_url: str
) -> None:
    """What is ended writes to this home's log and is a service: not a command beside it."""
    logs = home / "logs"
    logs.mkdir()
    code = "import time; print('up', flush=True); time.sleep(600)"
    with (logs / "worker.log").open("ab") as log:
        program = subprocess.Popen([sys.executable, "-c", code, PROGRAM], stdout=log)
        command = subprocess.Popen([sys.executable, "-c", code, "fetch-many"], stdout=log)
        idle = subprocess.Popen([sys.executable, "-c", code, PROGRAM, "--until-idle"], stdout=log)
    by_hand = subprocess.Popen([sys.executable, "-c", code, PROGRAM], stdout=subprocess.DEVNULL)
    others = (command, idle, by_hand)
    try:
        assert aether(home, "down", url=database_url).code == 0
        assert program.wait(10) == -signal.SIGTERM
        assert [other.poll() for other in others] == [None, None, None]
    finally:
        for process in (program, *others):
            process.kill()
            process.wait()


def test_two_at_once_make_one(home: Path, database_url: str) -> None:
    settings = Settings(home=home, database_url=database_url)
    with only_one(settings):
        with pytest.raises(ConflictError), only_one(settings):
            pass
        code, out, _ = aether(home, "up", "--json", "--no-demo", url=database_url)
        assert (code, json.loads(out)["error"]["type"]) == (2, "ConflictError")
    with only_one(settings):
        pass


def test_a_taken_port_is_named(home: Path, database_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, err = aether(home, "up", "--port", str(port), "--no-demo", url=database_url)
    assert code == 2
    assert str(port) in err.splitlines()[-1]
    assert "--port" in err.splitlines()[-1]
    assert not processes_of(home)


def test_nothing_is_opened_to_others_without_an_account(
    home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AETHER_HOST", "0.0.0.0")  # noqa: S104 - nothing is bound to it
    words = ("up", "--port", str(free_port()), "--no-demo", "--json")
    code, out, _ = aether(home, *words, url=database_url)
    assert (code, json.loads(out)["error"]["code"]) == (2, "no-account")
    assert not processes_of(home)


def test_the_database_is_started_stopped_and_told(home: Path) -> None:
    code, out, _ = aether(home, "db", "start", "--json")
    assert code == 0
    assert json.loads(out)["url"].startswith("postgresql")
    assert json.loads(aether(home, "db", "status", "--json").out)["running"]
    assert aether(home, "db", "migrate", "--json").code == 0
    assert json.loads(aether(home, "db", "stop", "--json").out) == {"running": False}
    assert not json.loads(aether(home, "db", "status", "--json").out)["running"]
