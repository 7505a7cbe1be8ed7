"""Groups: whose city it is not sees nothing of it, whichever verb asks."""

from collections.abc import Callable, Iterator

import pytest

from aether_core.errors import AetherError
from tests.app_fixtures import SLUG
from tests.errors import fault
from workflows.accounts import acting, groups
from workflows.accounts.accounts import add_account, last_deeds
from workflows.accounts.acting import NotAllowedError, Person, Role, people_are_told_by
from workflows.cities.cities import list_cities, remove_city_numbered, show_city
from workflows.cities.names import check_slug_free
from workflows.cities.years import list_years
from workflows.evaluation.studies import list_studies
from workflows.fetch.fetch import list_fetches, years_of_city
from workflows.home.store import Store
from workflows.jobs import job as jobs
from workflows.jobs.job import (
    cancel_job,
    jobs_lately,
    list_jobs,
    remove_job,
    resume_job,
    show_job,
    start_job,
)
from workflows.layers.file_kinds import LAYER_FILE, LayerFile
from workflows.layers.layers import keep_layer, list_layers, remove_layer, show_layer
from workflows.search.ask import ask
from workflows.search.search import search_cells
from workflows.training.models import list_models, use_model
from workflows.training.runs import list_runs, show_run
from workflows.training.train import start_training

LAYER = "search-a-night-out"


@pytest.fixture
def be(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Role], None]]:
    monkeypatch.setattr(jobs, "ensure_worker", lambda *_: None)  # nothing is to be carried out
    yield lambda name, role: people_are_told_by(lambda: Person(name, role))
    people_are_told_by(acting._operator)


def seen(store: Store) -> list[object]:
    """All that is listed without naming the city."""
    return [
        *list_cities(store),
        *list_jobs(store),
        *jobs_lately(store, 10),
        *list_fetches(store),
    ]


def asked(store: Store, job: int, run: int, model: str) -> dict[str, Callable[[], object]]:
    """What names the city, or something of it."""
    return {
        "show": lambda: show_city(store, SLUG),
        "search": lambda: search_cells(store, SLUG, "a night out"),
        "ask": lambda: ask(store, SLUG, "a night out"),
        "layers": lambda: list_layers(store, SLUG),
        "layer": lambda: show_layer(store, SLUG, LAYER),
        "years": lambda: list_years(store, SLUG),
        "models": lambda: list_models(store, SLUG),
        "use model": lambda: use_model(store, SLUG, model),
        "studies": lambda: list_studies(store, SLUG),
        "runs": lambda: list_runs(store, SLUG),
        "run": lambda: show_run(store, run),
        "job": lambda: show_job(store, job),
        "cancel": lambda: cancel_job(store, job),
        "resume": lambda: resume_job(store, job),
        "remove job": lambda: remove_job(store, job),
        "export": lambda: start_job(store, LAYER_FILE, SLUG, LayerFile(LAYER, ".csv")),
        "train": lambda: start_training(store, SLUG),
        "fetch a year": lambda: years_of_city(store, SLUG, (2020,)),
        "remove layer": lambda: remove_layer(store, SLUG, LAYER),
        "remove city": lambda: remove_city_numbered(store, 1),
    }


def answered(verbs: dict[str, Callable[[], object]]) -> dict[str, str]:
    """The code each verb ends in; empty where it answers."""
    codes = {}
    for name, verb in verbs.items():
        try:
            verb()
        except AetherError as error:
            codes[name] = error.code
        else:
            codes[name] = ""
    return codes


def test_whose_city_it_is_not_finds_nothing_of_it(
    trained_store: Store, be: Callable[[str, Role], None]
) -> None:
    store = trained_store
    for name in ("anna", "berta", "carla"):
        add_account(store, name, "x" * 12)
    keep_layer(store, search_cells(store, SLUG, "a night out"))
    number, model = show_city(store, SLUG).id, list_models(store, SLUG)[0].name
    run = list_runs(store, SLUG)[0].id
    start_training(store, SLUG)
    job = list_jobs(store)[0].job
    groups.add_group(store, "Planning")
    groups.include(store, "planning", accounts=["anna"], cities=[SLUG])
    groups.add_group(store, "roads")
    groups.include(store, "roads", accounts=["carla"])
    verbs = asked(store, job, run, model)
    verbs["remove city"] = lambda: remove_city_numbered(store, number)
    elsewhere = asked(store, 10**6, 10**6, "none")
    elsewhere["remove city"] = lambda: remove_city_numbered(store, 10**6)

    for name in ("berta", "carla", "nobody"):
        be(name, Role.ANALYST)
        assert seen(store) == []
        codes = answered(verbs)
        assert "" not in codes.values(), codes
        assert set(codes.values()) <= {
            "no-such-city",
            "no-such-job",
            "no-such-run",
            "no-such-model",
            "city-removed",
        }, codes
        with pytest.raises(AetherError, check=fault("city-exists")):
            check_slug_free(store, SLUG)
        with pytest.raises(NotAllowedError):
            groups.include(store, "planning", accounts=[name])
    be("anna", Role.VIEWER)
    assert [city.slug for city in list_cities(store)] == [SLUG]
    assert show_job(store, job).city == SLUG
    assert list_layers(store, SLUG)[0].layer == LAYER
    be("berta", Role.ADMIN)
    assert show_city(store, SLUG).slug == SLUG

    people_are_told_by(acting._operator)
    with pytest.raises(AetherError, check=fault("group-has-cities", SLUG)):
        groups.remove_group(store, "planning")
    groups.exclude(store, "planning", cities=[SLUG])
    be("carla", Role.VIEWER)
    assert show_city(store, SLUG).slug == SLUG
    people_are_told_by(acting._operator)
    groups.remove_group(store, "planning")
    assert [one.name for one in groups.list_groups(store)] == ["roads"]
    assert [deed.subject for deed in last_deeds(store, 2)] == [
        "planning, removed",
        f"planning, without {SLUG}",
    ]
