"""No kind of job tells of a city that whoever asked must not see: what it names is not there."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select

from aether_core.errors import NotFoundError
from db.schema import City, Model, Raster
from tests.app_fixtures import SLUG, YEAR, CityFiles
from tests.task_fixtures import TaskFiles
from workflows.accounts import acting
from workflows.accounts.accounts import add_account
from workflows.accounts.acting import Person, Role, people_are_told_by
from workflows.accounts.groups import add_group, include
from workflows.cities.add_places import AddPlaces
from workflows.cities.job_kinds import ADD_PLACES, ADD_YEAR, AddYear
from workflows.evaluation.comparison_job import COMPARE, Comparison
from workflows.evaluation.retrieval_job import RETRIEVAL, RetrievalTest
from workflows.evaluation.transfer import start_transfer
from workflows.fetch.fetch import years_of_city
from workflows.home.store import Store
from workflows.jobs import job as jobs
from workflows.jobs.carry_out import carry_out
from workflows.jobs.job import JobSummary, show_job, start_job
from workflows.jobs.registry import kind_names
from workflows.layers.file_kinds import (
    ANSWER_FILE,
    CHANGE_FILE,
    LAYER_FILE,
    SEARCH_FILE,
    ChangeFile,
    LayerFile,
    SearchFile,
    answer_file,
)
from workflows.layers.job_kind import CHANGE, ChangeLayer
from workflows.layers.package import CITY_PACKAGE, CityPackage
from workflows.reports.job_kind import REPORT, ReportRequest
from workflows.search.ask import ask
from workflows.tasks.areas import AreaRequest
from workflows.tasks.job_kinds import map_job
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest
from workflows.tasks.numbers import NumberRequest, ValueRequest
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest
from workflows.training.train import start_training

HIDDEN, MODEL = "hidden", "hidden-1"


@pytest.fixture
def outsider(trained_store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """An analyst of a store with a city, with a model, that is in a group without them."""
    monkeypatch.setattr(jobs, "ensure_worker", lambda *_: None)
    with trained_store.session() as session:
        for table, changes in (
            (City, {"slug": HIDDEN, "name": "Hidden"}),
            (Model, {"name": MODEL}),
        ):
            columns = [one for one in table.__table__.columns if one.name != "id"]
            row = dict(session.execute(select(*columns)).mappings().one())
            if table is Model:
                row["city_id"] = session.scalar(select(City.id).where(City.slug == HIDDEN))
            session.execute(insert(table).values({**row, **changes}))
    add_account(trained_store, "eve", "correct horse battery", Role.ANALYST)
    add_group(trained_store, "roads")
    include(trained_store, "roads", cities=[HIDDEN])
    yield Person("eve", Role.ANALYST)
    people_are_told_by(lambda: acting.OPERATOR)


def test_what_a_job_names_of_a_hidden_city_is_not_there(
    trained_store: Store, outsider: Person, task_files: TaskFiles, city_files: CityFiles
) -> None:
    store = trained_store
    fit = FitSettings(representation="aether", seeds=1, folds=2, model=MODEL)
    labels = LandUseRequest(LabelRequest(task_files.points, "zone"), fit)
    areas = AreaRequest(task_files.areas, ("homes", "work"), code_field="code")
    with store.session() as session:
        rasters = tuple(session.scalars(select(Raster.id)))

    def start(kind: Any, request: object, slug: str = SLUG) -> Callable[[], JobSummary]:
        return lambda: start_job(store, kind, slug, request)

    files = {
        "answer-file": replace(answer_file(store, ask(store, SLUG, "a park"), ".csv"), model=MODEL),
        "search-file": SearchFile("a park", ".csv", MODEL, YEAR, rasters),
        "change-file": ChangeFile("a park", ".csv", MODEL, YEAR, YEAR - 1, rasters),
    }
    asked: dict[str, Callable[[], Any]] = {
        "add-city": lambda: None,  # names none; a short name that is taken is taken for all
        "add-year": start(ADD_YEAR, AddYear(YEAR - 1, [city_files.embedding]), HIDDEN),
        "add-places": start(ADD_PLACES, AddPlaces(city_files.pois), HIDDEN),
        "fetch": lambda: years_of_city(store, HIDDEN, (2020,)),
        "train": lambda: start_training(store, HIDDEN),
        "study": lambda: start_transfer(store, SLUG, HIDDEN),
        "layer-file": start(LAYER_FILE, LayerFile("a", ".csv"), HIDDEN),
        "city-package": start(CITY_PACKAGE, CityPackage(".gpkg"), HIDDEN),
        "report": start(REPORT, ReportRequest("a", ".html"), HIDDEN),
        "answer-file": start(ANSWER_FILE, files["answer-file"]),
        "search-file": start(SEARCH_FILE, files["search-file"]),
        "change-file": start(CHANGE_FILE, files["change-file"]),
        "change": start(CHANGE, ChangeLayer("a park", YEAR, YEAR - 1, model=MODEL)),
        "compare": start(COMPARE, Comparison(labels, ("aether",))),
        "retrieval": start(RETRIEVAL, RetrievalTest({"a": ["park"]}, labels.labels, model=MODEL)),
        "landuse": start(map_job("landuse"), labels),
        "socioeconomic": start(map_job("socioeconomic"), SocioeconomicRequest(areas, fit)),
        "value": start(
            map_job("value"), NumberRequest(ValueRequest(task_files.areas, "homes"), fit)
        ),
    }
    assert set(asked) == set(kind_names())
    told = {}
    for kind, begin in asked.items():
        people_are_told_by(lambda: outsider)
        try:
            begun = begin()
        except NotFoundError as error:
            told[kind] = error.code
            continue
        finally:
            people_are_told_by(lambda: acting.OPERATOR)
        if begun is not None:
            carry_out(store, begun.job)  # as a worker does, which is the operator's
            ended = show_job(store, begun.job)
            told[kind] = ended.error_code or ended.state
    of_a_city = (
        "add-year",
        "add-places",
        "fetch",
        "train",
        "study",
        "layer-file",
        "city-package",
        "report",
    )
    assert told == {
        kind: "no-such-city" if kind in of_a_city else "no-such-model"
        for kind in asked
        if kind != "add-city"
    }
