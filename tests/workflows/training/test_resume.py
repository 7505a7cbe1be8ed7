"""Runs that ended early go on from their checkpoint, or say why they cannot."""

import json
import resource
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from sqlalchemy import text, update
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from aether_core.errors import ConflictError, InputError
from cli.app import app
from cli.output import MODE
from db.jobs import jobs as job_rows
from db.jobs import runs as run_rows
from db.schema import Job
from tests.app_fixtures import SLUG
from tests.city_removal import remove_city
from tests.errors import fault
from tests.forks import run_script
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import show_job
from workflows.training.models import list_models
from workflows.training.resume import resume_run, start_again
from workflows.training.runs import run_folder, show_run
from workflows.training.train import add_run

SETTINGS = {"epochs": "6", "patience": "6"}
ROOT = Path(__file__).resolve().parents[3]
AGAIN = {"state": "queued", "cancel_requested": False}


def execute(store: Store, statement: str, **values: object) -> None:
    with store.session() as session:
        session.execute(text(statement), values)


def change_job(store: Store, run_id: int, **values: object) -> None:
    """Write into a run's job what its moves would not let it be."""
    with store.session() as session:
        job_id = run_rows.run_by_id(session, run_id).job_id
        session.execute(update(Job).where(Job.id == job_id).values(**values))


@pytest.fixture
def stopped(trained_store: Store) -> int:
    """A run of Tinytown that was cancelled in its second epoch."""
    run_id = add_run(trained_store, SLUG, settings=SETTINGS).id
    add_epoch = run_rows.add_epoch

    def cancelling(session: Session, number: int, entry: Mapping[str, Any]) -> None:
        add_epoch(session, number, entry)
        if entry["epoch"] == 2:
            job_rows.request_cancel(session, run_rows.run_by_id(session, number).job_id)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_rows, "add_epoch", cancelling)
        carry_out(trained_store, show_run(trained_store, run_id).job)
    run = show_run(trained_store, run_id)
    assert (run.state, run.epoch, run.resumable_from) == ("cancelled", 2, 2)
    return run_id


@pytest.fixture
def as_json() -> Iterator[None]:
    MODE.json = True
    yield
    MODE.json = False


@pytest.mark.usefixtures("by_hand")
def test_a_resumed_run_makes_the_model_it_would_have_made(
    trained_store: Store, stopped: int
) -> None:
    whole = add_run(trained_store, SLUG, settings=SETTINGS).id
    carry_out(trained_store, show_run(trained_store, whole).job)
    assert resume_run(trained_store, stopped).state == "queued"
    carry_out(trained_store, show_run(trained_store, stopped).job)
    run = show_run(trained_store, stopped)
    assert run.state == "done"
    assert run.resumed_from == run.metrics["resumed_from"] == 2
    assert [entry["resumed_from"] for entry in run.history] == [0, 0, 2, 2, 2, 2]
    folders = {model.name: model.folder for model in list_models(trained_store, SLUG)}
    there, wanted = (
        load_file(folders[f"{SLUG}-{number}"] / "heads.safetensors") for number in (stopped, whole)
    )
    assert there.keys() == wanted.keys()
    assert all(there[key].equal(value) for key, value in wanted.items())
    assert not run_folder(trained_store, stopped).folder.exists()
    assert not run_folder(trained_store, whole).folder.exists()


