"""Tables in spreadsheets (Excel, OpenDocument): sheets are layers, cells are what they hold."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, WorksheetNotFound

from aether_core.errors import InputError
from aether_core.files.zip_files import opened_zip
from aether_core.vector.cells.delimited import headings_row
from aether_core.vector.headings import tidy_headings
from aether_core.vector.layers import no_such_layer, several_layers
from aether_core.vector.limits import Limits
from aether_core.vector.report import ReadingReport

_FORMATS = {
    ".xlsx": "Excel workbook",
    ".xlsm": "Excel workbook",
    ".xls": "Excel 97 workbook",
    ".ods": "OpenDocument spreadsheet",
}
WORKBOOK_SUFFIXES = frozenset(_FORMATS)

_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LOOKED_AT = 250
_THREE_DECIMALS = 3

Cell = int | float | str | bool | dt.date | dt.time | dt.timedelta


def read_workbook(
    path: Path, layer: str | None, limits: Limits
) -> tuple[pd.DataFrame, ReadingReport]:
    """Read one sheet.

    A column that holds numbers only stays one of numbers. The others are texts, and a number in
    them is written so that it cannot be taken for thousands.

    Args:
        path: A plain local file.
        layer: Name of the sheet; needed where several hold a table.
        limits: Upper bounds; what the file unpacks to is known before anything is read.

    Raises:
        InputError: Not a workbook, damaged, protected by a password, or it holds no such sheet,
            no table, or several.
    """
    suffix = path.suffix.lower()
    _check_content(path, suffix, limits)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheet, several = _sheet(book, path, layer)
            limits.check_columns(sheet.total_width, path)
            limits.check_features(sheet.total_height, path)
            rows = sheet.to_python(skip_empty_area=False)
    except (CalamineError, ValueError, OSError) as error:
        raise InputError(
            f"{path.name} cannot be read as {_FORMATS[suffix]}",
            str(error).split("\n", maxsplit=1)[0],
            "it is damaged or protected by a password: save it again without one",
            code="vector-file-unreadable",
        ) from error
    frame, skipped = _table(rows, path)
    report = ReadingReport(
        path.name,
        _FORMATS[suffix],
        layer=sheet.name if several else None,
        notes=(f"Rows skipped above the headings: {skipped}.",) if skipped else (),
    )
    return frame, report


def _check_content(path: Path, suffix: str, limits: Limits) -> None:
    """Refuse what is no workbook of this kind, and what unpacks to too much."""
    if suffix == ".xls":
        with path.open("rb") as file:
            if file.read(len(_OLD_EXCEL)) != _OLD_EXCEL:
                raise _another_format(path, suffix)
        return
    with opened_zip(path) as archive:
        members = archive.infolist()
        limits.check_bytes(sum(member.file_size for member in members), path)
        names = {member.filename for member in members}
    inside = "content.xml" if suffix == ".ods" else "xl/workbook.xml"
    if inside not in names:
        raise _another_format(path, suffix)


def _sheet(book: CalamineWorkbook, path: Path, wanted: str | None) -> tuple[CalamineSheet, bool]:
    """Return the sheet to read, and whether others hold a table too.

    A sheet of one column or one row is a title or a note, and no layer to choose.
    """
    if wanted is not None:
        try:
            return book.get_sheet_by_name(wanted), len(book.sheet_names) > 1
        except WorksheetNotFound as error:
            raise no_such_layer(path, wanted, book.sheet_names) from error
    sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
    tables = [sheet for sheet in sheets if sheet.width > 1 and sheet.height > 1]
    if len(tables) > 1:
        raise several_layers(path, [sheet.name for sheet in tables], "has several sheets")
    if not tables:
        raise InputError(
            f"{path.name} holds no table",
            ", ".join(book.sheet_names) or "no sheets",
            "give a sheet with headings and rows below them",
            code="table-unreadable",
        )
    return tables[0], len(sheets) > 1


def _table(rows: Sequence[Sequence[Cell]], path: Path) -> tuple[pd.DataFrame, int]:
    """Return the rows below the headings, and how many stand above them."""
    head = {
        place: _ended([_text(cell) for cell in cells])
        for place, cells in enumerate(rows[:_LOOKED_AT])
        if any(cell != "" for cell in cells)
    }
    if not head:
        raise InputError(
            f"{path.name} holds no table",
            "the sheet is empty",
            "choose another sheet (on the page: File options; in commands: --layer)",
            code="table-unreadable",
        )
    usual, _ = Counter(len(cells) for cells in head.values()).most_common(1)[0]
    first = headings_row(head, usual)
    body = [cells for cells in rows[first + 1 :] if any(cell != "" for cell in cells)]
    width = len(rows[first])
    headings = [_text(cell) for cell in rows[first]]
    columns = [[cells[place] for cells in body] for place in range(width)]
    kept = [
        place
        for place in range(width)
        if headings[place].strip() or any(cell != "" for cell in columns[place])
    ]
    names = tidy_headings([headings[place] for place in kept])
    table = {name: _column(columns[place]) for name, place in zip(names, kept, strict=True)}
    return pd.DataFrame(table, index=pd.RangeIndex(len(body))), first


def _column(cells: Sequence[Cell]) -> pd.Series:
    """Return a column: of numbers where all are, else of texts."""
    filled = [cell for cell in cells if cell != ""]
    numbers = [
        float(cell)
        for cell in filled
        if isinstance(cell, int | float) and not isinstance(cell, bool)
    ]
    if filled and len(numbers) == len(filled):
        if len(numbers) == len(cells) and all(number.is_integer() for number in numbers):
            return pd.Series(cells, dtype="float64").astype("int64")
        return pd.Series([None if cell == "" else cell for cell in cells], dtype="float64")
    return pd.Series([None if cell == "" else _text(cell) for cell in cells], dtype="str")


def _text(cell: Cell) -> str:
    """Return a cell as text; a number never as `1.874`, which could be thousands."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        text = repr(cell)
        return f"{text}0" if len(text.partition(".")[2]) == _THREE_DECIMALS else text
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _ended(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _another_format(path: Path, suffix: str) -> InputError:
    return InputError(
        f"this is not an {_FORMATS[suffix]}, despite its ending",
        path.name,
        "save it again in that format",
        code="file-of-another-format",
    )
