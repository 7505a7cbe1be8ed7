"""A sweep removes what killed processes left, and nothing else."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from db.cities import folders as folder_rows
from tests.app_fixtures import SLUG, CityFiles
from tests.forks import run_script
from tests.job_steps import sweep_at_last
from tests.store_consistency import assert_store_consistent, children, scratch
from workflows.cities.add import add_city
from workflows.cities.cities import list_cities
from workflows.home.owned_folders import NewFolders, staged
from workflows.home.store import Store, open_store
from workflows.jobs.sweep import sweep
from workflows.search.search import search_cells
from workflows.training.train import add_run

ROOT = Path(__file__).resolve().parents[3]
KILLED = """
import os, signal, sys
from workflows.cities import add as add_city
from workflows.home import owned_folders
from workflows.cities.add import AddCity
from workflows.home.store import open_store
from pathlib import Path

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

stage, embedding, pois = sys.argv[1:]
if stage == "staged":
    add_city._insert = die
elif stage == "placed":
    add_city._insert_rasters = die
elif stage == "stored":
    add_city.summarise = die
request = AddCity(slug="left", name="Left", embedding=[Path(embedding)], year=2024, pois=Path(pois))
add_city.add_city(open_store(), request)
"""


def killed_while(store: Store, stage: str, files: CityFiles) -> None:
    """A process that adds a city and is killed at a stage."""
    settings = {"AETHER_HOME": str(store.settings.home), "AETHER_DATABASE_URL": store.url}
    words = (stage, str(files.embedding), str(files.pois))
    done = run_script(KILLED, *words, environment=settings)
    assert done.code == -signal.SIGKILL


@pytest.mark.parametrize("stage", ["staged", "placed", "stored"])
def test_an_addition_killed_at_any_stage_leaves_nothing(
    trained_store: Store, city_files: CityFiles, stage: str
) -> None:
    settings = trained_store.settings
    before = children(settings.cities)
    killed_while(trained_store, stage, city_files)
    left = set(children(settings.cities)) - set(before)
    assert left
    swept = sweep_at_last(trained_store)
    assert {path.name for path in swept.removed} == left
    assert children(settings.cities) == before
    assert [city.slug for city in list_cities(trained_store)] == [SLUG]
    assert_store_consistent(trained_store)
    add_city(trained_store, city_files.request("left"))
    assert_store_consistent(trained_store)


def placed(store: Store, *roots: Path) -> list[Path]:
    """Folders as a process leaves them that is killed before its commit."""
    folders = []
    for root in roots:
        with staged(root) as whole, store.session() as session:
            new = NewFolders(folder_rows.database_identity(session))
            (whole / "file").write_text("left")
            folders.append(new.place(whole, root, "999"))
    return folders


def test_folders_of_no_row_go_and_those_of_rows_stay(trained_store: Store) -> None:
    settings = trained_store.settings
    search_cells(trained_store, SLUG, "a park")
    run = add_run(trained_store, SLUG).id
    kept = [settings.cities, settings.models, settings.vectors, settings.runs]
    (settings.runs / str(run)).mkdir(parents=True)
    before = [children(root) for root in kept]
    assert all(before)
    added = add_run(trained_store, SLUG)
    gone = added.id
    with trained_store.session() as session:
        session.execute(text("DELETE FROM job WHERE id = :id"), {"id": added.job_id})
    left = placed(trained_store, settings.cities, settings.models)
    left += [
        settings.jobs / str(added.job_id),
        settings.runs / str(gone),
        settings.vectors / "of-a-model-that-is-gone",
    ]
    old_cache = settings.cache / "some-model" / "0123456789abcdef"
    for folder in (*left[2:], old_cache, settings.public_cache / "index"):
        folder.mkdir(parents=True)
    swept = sweep(trained_store)
    assert set(swept.removed) == {*left, old_cache.parent}
    assert not any(folder.exists() for folder in swept.removed)
    assert [children(root) for root in kept] == before
    assert (settings.public_cache / "index").is_dir()
    again = sweep(trained_store)
    assert (again.removed, again.left, again.done) == ([], [], True)
    assert_store_consistent(trained_store)


def test_what_is_about_to_be_committed_is_not_taken(trained_store: Store) -> None:
    with trained_store.session() as session:
        folder_rows.hold_off_sweep(session)
        folders = placed(trained_store, trained_store.settings.cities)
        swept = sweep(trained_store)
        assert not swept.done
        assert folders[0].is_dir()
    assert sweep(trained_store).removed == folders


def test_what_another_database_may_own_is_left_and_named(
    trained_store: Store, store: Store, city_files: CityFiles
) -> None:
    """One home, two databases: what has no row in the one has a row in the other."""
    settings = trained_store.settings
    other = open_store(store.settings.model_copy(update={"home": settings.home}))
    add_city(other, city_files.request("elsewhere"))
    fetched = settings.fetches / "3"
    fetched.mkdir(parents=True)
    here, there = children(settings.cities), children(settings.models)
    assert len(here) == 2
    for one in (trained_store, other):
        swept = sweep(one)
        assert swept.done
        assert swept.removed == []
        assert fetched in swept.left
    assert children(settings.cities) == here
    assert children(settings.models) == there
    other.engine.dispose()


def test_scratch_anywhere_in_the_home_goes(trained_store: Store) -> None:
    settings = trained_store.settings
    for folder in (settings.home, settings.cache / "public" / "tiles", settings.runs / "1"):
        (folder / ".a.json.aether-abcdefgh").mkdir(parents=True)
    assert len(scratch(settings)) == 3
    sweep(trained_store)
    assert scratch(settings) == []
