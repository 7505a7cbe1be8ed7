"""Whom a city's data are owed to stands in everything that is made from it."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
import rasterio
from sqlalchemy import text

from aether_core.eo.alphaearth import ATTRIBUTION as ALPHAEARTH
from aether_core.poi.osm.extract import ATTRIBUTION as OSM
from cli.__main__ import run
from tests.app_fixtures import SLUG, CityFiles, borrowed_store
from tests.pages.visit import open_page, words
from tests.pdf_text import text_of
from tests.task_fixtures import TaskFiles
from workflows.cities.cities import show_city
from workflows.evaluation.compare import evaluate_task
from workflows.evaluation.retrieval import evaluate_retrieval, read_queries
from workflows.evaluation.studies import StudyRequest, add_study, show_study
from workflows.evaluation.study_export import export_study
from workflows.home.store import Store
from workflows.jobs.carry_out import carry_out
from workflows.layers.export import FORMATS, export_layer, export_scores
from workflows.layers.layers import keep_layer
from workflows.layers.package import write_package
from workflows.layers.qgis import write_project
from workflows.reports import write_report
from workflows.search.search import search_cells
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest
from workflows.tasks.settings import FitSettings
from workflows.training.embed import embed_files
from workflows.training.model_files import export_model
from workflows.training.models import list_models
from workflows.training.train import add_run

OVERTURE = "Overture Maps Foundation, release 2026-01-21.0: Meta, Foursquare"
CREDITS = (ALPHAEARTH, OVERTURE, OSM)
SOURCES = [
    {
        "kind": "overture",
        "title": "Overture Maps places",
        "version": "2026-01-21.0",
        "licence": "CDLA-Permissive-2.0",
        "attribution": OVERTURE,
        "url": "https://overture.example",
        "fetched": "2026-11-24",
    }
]


@dataclass(frozen=True)
class Made:
    """A city with sources, a model and a layer; and a folder for what is made of them."""

    store: Store
    folder: Path
    city_files: CityFiles
    task_files: TaskFiles
    model: Path
    layer: str
    study: int


@pytest.fixture(scope="module")
def made(
    cluster_url: str,
    trained_original: tuple[str, Path],
    city_files: CityFiles,
    task_files: TaskFiles,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Made]:
    folder = tmp_path_factory.mktemp("credits")
    with borrowed_store(cluster_url, trained_original, folder / "home") as store:
        with store.session() as session:
            session.execute(
                text("UPDATE city SET attribution = CAST(:credits AS jsonb), sources = :sources"),
                {"credits": json.dumps(CREDITS), "sources": json.dumps(SOURCES)},
            )
        carry_out(store, add_run(store, SLUG, settings={"epochs": "1"}).job_id)
        kept = keep_layer(store, search_cells(store, SLUG, "park"))
        study = add_study(
            store, SLUG, StudyRequest("seeds", settings={"epochs": "1"}, seeds=(1,))
        ).id
        carry_out(store, show_study(store, study).job)
        model = list_models(store, SLUG)[0].folder
        yield Made(store, folder, city_files, task_files, model, kept.layer, study)


def _exported(suffix: str) -> Callable[[Made], str]:
    def read(made: Made) -> str:
        path = made.folder / f"layer{suffix}"
        export_layer(made.store, SLUG, made.layer, path)
        if suffix == ".tif":
            with rasterio.open(path) as raster:
                return str(raster.tags())
        return path.read_bytes().decode(errors="ignore")

    return read


def _search_file(made: Made) -> str:
    path = made.folder / "search.csv"
    export_scores(search_cells(made.store, SLUG, "school"), path)
    return path.read_text()


def _project(made: Made) -> str:
    write_project(made.store, SLUG, made.folder / "city.qgz")
    with zipfile.ZipFile(made.folder / "city.qgz") as archive:
        return "".join(archive.read(name).decode(errors="ignore") for name in archive.namelist())


def _package(made: Made) -> str:
    """What stands in the GeoPackage itself, which may be taken out of its archive."""
    write_package(made.store, SLUG, made.folder / "city.gpkg")
    return (made.folder / "city.gpkg").read_bytes().decode(errors="ignore")


def _report(suffix: str) -> Callable[[Made], str]:
    def read(made: Made) -> str:
        path = made.folder / f"report{suffix}"
        write_report(made.store, SLUG, made.layer, path)
        if suffix == ".html":
            page = re.sub(r"</?wbr>|<[^>]*>|[\u200b\u00ad]", "", path.read_text())
            assert "Overture Maps places, 2026-01-21.0, CDLA-Permissive-2.0" in page
            return page
        return text_of(path.read_bytes())

    return read


def _study(suffix: str) -> Callable[[Made], str]:
    def read(made: Made) -> str:
        path = made.folder / f"study{suffix}"
        export_study(made.store, made.study, path)
        return re.sub(r"<[^>]*>", " ", path.read_text()) if suffix == ".svg" else path.read_text()

    return read


def _evaluation(made: Made) -> str:
    labels = LandUseRequest(LabelRequest(made.task_files.points, "zone"), FitSettings(seeds=1))
    found = evaluate_task(made.store, SLUG, labels, ("alphaearth", "aether"))
    return "\n".join(found.attribution)


def _retrieval(made: Made) -> str:
    asked = read_queries(made.task_files.queries)
    truth = LabelRequest(made.task_files.zones, "zone")
    return "\n".join(evaluate_retrieval(made.store, SLUG, asked, truth).attribution)


def _embedded(made: Made) -> str:
    target = made.folder / "z.tif"
    embed_files(made.store.settings, made.model, [made.city_files.embedding], target)
    with rasterio.open(target) as raster:
        return str(raster.tags())


def _model_files(made: Made) -> str:
    name = list_models(made.store, SLUG)[0].name
    export_model(made.store, name, made.folder / "m")
    return (made.folder / "m" / "model.json").read_text()


WAYS = MappingProxyType(
    {
        "city": lambda made: "\n".join(show_city(made.store, SLUG).attribution),
        "search file": _search_file,
        "model card": _model_files,
        "QGIS project": _project,
        "GeoPackage of a city": _package,
        "evaluation": _evaluation,
        "retrieval": _retrieval,
        "embedded raster": _embedded,
        **{f"layer {suffix}": _exported(suffix) for suffix in FORMATS},
        **{f"report {suffix}": _report(suffix) for suffix in (".html", ".pdf")},
        **{f"study {suffix}": _study(suffix) for suffix in (".csv", ".json", ".svg")},
    }
)


def _plain(said: str) -> str:
    """The text however it is wrapped and escaped."""
    for escaped, sign in (("\\u00a9", "©"), ("&copy;", "©"), ("\u00a0", " ")):
        said = said.replace(escaped, sign)
    return re.sub(r"\s+", " ", said)


@pytest.mark.parametrize("way", WAYS)
def test_every_credit_stands_in_what_is_made(made: Made, way: str) -> None:
    said = _plain(WAYS[way](made))
    assert [credit for credit in CREDITS if credit not in said] == []


def test_every_credit_stands_under_the_page(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The router draws it for every page; the visitor's journey looks at another one of them."""
    monkeypatch.setenv("AETHER_HOME", str(made.store.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", made.store.url)
    said = _plain(words(open_page("home")))
    assert [credit for credit in CREDITS if credit not in said] == []


def test_commands_tell_the_credits(
    made: Made, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AETHER_HOME", str(made.store.settings.home))
    monkeypatch.setenv("AETHER_DATABASE_URL", made.store.url)
    for command in (["city", "show", SLUG], ["search", SLUG, "park"], ["layers", SLUG]):
        assert run([*command, "--json"]) == 0
        said = _plain(capsys.readouterr().out)
        assert [credit for credit in CREDITS if credit not in said] == [], command
