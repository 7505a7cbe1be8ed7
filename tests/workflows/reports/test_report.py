"""Reports, GeoPackages and QGIS projects of kept layers."""

import re
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pyogrio
import pytest
import shapely

from aether_core.errors import ConflictError, InputError, NotFoundError
from aether_core.report import Heading, MapFigure, Table, write_html, write_pdf
from aether_core.tasks.kinds.classes import ClassFindings
from aether_core.tasks.kinds.shares import ShareFindings
from tests.app_fixtures import SLUG
from tests.errors import fault
from tests.layer_fixtures import Kept
from tests.legends import of_qml, of_screen, of_sld, on_screen
from tests.pdf_text import text_of
from tests.task_fixtures import TaskFiles
from workflows.cities.cities import show_city
from workflows.home.documents import from_document, to_document
from workflows.home.store import Store
from workflows.layers.kinds import layer_kinds
from workflows.layers.layers import layer_shapes, remove_layer, show_layer
from workflows.layers.package import write_package
from workflows.layers.pictures import field_colours, main_field
from workflows.layers.qgis import write_project
from workflows.layers.styles import style_of
from workflows.reports import write_report
from workflows.reports.choices import (
    ReportChoices,
    ReportDistrict,
    checked_choices,
    districts_of_file,
    districts_of_layer,
    whole_view,
)
from workflows.reports.write import body_of, made_report


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
        assert "Made-up satellite data" in page
        assert "Google and Google DeepMind" in page
        assert f"./aether layer export {SLUG} {kept.layers[kind]}" in page


def test_no_kind_of_layer_is_without_a_report() -> None:
    kinds = {kind.name for kind in layer_kinds()}
    assert {"search", "similar", "ask", "change", "landuse", "socioeconomic areas"} <= kinds
    assert all(callable(body_of(kind)) for kind in kinds)


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


def test_a_question_is_reported_as_it_was_read(kept: Kept) -> None:
    blocks = kept.reports["ask"].blocks
    tables = [block for block in blocks if isinstance(block, Table)]
    read = next(table for table in tables if table.columns[0] == "Criterion")
    assert read.rows
    assert {row[2].split(",")[0] for row in read.rows} <= {
        *("measured", "well known here", "doubtful", "unknown here")
    }
    spots = next(table for table in tables if "Near" in table.columns)
    assert 1 <= len(spots.rows) <= 8
    fits = [float(row[3].removesuffix(" %")) for row in spots.rows]
    assert fits == sorted(fits, reverse=True)
    assert [block.text for block in blocks if isinstance(block, Heading)][:3] == [
        "How the question was read",
        "The map",
        "Best spots",
    ]


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


def test_every_picture_of_a_layer_has_the_screens_classes(trained_store: Store, kept: Kept) -> None:
    seen = []
    for kind, name in kept.layers.items():
        layer = show_layer(trained_store, SLUG, name)
        frame = layer_shapes(trained_store, SLUG, name)
        for field, view in on_screen(layer, frame).items():
            drawn, which = field_colours(layer, frame, field)
            style = style_of(layer, frame, field)
            asked = of_screen(view)
            assert {label: colour for colour, label in drawn} == asked, (kind, field)
            assert of_qml(style.qml()) == asked, (kind, field)
            assert of_sld(style.sld("layer")) == asked, (kind, field)
            assert which.tolist() == view.shown.steps.classes(view.shown.values).tolist()
            seen.append((kind, field))
    assert {kind for kind, _ in seen} == set(kept.layers)
    assert len(seen) > 15


def test_a_reports_map_says_what_the_screen_says(trained_store: Store, kept: Kept) -> None:
    for kind, report in kept.reports.items():
        layer = show_layer(trained_store, SLUG, kept.layers[kind])
        legends = [
            of_screen(view)
            for view in on_screen(layer, layer_shapes(trained_store, SLUG, layer.layer)).values()
        ]
        maps = [block for block in report.blocks if isinstance(block, MapFigure)]
        assert maps
        for drawn in maps:
            told = {one.label: one.colour for one in drawn.legend if not one.hatched}
            assert any(told.items() <= legend.items() for legend in legends), (kind, told)


