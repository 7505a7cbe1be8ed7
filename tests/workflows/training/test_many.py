"""Many cities trained with one command, by this process and by workers that die: the same bits."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import psutil
import pytest
from distributed import LocalCluster

from aether_core.errors import AetherError, InputError
from cli.__main__ import run
from db.jobs import jobs as job_rows
from tests.app_fixtures import (
    SLUG,
    CityFiles,
    Original,
    copied_store,
    make_original,
    set_environment,
)
from tests.errors import fault
from tests.forks import run_script
from tests.running_cluster import running_cluster
from workflows.accounts.acting import NotAllowedError, Person, Role, asked_by
from workflows.cities.add import add_city
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.schedulers import schedulers
from workflows.training.many import ManyTrained, TrainMany, train_many
from workflows.training.models import list_models
from workflows.training.runs import RunSummary, cancel_run, list_runs, show_run
from workflows.training.train import add_run, start_training

OTHER, VILLAGE = "othertown", "village"
CITIES = (SLUG, VILLAGE, OTHER)
SETTINGS = {"epochs": "40", "patience": "40"}
LONG = {"epochs": "2000", "patience": "2000"}


@pytest.fixture(scope="module")
def cities(
    cluster_url: str,
    texts_original: Original,
    city_files: CityFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Original:
    """A store with two cities to train and one with too few places, none of them trained."""
    folder = tmp_path_factory.mktemp("village")
    few = folder / "few.geojson"
    gpd.read_file(city_files.pois).iloc[:20].to_file(few, driver="GeoJSON")

    def fill(store: Store) -> None:
        add_city(store, city_files.request())
        add_city(store, city_files.request(OTHER, boundary=None))
        add_city(store, city_files.request(VILLAGE, pois=few))

    return make_original(cluster_url, folder / "home", fill, of=texts_original)


@pytest.fixture
def untrained(cluster_url: str, cities: Original, tmp_path: Path) -> Iterator[Store]:
    """A store of its own with these cities."""
    with copied_store(cluster_url, cities, tmp_path / "home") as store:
        yield store


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalCluster]:
    """Two workers that run already, as on other machines."""
    with running_cluster(2) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def one_by_one(
    cluster_url: str, cities: Original, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[bytes, RunSummary, dict[str, Any]]]:
    """Weights, run and card of each city as `train` makes them."""
    home = tmp_path_factory.mktemp("one-by-one") / "home"
    with copied_store(cluster_url, cities, home) as store:
        for slug in (SLUG, OTHER):
            carry_out(store, add_run(store, slug, settings=SETTINGS).job_id)
        return made(store)


def made(store: Store) -> dict[str, tuple[bytes, RunSummary, dict[str, Any]]]:
    found = {}
    for slug in (SLUG, OTHER):
        (model,) = list_models(store, slug)
        (run_,) = list_runs(store, slug)
        assert model.in_use
        assert run_.model == model.name
        found[slug] = (model.folder / "heads.safetensors").read_bytes(), run_, model.card
    return found


def check_same(store: Store, expected: dict[str, tuple[bytes, RunSummary, dict[str, Any]]]) -> None:
    """See that each city has the model, the run and the card that `train` gives it."""
    for slug, (weights, run_, card) in made(store).items():
        wanted_weights, wanted_run, wanted_card = expected[slug]
        assert weights == wanted_weights
        assert [timeless(entry) for entry in run_.history] == [
            timeless(entry) for entry in wanted_run.history
        ]
        assert timeless(run_.metrics) == timeless(wanted_run.metrics)
        assert (run_.settings, run_.encoder, run_.state) == (
            wanted_run.settings,
            wanted_run.encoder,
            wanted_run.state,
        )
        assert card["name"] == f"{slug}-{run_.id}"
        assert {**card, "name": "", "created": ""} == {**wanted_card, "name": "", "created": ""}


def timeless(facts: dict[str, Any]) -> dict[str, Any]:
    """What does not depend on the clock or on whether somebody was killed."""
    return {k: v for k, v in facts.items() if k not in {"seconds", "seconds_left", "resumed_from"}}


def test_this_process_trains_each_city_as_train_does(
    untrained: Store,
    one_by_one: dict[str, tuple[bytes, RunSummary, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_environment(untrained, monkeypatch)
    changed = [f"{key}={value}" for key, value in SETTINGS.items()]
    command = ["model", "train-many", *CITIES, "--set", *changed, "--json"]
    assert run(command) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["counts"] == {"done": 2, "refused": 1}
    assert [city["city"] for city in document["cities"]] == list(CITIES)
    refused = document["cities"][1]
    assert (refused["error_code"], refused["run"]) == ("too-few-places", None)
    check_same(untrained, one_by_one)
    assert not [*untrained.settings.jobs.iterdir()]
    # Given again, cities that are done are left as they are; other settings are another training.
    assert run(["model", "train-many", "--all", "--set", *changed, "--json"]) == 1
    again = json.loads(capsys.readouterr().out)
    assert {city["city"]: city["before"] for city in again["cities"]} == {
        SLUG: True,
        VILLAGE: False,
        OTHER: True,
    }
    assert {city["model"] for city in again["cities"]} == {
        city["model"] for city in document["cities"]
    }
    check_same(untrained, one_by_one)
    assert run(["model", "train-many", SLUG, "--set", "epochs=2", "--json"]) == 0
    assert len(list_models(untrained, SLUG)) == 2


def test_a_killed_worker_changes_no_bit(
    untrained: Store,
    workers: LocalCluster,
    one_by_one: dict[str, tuple[bytes, RunSummary, dict[str, Any]]],
    tmp_path: Path,
) -> None:
    killed: list[int] = []

    def kill(_stage: str, _done: int, _total: int) -> None:
        begun = [*(tmp_path / "shared").glob("*/checkpoints/epoch-*")]
        if begun and not killed:
            process = next(
                one
                for one in psutil.Process().children(recursive=True)
                if any(str(file.path).endswith("/at-work") for file in one.open_files())
            )
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)

    done = train_many(
        untrained,
        TrainMany(
            CITIES,
            settings=SETTINGS,
            scheduler=workers.scheduler_address,
            folder=tmp_path / "shared",
        ),
        kill,
    )
    assert killed
    assert done.counts == {"done": 2, "refused": 1}
    check_same(untrained, one_by_one)
    assert not [*(tmp_path / "shared").iterdir()]


def test_a_killed_command_goes_on_with_what_is_left(
    untrained: Store,
    one_by_one: dict[str, tuple[bytes, RunSummary, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_environment(untrained, monkeypatch)
    script = (
        "import os, signal\n"
        "from workflows.home.store import open_store\n"
        "from workflows.training.many import TrainMany, train_many\n"
        "from workflows.training.runs import list_runs\n"
        "def kill(stage, done, total):\n"
        "    if stage.startswith('1 of') and 'computed by a worker' in stage:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        f"train_many(open_store(), TrainMany({(SLUG, OTHER)!r}, settings={SETTINGS!r}), kill)\n"
    )
    assert run_script(script).code == -signal.SIGKILL
    (left,) = list_runs(untrained, OTHER)
    assert left.state == "running"
    monkeypatch.setattr("workflows.jobs.job.STALLED_SECONDS", 1.0)
    done = train_many(untrained, TrainMany((SLUG, OTHER), settings=SETTINGS))
    assert [(city.state, city.before) for city in done.cities] == [("done", True), ("done", False)]
    assert done.cities[1].run == left.id
    assert show_run(untrained, left.id).metrics["resumed_from"] > 0
    check_same(untrained, one_by_one)


def test_what_a_worker_refuses_is_told_with_its_code(
    untrained: Store, workers: LocalCluster
) -> None:
    places = show_city(untrained, SLUG).pois  # some of which are held out
    request = TrainMany(
        (SLUG,), settings={"batch_size": str(places)}, scheduler=workers.scheduler_address
    )
    (city,) = train_many(untrained, request).cities
    assert (city.state, city.error_code, city.error_type) == (
        "failed",
        "batch-size-too-large",
        "InputError",
    )
    assert show_run(untrained, int(city.run or 0)).exit_code == InputError.exit_code


def test_a_run_that_is_cancelled_stops_no_other(untrained: Store, workers: LocalCluster) -> None:
    cancelled: list[int] = []

    def cancel(_stage: str, _done: int, _total: int) -> None:
        runs = list_runs(untrained, SLUG)
        if runs and runs[0].stage.startswith("epoch") and not cancelled:
            cancelled.append(runs[0].id)
            cancel_run(untrained, runs[0].id)

    request = TrainMany((SLUG,), settings=LONG, scheduler=workers.scheduler_address)
    (city,) = train_many(untrained, request, cancel).cities
    assert (city.state, city.run) == ("cancelled", cancelled[0])
    # The worker is free again: it was told, and did not go on for its 2,000 epochs.
    assert train_many(
        untrained, TrainMany((OTHER,), settings=SETTINGS, scheduler=workers.scheduler_address)
    ).all_done


def test_a_city_that_somebody_trains_already_waits_its_turn(untrained: Store) -> None:
    other = start_training(untrained, SLUG, settings=LONG)
    deadline = time.monotonic() + 90
    while not show_run(untrained, other.id).epoch:
        assert time.monotonic() < deadline, "it did not begin"
        time.sleep(0.1)
    waited: list[str] = []

    def look(_stage: str, _done: int, _total: int) -> None:
        runs = list_runs(untrained, SLUG)
        if len(runs) == 2 and not waited:
            waited.append(runs[0].state)
            cancel_run(untrained, other.id)

    (city,) = train_many(untrained, TrainMany((SLUG,), settings=SETTINGS), look).cities
    assert waited == ["queued"]
    assert (city.state, show_run(untrained, other.id).state) == ("done", "cancelled")


def test_a_command_that_is_stopped_cancels_what_is_under_way(untrained: Store) -> None:
    def stop(stage: str, _done: int, _total: int) -> None:
        if "computed by a worker" in stage:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_many(untrained, TrainMany((SLUG, OTHER), settings=LONG), stop)
    assert [run_.state for run_ in list_runs(untrained, SLUG)] == ["cancelled"]
    assert list_runs(untrained, OTHER) == []


def test_nothing_begins_where_nobody_computes_or_asks_rightly(
    untrained: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(schedulers, "_ANSWER_S", 1)
    with pytest.raises(InputError, check=fault("scheduler-not-reachable", "tcp://127.0.0.1:9")):
        train_many(untrained, TrainMany(CITIES, scheduler="tcp://127.0.0.1:9"))
    with pytest.raises(InputError, check=fault("no-such-scheduler", "spark")):
        train_many(untrained, TrainMany(CITIES, scheduler="spark"))
    with pytest.raises(AetherError, check=fault("no-such-recipe")):
        train_many(untrained, TrainMany(CITIES, recipe="best"))
    viewer = Person("vera", Role.VIEWER)
    with asked_by(viewer), pytest.raises(NotAllowedError, check=fault("not-allowed", "vera")):
        train_many(untrained, TrainMany(CITIES))
    with untrained.session() as session:
        assert job_rows.list_jobs(session) == []
    set_environment(untrained, monkeypatch)
    for words, code in ([], "no-cities-given"), ([SLUG, "--all"], "cities-given-twice"):
        assert run(["model", "train-many", *words, "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_city_that_is_not_there_stops_no_other(untrained: Store) -> None:
    done: ManyTrained = train_many(untrained, TrainMany(("atlantis", SLUG), settings=SETTINGS))
    assert [(city.state, city.error_code) for city in done.cities] == [
        ("refused", "no-such-city"),
        ("done", None),
    ]
