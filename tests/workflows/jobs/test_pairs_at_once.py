"""Pairs of verbs at once on one city: rows and files agree, and who could not says why."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from aether_core.errors import AetherError, ConflictError, NotFoundError
from tests.app_fixtures import SLUG, CityFiles
from tests.city_removal import remove_city
from tests.fetch_fixtures import REQUEST
from tests.forks import Forked, be_command
from tests.side_by_side import PATIENCE_S, Outcome, one_after_the_other, start
from tests.store_consistency import assert_store_consistent
from tests.task_fixtures import TaskFiles
from tests.year_fixtures import OTHER, OtherYear
from workflows.cities import cities
from workflows.cities.add import AddCity, add_city
from workflows.cities.add_places import AddPlaces, add_places
from workflows.cities.cities import list_cities
from workflows.cities.years import add_year, list_years, remove_year
from workflows.fetch import job as fetch_job
from workflows.fetch.fetch import add_fetch, years_of_city
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import show_job
from workflows.jobs.sweep import sweep
from workflows.layers.export import export_layer
from workflows.layers.layers import keep_layer, list_layers
from workflows.search.search import search_cells
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.settings import FitSettings
from workflows.training.model_files import export_model, import_model
from workflows.training.models import list_models, use_model
from workflows.training.train import add_run

QUICK = FitSettings(seeds=1, representation="alphaearth")
ROOT = Path(__file__).resolve().parents[3]
Verb = Callable[[], object]


@dataclass(frozen=True)
class Verbs:
    """What may be done to Tinytown, each prepared so far that it only has to be called."""

    store: Store
    files: CityFiles
    other_year: OtherYear
    tasks: TaskFiles
    folder: Path

    def named(self, name: str) -> Verb:
        verb: Verb = getattr(self, name)()
        return verb

    def remove_city(self) -> Verb:
        return lambda: remove_city(self.store, SLUG)

    def add_year(self) -> Verb:
        return lambda: add_year(self.store, SLUG, OTHER, [self.other_year.file])

    def add_places(self) -> Verb:
        request = AddPlaces(self.files.more_pois, extend=True)
        return lambda: add_places(self.store, SLUG, request)

    def remove_year(self) -> Verb:
        return lambda: remove_year(self.store, SLUG, OTHER)

    def train(self) -> Verb:
        run = add_run(self.store, SLUG, settings={"epochs": "1"}, device="cpu")
        return lambda: carry_out(self.store, run.job_id)

    def import_model(self) -> Verb:
        path = self.folder / "imported"
        if not path.exists():
            export_model(self.store, f"{SLUG}-1", path)
        return lambda: import_model(self.store, path, SLUG, name="mine")

    def use_model(self) -> Verb:
        return lambda: use_model(self.store, SLUG, f"{SLUG}-1")

    def keep(self) -> Verb:
        scores = search_cells(self.store, SLUG, "a park")
        return lambda: keep_layer(self.store, scores, "Parks")

    def fit(self) -> Verb:
        request = LandUseRequest(LabelRequest(self.tasks.points, field="zone"), QUICK)
        return lambda: land_use(self.store, SLUG, request)


@pytest.fixture
def verbs(
    trained_store: Store,
    city_files: CityFiles,
    other_year: OtherYear,
    task_files: TaskFiles,
    tmp_path: Path,
) -> Verbs:
    return Verbs(trained_store, city_files, other_year, task_files, tmp_path)


def said_why(outcome: Outcome, kind: type[AetherError]) -> None:
    assert isinstance(outcome.error, kind), outcome
    assert len(str(outcome.error).splitlines()) == 1


class Gate:
    """Progress that stops a verb just before it stores, until the gate is opened."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def __call__(self, stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("storing", 0):
            self.reached.set()
            assert self.opened.wait(PATIENCE_S)


def test_two_add_one_slug(store: Store, city_files: CityFiles) -> None:
    gates = Gate(), Gate()
    begun = [start(lambda g=gate: add_city(store, city_files.request(), g)) for gate in gates]
    for gate in gates:
        assert gate.reached.wait(PATIENCE_S)
    for gate in gates:
        gate.opened.set()
    outcomes = [one.result() for one in begun]
    (refused,) = (one for one in outcomes if one.error is not None)
    said_why(refused, ConflictError)
    assert [city.slug for city in list_cities(store)] == [SLUG]
    assert_store_consistent(store)


