"""A small simulated city for tests of workflows, commands and pages: files and stores."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import shapely
from psycopg import sql
from sqlalchemy import make_url

from aether_core.eo.write import write_embedding_cog
from aether_core.simulate.grid_city import simulate_city
from db import jobs as job_rows
from db.engine import conninfo
from tests.db_fixtures import fresh_database
from workflows.add_city import AddCity, add_city
from workflows.jobs.carry_out import carry_out
from workflows.settings import Settings
from workflows.store import Store, open_store
from workflows.training import add_run

SLUG = "tinytown"
YEAR = 2024


@dataclass(frozen=True)
class CityFiles:
    """What a user would bring: an int8 bottom-up COG, places, a boundary; and the truth."""

    embedding: Path
    pois: Path
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
        }
        return AddCity(**(facts | changes))


@pytest.fixture(scope="session")
def city_files(tmp_path_factory: pytest.TempPathFactory) -> CityFiles:
    """A simulated city of 1.5 x 1.5 km with 600 places, as files."""
    folder = tmp_path_factory.mktemp("tinytown")
    city = simulate_city(7, size_m=1500, pois=600)
    embedding, pois, boundary = (
        folder / n for n in ("tinytown.tif", "places.geojson", "area.geojson")
    )
    write_embedding_cog(embedding, city.vectors, city.transform, city.crs, bottom_up=True)
    city.pois.to_file(pois, driver="GeoJSON")
    west, south, east, north = city.pois.total_bounds
    inner = shapely.box(west + 0.0015, south + 0.001, east - 0.0015, north - 0.001)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(inner)}
    boundary.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return CityFiles(embedding, pois, boundary, dict(city.queries))


def _settings(url: str, home: Path) -> Settings:
    return Settings(home=home, database_url=url, worker_idle_seconds=0.5)


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store of its own."""
    opened = open_store(_settings(database_url, tmp_path / "home"))
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="session")
def trained_original(
    cluster_url: str, city_files: CityFiles, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path]:
    """Database name and home of a store with Tinytown, trained once for the test session."""
    home = tmp_path_factory.mktemp("trained-home")
    name = "trained_original"
    with psycopg.connect(conninfo(cluster_url), dbname="postgres", autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE aether_template").format(sql.Identifier(name))
        )
    url = make_url(cluster_url).set(database=name).render_as_string(hide_password=False)
    opened = open_store(_settings(url, home))
    add_city(opened, city_files.request())
    carry_out(opened, add_run(opened, SLUG, settings={"epochs": "12"}).job_id)
    opened.engine.dispose()
    return name, home


@contextmanager
def borrowed_store(cluster_url: str, original: tuple[str, Path], home: Path) -> Iterator[Store]:
    """A store for a whole module: Tinytown's own files stay in the original's home."""
    with fresh_database(cluster_url, template=original[0]) as url:
        opened = open_store(_settings(url, home))
        yield opened
        opened.engine.dispose()


@pytest.fixture
def trained_store(
    cluster_url: str, trained_original: tuple[str, Path], tmp_path: Path
) -> Iterator[Store]:
    """A store of its own that holds Tinytown with a trained model."""
    name, original_home = trained_original
    home = tmp_path / "home"
    shutil.copytree(original_home, home)
    with fresh_database(cluster_url, template=name) as url:
        opened = open_store(_settings(url, home))
        with opened.session() as session:  # the copy's models lie in the copy's home
            session.connection().exec_driver_sql(
                "UPDATE model SET folder = replace(folder, %s, %s)", (str(original_home), str(home))
            )
        yield opened
        opened.engine.dispose()


@pytest.fixture
def app_environment(trained_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The trained store, also found by code that reads the environment: pages and commands."""
    monkeypatch.setenv("AETHER_HOME", str(trained_store.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", trained_store.url)
    return trained_store


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
    monkeypatch.setenv("AETHER_HOME", str(store.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", store.url)
    return store
