"""Studies as jobs: asked for, carried out, stopped, taken up again, taken away."""

import csv
import json
import os
import signal
import threading
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import pytest

from aether_core.errors import ConflictError, InputError, NotFoundError
from aether_core.study.enough_places import MIN_STUDY_PLACES
from aether_core.study.result import StudyResult
from cli.__main__ import run
from tests.app_fixtures import SLUG, CityFiles
from tests.city_removal import remove_city
from tests.errors import fault
from tests.forked_workers import start_worker
from tests.job_steps import put_in_queue
from tests.task_fixtures import TaskFiles
from tests.workflows.training.test_training import wait_for
from workflows.cities.add import add_city
from workflows.evaluation.studies import (
    StudyRequest,
    StudySummary,
    add_study,
    cancel_study,
    list_studies,
    remove_study,
    seeds_from,
    show_study,
    study_kind,
)
from workflows.evaluation.study_city import label_choices
from workflows.evaluation.study_estimate import estimate
from workflows.evaluation.study_export import export_study, study_file
from workflows.evaluation.transfer import add_transfer
from workflows.home.documents import from_document
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import follow_job, show_job
from workflows.tasks.labels import LabelRequest
from workflows.training.train import add_run

QUICK = {"epochs": "2"}
LONG = {"epochs": "2000", "patience": "2000"}


def spread(seeds: int = 2, **changes: object) -> StudyRequest:
    """The study with the fewest trainings."""
    return StudyRequest("seeds", settings=QUICK, seeds=seeds_from(42, seeds), **changes)


def carried_out(store: Store, request: StudyRequest) -> StudySummary:
    study_id = add_study(store, SLUG, request).id
    carry_out(store, show_study(store, study_id).job)
    return show_study(store, study_id)


def result_of(found: StudySummary) -> StudyResult:
    assert found.state == "done", found.error
    assert found.result is not None
    return found.result


def test_a_study_with_labels_measures_everything_and_is_taken_away(
    trained_store: Store, task_files: TaskFiles, tmp_path: Path
) -> None:
    labels = LabelRequest(task_files.points, "zone")
    found = carried_out(trained_store, spread(labels=labels))
    result = result_of(found)
    assert result.metrics == (
        "mrr",
        "recall_at_10",
        "mean_log_rank",
        "macro_f1",
        "text_to_map_auc",
    )
    assert {row.seed for row in result.rows} == {42, 43}
    assert (found.progress, found.stage, found.simulated) == (1.0, "done", True)
    assert found.seconds > 0
    assert found.labels == task_files.points.name
    (kept,) = label_choices(trained_store, SLUG)
    zones = {line["zone"] for line in csv.DictReader(task_files.points.open())}
    assert (kept.name, kept.classes) == (task_files.points.name, len(zones))

    for name in ("table.csv", "all.json", "chart.svg", "chart.png"):
        export_study(trained_store, found.id, tmp_path / name, metric="macro_f1")
    table = list(csv.DictReader((tmp_path / "table.csv").read_text("utf-8-sig").splitlines()))
    assert [float(line["mean"]) for line in table] == [one.mean for one in result.summaries]
    credited = study_file(replace(found, attribution=["=1+1"]), ".csv").decode()
    assert {line["attribution"] for line in csv.DictReader(credited.splitlines())} == {"'=1+1"}
    document = json.loads((tmp_path / "all.json").read_text())
    assert from_document(StudyResult, document) == result
    assert set(document["verdict"]) == set(result.metrics)
    drawn = (tmp_path / "chart.svg").read_text()
    assert "Simulated data" in drawn
    assert "macro-F1" in drawn
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConflictError, check=fault("file-exists", tmp_path / "all.json")):
        export_study(trained_store, found.id, tmp_path / "all.json")
    with pytest.raises(InputError, check=fault("output-wrong-ending", "all.pdf")):
        export_study(trained_store, found.id, tmp_path / "all.pdf")
    with pytest.raises(InputError, check=fault("metric-not-measured", "kl")):
        export_study(trained_store, found.id, tmp_path / "other.svg", metric="kl")


def test_a_killed_study_goes_on_and_ends_as_if_it_had_not_been(trained_store: Store) -> None:
    request = StudyRequest("sparsity", settings={"epochs": "8"}, seeds=seeds_from(42, 2))
    whole = result_of(carried_out(trained_store, request))
    study_id = add_study(trained_store, SLUG, request).id
    put_in_queue(trained_store, show_study(trained_store, study_id).job)
    first = start_worker(trained_store, "studies", until_idle=True)
    wait_for(lambda: show_study(trained_store, study_id).seconds > 0)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    left = show_study(trained_store, study_id)
    assert left.state == "running"
    second = start_worker(trained_store, "studies", until_idle=True, stalled_seconds=4.0)
    follow_job(trained_store, show_study(trained_store, study_id).job)
    found = show_study(trained_store, study_id)
    second.wait(60)
    assert result_of(found).rows == whole.rows
    assert result_of(found).summaries == whole.summaries
    assert found.seconds > left.seconds


