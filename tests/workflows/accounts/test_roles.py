"""Who may do what: looked at where the store is changed, whichever face asks."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aether_core.errors import InputError
from tests.app_fixtures import SLUG, CityFiles
from tests.errors import fault
from workflows.accounts import accounts, acting
from workflows.accounts.acting import NotAllowedError, Person, Role, people_are_told_by
from workflows.accounts.quotas import QuotaError
from workflows.cities.cities import list_cities, remove_city_numbered, show_city
from workflows.cities.job_kinds import ADD_CITY, ADD_YEAR, AddYear
from workflows.cities.years import remove_year
from workflows.fetch.cache import clear_cache
from workflows.home.store import Store
from workflows.jobs import job as jobs
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import (
    cancel_job,
    list_jobs,
    remove_job,
    resume_job,
    show_job,
    start_job,
)
from workflows.layers.file_kinds import LAYER_FILE, LayerFile
from workflows.layers.layers import keep_layer, list_layers, remove_layer, rename_layer
from workflows.layers.own_classes import OwnClasses, choose_classes
from workflows.search.search import search_cells
from workflows.training.model_files import import_model
from workflows.training.models import list_models, use_model
from workflows.training.train import start_training

pytestmark = pytest.mark.usefixtures("cheap_passwords")
DENIED = fault("not-allowed")
MODEL = f"{SLUG}-1"
LAYER = "search-a-night-out"


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Role], None]]:
    """Lets this process take everybody for somebody of a role."""
    monkeypatch.setattr(jobs, "ensure_worker", lambda *_: None)  # nothing is to be carried out
    yield lambda role: people_are_told_by(lambda: Person(f"the {role}", role))
    people_are_told_by(acting._operator)


def layer_file(store: Store) -> int:
    return start_job(store, LAYER_FILE, SLUG, LayerFile(LAYER, ".csv")).job


def change(store: Store, folder: Path, job: int) -> dict[str, tuple[Role, Callable[[], object]]]:
    """Every verb that changes a store that holds a city, with the least role that may."""
    scores = search_cells(store, SLUG, "a night out")
    city = show_city(store, SLUG)
    analyst, admin = Role.ANALYST, Role.ADMIN
    return {
        "export a map": (Role.VIEWER, lambda: layer_file(store)),
        "cancel it": (Role.VIEWER, lambda: cancel_job(store, job)),
        "resume it": (Role.VIEWER, lambda: resume_job(store, job)),
        "train": (analyst, lambda: start_training(store, SLUG)),
        "cancel training": (analyst, lambda: cancel_job(store, training_of(store))),
        "remove training": (analyst, lambda: remove_job(store, training_of(store))),
        "use a model": (analyst, lambda: use_model(store, SLUG, MODEL)),
        "import a model": (analyst, lambda: import_model(store, folder, SLUG, name="back")),
        "keep a map": (analyst, lambda: keep_layer(store, scores, "another")),
        "rename a map": (analyst, lambda: rename_layer(store, SLUG, LAYER, "Nights")),
        "colour a map": (
            analyst,
            lambda: choose_classes(store, SLUG, LAYER, None, OwnClasses(ramp="blue")),
        ),
        "remove a map": (analyst, lambda: remove_layer(store, SLUG, LAYER)),
        "clear the cache": (admin, lambda: clear_cache(store)),
        "add an account": (admin, lambda: accounts.add_account(store, "eve", "x" * 12)),
        "change a role": (admin, lambda: accounts.set_role(store, "anna", Role.ADMIN)),
        "change a password": (admin, lambda: accounts.set_password(store, "anna", "x" * 12)),
        "remove an account": (admin, lambda: accounts.remove_account(store, "anna")),
        "remove a city": (admin, lambda: remove_city_numbered(store, city.id)),
    }


def training_of(store: Store) -> int:
    return next(job.job for job in list_jobs(store) if job.kind == "train")


def facts(store: Store) -> list[object]:
    """What the verbs would change."""
    return [
        [(city.slug, city.model) for city in list_cities(store)],
        [(layer.layer, layer.title) for layer in list_layers(store, SLUG)],
        [model.name for model in list_models(store, SLUG)],
        [(job.job, job.state) for job in list_jobs(store)],
        accounts.list_accounts(store),
        accounts.last_deeds(store, 1000),
    ]


def test_each_does_what_the_role_allows_and_what_is_done_is_noted(
    trained_store: Store, be: Callable[[Role], None]
) -> None:
    accounts.add_account(trained_store, "anna", "x" * 12, Role.VIEWER)
    keep_layer(trained_store, search_cells(trained_store, SLUG, "a night out"))
    folder = list_models(trained_store, SLUG)[0].folder
    start_training(trained_store, SLUG)
    job = layer_file(trained_store)
    verbs = change(trained_store, folder, job)
    before = facts(trained_store)
    for role in (Role.VIEWER, Role.ANALYST):
        be(role)
        for name, (needed, verb) in verbs.items():
            if not role.may(needed):
                with pytest.raises(NotAllowedError, check=DENIED):
                    verb()
                assert facts(trained_store) == before, name
    for name, (needed, verb) in verbs.items():
        noted = len(accounts.last_deeds(trained_store, 1000))
        be(needed)
        try:
            verb()
        except acting.NotAllowedError:
            pytest.fail(name)
        deeds = accounts.last_deeds(trained_store, 1000)
        assert len(deeds) == noted + 1, name
        assert deeds[0].who == f"the {needed}"
    assert list_cities(trained_store) == []
    assert deeds[0].action == "remove city"
    assert deeds[0].subject == SLUG


def test_what_is_not_done_is_not_noted(trained_store: Store, be: Callable[[Role], None]) -> None:
    be(Role.ADMIN)
    before = accounts.last_deeds(trained_store, 1000)
    with pytest.raises(InputError, check=fault("own-year-not-removable", "2024")):
        remove_year(trained_store, SLUG, 2024)
    assert accounts.last_deeds(trained_store, 1000) == before


def test_an_account_has_no_more_jobs_than_its_quota(
    trained_store: Store, be: Callable[[Role], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AETHER_ACCOUNT_JOBS", "1")
    keep_layer(trained_store, search_cells(trained_store, SLUG, "a night out"))
    layer_file(trained_store)  # the operator has none
    be(Role.VIEWER)
    mine = layer_file(trained_store)
    with pytest.raises(QuotaError, check=fault("quota-reached")):
        layer_file(trained_store)
    be(Role.ANALYST)
    layer_file(trained_store)
    be(Role.VIEWER)
    cancel_job(trained_store, mine)
    layer_file(trained_store)
    be(Role.ADMIN)
    assert layer_file(trained_store) < layer_file(trained_store)


def test_an_account_adds_no_more_cells_than_its_quota(
    trained_store: Store,
    be: Callable[[Role], None],
    city_files: CityFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def start(slug: str) -> int:
        request = city_files.request(slug, pois=None, cell_resolution=9)
        return start_job(trained_store, ADD_CITY, slug, request, in_city=False).job

    be(Role.ANALYST)
    carry_out(trained_store, start("mine"))
    had = show_city(trained_store, "mine").cells
    monkeypatch.setenv("AETHER_ACCOUNT_CELLS", str(had + 1))
    too_many = start("too-many")
    carry_out(trained_store, too_many)  # a worker is the operator's: it counts for who asked
    assert show_job(trained_store, too_many).error_code == "quota-reached"
    assert {city.slug for city in list_cities(trained_store)} == {SLUG, "mine"}
    monkeypatch.setenv("AETHER_ACCOUNT_CELLS", str(had))
    with pytest.raises(QuotaError, check=fault("quota-reached")):
        start("none-left")
    with pytest.raises(QuotaError, check=fault("quota-reached")):
        start_job(trained_store, ADD_YEAR, "mine", AddYear(2023, [city_files.embedding]))
    be(Role.ADMIN)
    start("of-an-admin")


def test_the_first_account_is_an_admins_and_a_role_holds_at_once(
    trained_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.accounts import gate

    monkeypatch.setattr(gate, "_LOOK_AGAIN_S", 0)
    words = "correct horse battery"
    assert accounts.add_account(trained_store, "anna", words).role is Role.ADMIN
    assert accounts.add_account(trained_store, "berta", words).role is Role.ANALYST
    door = gate.Gate(tmp_path)
    token = door.sign_in(trained_store, "berta", words)
    accounts.set_role(trained_store, "berta", Role.VIEWER)
    known = door.who(trained_store, token)
    assert known is not None
    assert known.role is Role.VIEWER
    done = [(deed.who, deed.action) for deed in accounts.last_deeds(trained_store, 4)]
    assert done == [
        ("operator", "change role"),
        ("berta", "sign in"),
        ("operator", "add account"),
        ("operator", "add account"),
    ]
