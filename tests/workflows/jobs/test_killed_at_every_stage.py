"""A worker that dies at any moment of any kind of job leaves it to go on, and nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Any

import pytest
from sqlalchemy import text

from tests.app_fixtures import SLUG, YEAR, CityFiles
from tests.fetch_fixtures import REQUEST
from tests.killing import after_the_next_start, killed_at
from tests.public_server.server import PublicServer
from tests.public_server.whole import YEARS, World
from tests.public_server.whole import environment as of_server
from tests.store_consistency import assert_store_consistent
from tests.task_fixtures import TaskFiles
from tests.year_fixtures import OTHER, OtherYear
from workflows.cities.add_places import AddPlaces
from workflows.cities.cities import list_cities
from workflows.cities.job_kinds import ADD_CITY, ADD_PLACES, ADD_YEAR, AddYear
from workflows.evaluation.comparison_job import COMPARE, Comparison
from workflows.evaluation.retrieval_job import RETRIEVAL, RetrievalTest
from workflows.evaluation.studies import StudyRequest, add_study, list_studies
from workflows.fetch.fetch import add_fetch
from workflows.home.store import Store
from workflows.jobs.inputs import INPUTS, job_folder
from workflows.jobs.job import JobSummary, ended_well, show_job, start_job
from workflows.jobs.kind import JobKind
from workflows.jobs.outputs import output_file
from workflows.jobs.registry import kind_named, kind_names
from workflows.layers.file_kinds import LAYER_FILE, FileKind, LayerFile
from workflows.layers.job_kind import CHANGE, ChangeLayer
from workflows.layers.layers import keep_layer, list_layers
from workflows.reports.job_kind import REPORT, ReportRequest
from workflows.search.search import search_cells
from workflows.tasks.areas import AreaRequest
from workflows.tasks.job_kinds import map_job
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest
from workflows.tasks.numbers import NumberRequest, ValueRequest
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest
from workflows.training.train import add_run

pytestmark = pytest.mark.usefixtures("no_worker")
QUICK = FitSettings(representation="alphaearth", seeds=1, folds=2)
LAND_USE, SOCIOECONOMIC, VALUE = (map_job(name) for name in ("landuse", "socioeconomic", "value"))


@dataclass(frozen=True)
class Files:
    """What the jobs are asked with."""

    city: CityFiles
    tasks: TaskFiles
    other_year: OtherYear


@dataclass(frozen=True)
class Case:
    """One kind of job on Tinytown.

    Attributes:
        start: Asks for it; returns its number.
        table: Where the rows are that it makes.
        added: How many it makes.
        check: Looks at what it made where that is no row of its own.
    """

    start: Callable[[Store, Files], int]
    table: str
    added: int = 1
    check: Callable[[Store, JobSummary], None] = lambda _store, _job: None


def asked(kind: JobKind[Any], request: Callable[[Files], object]) -> Callable[[Store, Files], int]:
    return lambda store, files: start_job(store, kind, SLUG, request(files)).job


def land_use(files: Files) -> LandUseRequest:
    return LandUseRequest(LabelRequest(files.tasks.points, "zone"), QUICK)


def shares(files: Files) -> SocioeconomicRequest:
    areas = AreaRequest(files.tasks.areas, ("homes", "work", "other"), code_field="code")
    return SocioeconomicRequest(areas, QUICK)


def numbers(files: Files) -> NumberRequest:
    return NumberRequest(ValueRequest(files.tasks.areas, "homes", code_field="code"), QUICK)


def retrieval(files: Files) -> RetrievalTest:
    return RetrievalTest({"a park": ["park"]}, LabelRequest(files.tasks.points, "zone"))


def start_report(store: Store, _files: Files) -> int:
    layer = keep_layer(store, search_cells(store, SLUG, "a park"), "Parks")
    return start_job(store, REPORT, SLUG, ReportRequest(layer.layer, ".html")).job


def start_file(store: Store, _files: Files) -> int:
    layer = keep_layer(store, search_cells(store, SLUG, "a park"), "Parks")
    return start_job(store, LAYER_FILE, SLUG, LayerFile(layer.layer, ".csv")).job


def start_training(store: Store, _files: Files) -> int:
    return add_run(store, SLUG, settings={"epochs": "2"}, device="cpu").job_id


def start_study(store: Store, _files: Files) -> int:
    request = StudyRequest("seeds", settings={"epochs": "1"}, seeds=(1, 2), device="cpu")
    return add_study(store, SLUG, request).job_id


def report_is_whole(store: Store, job: JobSummary) -> None:
    page = output_file(store, job).read_text()
    assert page.startswith("<!")
    assert page.rstrip().endswith("</html>")


def file_is_whole(store: Store, job: JobSummary) -> None:
    (layer,) = list_layers(store, SLUG)
    path = output_file(store, job)
    assert len(path.read_text().splitlines()) == layer.features + 1
    assert list(path.parent.iterdir()) == [path]


def every_seed_is_there_once(store: Store, job: JobSummary) -> None:
    (study,) = list_studies(store, SLUG)
    assert (study.job, study.state) == (job.job, "done")
    assert study.result is not None
    measured = [(row.variant, row.seed, row.metric) for row in study.result.rows]
    assert len(set(measured)) == len(measured)
    assert {row.seed for row in study.result.rows} == {1, 2}


CASES = {
    "landuse": Case(asked(LAND_USE, land_use), "layer"),
    "socioeconomic": Case(asked(SOCIOECONOMIC, shares), "layer", added=2),
    "value": Case(asked(VALUE, numbers), "layer"),
    "compare": Case(
        asked(COMPARE, lambda files: Comparison(land_use(files), ("alphaearth",))), "evaluation"
    ),
    "retrieval": Case(asked(RETRIEVAL, retrieval), "evaluation"),
    "report": Case(start_report, "job", 0, report_is_whole),
    "layer-file": Case(start_file, "job", 0, file_is_whole),
    "train": Case(start_training, "model"),
    "study": Case(start_study, "study", 0, every_seed_is_there_once),
    "add-year": Case(
        asked(ADD_YEAR, lambda files: AddYear(OTHER, [files.other_year.file])), "raster"
    ),
    "add-places": Case(
        asked(ADD_PLACES, lambda files: AddPlaces(files.city.more_pois, extend=True)), "poi", 2
    ),
}


def test_every_kind_is_tried() -> None:
    tried = {*CASES, "change", "add-city", "fetch"}
    of_files = {name for name in kind_names() if isinstance(kind_named(name), FileKind)}
    assert tried & of_files  # which differ only in what they read
    assert tried | of_files == set(kind_names())


def rows(store: Store, table: str) -> int:
    with store.session() as session:
        return int(session.scalar(text(f'SELECT count(*) FROM "{table}"')) or 0)  # noqa: S608


def kill_through(
    store: Store,
    job_id: int,
    table: str,
    added: int,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Kill worker after worker, each one moment later than the one before, until one is through."""
    before = rows(store, table)
    for moment in count(1):
        killed = killed_at(store, job_id, moment, environment)
        state = after_the_next_start(store, job_id)
        assert_store_consistent(store)
        if state == "running":
            assert killed
            assert rows(store, table) == before
        else:
            ended_well(show_job(store, job_id))
            assert rows(store, table) == before + added
            if not killed:
                break
    assert moment > 3, "it died nowhere"
    assert not (job_folder(store, job_id) / INPUTS).exists()


