"""Tinytown in another year, some of it built anew, with the truth of what was."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import Transformer

from aether_core.eo.cog.write import write_embedding_cog
from aether_core.simulate.grid_city import SimulatedCity
from aether_core.simulate.later_year import LaterYear, later_year
from tests.app_fixtures import SLUG, Original, copied_store, make_original, set_environment
from workflows.cities.years import add_year
from workflows.home.store import Store

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
    trained_original: Original,
    other_year: OtherYear,
    tmp_path_factory: pytest.TempPathFactory,
) -> Original:
    """Database name and home of the trained Tinytown with both years."""
    home = tmp_path_factory.mktemp("two-years") / "home"
    return make_original(
        cluster_url,
        home,
        lambda store: add_year(store, SLUG, OTHER, [other_year.file]),
        of=trained_original,
    )


@pytest.fixture
def two_years(cluster_url: str, two_years_original: Original, tmp_path: Path) -> Iterator[Store]:
    """A store of its own that holds the trained Tinytown in 2018 and 2024."""
    with copied_store(cluster_url, two_years_original, tmp_path / "home") as store:
        yield store


@pytest.fixture
def two_years_environment(two_years: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of two years, also found by code that reads the environment."""
    return set_environment(two_years, monkeypatch)