def test_the_darkest_is_the_best_hundredth_wherever_a_search_is_seen(
    trained_store: Store, kept: Kept
) -> None:
    report = kept.reports["search"]
    (drawn,) = [block for block in report.blocks if isinstance(block, MapFigure)]
    darkest = min(drawn.legend, key=lambda one: sum(bytes.fromhex(one.colour[1:])))
    assert darkest.label == "top 1 %"
    layer = show_layer(trained_store, SLUG, kept.layers["search"])
    edges = style_of(layer, layer_shapes(trained_store, SLUG, layer.layer)).breaks
    assert edges is not None
    assert edges.edges[-2:] == (99.0, 100.0)


def test_a_geopackage_holds_every_layer_with_its_style(
    trained_store: Store, kept: Kept, tmp_path: Path
) -> None:
    path = tmp_path / "city.gpkg"
    made = write_package(trained_store, SLUG, path)
    assert set(made.layers) == set(kept.layers.values())
    listed = dict(pyogrio.list_layers(path).tolist())
    assert set(made.tables) < set(listed)
    assert listed["layer_styles"] is None, "QGIS looks for styles in a table without geometry"
    with closing(sqlite3.connect(path)) as package:
        styles = {
            table: (column, qml, sld, default)
            for table, column, qml, sld, default in package.execute(
                "SELECT f_table_name, f_geometry_column, styleQML, styleSLD, useAsDefault "
                "FROM layer_styles WHERE f_table_schema = '' AND f_table_catalog = ''"
            )
        }
        columns = "SELECT table_name, column_name FROM gpkg_geometry_columns"
        shown = dict(package.execute(columns).fetchall())
    assert set(styles) == set(made.tables) == set(shown)
    for kind, name in kept.layers.items():
        layer = show_layer(trained_store, SLUG, name)
        table = name.replace("-", "_")
        column, qml, sld, default = styles[table]
        assert (column, default) == (shown[table], 1)
        frame = pyogrio.read_dataframe(path, layer=table)
        assert len(frame) == layer.features
        view = on_screen(layer, layer_shapes(trained_store, SLUG, name))[main_field(layer)]
        assert of_qml(qml) == of_sld(sld) == of_screen(view), kind
        facts = pyogrio.read_info(path, layer=table)
        assert "Google and Google DeepMind" in facts["layer_metadata"]["attribution"]
        assert facts["layer_metadata"]["IDENTIFIER"] == layer.title
    assert "imulated" in pyogrio.read_info(path, layer=table)["dataset_metadata"]["note"]


def test_the_project_finds_its_data_wherever_both_are_unpacked(
    trained_store: Store, kept: Kept, tmp_path: Path
) -> None:
    chosen = [kept.layers["search"], kept.layers["socioeconomic areas"]]
    made = write_package(trained_store, SLUG, tmp_path / "city.zip", chosen)
    assert made.layers == chosen
    with zipfile.ZipFile(tmp_path / "city.zip") as archive:
        archive.extractall(tmp_path / "first")
    elsewhere = (tmp_path / "first" / f"{SLUG}-qgis").rename(tmp_path / "an other place")
    assert {one.name for one in elsewhere.iterdir()} == {
        f"{SLUG}.qgz",
        f"{SLUG}.gpkg",
        "READ ME.txt",
    }
    with zipfile.ZipFile(elsewhere / f"{SLUG}.qgz") as archive:
        inside = archive.read(f"{SLUG}.qgs").decode()
    assert str(tmp_path) not in inside
    root = ET.fromstring(inside)  # noqa: S314 - we wrote it
    found = {}
    for layer in root.iter("maplayer"):
        assert layer.findtext("provider") == "ogr"
        file, _, table = str(layer.findtext("datasource")).partition("|layername=")
        assert file.startswith("./")
        found[table] = len(pyogrio.read_dataframe(elsewhere / file, layer=table))
    assert set(found) == set(made.tables)
    assert all(found.values())
    leaves = {one.get("id"): one.get("checked") for one in root.iter("layer-tree-layer")}
    assert len(leaves) == len(found)
    data = [
        layer for layer in root.iter("maplayer") if "search" in str(layer.findtext("datasource"))
    ]
    assert leaves[data[0].findtext("id")] == "Qt::Checked"


