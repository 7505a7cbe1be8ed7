"""Attributes that stand in an HTML table in a column `Description`, as KML made by ArcGIS has them.

Singapore's Master Plan is the best known: its land use `LU_DESC` is found nowhere else.
"""

from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd

from aether_core.vector.limits import Limits

_COLUMNS = ("description", "descriptio", "popupinfo", "popup_info", "html")
_MOSTLY = 0.5
_CELL = frozenset({"td", "th"})
_UNSEEN = frozenset({"script", "style"})
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Expanded:
    """A table with the attributes that stood in HTML as columns.

    Attributes:
        attributes: One row a feature.
        notes: What was done; empty when nothing was.
    """

    attributes: pd.DataFrame
    notes: tuple[str, ...]


def html_tables_as_columns(attributes: pd.DataFrame, path: Path, limits: Limits) -> Expanded:
    """Turn the rows `name, value` of HTML tables in a description into columns.

    The description goes if each filled cell was such a table. A name that is a column already keeps
    its column, and the one out of the description gets ` (description)` behind its name.

    Args:
        attributes: A file's columns, without geometry.
        path: The file, for messages.
        limits: Upper bound on columns.

    Raises:
        TooLargeError: There would be too many columns.
    """
    found = next((one for one in attributes.columns if str(one).lower() in _COLUMNS), None)
    if found is None:
        return Expanded(attributes, ())
    texts = [one if isinstance(one, str) else "" for one in attributes[found]]
    filled = [text for text in texts if text.strip()]
    tables = [text for text in filled if "<td" in text.lower()]
    if not tables or len(tables) < _MOSTLY * len(filled):
        return Expanded(attributes, ())
    rows = [pairs_of(text) if "<td" in text.lower() else {} for text in texts]
    names = list(dict.fromkeys(name for row in rows for name in row))
    if not names:
        return Expanded(attributes, ())
    limits.check_columns(len(attributes.columns) + len(names), path)
    gone = all(bool(row) or not text.strip() for row, text in zip(rows, texts, strict=True))
    kept = attributes.drop(columns=found) if gone else attributes
    columns = {
        name if name not in kept.columns else f"{name} (description)": [
            row.get(name) for row in rows
        ]
        for name in names
    }
    added = pd.DataFrame(columns, index=attributes.index, dtype=object)
    note = f"The HTML table in {found} became the columns {', '.join(columns)}."
    return Expanded(pd.concat([kept, added], axis=1), (note,))


def pairs_of(text: str) -> dict[str, str]:
    """Return the two-cell rows of the HTML tables in a text; the first of a name counts.

    Nothing in the text is run, loaded or followed.
    """
    parser = _Rows()
    parser.feed(text)
    parser.close()
    pairs: dict[str, str] = {}
    for cells in parser.rows:
        if len(cells) == 2 and 0 < len(cells[0]) <= _LONGEST_NAME:
            pairs.setdefault(cells[0], cells[1])
    return pairs


class _Rows(HTMLParser):
    """Collects the cells of table rows; of nested tables the innermost. Rows may lack their end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._open: list[tuple[int, list[str]]] = []  # rows with the depth of their table
        self._depth = 0
        self._cell: list[str] | None = None
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag == "table":
            self._cell = None  # what surrounds a table is no cell
            self._depth += 1
        elif tag == "tr":
            self._end_row()
            self._open.append((self._depth, []))
        elif tag in _CELL:
            self._end_cell()
            self._cell = []
        elif tag in _UNSEEN:
            self._unseen += 1
        elif self._cell is not None and tag == "br":
            self._cell.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _CELL:
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_row()
            self._depth = max(self._depth - 1, 0)
        elif tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._unseen:
            self._cell.append(data)

    def close(self) -> None:
        super().close()
        self._depth = 0
        self._end_row()

    def _end_row(self) -> None:
        """End the open rows of this table, and of those inside it."""
        self._end_cell()
        while self._open and self._open[-1][0] >= self._depth:
            self.rows.append(self._open.pop()[1])

    def _end_cell(self) -> None:
        if self._cell is not None and self._open:
            self._open[-1][1].append(" ".join("".join(self._cell).split()))
        self._cell = None