@pytest.mark.usefixtures("as_json")
def test_the_command_resumes_and_gives_the_document_of_train(
    app_environment: Store, stopped: int
) -> None:
    done = CliRunner().invoke(app, ["run", "resume", str(stopped)], catch_exceptions=False)
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert (found["run"], found["state"], found["epochs"]) == (stopped, "done", 6)
    assert {"model", "city", "recipe", "seed", "device", "seconds", "losses"} <= found.keys()
    assert {"validation", "pois_used"} <= found.keys()
    assert list_models(app_environment, SLUG)[0].name == found["model"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE poi SET category = 'pub' WHERE id = (SELECT min(id) FROM poi)", "the places"),
        (
            "UPDATE text SET vector = (SELECT vector FROM text ORDER BY hash LIMIT 1)",
            "the text vectors",
        ),
        (
            "UPDATE eo_feature SET vector = (SELECT vector FROM eo_feature LIMIT 1)",
            "the embedding vectors",
        ),
        ("UPDATE run SET settings = settings || '{\"lam\": 0.3}'", "the setting lam"),
        ("UPDATE run SET seed = 7", "the seed"),
    ],
)
def test_a_city_that_changed_is_refused_with_what_and_how_to_go_on(
    trained_store: Store, stopped: int, change: str, says: str
) -> None:
    execute(trained_store, change)
    command = f"./aether train {SLUG} --recipe aether --set "
    expected = fault("run-input-changed", stopped, 2, says, command, "--set epochs=6")
    with pytest.raises(ConflictError, check=expected):
        resume_run(trained_store, stopped)
    assert show_run(trained_store, stopped).state == "cancelled"
    # The worker that takes up such a run by itself says the same.
    change_job(trained_store, stopped, **AGAIN)
    carry_out(trained_store, show_run(trained_store, stopped).job)
    run = show_run(trained_store, stopped)
    assert run.state == "failed"
    assert show_job(trained_store, run.job).error_code == "run-input-changed"
    assert says in str(run.error)
    assert run.exit_code == 2


def test_runs_that_cannot_be_resumed_say_why(trained_store: Store) -> None:
    with pytest.raises(ConflictError, check=fault("run-done", 1, "tinytown-1")):
        resume_run(trained_store, 1)
    run_id = add_run(trained_store, SLUG).id
    with pytest.raises(ConflictError, check=fault("job-in-wrong-state", "queued")):
        resume_run(trained_store, run_id)
    change_job(trained_store, run_id, state="failed")
    assert show_run(trained_store, run_id).resumable_from == 0
    with pytest.raises(ConflictError, check=fault("run-without-checkpoint", run_id)):
        resume_run(trained_store, run_id)
    folder = run_folder(trained_store, run_id).folder
    folder.mkdir(parents=True)
    (folder / "epoch-000003.safetensors").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, check=fault("checkpoint-damaged")):
        resume_run(trained_store, run_id)


@pytest.mark.usefixtures("by_hand")
def test_a_new_run_takes_the_settings_and_never_an_old_checkpoint(
    trained_store: Store, stopped: int
) -> None:
    folder = run_folder(trained_store, stopped + 1).folder
    folder.mkdir(parents=True)
    (folder / "epoch-000009.safetensors").write_bytes(b"of another database")
    carry_out(trained_store, start_again(trained_store, stopped).job)
    again = show_run(trained_store, stopped + 1)
    assert (again.state, again.resumed_from) == ("done", 0)
    assert again.settings == SETTINGS


@pytest.mark.usefixtures("by_hand")
def test_attempts_begin_anew_when_the_user_resumes(trained_store: Store, stopped: int) -> None:
    change_job(trained_store, stopped, attempts=3)
    resume_run(trained_store, stopped)
    carry_out(trained_store, show_run(trained_store, stopped).job)
    assert show_run(trained_store, stopped).state == "done"


def test_removing_a_city_removes_its_checkpoints(trained_store: Store, stopped: int) -> None:
    folder = run_folder(trained_store, stopped).folder
    assert folder.exists()
    remove_city(trained_store, SLUG)
    assert not folder.exists()


def test_a_full_disk_fails_the_run_and_leaves_it_resumable(
    app_environment: Store, stopped: int
) -> None:
    change_job(app_environment, stopped, **AGAIN)
    script = (
        "import resource, sys\n"
        "from workflows.jobs.carry_out import carry_out\n"
        "from workflows.training.runs import show_run\n"
        "from workflows.home.store import open_store\n"
        "store = open_store()\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, {resource.RLIM_INFINITY}))\n"
        "carry_out(store, show_run(store, int(sys.argv[1])).job)\n"
    )
    assert run_script(script, str(stopped)).code == 0
    run = show_run(app_environment, stopped)
    assert (run.state, run.resumable_from) == ("failed", 2)
    assert show_job(app_environment, run.job).error_code == "disk-full"
    assert run.exit_code == 2
