"""Runs, models, the worker: queued, followed, cancelled, taken up again."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
from sqlalchemy import text

from aether_core.errors import ConflictError, InputError, NotFoundError
from aether_core.model.files.folder import load_card, load_heads
from db.jobs import runs as run_rows
from tests.app_fixtures import SLUG, CityFiles
from tests.city_removal import remove_city
from tests.errors import fault
from tests.forked_workers import be_worker, start_worker
from tests.forks import ended
from tests.job_steps import put_in_queue
from workflows.cities.add import add_city
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import follow_job, show_job
from workflows.jobs.queue import worker_alive
from workflows.training.models import list_models, use_model
from workflows.training.runs import cancel_run, list_runs, show_run
from workflows.training.train import add_run, start_training

LONG = {"epochs": "2000", "patience": "2000"}


def wait_for(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.1)


def running_epoch(store: Store, run_id: int) -> int:
    run = show_run(store, run_id)
    assert not run.is_finished, run.error
    return run.epoch


def test_a_run_leaves_a_model_in_use_with_its_card(trained_store: Store) -> None:
    run = list_runs(trained_store, SLUG)[0]
    assert (run.state, run.stage, run.progress) == ("done", "done", 1.0)
    assert [entry["epoch"] for entry in run.history] == list(range(1, run.epochs + 1))
    (model,) = list_models(trained_store, SLUG)
    assert model.in_use
    assert model.name == run.model == f"{SLUG}-{run.id}"
    load_heads(model.folder)
    card = load_card(model.folder)
    assert card.model_dump(mode="json") == model.card
    assert card.embedding.simulated
    assert card.attribution[0].startswith("Made-up satellite data")
    assert card.encoder.name == "all-MiniLM-L6-v2"
    assert card.validated_on == run.metrics["validated_on"] == "apart"


def test_validation_beats_chance_on_held_out_blocks(trained_store: Store) -> None:
    found = list_runs(trained_store, SLUG)[0].metrics["validation"]
    assert found["candidates"] > 15
    assert found["recall_at_10"] > 1.5 * found["chance_at_10"]


def test_same_seed_same_weights(trained_store: Store) -> None:
    first = list_runs(trained_store, SLUG)[0]
    second = add_run(trained_store, SLUG, settings={"epochs": "12"}).id
    carry_out(trained_store, show_run(trained_store, second).job)
    again = show_run(trained_store, second)
    folders = {model.name: model.folder for model in list_models(trained_store, SLUG)}
    weights = [
        (folders[str(run.model)] / "heads.safetensors").read_bytes() for run in (first, again)
    ]
    assert weights[0] == weights[1]
    assert [m.in_use for m in list_models(trained_store, SLUG)] == [True, False]
    assert use_model(trained_store, SLUG, str(first.model)).in_use
    assert [m.in_use for m in list_models(trained_store, SLUG)] == [False, True]


def test_a_worker_carries_out_queued_runs_one_after_the_other(trained_store: Store) -> None:
    first = start_training(trained_store, SLUG, settings={"epochs": "3"})
    second = start_training(trained_store, SLUG, settings={"epochs": "2"}, seed=1)
    assert follow_job(trained_store, second.job).state == "done"
    one, two = show_run(trained_store, first.id), show_run(trained_store, second.id)
    assert one.finished is not None
    assert two.started is not None
    assert one.finished <= two.started
    wait_for(lambda: not worker_alive(trained_store, "training"))


def test_cancelling_a_running_run_keeps_the_model_there_was(trained_store: Store) -> None:
    before = list_models(trained_store, SLUG)
    run = start_training(trained_store, SLUG, settings=LONG)
    wait_for(lambda: running_epoch(trained_store, run.id) >= 1)
    cancel_run(trained_store, run.id)
    assert follow_job(trained_store, run.job).state == "cancelled"
    assert list_models(trained_store, SLUG) == before


def test_cancelling_a_queued_run_is_at_once(trained_store: Store) -> None:
    run_id = add_run(trained_store, SLUG).id
    assert cancel_run(trained_store, run_id).state == "cancelled"
    carry_out(trained_store, show_run(trained_store, run_id).job)
    assert show_run(trained_store, run_id).state == "cancelled"
    with pytest.raises(ConflictError, check=fault("job-in-wrong-state", "cancelled")):
        cancel_run(trained_store, run_id)


def test_the_run_of_a_killed_worker_goes_on_from_its_checkpoint(trained_store: Store) -> None:
    run_id = add_run(trained_store, SLUG, settings=LONG).id
    put_in_queue(trained_store, show_run(trained_store, run_id).job)
    first = start_worker(trained_store, "training", until_idle=True)
    wait_for(lambda: running_epoch(trained_store, run_id) >= 2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = running_epoch(trained_store, run_id)
    second = start_worker(trained_store, "training", until_idle=True, stalled_seconds=4.0)
    wait_for(lambda: running_epoch(trained_store, run_id) > kept + 1)
    run = show_run(trained_store, run_id)
    assert run.resumed_from in {kept, kept + 1}  # killed between a checkpoint and its report
    assert [entry["epoch"] for entry in run.history] == list(range(1, run.epoch + 1))
    cancel_run(trained_store, run_id)
    second.wait(60)
    with trained_store.session() as session:
        assert run_rows.run_by_id(session, run_id).job.attempts == 2


def test_a_run_whose_job_is_lost_is_queued_again(trained_store: Store) -> None:
    run_id = add_run(trained_store, SLUG, settings={"epochs": "2"}).id
    with trained_store.session() as session:
        session.execute(
            text(
                "UPDATE job SET state = 'running', starts = 1, attempts = 1, heartbeat = now() - "
                "interval '1 minute' WHERE id = (SELECT job_id FROM run WHERE run.id = :id)"
            ),
            {"id": run_id},
        )
    worker = start_worker(trained_store, "training", until_idle=True)
    assert follow_job(trained_store, show_run(trained_store, run_id).job).state == "done"
    assert worker.wait(60) == 0


def test_removing_a_city_ends_its_run_without_an_error(trained_store: Store) -> None:
    run_id = add_run(trained_store, SLUG, settings=LONG).id
    put_in_queue(trained_store, show_run(trained_store, run_id).job)
    worker = start_worker(trained_store, "training", until_idle=True)
    wait_for(lambda: running_epoch(trained_store, run_id) >= 1)
    remove_city(trained_store, SLUG)
    assert worker.wait(60) == 0
    assert "Traceback" not in (trained_store.settings.logs / "worker.log").read_text()
    assert not list(trained_store.settings.models.iterdir())


def test_a_worker_stops_when_it_is_told(trained_store: Store) -> None:
    worker = start_worker(trained_store, "training", until_idle=False)
    wait_for(lambda: worker_alive(trained_store, "training"))
    worker.terminate()
    assert worker.wait(30) == 0


def test_a_run_that_keeps_killing_its_worker_is_given_up(trained_store: Store) -> None:
    run_id = add_run(trained_store, SLUG).id
    with trained_store.session() as session:
        session.execute(
            text(
                "UPDATE job SET state = 'running', starts = 3, attempts = 3, heartbeat = now() "
                "WHERE id = (SELECT job_id FROM run WHERE run.id = :id)"
            ),
            {"id": run_id},
        )
    carry_out(trained_store, show_run(trained_store, run_id).job)
    run = show_run(trained_store, run_id)
    assert run.state == "failed"
    assert show_job(trained_store, run.job).error_code == "worker-died"
    assert " 3 " in str(run.error)


@pytest.mark.parametrize(
    ("arguments", "reported"),
    [
        ({"settings": {"epoch": "3"}}, ("no-such-setting", "epoch", "epochs")),
        ({"settings": {"epochs": "0"}}, ("setting-out-of-range", "epochs")),
        ({"settings": {"batch_size": "5000"}}, ("batch-size-too-large", "batch_size=5000")),
        ({"device": "tpu"}, ("no-such-device", "tpu")),
        ({"seed": -1}, ("seed-out-of-range", -1)),
        ({"recipe_name": "aethr"}, ("no-such-recipe", "aethr", "aether")),
    ],
)
def test_requests_that_cannot_be_carried_out_are_refused(
    trained_store: Store, arguments: dict[str, object], reported: tuple[object, ...]
) -> None:
    before = list_runs(trained_store, SLUG)
    with pytest.raises(InputError, check=fault(*reported)):
        add_run(trained_store, SLUG, **arguments)
    assert list_runs(trained_store, SLUG) == before


def test_too_few_places_are_refused(store: Store, city_files: CityFiles, tmp_path: Path) -> None:
    few = gpd.read_file(city_files.pois).iloc[200:240]
    few.to_file(tmp_path / "few.geojson", driver="GeoJSON")
    add_city(store, city_files.request(pois=tmp_path / "few.geojson"))
    with pytest.raises(InputError, check=fault("too-few-places")):
        start_training(store, SLUG)


def test_unknown_things_are_named(trained_store: Store) -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-city", "nowhere")):
        start_training(trained_store, "nowhere")
    with pytest.raises(NotFoundError, check=fault("no-such-run", 987)):
        show_run(trained_store, 987)
    with pytest.raises(NotFoundError, check=fault("no-such-model", "tinytown-99")):
        use_model(trained_store, SLUG, "tinytown-99")


def test_the_worker_says_its_usage() -> None:
    done = ended(be_worker, "--help")
    assert done.code == 0
    assert "--until-idle" in done.out
