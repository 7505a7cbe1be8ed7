"""Reports and QGIS projects of kept layers."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from aether_core.errors import ConflictError, InputError
from aether_core.report import Heading, MapFigure, Report, write_html, write_pdf
from aether_core.tasks.kinds.classes import ClassFindings
from aether_core.tasks.kinds.shares import ShareFindings
from tests.app_fixtures import SLUG, Once
from tests.errors import fault
from tests.task_fixtures import GROUPS, TaskFiles
from workflows.cities.cities import show_city
from workflows.home.store import Store
from workflows.layers.layers import keep_layer, show_layer
from workflows.layers.qgis import write_project
from workflows.reports import write_report
from workflows.reports.subject import Subject
from workflows.reports.write import compose
from workflows.search.search import search_cells
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.land_use import LandUseRequest, land_use
from workflows.tasks.settings import FitSettings
from workflows.tasks.socioeconomic import SocioeconomicRequest, socioeconomic

QUICK = FitSettings(seeds=1)


@dataclass(frozen=True)
class Kept:
    """Name of one layer of each kind, and what its report holds, by kind."""

    layers: dict[str, str]
    reports: dict[str, Report]


@pytest.fixture
def kept(trained_store: Store, task_files: TaskFiles, once: Once) -> Kept:
    labels = LandUseRequest(LabelRequest(task_files.points, "zone"), QUICK)
    areas = SocioeconomicRequest(AreaRequest(task_files.areas, tuple(GROUPS)), QUICK)

    def make(store: Store) -> Kept:
        mapped = land_use(store, SLUG, labels)
        shares = socioeconomic(store, SLUG, areas)
        search = keep_layer(store, search_cells(store, SLUG, "a night out"))
        layers = {
            "landuse": mapped.layer.layer,
            "socioeconomic": shares.layer.layer,
            "socioeconomic areas": shares.areas_layer.layer,
            "search": search.layer,
        }
        city = show_city(store, SLUG)
        subjects = {k: Subject(store, city, show_layer(store, SLUG, layers[k])) for k in layers}
        return Kept(layers, {kind: compose(subject) for kind, subject in subjects.items()})

    return once("a layer of each kind", trained_store, make)


def read_page(path: Path) -> str:
    return re.sub(r"</?wbr>|<[^>]*>|[\u200b\u00ad]", "", path.read_text(encoding="utf-8"))


def test_every_kind_of_layer_has_a_report(kept: Kept, tmp_path: Path) -> None:
    for kind, report in kept.reports.items():
        pdf, html = tmp_path / f"{kind}.pdf", tmp_path / f"{kind}.html"
        write_pdf(report, pdf)
        write_html(report, html)
        assert pdf.read_bytes().startswith(b"%PDF")
        assert html.read_bytes().startswith(b"<!")
        page = read_page(html)
        assert "imulated embedding" in page
        assert "Google and Google DeepMind" in page
        assert f"./aether layer export {SLUG} {kept.layers[kind]}" in page


def test_a_report_is_written_as_its_name_asks(
    trained_store: Store, kept: Kept, tmp_path: Path
) -> None:
    layer = kept.layers["search"]
    for suffix, start in ((".pdf", b"%PDF"), (".html", b"<!")):
        write_report(trained_store, SLUG, layer, tmp_path / f"search{suffix}")
        assert (tmp_path / f"search{suffix}").read_bytes().startswith(start)
    assert f"./aether layer export {SLUG} {layer}" in read_page(tmp_path / "search.html")
    with pytest.raises(ConflictError):
        write_report(trained_store, SLUG, layer, tmp_path / "search.pdf")
    with pytest.raises(InputError, check=fault("output-wrong-ending", "search.docx")):
        write_report(trained_store, SLUG, layer, tmp_path / "search.docx")


def test_a_land_use_report_holds_what_a_committee_asks(trained_store: Store, kept: Kept) -> None:
    layer = show_layer(trained_store, SLUG, kept.layers["landuse"])
    blocks = kept.reports["landuse"].blocks
    headings = [block.text for block in blocks if isinstance(block, Heading)]
    assert headings == [
        "The map",
        "What the classes mean",
        "Accuracy",
        "Confidence",
        "Limitations",
        "Method",
        "Data and dates",
        "How to reproduce it",
    ]
    (drawn,) = [block for block in blocks if isinstance(block, MapFigure)]
    assert {entry.label for entry in drawn.legend} <= {
        *layer.measured(ClassFindings).outcomes,
        "unreliable",
    }


def test_shares_are_said_to_be_about_areas(kept: Kept, tmp_path: Path) -> None:
    path = tmp_path / "shares.html"
    write_html(kept.reports["socioeconomic areas"], path)
    assert str(ShareFindings.note).split(".")[0] in path.read_text(encoding="utf-8")


def test_a_project_opens_every_layer_and_holds_no_password(
    trained_store: Store, kept: Kept, tmp_path: Path
) -> None:
    layers = kept.layers
    path = tmp_path / "city.qgz"
    named = write_project(trained_store, SLUG, path)
    assert set(named) == set(layers.values())
    with zipfile.ZipFile(path) as archive:
        (inside,) = archive.namelist()
        root = ET.fromstring(archive.read(inside))  # noqa: S314 - we wrote it
    sources = [element.text or "" for element in root.iter("datasource")]
    views = [show_layer(trained_store, SLUG, layer).view for layer in layers.values()]
    assert sorted(sources) == sorted(
        source for source in sources if any(view in source for view in views)
    )
    assert len(sources) == len(views)
    assert not any("password" in source for source in sources)
