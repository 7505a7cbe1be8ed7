"""A small city on public servers of this machine, and stores whose settings lead to them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from aether_core.city.outline import box_boundary
from tests.made_once import made_once
from tests.public_server.server import PublicServer
from tests.public_server.whole import BOX, NAME, YEARS, World, environment, serve, write_world
from workflows.fetch.request import FetchCity
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store

SLUG = "borderville"
REQUEST = FetchCity(
    slug=SLUG, name=NAME, boundary=box_boundary(*BOX), years=YEARS, pois="both", cell_resolution=10
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return made_once(tmp_path_factory, "world", write_world)


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[PublicServer]:
    with serve(world) as running:
        yield running


@pytest.fixture
def good_server(server: PublicServer, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test begins with a server that behaves, and with settings that lead to it."""
    server.behave()
    server.log.clear()
    for name, value in environment(server, world).items():
        monkeypatch.setenv(name, value)


def opened(url: str, home: Path) -> Store:
    return open_store(Settings(home=home, database_url=url, worker_idle_seconds=0.5))


@pytest.fixture
def asking(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store whose settings lead to the server."""
    store = opened(database_url, tmp_path / "home")
    yield store
    store.engine.dispose()


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker is started: the test does its part itself, in its own process."""
    for name in ("workflows.jobs.job", "workflows.fetch.many"):
        monkeypatch.setattr(f"{name}.ensure_worker", lambda *_: None)
