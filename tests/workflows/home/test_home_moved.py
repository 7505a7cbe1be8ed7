"""A home goes on working wherever it is moved, whatever version of the program filled it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.app_fixtures import SLUG, YEAR, CityFiles
from tests.city_removal import remove_city
from tests.store_consistency import assert_store_consistent, children
from tests.year_fixtures import OTHER, OtherYear
from workflows.cities.add import add_city
from workflows.cities.cities import show_city
from workflows.cities.views import DISK, ensure_view
from workflows.cities.years import add_year, remove_year
from workflows.home.paths import in_home
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store
from workflows.jobs.sweep import sweep
from workflows.search.search import search_cells
from workflows.tasks.arrays import task_city
from workflows.training.model_files import export_model
from workflows.training.models import list_models

QUERY = "a park"


def reopened(store: Store, home: Path) -> Store:
    """The same database with another home."""
    store.engine.dispose()
    return open_store(store.settings.model_copy(update={"home": home}))


def into_old_layout(store: Store, home: str) -> None:
    """Name folders and write paths as before: by the words of users, absolute, without sums."""
    settings = store.settings
    with store.session() as session:
        for number, path, year in session.execute(text("SELECT id, path, year FROM raster")).all():
            there = settings.home / path
            folder = Path("cities") / SLUG / ("" if year == YEAR else str(year))
            (settings.home / folder).mkdir(parents=True, exist_ok=True)
            there.rename(settings.home / folder / there.name)
            session.execute(
                text("UPDATE raster SET path = :path WHERE id = :id"),
                {"path": f"{home}/{folder / there.name}", "id": number},
            )
            there.parent.rmdir()
        for number, name, folder in session.execute(text("SELECT id, name, folder FROM model")):
            (settings.home / folder).rename(settings.models / name)
            session.execute(
                text(
                    "UPDATE model SET folder = :folder, card = card - 'weights_sha256' "
                    "WHERE id = :id"
                ),
                {"folder": f"{home}/models/{name}", "id": number},
            )


def stored_paths(store: Store) -> list[str]:
    with store.session() as session:
        return list(session.scalars(text("SELECT path FROM raster UNION SELECT folder FROM model")))


def works(store: Store, tmp_path: Path) -> None:
    """All that reads the files of city and model."""
    assert len(search_cells(store, SLUG, QUERY).score) == show_city(store, SLUG).cells
    city = task_city(store, SLUG)
    assert len(city.arrays.pool(city.poi_lonlat[:3])) == 3
    assert ensure_view(store, city.city_id, {"views": DISK}) == DISK
    export_model(store, list_models(store, SLUG)[0].name, tmp_path / "exported", force=True)


@pytest.fixture
def moved(two_years: Store, tmp_path: Path) -> Iterator[Store]:
    home = tmp_path / "elsewhere" / "the home"
    home.parent.mkdir()
    two_years.settings.home.rename(home)
    store = reopened(two_years, home)
    yield store
    store.engine.dispose()


def test_a_moved_home_goes_on(moved: Store, other_year: OtherYear, tmp_path: Path) -> None:
    works(moved, tmp_path)
    remove_year(moved, SLUG, OTHER)
    add_year(moved, SLUG, OTHER, [other_year.file])
    assert_store_consistent(moved)
    remove_city(moved, SLUG)
    assert_store_consistent(moved)
    assert children(moved.settings.cities) == children(moved.settings.models) == []


@pytest.mark.parametrize("move", [False, True])
def test_a_home_of_an_older_version_goes_on(
    two_years: Store, other_year: OtherYear, tmp_path: Path, move: bool
) -> None:
    """Also one that was moved before the program was brought up to date."""
    home = two_years.settings.home
    into_old_layout(two_years, "/home/of/old" if move else str(home))
    shutil.rmtree(two_years.settings.cache, ignore_errors=True)
    store = reopened(two_years, home)
    if not move:
        assert not any(path.startswith("/") for path in stored_paths(store))
    works(store, tmp_path)
    sweep(store)
    works(store, tmp_path)
    assert list_models(store, SLUG)[0].card["weights_sha256"]
    remove_year(store, SLUG, OTHER)
    add_year(store, SLUG, OTHER, [other_year.file])
    works(store, tmp_path)
    remove_city(store, SLUG)
    assert_store_consistent(store)
    assert children(store.settings.cities) == children(store.settings.models) == []
    store.engine.dispose()


def test_a_copied_home_leaves_the_one_it_was_made_from_alone(
    two_years: Store, tmp_path: Path
) -> None:
    """Paths from before are absolute: they lead into the original, which is still there."""
    original = two_years.settings.home
    into_old_layout(two_years, str(original))
    before = sorted(original.rglob("*"))
    copy = tmp_path / "copy"
    shutil.copytree(original, copy)
    store = reopened(two_years, copy)
    assert task_city(store, SLUG).opened().files[0].is_relative_to(copy)
    remove_city(store, SLUG)
    assert children(copy / "cities") == children(copy / "models") == []
    assert sorted(original.rglob("*")) == before
    store.engine.dispose()


def test_a_city_called_like_a_number_keeps_its_files(store: Store, city_files: CityFiles) -> None:
    """Folders were called by short names, which may be those of rows: 1, 2, 2024."""
    for slug in ("1", "2", "cities"):
        add_city(store, city_files.request(slug))
    for slug in ("2", "1"):
        remove_city(store, slug)
        assert_store_consistent(store)
    assert show_city(store, "cities").years == [YEAR]


@pytest.mark.parametrize(
    ("stored", "here"),
    [
        ("/old/cities/tinytown/000-a.tif", "cities/tinytown/000-a.tif"),
        ("/old/cities/cities/cities/000-a.tif", "cities/cities/000-a.tif"),
        ("/old/cities/cities/cities/2018/000-a.tif", "cities/cities/2018/000-a.tif"),
        ("/old/cities/cities/2018/000-a.tif", "cities/cities/2018/000-a.tif"),
        ("/old/models/models/models", "models/models"),
    ],
)
def test_the_end_of_an_old_path_is_found_in_the_home(
    tmp_path: Path, stored: str, here: str
) -> None:
    settings = Settings(home=tmp_path)
    assert in_home(settings, stored) == Path(stored)
    (tmp_path / here).parent.mkdir(parents=True)
    (tmp_path / here).touch()
    assert in_home(settings, stored) == tmp_path / here
