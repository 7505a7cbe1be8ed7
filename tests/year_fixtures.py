"""Tinytown in another year, some of it built anew, with the truth of what was."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray
from psycopg import sql
from pyproj import Transformer
from sqlalchemy import make_url

from aether_core.eo.write import write_embedding_cog
from aether_core.simulate.grid_city import SimulatedCity
from aether_core.simulate.later_year import LaterYear, later_year
from db.engine import conninfo
from tests.app_fixtures import SLUG, copy_home
from tests.db_fixtures import fresh_database
from workflows.settings import Settings
from workflows.store import Store, open_store
from workflows.years import add_year

OTHER = 2018


@dataclass(frozen=True)
class OtherYear:
    """The other year's file, and what is known of it."""

    file: Path
    city: SimulatedCity
    later: LaterYear

    def zones(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """Zones at points, of 2024 and of the other year, int64 `[2, n]`."""
        return np.stack([truth[self._at(lonlat)] for truth in (self.city.truth, self.later.truth)])

    def touched(self, lonlat: NDArray[np.float64], reach: int = 4) -> NDArray[np.bool_]:
        """Whether anything in the window around each point was built anew."""
        rows, columns = self._at(lonlat)
        anew = np.pad(self.city.truth != self.later.truth, reach)
        span = range(2 * reach + 1)
        return np.any([anew[rows + dy, columns + dx] for dy in span for dx in span], axis=0)

    def _at(self, lonlat: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        to_metres = Transformer.from_crs("EPSG:4326", self.city.crs, always_xy=True)
        columns, rows = ~self.city.transform @ to_metres.transform(lonlat[:, 0], lonlat[:, 1])
        return rows.astype(np.int64), columns.astype(np.int64)


@pytest.fixture(scope="session")
def other_year(truth_city: SimulatedCity, tmp_path_factory: pytest.TempPathFactory) -> OtherYear:
    """Tinytown's other year as a file; a tenth of it is built anew."""
    later = later_year(truth_city, 7, 13, changed=0.1)
    file = tmp_path_factory.mktemp("other-year") / "other.tif"
    write_embedding_cog(file, later.vectors, truth_city.transform, truth_city.crs, bottom_up=True)
    return OtherYear(file, truth_city, later)


@pytest.fixture(scope="session")
def two_years_original(
    cluster_url: str,
    trained_original: tuple[str, Path],
    other_year: OtherYear,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Path]:
    """Database name and home of the trained Tinytown with both years."""
    name, original = trained_original
    home = tmp_path_factory.mktemp("two-years") / "home"
    copy_home(original, home)
    copy = "two_years_original"
    with psycopg.connect(conninfo(cluster_url), dbname="postgres", autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(copy), sql.Identifier(name)
            )
        )
    url = make_url(cluster_url).set(database=copy).render_as_string(hide_password=False)
    opened = open_store(Settings(home=home, database_url=url))
    add_year(opened, SLUG, OTHER, [other_year.file])
    opened.engine.dispose()
    return copy, home


@pytest.fixture
def two_years(
    cluster_url: str, two_years_original: tuple[str, Path], tmp_path: Path
) -> Iterator[Store]:
    """A store of its own that holds the trained Tinytown in 2018 and 2024."""
    name, original = two_years_original
    home = tmp_path / "home"
    copy_home(original, home)
    with fresh_database(cluster_url, template=name) as url:
        opened = open_store(Settings(home=home, database_url=url))
        yield opened
        opened.engine.dispose()


@pytest.fixture
def two_years_environment(two_years: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of two years, also found by code that reads the environment."""
    monkeypatch.setenv("AETHER_HOME", str(two_years.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", two_years.url)
    return two_years