def test_a_study_at_work_stops_when_it_is_asked(trained_store: Store) -> None:
    request = StudyRequest("ablation", settings=LONG)
    study_id = add_study(trained_store, SLUG, request).id
    job_id = show_study(trained_store, study_id).job
    worker = threading.Thread(target=carry_out, args=(trained_store, job_id))
    worker.start()
    wait_for(lambda: "seed 42" in show_study(trained_store, study_id).stage)
    with pytest.raises(ConflictError, check=fault("job-in-wrong-state", "running")):
        remove_study(trained_store, study_id)
    cancel_study(trained_store, study_id)
    worker.join(60)
    assert show_study(trained_store, study_id).state == "cancelled"
    with pytest.raises(ConflictError, check=fault("job-in-wrong-state", "cancelled")):
        cancel_study(trained_store, study_id)
    with pytest.raises(ConflictError, check=fault("study-without-result", study_id)):
        export_study(trained_store, study_id, Path("never.csv"))
    remove_study(trained_store, study_id)
    assert list_studies(trained_store, SLUG) == []


def test_a_queued_study_stops_at_once_and_is_not_begun(trained_store: Store) -> None:
    study_id = add_study(trained_store, SLUG, spread()).id
    assert cancel_study(trained_store, study_id).state == "cancelled"
    carry_out(trained_store, show_study(trained_store, study_id).job)
    assert show_study(trained_store, study_id).state == "cancelled"


def test_a_study_whose_city_is_gone_ends_without_an_error(trained_store: Store) -> None:
    study_id = add_study(trained_store, SLUG, StudyRequest("ablation", settings=LONG)).id
    job_id = show_study(trained_store, study_id).job
    failed: list[BaseException] = []

    def work() -> None:
        try:
            carry_out(trained_store, job_id)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failed.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    wait_for(lambda: "seed 42" in show_study(trained_store, study_id).stage)
    remove_city(trained_store, SLUG)
    worker.join(60)
    assert not failed
    carry_out(trained_store, job_id)
    with pytest.raises(NotFoundError, check=fault("no-such-study", study_id)):
        show_study(trained_store, study_id)


def test_what_fails_says_why(trained_store: Store, task_files: TaskFiles) -> None:
    labels = LabelRequest(task_files.points, "zone")
    study_id = add_study(trained_store, SLUG, spread(labels=labels)).id
    with trained_store.session() as session:
        session.connection().exec_driver_sql("DELETE FROM label_set")
    carry_out(trained_store, show_study(trained_store, study_id).job)
    found = show_study(trained_store, study_id)
    assert (found.state, found.exit_code) == ("failed", 2)
    assert show_job(trained_store, found.job).error_code == "no-such-labels"


def test_transfer_is_tried_on_the_other_city(
    trained_store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    add_city(trained_store, city_files.request("othertown", name="Othertown"))
    study_id = add_transfer(trained_store, "othertown", SLUG, spread(1)).id
    carry_out(trained_store, show_study(trained_store, study_id).job)
    found = show_study(trained_store, study_id)
    result = result_of(found)
    assert (found.kind, found.city, found.other_city) == ("transfer", "othertown", SLUG)
    assert result.baseline == "local model"
    assert any("othertown" in one.variant for one in result.summaries)
    assert [one.id for one in list_studies(trained_store, SLUG)] == [study_id]
    export_study(trained_store, study_id, tmp_path / "transfer.svg")
    assert f"othertown to {SLUG}" in (tmp_path / "transfer.svg").read_text()
    with pytest.raises(InputError, check=fault("transfer-to-itself", SLUG)):
        add_transfer(trained_store, SLUG, SLUG)
    with pytest.raises(NotFoundError, check=fault("no-such-city", "nowhere")):
        add_transfer(trained_store, SLUG, "nowhere")


def test_cities_of_embeddings_of_other_widths_are_refused(
    trained_store: Store, city_files: CityFiles
) -> None:
    add_city(trained_store, city_files.request("othertown", name="Othertown"))
    with trained_store.session() as session:
        session.connection().exec_driver_sql(
            "UPDATE cell_feature SET vector = substr(vector, 1, 128) FROM view, city "
            "WHERE view.id = view_id AND city.id = city_id AND slug = 'othertown'"
        )
    with pytest.raises(
        InputError, check=fault("embeddings-of-different-length", "othertown 32", "tinytown 64")
    ):
        add_transfer(trained_store, "othertown", SLUG)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (StudyRequest("ablations"), ("no-such-study-kind", "ablations", "seeds")),
        (StudyRequest("transfer"), ("transfer-without-other-city", SLUG)),
        (StudyRequest("seeds", recipe="aethr"), ("no-such-recipe", "aethr", "aether")),
        (StudyRequest("seeds", settings={"epoch": "3"}), ("no-such-setting", "epoch", "epochs")),
        (StudyRequest("seeds", settings={"epochs": "0"}), ("setting-out-of-range", "epochs")),
        (StudyRequest("seeds", seeds=(1, 1)), ("seeds-not-distinct", "1, 1")),
        (StudyRequest("seeds", seeds=()), ("seeds-not-distinct",)),
        (StudyRequest("seeds", device="tpu"), ("no-such-device", "tpu")),
        (StudyRequest("seeds", labels=99), ("no-such-labels", 99)),
        (
            StudyRequest("seeds", labels=LabelRequest(Path("nowhere.csv"))),
            ("no-such-file", "nowhere.csv"),
        ),
    ],
)
def test_requests_that_cannot_be_carried_out_are_refused(
    trained_store: Store, request_: StudyRequest, expected: tuple[object, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*expected)):
        add_study(trained_store, SLUG, request_)
    assert list_studies(trained_store, SLUG) == []


