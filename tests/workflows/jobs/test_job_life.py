"""The one life of every kind of job: queued, carried out, killed at any stage, gone on with."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aether_core.errors import CancelledError, ConflictError, InputError, NotFoundError
from db.jobs import jobs as job_rows
from tests.app_fixtures import SLUG, YEAR, CityFiles
from tests.errors import fault
from tests.forked_workers import start_worker
from tests.forks import Forked
from tests.job_steps import begin, put_in_queue
from tests.task_fixtures import TaskFiles
from workflows.cities.cities import list_cities
from workflows.cities.job_kinds import ADD_CITY, ADD_YEAR, AddYear
from workflows.evaluation.compare import show_evaluation
from workflows.evaluation.comparison_job import COMPARE, Comparison
from workflows.evaluation.retrieval import show_retrieval
from workflows.evaluation.retrieval_job import RETRIEVAL, RetrievalTest
from workflows.evaluation.study_kind import STUDY, StudyRun
from workflows.fetch.job_kind import FETCH, FetchRun
from workflows.home.store import Store
from workflows.jobs import carry_out as carrying
from workflows.jobs.carry_out import carry_out
from workflows.jobs.inputs import job_folder
from workflows.jobs.job import (
    JobEndedError,
    JobSummary,
    cancel_job,
    ended_well,
    follow_job,
    list_jobs,
    new_job,
    remove_job,
    resume_job,
    show_job,
    start_job,
)
from workflows.jobs.kind import JobKind
from workflows.jobs.outputs import output_file
from workflows.jobs.registry import kind_named, kind_names
from workflows.jobs.work import Work
from workflows.layers.layers import list_layers
from workflows.reports.job_kind import REPORT, ReportRequest
from workflows.tasks.areas import AreaRequest
from workflows.tasks.job_kinds import map_job
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest

FIT = FitSettings(representation="alphaearth", seeds=1, folds=2)
LAND_USE, SOCIOECONOMIC = map_job("landuse"), map_job("socioeconomic")


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody starts a worker: jobs stay queued until the test carries them out."""
    monkeypatch.setattr("workflows.jobs.job.ensure_worker", lambda *_: None)


def land_use_request(files: TaskFiles) -> LandUseRequest:
    return LandUseRequest(LabelRequest(files.points, "zone"), FIT)


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def test_every_kind_is_registered_once_and_its_request_survives_being_written_down() -> None:
    assert [kind_named(name).name for name in kind_names()] == kind_names()
    asked = Comparison(
        SocioeconomicRequest(AreaRequest(Path("areas.gpkg"), ("homes", "work")), FIT),
        ("alphaearth", "poi"),
    )
    written = COMPARE.to_document(asked)
    read = COMPARE.from_document(written)
    assert (type(read.task), read.task.areas.file) == (SocioeconomicRequest, Path("areas.gpkg"))
    assert COMPARE.to_document(read) == written
    truth = RetrievalTest({"a park": ["park"]}, LabelRequest(None, mapping={"a": "b"}))
    assert RETRIEVAL.from_document(RETRIEVAL.to_document(truth)) == truth


@pytest.mark.usefixtures("idle")
def test_a_job_reads_its_own_copies_and_forgets_them(
    trained_store: Store, task_files: TaskFiles, tmp_path: Path
) -> None:
    given = tmp_path / "mine.csv"
    given.write_bytes(task_files.points.read_bytes())
    request = LandUseRequest(LabelRequest(given, "zone"), FIT)
    job = start_job(trained_store, LAND_USE, SLUG, request)
    assert (job.state, job.city, job.title) == ("queued", SLUG, "Land use from mine.csv")
    given.unlink()
    carry_out(trained_store, job.job)
    done = ended_well(show_job(trained_store, job.job))
    assert (done.progress, done.stage, done.seconds_left) == (1.0, "done", None)
    (layer,) = list_layers(trained_store, SLUG)
    assert done.result["layer"] == layer.layer
    assert done.result["read"]["labels"]["file"] == "mine.csv"
    assert layer.parameters["labels"] == "mine.csv"
    assert not (job_folder(trained_store, job.job) / "inputs").exists()
    carry_out(trained_store, job.job)  # an entry of the queue that was delivered twice
    assert len(list_layers(trained_store, SLUG)) == 1


