"""Before a new version changes the tables of a home with cities, its database is kept."""

import subprocess
from pathlib import Path

import pytest

from aether_core.errors import StoreUnavailableError
from db.cluster.programs import find_client_programs, find_programs
from db.migrate import downgrade, newest_revision
from tests.app_fixtures import SLUG
from tests.db_fixtures import fresh_database
from tests.errors import fault
from tests.store_consistency import assert_store_consistent
from workflows.cities.cities import list_cities
from workflows.home.before_migration import KEPT
from workflows.home.settings import Settings
from workflows.home.store import Store, open_store
from workflows.operations.backup import backup
from workflows.operations.restore import restore

OLDER = "0009"


def opened_again(store: Store, **changes: object) -> list[Path]:
    """What is kept after another start, from older tables."""
    settings = store.settings.model_copy(update=changes)
    downgrade(store.url, OLDER)
    open_store(settings).engine.dispose()
    return sorted(settings.backups.glob("*.dump"))


def test_the_last_are_kept_and_can_be_read(trained_store: Store) -> None:
    assert not trained_store.settings.backups.exists()
    assert opened_again(trained_store, migration_backup=False) == []
    trained_store.settings.backups.mkdir()
    earlier = [trained_store.settings.backups / f"0001-to-0002-2026010{n}.dump" for n in range(3)]
    for file in earlier:
        file.touch()
    kept = opened_again(trained_store)
    assert kept[:2] == earlier[1:]
    assert len(kept) == KEPT
    assert kept[-1].name.startswith(f"{OLDER}-to-{newest_revision()}-")
    restorer = find_client_programs(find_programs().major).path("pg_restore")
    command = [restorer, "--list", str(kept[-1])]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "TABLE DATA public city" in listed
    for of_others in ("spatial_ref_sys", "worker", "procrastinate_jobs"):
        assert f"TABLE DATA public {of_others}" not in listed


def test_an_empty_home_keeps_nothing(store: Store) -> None:
    assert opened_again(store) == []


def test_a_backup_of_an_older_version_is_brought_up_to_date(
    trained_store: Store, cluster_url: str, tmp_path: Path
) -> None:
    downgrade(trained_store.url, OLDER)
    backup(trained_store, tmp_path / "old.tar")
    with fresh_database(cluster_url, template="template0") as url:
        settings = Settings(home=tmp_path / "new", database_url=url)
        assert restore(settings, tmp_path / "old.tar").cities == [SLUG]
        opened = open_store(settings)
        assert [city.slug for city in list_cities(opened)] == [SLUG]
        assert_store_consistent(opened)
        assert not settings.backups.exists()
        opened.engine.dispose()


def test_missing_programs_are_named() -> None:
    missing = fault("postgresql-client-missing", "postgresql-client-9")
    with pytest.raises(StoreUnavailableError, check=missing):
        find_client_programs(9)
