"""A small simulated city for tests of workflows, commands and pages: files and stores."""

import itertools
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psycopg
import pytest
import shapely
from psycopg import sql
from sqlalchemy import make_url, text

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.simulate.grid_city import simulate_city
from db.engine import conninfo
from db.jobs import jobs as job_rows
from tests.city_removal import remove_city
from tests.db_fixtures import CREATE_COPY, TEMPLATE, fresh_database
from workflows.cities.add import AddCity, add_city
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store
from workflows.jobs.carry_out import carry_out
from workflows.training.train import add_run

SLUG = "tinytown"
YEAR = 2024
_originals = itertools.count()
T = TypeVar("T")


@dataclass(frozen=True)
class CityFiles:
    """What a user would bring: an int8 bottom-up COG, places, a boundary; and the truth.

    Named places have a Finnish name, too, which ends in " suomeksi". `more_pois` are two further
    places, and one of `pois` again.
    """

    embedding: Path
    pois: Path
    more_pois: Path
    boundary: Path
    queries: dict[str, tuple[int, ...]]

    def request(self, slug: str = SLUG, **changes: object) -> AddCity:
        facts = {
            "slug": slug,
            "name": "Tinytown",
            "embedding": [self.embedding],
            "year": YEAR,
            "pois": self.pois,
            "boundary": self.boundary,
            "simulated": True,
            "cell_resolution": 11,
        }
        return AddCity(**(facts | changes))


@pytest.fixture(scope="session")
def city_files(tmp_path_factory: pytest.TempPathFactory) -> CityFiles:
    """A simulated city of 1.5 x 1.5 km with 600 places, as files."""
    folder = tmp_path_factory.mktemp("tinytown")
    city = simulate_city(7, size_m=1500, pois=600)
    embedding, pois, more_pois, boundary = (
        folder / n for n in ("tinytown.tif", "places.geojson", "more.geojson", "area.geojson")
    )
    write_embedding_cog(embedding, city.vectors, city.transform, city.crs, bottom_up=True)
    finnish = city.pois["name"].where(city.pois["name"] == "", city.pois["name"] + " suomeksi")
    city.pois.assign(**{"name:fi": finnish}).to_file(pois, driver="GeoJSON")
    lonlat = shapely.get_coordinates(city.pois.geometry.to_numpy())
    inmost = city.pois.iloc[[int(np.hypot(*(lonlat - lonlat.mean(axis=0)).T).argmin())]]
    names = ["A further park", "A further school", inmost["name"].iloc[0]]
    further = inmost.iloc[[0, 0, 0]].assign(name=names)
    further.to_file(more_pois, driver="GeoJSON")
    west, south, east, north = city.pois.total_bounds
    inner = shapely.box(west + 0.0015, south + 0.001, east - 0.0015, north - 0.001)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(inner)}
    boundary.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return CityFiles(embedding, pois, more_pois, boundary, dict(city.queries))


def _settings(url: str, home: Path) -> Settings:
    return Settings(home=home, database_url=url, worker_idle_seconds=0.5)


Original = tuple[str, Path]
"""A filled store that tests take copies of: the name of its database, and its home."""
Fill = Callable[[Store], object]


def make_original(
    cluster_url: str, home: Path, fill: Fill, *, of: Original | None = None
) -> Original:
    """Fill a store once, for many tests to take copies of: an empty one, or a copy of another."""
    name = f"original_{next(_originals)}"
    create = sql.SQL(CREATE_COPY)
    with psycopg.connect(conninfo(cluster_url), dbname="postgres", autocommit=True) as connection:
        template = TEMPLATE if of is None else of[0]
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    url = make_url(cluster_url).set(database=name).render_as_string(hide_password=False)
    with _opened(url, home, of) as store:
        fill(store)
    return name, home


@contextmanager
def copied_store(cluster_url: str, original: Original, home: Path) -> Iterator[Store]:
    """A store of its own with all that an original holds, rows and files."""
    with (
        fresh_database(cluster_url, template=original[0]) as url,
        _opened(url, home, original) as store,
    ):
        yield store


@contextmanager
def _opened(url: str, home: Path, of: Original | None) -> Iterator[Store]:
    store = open_store(_settings(url, home))
    if of is not None:
        move_in(store, of)
    yield store
    store.engine.dispose()


