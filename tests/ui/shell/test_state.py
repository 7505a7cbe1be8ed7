"""What every page of one visit shares."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from db.cluster.embedded import PrivateCluster
from tests.db_fixtures import discard
from tests.embeddings_server import KEY
from tests.pages.outage import outage
from ui.shell.state import reachable, store
from workflows.home.store import Store


@pytest.mark.usefixtures("empty_environment")
def test_the_pages_store_is_opened_once_with_all_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    first = store()
    assert store() is first
    monkeypatch.setenv("AETHER_TEXT_ENCODER_KEY", KEY)
    other: Store = store()
    assert other is not first
    key = other.settings.text_encoder_key
    assert key is not None
    assert key.get_secret_value() == KEY


@pytest.mark.usefixtures("empty_environment")
def test_one_visitors_question_leaves_the_store_of_all(empty_environment: Store) -> None:
    first = store()
    assert reachable()
    assert store() is first
    with outage(empty_environment.url):
        assert not reachable()
        assert store() is first
    assert reachable()
    assert store() is first


def test_a_cluster_that_died_is_started_once_for_all_who_ask(
    open_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten visitors whose pages ask at once, each second, while the server is down."""
    monkeypatch.delenv("AETHER_DATABASE_URL", raising=False)
    monkeypatch.setenv("AETHER_HOME", str(open_home))
    cluster = PrivateCluster(open_home)
    try:
        first = store()
        server = cluster.status().pid
        assert server is not None
        os.kill(server, signal.SIGKILL)
        starts: list[float] = []
        start = PrivateCluster.start

        def counted(self: PrivateCluster) -> None:
            starts.append(0)
            start(self)

        monkeypatch.setattr(PrivateCluster, "start", counted)
        together = threading.Barrier(10)

        def ask(_: int) -> bool:
            together.wait()
            return reachable()

        with ThreadPoolExecutor(10) as visitors:
            assert all(visitors.map(ask, range(10)))
        assert len(starts) <= 2  # who comes while one is at it takes that answer
        assert cluster.status().pid not in {None, server}
        assert store() is first
        first.engine.dispose()
    finally:
        discard(cluster, open_home)