@pytest.mark.parametrize("kind", CASES)
def test_of_the_trained_city(
    trained_store: Store,
    city_files: CityFiles,
    task_files: TaskFiles,
    other_year: OtherYear,
    kind: str,
) -> None:
    case = CASES[kind]
    job_id = case.start(trained_store, Files(city_files, task_files, other_year))
    kill_through(trained_store, job_id, case.table, case.added)
    case.check(trained_store, show_job(trained_store, job_id))


def test_of_a_change_layer(two_years: Store) -> None:
    request = ChangeLayer("parks and gardens", OTHER, YEAR)
    kill_through(two_years, start_job(two_years, CHANGE, SLUG, request).job, "layer", 1)


def test_of_adding_a_city(store: Store, city_files: CityFiles) -> None:
    job = start_job(store, ADD_CITY, SLUG, city_files.request(), in_city=False)
    kill_through(store, job.job, "city", 1)


@pytest.mark.usefixtures("good_server")
def test_of_a_fetch(asking: Store, server: PublicServer, world: World) -> None:
    """Its city is there before its further years are; one that never ends takes it back."""
    job_id = add_fetch(asking, REQUEST).job_id
    kill_through(asking, job_id, "fetch", 0, of_server(server, world))
    (city,) = list_cities(asking)
    assert city.years == sorted(YEARS)