@pytest.mark.usefixtures("idle")
def test_the_other_kinds_make_what_they_say(
    trained_store: Store, task_files: TaskFiles, city_files: CityFiles
) -> None:
    def made(kind: JobKind, request: object) -> JobSummary:
        job = start_job(trained_store, kind, SLUG, request)
        carry_out(trained_store, job.job)
        return ended_well(show_job(trained_store, job.job))

    areas = AreaRequest(task_files.areas, ("homes", "work", "other"), code_field="code")
    shares = made(SOCIOECONOMIC, SocioeconomicRequest(areas, FIT))
    layers = {layer.layer: layer.kind for layer in list_layers(trained_store, SLUG)}
    assert layers[shares.result["layer"]] == "socioeconomic"
    assert layers[shares.result["areas_layer"]] == "socioeconomic areas"
    asked = Comparison(land_use_request(task_files), ("alphaearth", "aether"))
    compared = made(COMPARE, asked).result["evaluation"]
    assert {
        row["representation"] for row in show_evaluation(trained_store, SLUG, compared).rows
    } == {"alphaearth", "aether"}
    test = RetrievalTest({"a park": ["park"]}, LabelRequest(task_files.points, "zone"))
    found = show_retrieval(trained_store, SLUG, made(RETRIEVAL, test).result["evaluation"])
    assert {row["query"] for row in found.rows} == {"a park"}
    report = made(REPORT, ReportRequest(shares.result["layer"], ".html"))
    assert output_file(trained_store, report).read_text().startswith("<!")
    again = start_job(trained_store, ADD_YEAR, SLUG, AddYear(YEAR - 1, [city_files.embedding]))
    carry_out(trained_store, again.job)
    with pytest.raises(JobEndedError) as caught:  # the same file to the last byte
        ended_well(show_job(trained_store, again.job))
    assert (caught.value.exit_code, caught.value.cause) == (2, "InputError")


@pytest.mark.usefixtures("idle")
def test_what_cannot_be_done_is_refused_before_it_is_queued(
    trained_store: Store, city_files: CityFiles, task_files: TaskFiles, tmp_path: Path
) -> None:
    for kind, request, error in (
        (ADD_CITY, city_files.request(), ConflictError),
        (ADD_CITY, city_files.request("other", name=" "), InputError),
        (ADD_CITY, city_files.request("other", pois=tmp_path / "none.csv"), NotFoundError),
        (ADD_YEAR, AddYear(YEAR, [city_files.embedding]), ConflictError),
        (REPORT, ReportRequest("no-such-layer", ".pdf"), NotFoundError),
        (LAND_USE, LandUseRequest(LabelRequest(tmp_path), FIT), InputError),
    ):
        with pytest.raises(error):
            start_job(trained_store, kind, SLUG, request, in_city=kind is not ADD_CITY)
    with pytest.raises(NotFoundError):
        start_job(trained_store, LAND_USE, "nowhere", land_use_request(task_files))
    assert {job.kind for job in list_jobs(trained_store)} == {"train"}
    assert not list(trained_store.settings.jobs.iterdir())


@pytest.mark.usefixtures("idle")
def test_of_two_who_add_one_city_the_second_is_told_at_once(
    store: Store, city_files: CityFiles
) -> None:
    first = start_job(store, ADD_CITY, SLUG, city_files.request(), in_city=False)
    with pytest.raises(ConflictError, check=fault("already-being-done", f"job {first.job}")):
        start_job(store, ADD_CITY, SLUG, city_files.request(), in_city=False)
    carry_out(store, first.job)
    assert [city.slug for city in list_cities(store)] == [SLUG]


