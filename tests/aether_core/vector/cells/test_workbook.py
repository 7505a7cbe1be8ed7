"""Spreadsheets: sheets are layers, cells are read by the rules of text tables."""

import datetime as dt
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from aether_core.errors import InputError
from aether_core.tasks.areas.read import read_areas
from aether_core.vector import Limits, ReadOptions, read_vector
from tests.errors import fault

Rows = list[list[str | float | dt.date | None]]

EXCEL_97 = Path(__file__).with_name("excel97.xls")
"""Written once by xlwt 1.3.0: a note, a sheet with a title, and `TOWNS` in the cells' own types."""
MANIFEST = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def cell(value: str | float | dt.date | None, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def xlsx(path: Path, sheets: dict[str, Rows]) -> Path:
    """Write a workbook by hand: no library that writes one is needed otherwise."""
    listed, links = "", ""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, rows) in enumerate(sheets.items(), start=1):
            listed += f'<sheet name="{name}" sheetId="{number}" r:id="r{number}"/>'
            target = f"worksheets/sheet{number}.xml"
            links += f'<Relationship Id="r{number}" Type="{OFFICE}/worksheet" Target="{target}"/>'
            body = "".join(
                f'<row r="{r}">'
                + "".join(cell(v, f"{chr(65 + c)}{r}") for c, v in enumerate(row))
                + "</row>"
                for r, row in enumerate(rows, start=1)
            )
            archive.writestr(
                f"xl/{target}",
                f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>',
            )
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{listed}</sheets></workbook>',
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{LINKS}">{links}</Relationships>'
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{LINKS}"><Relationship Id="r1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{TYPES}"/>')
    return path


