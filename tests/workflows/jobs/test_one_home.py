"""Two servers with homes of their own on one database: the second one is told."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from aether_core.errors import ConflictError
from db.jobs import workers as worker_rows
from tests.app_fixtures import SLUG
from tests.errors import fault
from tests.workflows.up.up_home import aether
from workflows.home.store import Store
from workflows.jobs.job import list_jobs
from workflows.jobs.one_home import check_database_is_ours, check_no_other_home, signature
from workflows.training.train import add_run


def test_a_second_home_is_refused_whether_the_first_one_is_up_or_not(
    trained_store: Store, tmp_path: Path
) -> None:
    home = tmp_path / "second"
    home.mkdir()
    settings = trained_store.settings.model_copy(update={"home": home})
    second = replace(trained_store, settings=settings)
    check_database_is_ours(trained_store)
    with pytest.raises(ConflictError, check=fault("database-of-another-home")):
        check_database_is_ours(second)
    refused = aether(home, "up", "--no-browser", "--no-demo", url=trained_store.url)
    assert (refused.code, "AETHER_HOME" in refused.err) == (2, True), refused

    files = shutil.ignore_patterns("home-id")
    shutil.copytree(trained_store.settings.home, home, dirs_exist_ok=True, ignore=files)
    check_database_is_ours(second)
    check_no_other_home(second)
    with trained_store.session() as session:
        host = signature(trained_store.settings)
        numbers = worker_rows.sign_on(session, ["quick"], host=host, pid=1)
    check_no_other_home(trained_store)
    before = len(list_jobs(trained_store))
    with pytest.raises(ConflictError, check=fault("database-of-another-home")):
        add_run(second, SLUG)
    assert len(list_jobs(trained_store)) == before
    with trained_store.session() as session:
        worker_rows.sign_off(session, numbers)
    add_run(second, SLUG)


@pytest.mark.parametrize("host", ["machine", "machine.of.an.older.version"])
def test_a_worker_of_an_older_version_names_no_home(store: Store, host: str) -> None:
    with store.session() as session:
        worker_rows.sign_on(session, ["quick"], host=host, pid=1)
    check_no_other_home(store)
