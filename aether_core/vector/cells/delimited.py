"""Rows out of delimited text: its separator, where its table begins, and which rows are whole."""

import csv
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from aether_core.errors import InputError
from aether_core.vector.cells.number_format import is_number
from aether_core.vector.headings import tidy_headings
from aether_core.vector.limits import Limits

MORE_CELLS = "more cells than headings"
FEWER_CELLS = "fewer cells than headings"

_DELIMITERS = ",;\t|"
_STATED = re.compile(r'"?sep=(.)"?[;,\t]*', re.IGNORECASE)
"""What Excel puts first, and obeys."""
_COMMENTS = ("#", "//")
_LOOKED_AT = 250
"""Lines from which the table's width and its beginning are told."""
_FEW = 3
"""So many rows of another width are left out of any file; more only below one in a hundred."""
_CELLS_AT_ONCE = 2_000_000
_SHOWN = 80


@dataclass(frozen=True)
class TextRows:
    """The table of a text.

    Attributes:
        frame: Its rows under tidy headings, every cell as text, empty ones missing.
        delimiter: What separates cells.
        left_out: Rows whose width is not that of the headings, by reason.
        notes: What a reader should know of the above, one sentence each.
    """

    frame: pd.DataFrame
    delimiter: str
    left_out: dict[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Beginning:
    """Where a table begins if `delimiter` separates its cells.

    Attributes:
        delimiter: That sign.
        lines: Lines before the headings.
        headings: As written, without empty ones at the end.
        whole: Part of the first rows that are as wide as the headings.
    """

    delimiter: str
    lines: int
    headings: list[str]
    whole: float


def read_rows(text: TextIO, path: Path, limits: Limits) -> TextRows:
    """Read a text's table.

    Args:
        text: Opened at its beginning, with line ends as they are.
        path: Its file, for messages.
        limits: Upper bounds on rows, columns and the length of a cell.

    Raises:
        InputError: There is no table, a quotation mark is not closed, or too many rows have another
            width than the headings.
    """
    csv.field_size_limit(limits.line_bytes)
    try:
        beginning = _beginning(text, path)
        limits.check_columns(len(beginning.headings), path)
        text.seek(0)
        return _table(text, beginning, path, limits)
    except csv.Error as error:
        raise _no_table(path, str(error)) from error


def _beginning(text: TextIO, path: Path) -> _Beginning:
    """Find separator and headings in the first lines."""
    head = list(islice(text, _LOOKED_AT))
    stated = _STATED.fullmatch(head[0].strip("\r\n")) if head else None
    if stated is not None:
        found = _with(head[1:], stated[1], whole_file=len(head) < _LOOKED_AT)
        found = _Beginning(found.delimiter, found.lines + 1, found.headings, found.whole)
    else:
        found = max(
            (_with(head, sign, whole_file=len(head) < _LOOKED_AT) for sign in _DELIMITERS),
            key=lambda one: (round(one.whole, 1), one.lines == 0, len(one.headings)),
        )
    if not found.headings:
        raise _no_table(path, "it has no headings")
    return found


def _with(head: Sequence[str], delimiter: str, *, whole_file: bool) -> _Beginning:
    """Find the headings if this sign separates cells."""
    reader = csv.reader(head, delimiter=delimiter)
    read = [(cells, reader.line_num) for cells in reader]
    if not whole_file:
        read = read[:-1]  # it may be cut short
    lines = {0: 0} | {place + 1: end for place, (_, end) in enumerate(read)}
    rows = {place: cells for place, (cells, _) in enumerate(read) if _says(cells)}
    if not rows:
        return _Beginning(delimiter, 0, [], 0.0)
    widths = Counter(len(cells) for cells in rows.values() if len(cells) > 1)
    if not widths:
        first = next(iter(rows))
        return _Beginning(delimiter, lines[first], _ended(rows[first]), 0.0)
    usual = max(widths, key=lambda width: (widths[width], width))
    place = headings_row(rows, usual)
    headings = _ended(rows[place])
    if place != next(iter(rows)) and _tells(rows[place]):
        return _Beginning(delimiter, lines[place], headings, 0.0)  # rows of data under a title
    below = [cells for later, cells in rows.items() if later > place]
    whole = [len(cells) == len(headings) or _fits(cells, len(headings)) for cells in below]
    share = sum(whole) / len(whole) if whole else 1.0
    return _Beginning(delimiter, lines[place], headings, share if len(headings) > 1 else 0.0)


def headings_row(rows: Mapping[int, list[str]], usual: int) -> int:
    """Return which row has the headings: the first that is as wide as most.

    Args:
        rows: Cells by number of the row; rows that say something only.
        usual: How many cells most rows have.
    """
    places = list(rows)
    wide = [
        place
        for place in places
        if usual in {len(rows[place]), len(_ended(rows[place]))}
        and _filled(rows[place]) * 2 > usual
    ]
    first = wide[0] if wide else places[0]
    if first == places[0]:
        # A comment may be as wide as the table by chance; then words follow, and numbers later.
        commented = rows[first][0].lstrip().startswith(_COMMENTS)
        if commented and len(wide) > 2 and not _tells(rows[wide[1]]) and _tells(rows[wide[2]]):
            return wide[1]
        return first
    before = [place for place in places if place < first and not _is_comment(rows[place])]
    named = [place for place in before if _filled(rows[place]) > 1 and not _tells(rows[place])]
    # Rows wider than their headings are data, whose texts hold separators.
    if named and _tells(rows[first]):
        return named[-1]
    return first


def _is_comment(cells: Sequence[str]) -> bool:
    return cells[0].lstrip().startswith(_COMMENTS)


def _tells(cells: Sequence[str]) -> bool:
    """Whether a row holds data: a number stands in it."""
    return any(is_number(cell.strip()) for cell in cells)


def _filled(cells: Sequence[str]) -> int:
    return sum(1 for cell in cells if cell.strip())


def _says(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _ended(cells: list[str]) -> list[str]:
    """Cells up to the last that is not empty."""
    last = len(cells)
    while last and not cells[last - 1].strip():
        last -= 1
    return cells[:last]


def _fits(cells: list[str], width: int) -> bool:
    """Whether all that is too much in a row is empty."""
    return len(cells) > width and not _says(cells[width:])


def _table(text: TextIO, beginning: _Beginning, path: Path, limits: Limits) -> TextRows:
    """Read the rows below the headings."""
    for _ in range(beginning.lines):
        text.readline()
    reader = csv.reader(text, delimiter=beginning.delimiter)
    headings = tidy_headings(_ended(next(reader)))
    rows = _Rows(beginning, path, limits, len(headings), reader.line_num)
    pieces: list[pa.Table] = []
    count = 0
    while read := list(islice(reader, max(1, _CELLS_AT_ONCE // len(headings)))):
        chunk = rows.whole(read, reader.line_num)
        count += len(chunk)
        limits.check_features(count, path)
        if chunk:
            columns = [_column(cells) for cells in zip(*chunk, strict=True)]
            pieces.append(pa.table(columns, names=headings))
    none = pa.table([pa.array([], pa.large_string())] * len(headings), names=headings)
    frame = pa.concat_tables(pieces or [none]).to_pandas(use_threads=False)
    rows.check(count)
    return TextRows(frame, beginning.delimiter, dict(rows.left_out), rows.notes())


def _column(cells: Sequence[str]) -> pa.Array:
    """Return a column, empty cells missing."""
    array = pa.array(cells, pa.large_string())
    return pc.if_else(pc.equal(array, ""), pa.scalar(None, pa.large_string()), array)


class _Rows:
    """The rows that are as wide as the headings; the others are counted.

    Args:
        beginning: Where the table begins.
        path: Its file, for messages.
        limits: Upper bounds.
        width: How many headings there are.
        line: Lines that were read of the table.
    """

    def __init__(
        self, beginning: _Beginning, path: Path, limits: Limits, width: int, line: int
    ) -> None:
        self._beginning = beginning
        self._path = path
        self._limits = limits
        self._width = width
        self._line = beginning.lines + line
        self.left_out: Counter[str] = Counter()
        self._first: tuple[int, list[str]] | None = None

    def whole(self, rows: list[list[str]], end: int) -> list[list[str]]:
        """Return the rows that are whole; the text was read up to line `end` of the table."""
        end += self._beginning.lines
        if end - self._line == len(rows) and all(len(cells) == self._width for cells in rows):
            self._line = end
            return rows
        kept = []
        for cells in rows:
            start = self._line + 1
            breaks = sum(cell.count("\n") for cell in cells)
            self._line = start + breaks
            if breaks > 1:
                self._check_quotes(cells, start)
            if len(cells) == self._width:
                kept.append(cells)
            elif _fits(cells, self._width):
                kept.append(cells[: self._width])
            elif _says(cells):
                self._limits.check_columns(len(cells), self._path)
                self.left_out[MORE_CELLS if len(cells) > self._width else FEWER_CELLS] += 1
                self._first = self._first or (start, cells)
        self._line = end
        return kept

    def check(self, whole: int) -> None:
        """Refuse a table of which too many rows have another width."""
        wrong = self.left_out.total()
        total = whole + wrong
        if self._first and (wrong * 2 >= total or (wrong > _FEW and wrong > 0.01 * total)):
            sign = _SIGNS.get(self._beginning.delimiter, self._beginning.delimiter)
            wide = self.left_out[MORE_CELLS] * 2 >= wrong
            raise InputError(
                f"{wrong:,} of {total:,} rows of {self._path.name} have another number of cells "
                f"than the {self._width} headings",
                self._shown(*self._first),
                f"put texts that hold a {sign} in double quotes, and export it again"
                if wide
                else "give every row a cell for each heading, empty ones too",
                code="rows-of-another-width",
            )

    def notes(self) -> tuple[str, ...]:
        """What was skipped and left out."""
        found = []
        skipped = self._beginning.lines
        if skipped:
            found.append(f"Lines skipped above the headings: {skipped}.")
        if self._first:
            shown = self._shown(*self._first)
            found.append(f"Left out because its cells do not match the headings: {shown}.")
        return tuple(found)

    def _shown(self, start: int, cells: Sequence[str]) -> str:
        text = self._beginning.delimiter.join(cells)
        cut = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        return f"line {start:,} has {len(cells)}: {' '.join(cut.split())}"

    def _check_quotes(self, cells: Sequence[str], start: int) -> None:
        """Refuse a cell that swallowed rows, because its quotation mark is not closed."""
        for cell in cells:
            inside = cell.splitlines()[1:-1] if cell.count("\n") > 1 else []
            sign = self._beginning.delimiter
            if len(inside) > 1 and all(row.count(sign) >= self._width - 1 for row in inside):
                raise InputError(
                    f"a quotation mark of {self._path.name} is not closed",
                    f"line {start:,}: {cell[:_SHOWN].splitlines()[0]}",
                    "close it, or write it twice if it belongs to the text",
                    code="quote-not-closed",
                )


_SIGNS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


def _no_table(path: Path, why: str) -> InputError:
    return InputError(
        "this is not a table",
        f"{path.name}: {why}",
        "export it again as CSV",
        code="table-unreadable",
    )