def move_in(store: Store, original: Original) -> None:
    """Copy the original's files to a store whose database is a copy of the original's."""
    shutil.copytree(original[1], store.settings.home, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def texts_original(
    cluster_url: str, city_files: CityFiles, tmp_path_factory: pytest.TempPathFactory
) -> Original:
    """A store without a city, whose cache has Tinytown's texts: they are encoded once."""

    def encode(store: Store) -> None:
        add_city(store, city_files.request())
        remove_city(store, SLUG)
        with store.session() as session:  # the next city is number 1, as in an empty store
            session.execute(text("TRUNCATE city RESTART IDENTITY CASCADE"))

    return make_original(cluster_url, tmp_path_factory.mktemp("texts-home"), encode)


@pytest.fixture
def store(cluster_url: str, texts_original: Original, tmp_path: Path) -> Iterator[Store]:
    """A store of its own without a city; only the cache of encoded texts is not empty."""
    with fresh_database(cluster_url, template=texts_original[0]) as url:
        opened = open_store(_settings(url, tmp_path / "home"))
        yield opened
        opened.engine.dispose()


@pytest.fixture(scope="session")
def trained_original(
    cluster_url: str,
    texts_original: Original,
    city_files: CityFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Original:
    """Database name and home of a store with Tinytown, trained once for the test session."""

    def train(store: Store) -> None:
        add_city(store, city_files.request())
        carry_out(store, add_run(store, SLUG, settings={"epochs": "12"}).job_id)

    home = tmp_path_factory.mktemp("trained-home")
    return make_original(cluster_url, home, train, of=texts_original)


@contextmanager
def borrowed_store(cluster_url: str, original: Original, home: Path) -> Iterator[Store]:
    """A store for a whole module, with a home of its own."""
    with copied_store(cluster_url, original, home) as store:
        yield store


@pytest.fixture(scope="module")
def module_store(
    cluster_url: str, trained_original: Original, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """Tinytown with a trained model for a whole module: what a test changes, it takes back."""
    home = tmp_path_factory.mktemp("module-home")
    with borrowed_store(cluster_url, trained_original, home) as store:
        yield store


@pytest.fixture
def trained_store(cluster_url: str, trained_original: Original, tmp_path: Path) -> Iterator[Store]:
    """A store of its own that holds Tinytown with a trained model."""
    with copied_store(cluster_url, trained_original, tmp_path / "home") as store:
        yield store


class Once:
    """Does long work on the trained store once, and gives copies of what came of it."""

    def __init__(self, cluster_url: str, trained: Original, folder: Path) -> None:
        self._cluster_url, self._trained, self._folder = cluster_url, trained, folder
        self._done: dict[str, tuple[Original, Any]] = {}

    def __call__(self, name: str, store: Store, work: Callable[[Store], T]) -> T:
        """What `work` returns; afterwards the store holds what `work` left.

        Args:
            name: Of the work: the same name is never done twice in a test session.
            store: A trained store of its own, as it came. All in it is replaced.
            work: Works on the store it is given, which is not this one.
        """
        if name not in self._done:
            results: list[T] = []
            home = self._folder / name
            original = make_original(
                self._cluster_url,
                home,
                lambda filled: results.append(work(filled)),
                of=self._trained,
            )
            self._done[name] = original, results[0]
        original, result = self._done[name]
        self._replace(store, original)
        return result

    def _replace(self, store: Store, original: Original) -> None:
        store.engine.dispose()
        name = sql.Identifier(str(make_url(store.url).database))
        template = sql.Identifier(original[0])
        server = psycopg.connect(conninfo(self._cluster_url), dbname="postgres", autocommit=True)
        with server as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
            connection.execute(sql.SQL(CREATE_COPY).format(name, template))
        shutil.rmtree(store.settings.home)
        move_in(store, original)


@pytest.fixture(scope="session")
def once(
    cluster_url: str, trained_original: Original, tmp_path_factory: pytest.TempPathFactory
) -> Once:
    """Long work that several tests begin with: done once for the test session."""
    return Once(cluster_url, trained_original, tmp_path_factory.mktemp("once"))


def set_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Let code that reads the environment find the store: pages, commands and workers."""
    monkeypatch.setenv("AETHER_HOME", str(store.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", store.url)
    monkeypatch.setenv("AETHER_SERVER_PATHS", tempfile.gettempdir())
    return store


@pytest.fixture
def app_environment(trained_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The trained store, also found by code that reads the environment: pages and commands."""
    return set_environment(trained_store, monkeypatch)


@pytest.fixture
def jobs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are carried out in this process as soon as they are started; no worker begins."""

    def carry_out_all(store: Store, queue: str) -> None:
        with store.session() as session:
            waiting = job_rows.list_jobs(session, states=["queued"])
        for job in reversed([one for one in waiting if one.queue == queue]):
            carry_out(store, job.id)

    monkeypatch.setattr("workflows.jobs.job.ensure_worker", carry_out_all)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker begins: jobs wait until the test carries them out."""
    monkeypatch.setattr("workflows.jobs.job.ensure_worker", lambda *_: None)


@pytest.fixture
def empty_environment(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The empty store, found by code that reads the environment."""
    return set_environment(store, monkeypatch)