def test_a_package_that_cannot_be_made_is_refused(
    trained_store: Store, kept: Kept, tmp_path: Path
) -> None:
    with pytest.raises(InputError, check=fault("output-wrong-ending", "city.shp", ".gpkg")):
        write_package(trained_store, SLUG, tmp_path / "city.shp")
    with pytest.raises(NotFoundError, check=fault("no-such-layer", "gone")):
        write_package(trained_store, SLUG, tmp_path / "city.gpkg", [kept.layers["ask"], "gone"])
    for layer in kept.layers.values():
        remove_layer(trained_store, SLUG, layer)
    with pytest.raises(InputError, check=fault("package-without-layer", SLUG)):
        write_package(trained_store, SLUG, tmp_path / "city.zip")
    assert not [*tmp_path.glob("city*"), *tmp_path.glob(".*")]


def test_what_is_chosen_of_a_report_stands_in_it(
    trained_store: Store, kept: Kept, task_files: TaskFiles, tmp_path: Path
) -> None:
    west, south, east, north = show_city(trained_store, SLUG).bbox
    middle = (south + north) / 2
    with pytest.raises(InputError, check=fault("districts-unclear", "North-west")):
        districts_of_file(task_files.districts)
    choices = ReportChoices(
        title="Parks #1 *bold* $x$ <script>",
        words="One <b>line</b>.\n\nAnother: #let x = $1$ @nobody",
        view=(west, south, east, middle),
        districts=districts_of_file(task_files.districts, ("North-west", "South-east")),
    )
    first, second = (one.name for one in choices.districts)
    page, paper = tmp_path / "report.html", tmp_path / "report.pdf"
    for path, language, layer in ((page, "en", "search"), (paper, "fi", "ask")):
        asked = replace(choices, language=language)
        write_report(trained_store, SLUG, kept.layers[layer], path, choices=asked)
    html = page.read_text(encoding="utf-8")
    assert "<h1>Parks #1 *bold* $x$ &lt;script&gt;</h1>" in html
    assert "<p>Another: #let x = $1$ @nobody</p>" in html
    told = " ".join(read_page(page).split())
    for said in (f"{first} beside {second}.", "The map shows a part of the city", "--view"):
        assert said in told
    printed = " ".join(text_of(paper.read_bytes()).split())
    assert "osuus maasta" in printed
    assert " suomeksi" in printed  # what the best spots are near
    for english in ("than the city", "than South-east", "Much like", "share of the ground"):
        assert english not in printed
    assert "Parks #1 *bold* $x$ <script>" in printed
    assert "Another: #let x = $1$ @nobody" in printed
    areas = kept.layers["socioeconomic areas"]
    district = str(layer_shapes(trained_store, SLUG, areas)["area"][0])
    of_layer = districts_of_layer(trained_store, SLUG, areas, (district,))
    made = made_report(
        trained_store, SLUG, kept.layers["search"], ReportChoices(districts=of_layer)
    )
    assert f"District: {district}" in [one.text for one in made.blocks if isinstance(one, Heading)]
    (drawn,) = [one for one in made.blocks if isinstance(one, MapFigure)]
    assert [one.label for one in drawn.legend if one.outlined] == [district]
    assert from_document(ReportChoices, to_document(choices)) == choices


def test_choices_that_cannot_be_carried_out_are_refused(trained_store: Store) -> None:
    city = show_city(trained_store, SLUG)
    west, south, east, north = city.bbox
    box = ReportDistrict.of("A", shapely.box(*city.bbox))
    refused = {
        "report-title-wrong-length": ReportChoices(title="x" * 1000),
        "report-words-too-long": ReportChoices(words="x" * 10_000),
        "text-with-control-character": ReportChoices(words="a\0b"),
        "view-not-a-box": ReportChoices(view=(east, south, west, north)),
        "view-too-small": ReportChoices(view=(west, south, west + 1e-5, north)),
        "view-outside-city": ReportChoices(view=(west + 1, south, east + 1, north)),
        "too-many-districts": ReportChoices(districts=(box,) * 3),
        "district-twice": ReportChoices(districts=(box, box)),
        "district-outline-unreadable": ReportChoices(districts=(ReportDistrict("A", "00"),)),
        "district-name-wrong-length": ReportChoices(districts=(ReportDistrict("", box.outline),)),
    }
    for code, choices in refused.items():
        with pytest.raises(InputError, check=fault(code)):
            checked_choices(city, choices)
    assert whole_view(city, (179.0, 0.0, -179.0, 1.0)) == (179.0, 0.0, 181.0, 1.0)