def test_a_city_that_could_be_trained_but_not_tested_is_refused_when_asked(
    trained_store: Store, city_files: CityFiles, tmp_path: Path
) -> None:
    few = gpd.read_file(city_files.pois)
    few = few.clip(gpd.read_file(city_files.boundary)).iloc[: MIN_STUDY_PLACES - 1]
    few.to_file(tmp_path / "few.geojson", driver="GeoJSON")
    add_city(trained_store, city_files.request("fewtown", pois=tmp_path / "few.geojson"))
    add_run(trained_store, "fewtown")
    expected = fault("study-with-too-few-places", "fewtown", MIN_STUDY_PLACES)
    with pytest.raises(InputError, check=expected):
        add_study(trained_store, "fewtown", spread())
    with pytest.raises(InputError, check=expected):
        add_transfer(trained_store, SLUG, "fewtown")
    add_transfer(trained_store, "fewtown", SLUG)
    assert list_studies(trained_store, "fewtown")[0].other_city == SLUG


@pytest.mark.parametrize(
    ("first", "count", "code", "given"),
    [
        (42, 0, "seed-count-out-of-range", 0),
        (42, 31, "seed-count-out-of-range", 31),
        (-1, 5, "seed-out-of-range", -1),
    ],
)
def test_seeds_have_their_range(first: int, count: int, code: str, given: int) -> None:
    with pytest.raises(InputError, check=fault(code, given)):
        seeds_from(first, count)


def test_time_is_judged_by_the_last_study_else_by_the_last_training(trained_store: Store) -> None:
    asked = StudyRequest("ablation", settings={"epochs": "12"}, seeds=(1, 2))
    by_run = estimate(trained_store, SLUG, asked)
    assert by_run.judged_by == "run"
    assert by_run.trainings == 2 * study_kind("ablation").trainings
    assert by_run.seconds is not None
    longer = StudyRequest("ablation", settings={"epochs": "24"}, seeds=(1, 2))
    assert estimate(trained_store, SLUG, longer).seconds == pytest.approx(2 * by_run.seconds)
    done = carried_out(trained_store, spread(1))
    by_study = estimate(trained_store, SLUG, spread(3))
    assert by_study.judged_by == "study"
    assert by_study.seconds == pytest.approx(3 * done.seconds)
    with trained_store.session() as session:
        session.connection().exec_driver_sql("UPDATE job SET state = 'failed'")
    assert estimate(trained_store, SLUG, asked).seconds is None


def test_the_command_tells_writes_and_lists(
    app_environment: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "spread.csv"
    words = ["study", SLUG, "--kind", "seeds", "--seeds", "2", "--set", "epochs=2", "--json"]
    assert run([*words, "--device", "cpu", "-o", str(target)]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    expected = json.loads(line)
    assert {"study", "city", "rows", "summaries", "notes", "verdict", "seconds"} <= set(expected)
    assert (expected["city"], expected["kind"], expected["seeds"]) == (SLUG, "seeds", [42, 43])
    assert len(target.read_text().splitlines()) == 1 + len(expected["summaries"])
    assert run(["study-show", str(expected["study"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == expected
    assert run(["studies", SLUG]) == 0
    assert "seeds" in capsys.readouterr().out
    assert run(["study-remove", str(expected["study"])]) == 2
    assert run(["study-remove", str(expected["study"]), "--yes"]) == 0
    assert list_studies(app_environment, SLUG) == []


@pytest.mark.usefixtures("app_environment")
@pytest.mark.parametrize(
    "words",
    [
        ["study", SLUG, "--kind", "wrong"],
        ["study", SLUG, "--kind", "seeds", "--seeds", "0"],
        ["study", SLUG, "--kind", "seeds", "--set", "epoch=3"],
        ["study", SLUG, "--kind", "seeds", "-o", "study.pdf"],
        ["study", SLUG, "--kind", "seeds", "-o", "later.csv", "--no-wait"],
        ["study", SLUG, "--kind", "seeds", "--metric", "wrong"],
        ["transfer", SLUG, SLUG],
        ["studies", "nowhere"],
        ["study-show", "99"],
        ["study-stop", "99"],
    ],
)
def test_wrong_commands_end_with_two_in_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    expected = capsys.readouterr()
    assert expected.err.startswith("error: ")
    assert len(expected.err.splitlines()) == 1
