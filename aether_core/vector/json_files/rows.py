"""A table out of objects that need not have the same members."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aether_core.vector.limits import Limits

_MOST_CELLS = 50_000_000
"""Cells of a whole table, empty ones included; the tags of a country's places have thousands of
names, nearly all of them rare."""
_LARGEST = 2**63
_SHOWN = 5
_TAGS = "tags"  # of OpenStreetMap, and the only object whose members become columns


@dataclass
class _Column:
    rows: list[int] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)


class RowTable:
    """Collects rows and hands them on as a table.

    Args:
        path: The file, for messages.
        limits: Upper bounds on rows, columns and texts, checked as rows come.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits = path, limits
        self._columns: dict[str, _Column] = {}
        self._rows = 0
        self._has_tags = False
        self.notes: list[str] = []

    def __len__(self) -> int:
        return self._rows

    def add(self, members: dict[str, Any]) -> None:
        """Add a row; the members of an object called `tags` become columns of their own.

        Raises:
            TooLargeError: There are too many rows or columns, or a text is too long.
        """
        tags = members.get(_TAGS)
        if isinstance(tags, dict):
            self._has_tags = True
            others = {name: value for name, value in members.items() if name != _TAGS}
            members = {**tags, **others}
        for name, value in members.items():
            if value is None:
                continue
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Column()
                self._limits.check_columns(len(self._columns), self._path)
            if isinstance(value, str) and len(value) > self._limits.cell_bytes:
                self._limits.check_cells(name, len(value), self._path)
            column.rows.append(self._rows)
            column.values.append(value)
        self._rows += 1
        if self._rows > self._limits.features:
            self._limits.check_features(self._rows, self._path)

    def frame(self) -> pd.DataFrame:
        """Return the table; `notes` then says what was decided."""
        if self._has_tags:
            self.notes.append("The entries of tags were turned into columns.")
        kept = self._filled()
        return pd.DataFrame(
            {name: self._array(name, self._columns[name]) for name in kept},
            index=pd.RangeIndex(self._rows),
        )

    def _filled(self) -> list[str]:
        """Names of the columns that fit, in the order in which they came."""
        names = list(self._columns)
        most = max(_MOST_CELLS // max(self._rows, 1), 1)
        if len(names) <= most:
            return names
        by_use = sorted(names, key=lambda name: -len(self._columns[name].rows))
        gone = by_use[most:]
        self.notes.append(
            f"{len(gone):,} columns that hardly any row fills were left out, such as "
            f"{', '.join(gone[:_SHOWN])}."
        )
        return [name for name in names if name not in set(gone)]

    def _array(self, name: str, column: _Column) -> Any:  # noqa: ANN401 - of NumPy or pandas
        """Give a column one type: whole numbers stay exact, and mixtures become text."""
        kinds = {type(value) for value in column.values}
        full = len(column.rows) == self._rows
        if kinds == {bool} and full:
            return np.array(column.values, dtype=bool)
        if kinds == {int} and all(-_LARGEST <= value < _LARGEST for value in column.values):
            whole = np.zeros(self._rows, dtype=np.int64)
            whole[column.rows] = column.values
            empty = np.ones(self._rows, dtype=bool)
            empty[column.rows] = False
            return whole if full else pd.arrays.IntegerArray(whole, empty)
        if kinds and kinds <= {int, float} and float in kinds:
            numbers = np.full(self._rows, np.nan)
            numbers[column.rows] = column.values
            return numbers
        cells = np.full(self._rows, None, dtype=object)
        for row, value in zip(column.rows, self._cells(name, kinds, column.values), strict=True):
            cells[row] = value
        return cells

    def _cells(self, name: str, kinds: set[type], values: list[Any]) -> list[Any]:
        if kinds in ({bool}, {str}):
            return values
        if kinds == {list} and not any(isinstance(v, list | dict) for one in values for v in one):
            return [np.array(one, dtype=object) for one in values]
        texts = [
            one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in values
        ]
        self._limits.check_cells(name, max(map(len, texts), default=0), self._path)
        return texts
