"""The health check: it says what works, and changes nothing."""

import json
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import yaml
from sqlalchemy import make_url, text

from cli.__main__ import run
from db.engine import conninfo
from db.jobs import workers
from tests.db_fixtures import fresh_database
from workflows.home.settings import Settings
from workflows.home.store import Store
from workflows.jobs.kind import LANES
from workflows.up.health import check_health

ROOT = Path(__file__).resolve().parents[3]
EVERY_QUEUE = [queue for queues in LANES.values() for queue in queues]


def test_a_worker_that_has_just_reported_and_one_long_gone(store: Store) -> None:
    with store.session() as session:
        workers.sign_on(session, EVERY_QUEUE, host="here", pid=1)
    found = check_health(store.settings)
    assert (found.database, found.worker, found.well) == (True, True, True)
    with store.session() as session:
        session.execute(
            text("UPDATE worker SET heartbeat = now() - interval '1 hour' WHERE queue = 'quick'")
        )
    found = check_health(store.settings)
    assert (found.database, found.worker, found.well) == (True, False, False)


def test_nothing_is_migrated_or_made(
    cluster_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked of a database that was never migrated, and of a home that was never used."""
    home = tmp_path / "home"
    with fresh_database(cluster_url, template="template1") as url:
        found = check_health(Settings(home=home, database_url=url))
        assert (found.database, found.worker) == (True, False)
        with psycopg.connect(conninfo(url)) as connection:
            tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            assert connection.execute(tables).fetchone() == (0,)
    monkeypatch.delenv("AETHER_DATABASE_URL", raising=False)
    found = check_health(Settings(home=home))
    assert (found.database, found.worker) == (False, False)
    assert found.reason
    assert not home.exists()


def test_the_command_ends_with_what_it_found(
    capsys: pytest.CaptureFixture[str], empty_environment: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["health", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["database"] is True
    with empty_environment.session() as session:
        workers.sign_on(session, EVERY_QUEUE, host="here", pid=1)
    assert run(["health"]) == 0
    away = make_url(empty_environment.url).set(query={"host": quote("/nowhere")})
    monkeypatch.setenv("AETHER_DATABASE_URL", away.render_as_string(hide_password=False))
    capsys.readouterr()
    assert run(["health", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["database"] is False


def test_the_containers_ask_for_health_and_nothing_else() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    asked = services["worker-quick"]["healthcheck"]["test"]
    assert asked == ["CMD", "python", "-m", "cli", "health"]