def test_two_commands_add_one_slug(
    empty_environment: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    """The reported case: two processes, the second of which deleted the first one's files."""
    words = ["city", "add", SLUG, "--name", "Tinytown", "--year", "2024", "--json"]
    words += ["--embedding", str(city_files.embedding), "--pois", str(city_files.pois)]
    outputs = [tmp_path / "one", tmp_path / "two"]
    processes = [Forked(be_command, *words, output=output) for output in outputs]
    codes = [process.wait(PATIENCE_S) for process in processes]
    shown_words = [output.read_text() for output in outputs]
    assert sorted(codes) == [0, 2], shown_words
    assert all("Traceback" not in words for words in shown_words)
    assert_store_consistent(empty_environment)


def test_a_city_is_removed_while_it_is_being_added(store: Store, city_files: CityFiles) -> None:
    gate = Gate()
    begun = start(lambda: add_city(store, city_files.request(), gate))
    assert gate.reached.wait(PATIENCE_S)
    with pytest.raises(NotFoundError):
        remove_city(store, SLUG)
    gate.opened.set()
    assert begun.result().error is None
    assert_store_consistent(store)


def test_a_slug_is_taken_again_before_the_files_of_its_forerunner_are_gone(
    store: Store, city_files: CityFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_city(store, city_files.request())
    committed, added = threading.Event(), threading.Event()
    really_remove = cities.remove_folders

    def late(folders: list[Path]) -> None:
        committed.set()
        assert added.wait(PATIENCE_S)
        really_remove(folders)

    monkeypatch.setattr(cities, "remove_folders", late)
    begun = start(lambda: remove_city(store, SLUG))
    assert committed.wait(PATIENCE_S)
    add_city(store, city_files.request())
    added.set()
    assert begun.result().error is None
    assert [city.slug for city in list_cities(store)] == [SLUG]
    assert_store_consistent(store)


LOSES_ITS_CITY = [
    *("add_year", "add_places", "import_model"),
    *("use_model", "keep", "fit", "remove_city"),
]


@pytest.mark.parametrize("second", LOSES_ITS_CITY)
def test_a_city_removed_first_leaves_nothing_to_the_other(verbs: Verbs, second: str) -> None:
    removed, refused = one_after_the_other(
        verbs.store, SLUG, verbs.named("remove_city"), verbs.named(second)
    )
    assert removed.error is None
    said_why(refused, NotFoundError)
    assert list_cities(verbs.store) == []
    assert_store_consistent(verbs.store)


@pytest.mark.parametrize("first", [*LOSES_ITS_CITY[:-1], "train"])
def test_a_city_removed_second_takes_what_the_first_has_just_stored(
    verbs: Verbs, first: str
) -> None:
    done, removed = one_after_the_other(
        verbs.store, SLUG, verbs.named(first), verbs.named("remove_city")
    )
    assert (done.error, removed.error) == (None, None)
    assert list_cities(verbs.store) == []
    assert_store_consistent(verbs.store)


def test_a_city_removed_under_its_training_leaves_no_model(verbs: Verbs) -> None:
    removed, trained = one_after_the_other(
        verbs.store, SLUG, verbs.named("remove_city"), verbs.named("train")
    )
    assert (removed.error, trained.error) == (None, None)  # the run that would say it went, too
    assert list_cities(verbs.store) == []
    assert_store_consistent(verbs.store)


def test_two_add_one_year(verbs: Verbs) -> None:
    added, refused = one_after_the_other(
        verbs.store, SLUG, verbs.named("add_year"), verbs.named("add_year")
    )
    assert added.error is None
    said_why(refused, ConflictError)
    assert len(list_years(verbs.store, SLUG)) == 2
    assert_store_consistent(verbs.store)


@pytest.mark.parametrize("second", ["add_places", "add_year"])
def test_places_are_added_to_a_city_that_changes_once(verbs: Verbs, second: str) -> None:
    """Else a year would lack the new places, or places would be there twice."""
    added, refused = one_after_the_other(
        verbs.store, SLUG, verbs.named("add_places"), verbs.named(second)
    )
    assert added.error is None
    said_why(refused, ConflictError)
    assert_store_consistent(verbs.store)


def test_a_year_is_removed_right_after_it_was_added(verbs: Verbs) -> None:
    added, removed = one_after_the_other(
        verbs.store, SLUG, verbs.named("add_year"), verbs.named("remove_year")
    )
    assert (added.error, removed.error) == (None, None)
    assert len(list_years(verbs.store, SLUG)) == 1
    assert_store_consistent(verbs.store)


def test_a_year_that_is_not_there_yet_cannot_be_removed(verbs: Verbs) -> None:
    refused, added = one_after_the_other(
        verbs.store, SLUG, verbs.named("remove_year"), verbs.named("add_year")
    )
    said_why(refused, NotFoundError)
    assert added.error is None
    assert_store_consistent(verbs.store)


@pytest.mark.parametrize(
    ("first", "second"),
    [("train", "import_model"), ("import_model", "use_model"), ("use_model", "import_model"),
     ("add_year", "train"), ("keep", "add_year"), ("keep", "keep")],
)  # fmt: skip
def test_what_does_not_stand_in_its_way_succeeds(verbs: Verbs, first: str, second: str) -> None:
    outcomes = one_after_the_other(verbs.store, SLUG, verbs.named(first), verbs.named(second))
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert sum(model.in_use for model in list_models(verbs.store, SLUG)) == 1
    assert len({layer.layer for layer in list_layers(verbs.store, SLUG)}) == len(
        list_layers(verbs.store, SLUG)
    )
    assert_store_consistent(verbs.store)


def test_two_import_under_one_name(verbs: Verbs) -> None:
    done, refused = one_after_the_other(
        verbs.store, SLUG, verbs.named("import_model"), verbs.named("import_model")
    )
    assert done.error is None
    said_why(refused, ConflictError)
    assert_store_consistent(verbs.store)


def test_a_model_in_use_changes_under_searches(verbs: Verbs) -> None:
    """Each search is wholly of one model, whichever is in use when it begins."""
    store = verbs.store
    mine = import_model(store, export_model(store, f"{SLUG}-1", verbs.folder / "m").path, SLUG)
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            for name in (mine.name, f"{SLUG}-1"):
                use_model(store, SLUG, name)

    changing = start(change)
    expected = {
        name: search_cells(store, SLUG, "a park", model=name).score
        for name in (mine.name, f"{SLUG}-1")
    }
    for _ in range(10):
        found = search_cells(store, SLUG, "a park")
        assert (found.score == expected[found.model]).all()
    stop.set()
    assert changing.result().error is None


def test_a_city_is_removed_while_it_is_exported_and_searched(verbs: Verbs) -> None:
    store, folder = verbs.store, verbs.folder
    layer = keep_layer(store, search_cells(store, SLUG, "a park"), "Parks").layer
    begun = [
        start(lambda: export_layer(store, SLUG, layer, folder / "a.gpkg")),
        start(lambda: export_model(store, f"{SLUG}-1", folder / "m")),
        start(lambda: search_cells(store, SLUG, "a school")),
        start(lambda: remove_city(store, SLUG)),
    ]
    outcomes = [one.result() for one in begun]
    assert outcomes[-1].error is None
    for outcome in outcomes:
        assert outcome.error is None or isinstance(outcome.error, NotFoundError), outcome
    assert list_cities(store) == []
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]


def test_sweeps_at_once_with_everything_take_nothing(verbs: Verbs) -> None:
    store = verbs.store
    stop = threading.Event()

    def sweeping() -> None:
        while not stop.is_set():
            sweep(store)

    sweeper = start(sweeping)
    for name in ("add_year", "import_model", "train", "remove_year"):
        verbs.named(name)()
        assert_rows_have_files(store)
    add_city(store, verbs.files.request("second"))
    stop.set()
    assert sweeper.result().error is None
    sweep(store)
    assert_store_consistent(store)


def assert_rows_have_files(store: Store) -> None:
    assert all((model.folder / "heads.safetensors").is_file() for model in list_models(store, SLUG))


@pytest.mark.usefixtures("good_server", "by_hand")
def test_a_slug_is_taken_while_it_is_fetched(
    asking: Store, city_files: CityFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stores first has the slug; the other is refused and leaves no file."""
    fetch = add_fetch(asking, replace(REQUEST, years=(2024,)))
    gate = Gate()
    really_add = fetch_job.add_city

    def late(store: Store, request: AddCity, *_: object, **more: object) -> object:
        return really_add(store, request, gate, **more)

    monkeypatch.setattr(fetch_job, "add_city", late)
    begun = start(lambda: carry_out(asking, fetch.job_id))
    assert gate.reached.wait(PATIENCE_S)
    added = start(lambda: add_city(asking, city_files.request(REQUEST.slug)))
    gate.opened.set()
    begun.result()
    outcome = added.result()
    job = show_job(asking, fetch.job_id)
    refused = {job.error_code, getattr(outcome.error, "code", None)} - {None}
    assert refused == {"city-exists"}
    assert (job.state == "done") == (outcome.error is not None)
    assert [city.slug for city in list_cities(asking)] == [REQUEST.slug]
    sweep(asking)
    assert_store_consistent(asking)


@pytest.mark.usefixtures("good_server", "by_hand")
def test_a_city_is_removed_while_a_year_is_fetched_for_it(
    asking: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out(asking, add_fetch(asking, replace(REQUEST, years=(2024,))).job_id)
    fetch = add_fetch(asking, years_of_city(asking, REQUEST.slug, (2018,)))
    gate = Gate()
    really_add = fetch_job.add_year

    def late(store: Store, slug: str, year: int, files: list[Path], *_: object, **more: object):  # noqa: ANN202
        return really_add(store, slug, year, files, gate, **more)

    monkeypatch.setattr(fetch_job, "add_year", late)
    begun = start(lambda: carry_out(asking, fetch.job_id))
    assert gate.reached.wait(PATIENCE_S)
    removed = start(lambda: remove_city(asking, REQUEST.slug))
    gate.opened.set()
    begun.result()
    assert removed.result().error is None
    assert list_cities(asking) == []
    job = show_job(asking, fetch.job_id)
    assert job.state == "done" or job.error_code == "no-such-city"
    sweep(asking)
    assert_store_consistent(asking)