@pytest.mark.usefixtures("idle")
def test_a_job_that_is_stopped_leaves_nothing_and_can_go_on(
    trained_store: Store, task_files: TaskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
    tell = Work.tell

    def stopping(self: Work, stage: str, share: float, **more: object) -> None:
        if stage.startswith("comparing"):
            cancel_job(self.store, self.job.id)
        tell(self, stage, share, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Work, "tell", stopping)
        carry_out(trained_store, job.job)
    stopped = show_job(trained_store, job.job)
    assert (stopped.state, stopped.is_finished) == ("cancelled", True)
    with pytest.raises(CancelledError):
        ended_well(stopped)
    assert not list_layers(trained_store, SLUG)
    assert resume_job(trained_store, job.job).state == "queued"
    carry_out(trained_store, job.job)
    assert ended_well(show_job(trained_store, job.job)).attempts == 1
    remove_job(trained_store, job.job)
    assert not job_folder(trained_store, job.job).exists()
    assert len(list_layers(trained_store, SLUG)) == 1


@pytest.mark.usefixtures("idle")
def test_two_workers_with_one_job_store_it_once(
    trained_store: Store, task_files: TaskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was frozen, replaced, and comes back just before it stores."""
    job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
    finish = Work.finish
    frozen, thawed = threading.Event(), threading.Event()

    def slow(self: Work, *given: object, **more: object) -> None:
        if self.lease.start == 1:
            frozen.set()
            assert thawed.wait(120)
        finish(self, *given, **more)

    monkeypatch.setattr(Work, "finish", slow)
    first = threading.Thread(target=carry_out, args=(trained_store, job.job))
    first.start()
    assert frozen.wait(120)
    # The first holds the city's row until it ends; the second begins meanwhile and waits for it.
    second = threading.Thread(target=carry_out, args=(trained_store, job.job))
    second.start()
    wait_for(lambda: show_job(trained_store, job.job).attempts == 2)
    thawed.set()
    first.join()
    second.join()
    assert show_job(trained_store, job.job).state == "done"
    assert len(list_layers(trained_store, SLUG)) == 1


@pytest.mark.usefixtures("idle")
@pytest.mark.parametrize(
    ("kind", "asked"),
    [(STUDY, StudyRun(1, "noise")), (FETCH, FetchRun(1, "A town"))],
    ids=["study", "fetch"],
)
def test_a_job_whose_request_cannot_be_read_fails_by_name(
    store: Store, kind: JobKind, asked: object
) -> None:
    with store.session() as session:
        job = new_job(session, kind, "a-town", asked)
        job.request = {"of": "another version"}
    carry_out(store, job.id)
    failed = show_job(store, job.id)
    assert (failed.state, failed.error_code) == ("failed", "stored-document-unreadable")


@pytest.mark.usefixtures("idle")
def test_an_internal_error_is_told_without_its_words(
    trained_store: Store, task_files: TaskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(type(LAND_USE), "work", broken)
    with pytest.raises(ZeroDivisionError):
        carry_out(trained_store, job.job)
    failed = show_job(trained_store, job.job)
    assert (failed.state, failed.error_type, failed.exit_code) == ("failed", "ZeroDivisionError", 1)
    assert "secret" not in str(failed.error)


@pytest.mark.usefixtures("idle")
def test_a_job_that_keeps_killing_its_worker_is_given_up(
    trained_store: Store, task_files: TaskFiles
) -> None:
    job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
    for _ in range(carrying.MAX_ATTEMPTS):
        begin(trained_store, job.job)
    carry_out(trained_store, job.job)
    failed = show_job(trained_store, job.job)
    assert (failed.state, failed.error_type) == ("failed", "WorkerDiedError")
    resume_job(trained_store, job.job)  # the user may insist
    carry_out(trained_store, job.job)
    assert ended_well(show_job(trained_store, job.job)).attempts == 1


class SetAfter(threading.Event):
    """Counts as set from the n-th time on that somebody looks."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.looks = looks

    def is_set(self) -> bool:
        self.looks -= 1
        return self.looks < 0


@pytest.mark.usefixtures("idle")
def test_a_worker_that_has_to_end_puts_its_job_back(
    trained_store: Store, task_files: TaskFiles
) -> None:
    job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
    for looks in (0, 1, 2, 3, 4):
        put_back = carry_out(trained_store, job.job, leaving=SetAfter(looks))
        assert put_back is not None
        assert (put_back.id, put_back.state, put_back.attempts) == (job.job, "queued", 0)
        assert not list_layers(trained_store, SLUG)
    carry_out(trained_store, job.job)
    assert ended_well(show_job(trained_store, job.job)).attempts == 1
    assert len(list_layers(trained_store, SLUG)) == 1


def test_a_worker_process_told_to_end_leaves_its_job_to_the_next(
    trained_store: Store, task_files: TaskFiles
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workflows.jobs.job.ensure_worker", lambda *_: None)
        job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
    first = start_worker(trained_store, "quick", until_idle=False)
    wait_for(lambda: show_job(trained_store, job.job).state == "running")
    first.terminate()
    assert first.wait(60) == 0
    left = show_job(trained_store, job.job)
    assert (left.state, left.attempts) == ("queued", 0)
    second = start_worker(trained_store, "quick", until_idle=True)
    assert follow_job(trained_store, job.job).state == "done"
    assert second.wait(60) == 0
    assert len(list_layers(trained_store, SLUG)) == 1


def test_whoever_follows_a_job_replaces_its_dead_worker(
    trained_store: Store, task_files: TaskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workflows.jobs.queue.STALLED_SECONDS", 4.0)
    monkeypatch.setattr("workflows.jobs.job.STALLED_SECONDS", 4.0)
    started: list[Forked] = []

    def starting(store: Store, lane: str, *, until_idle: bool) -> Forked:
        started.append(start_worker(store, lane, until_idle=until_idle))
        return started[-1]

    monkeypatch.setattr("workflows.jobs.queue.start_worker", starting)
    job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
    wait_for(lambda: show_job(trained_store, job.job).progress > 0.1)
    os.kill(started[0].pid, signal.SIGKILL)
    started[0].wait()
    assert follow_job(trained_store, job.job).state == "done"
    assert len(list_layers(trained_store, SLUG)) == 1
    assert len(started) == 2
    started[1].wait(60)


def test_a_job_that_was_never_queued_is_found_by_the_next_worker(
    trained_store: Store, task_files: TaskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command that asked for it died between writing it down and queueing it."""
    with monkeypatch.context() as patch:
        patch.setattr("workflows.jobs.job.release", lambda *_: None)
        job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
    with trained_store.session() as session:
        found = job_rows.job_by_id(session, job.job)
        found.created_at = found.created_at.replace(year=2020)
    worker = start_worker(trained_store, "quick", until_idle=True)
    assert follow_job(trained_store, job.job).state == "done"
    assert worker.wait(60) == 0


def test_a_quick_job_does_not_wait_behind_a_long_one(
    trained_store: Store, task_files: TaskFiles
) -> None:
    from workflows.evaluation.studies import StudyRequest, add_study

    study = add_study(trained_store, SLUG, StudyRequest("ablation", settings={"epochs": "500"}))
    put_in_queue(trained_store, study.job_id)
    long = start_worker(trained_store, "studies", until_idle=True)
    try:
        wait_for(lambda: show_job(trained_store, study.job_id).state == "running")
        job = start_job(trained_store, LAND_USE, SLUG, land_use_request(task_files))
        assert follow_job(trained_store, job.job).state == "done"
        assert show_job(trained_store, study.job_id).state == "running"
        cancel_job(trained_store, study.job_id)
        assert follow_job(trained_store, study.job_id).state == "cancelled"
    finally:
        long.terminate()
        long.wait(60)