def ods(path: Path, sheets: dict[str, Rows]) -> Path:
    """Write an OpenDocument spreadsheet by hand: cells state their type and value, and a text."""

    def cell(value: str | float | dt.date | None) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, str):
            stated = 'office:value-type="string"'
        elif isinstance(value, dt.date):
            stated = f'office:value-type="date" office:date-value="{value}"'
        else:
            stated = f'office:value-type="float" office:value="{value}"'
        # What is shown follows the sheet's format, here a German one; it is not what is meant.
        shown = value if isinstance(value, str) else f"{value} shown"
        return f"<table:table-cell {stated}><text:p>{escape(shown)}</text:p></table:table-cell>"

    tables = "".join(
        f'<table:table table:name="{name}">'
        + "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    spaces = " ".join(
        f'xmlns:{part}="urn:oasis:names:tc:opendocument:xmlns:{part}:1.0"'
        for part in ("office", "table", "text")
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{MANIFEST}"><manifest:file-entry '
            f'manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>{tables}"
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


PLACES: Rows = [["Name ", "Kind", "lon", "lat"], ["x", "café", 24.9, 60.1], ["y", None, 24.8, 60.2]]


def test_a_sheet_is_read_with_its_title_skipped(tmp_path: Path) -> None:
    path = xlsx(
        tmp_path / "a.xlsx", {"Notes": [["by me"]], "Data": [["Places of 2024"], [], *PLACES]}
    )
    found = read_vector(path)
    assert found.frame["Name"].tolist() == ["x", "y"]
    assert found.frame.geometry[1].x == 24.8
    assert (found.report.format, found.report.layer) == ("Excel workbook", "Data")
    assert "headings: 2." in found.report.notes[0]


TOWNS: Rows = [
    ["Gebietsschlüssel", "Name", "Einwohner", "Anteil", "Stand", "Fläche km²", "lon", "lat"],
    ["01001", "Flensburg", 91113, 0.125, dt.date(2024, 12, 31), 1.874, 9.44, 54.78],
    ["01002", "Kiel", 252668, 0.5, dt.date(2024, 12, 31), 118.65, 10.13, 54.32],
    ["01003", "Lübeck", 218095, None, dt.date(2023, 12, 31), 214.13, 10.69, 53.87],
]


@pytest.mark.parametrize("kind", [".xls", ".ods"])
def test_other_spreadsheets_hold_the_same(tmp_path: Path, kind: str) -> None:
    if kind == ".xls":
        path, name = EXCEL_97, "Excel 97 workbook"
    else:
        sheets: dict[str, Rows] = {
            "Notes": [["made for a test"]],
            "Areas": [["Amtliches Verzeichnis"], *TOWNS],
        }
        path, name = ods(tmp_path / "towns.ods", sheets), "OpenDocument spreadsheet"
    found = read_vector(path)
    assert (found.report.format, found.report.layer) == (name, "Areas")
    assert any("headings: 1." in note for note in found.report.notes)
    frame = found.frame
    assert frame["Gebietsschlüssel"].tolist() == ["01001", "01002", "01003"]
    assert frame["Name"].tolist() == ["Flensburg", "Kiel", "Lübeck"]
    assert frame["Einwohner"].tolist() == [91113, 252668, 218095]
    assert frame["Anteil"].tolist()[:2] == [0.125, 0.5]
    assert frame["Anteil"].isna().tolist() == [False, False, True]
    assert frame["Stand"].tolist() == ["2024-12-31", "2024-12-31", "2023-12-31"]
    assert frame["Fläche km²"].tolist() == [1.874, 118.65, 214.13]
    assert frame.geometry.x.tolist() == [9.44, 10.13, 10.69]


def test_several_sheets_are_asked_for(tmp_path: Path) -> None:
    other: Rows = [["name", "lon", "lat"], ["z", 1, 2]]
    path = xlsx(tmp_path / "a.xlsx", {"pubs": PLACES, "parks": other})
    with pytest.raises(InputError, check=fault("file-with-several-layers", "pubs, parks")):
        read_vector(path)
    assert read_vector(path, ReadOptions(layer="parks")).frame["name"].tolist() == ["z"]
    with pytest.raises(InputError, check=fault("no-such-layer-in-file", "bars", "pubs, parks")):
        read_vector(path, ReadOptions(layer="bars"))


def test_numbers_stay_numbers_and_texts_are_read_by_their_column(tmp_path: Path) -> None:
    squares = [f"POLYGON ((2{n} 60, 2{n}.01 60, 2{n}.01 60.01, 2{n} 60))" for n in range(4)]
    rows: Rows = [
        ["code", "a", "b", "wkt"],
        ["p", 1.874, "1.500", squares[0]],
        ["q", 2.126, "1.234.567", squares[1]],
        ["r", "S", "800", squares[2]],
        ["s", 3, 0.5, squares[3]],
    ]
    areas = read_areas(xlsx(tmp_path / "a.xlsx", {"t": rows[:3]}), fields=["a", "b"])
    assert areas.count.tolist() == pytest.approx([1501.874, 1234569.126])
    with pytest.raises(InputError, check=fault("numbers-mixed", "1.234.567")):
        read_areas(xlsx(tmp_path / "b.xlsx", {"t": rows}), fields=["a", "b"])


def test_what_is_no_workbook_and_what_unpacks_to_too_much(tmp_path: Path) -> None:
    for suffix in (".xlsx", ".ods", ".xls"):
        path = tmp_path / f"a{suffix}"
        path.write_bytes(bytes(range(256)) * 40)
        with pytest.raises(InputError):
            read_vector(path)
    path = tmp_path / "b.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    with pytest.raises(InputError, check=fault("file-of-another-format", "b.ods")):
        read_vector(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("content.xml", bytes(3_000_000))
    with pytest.raises(InputError, check=fault("file-too-large")):
        read_vector(path, limits=Limits(file_bytes=1_000_000))
    path = xlsx(tmp_path / "c.xlsx", {"t": PLACES})
    with pytest.raises(InputError, check=fault("file-too-large")):
        read_vector(path, limits=Limits(features=1))
