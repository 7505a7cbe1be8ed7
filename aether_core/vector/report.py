"""What was decided while a file was read: shown before anything is stored, and kept with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

CrsFrom = str
CRS_STATED, CRS_GIVEN, CRS_BY_RULE = "stated in the file", "as you said", "rule of the format"

_SAMPLE_ROWS, _SAMPLE_COLUMNS, _SAMPLE_CHARACTERS = 3, 40, 80


@dataclass(frozen=True)
class ReadingReport:
    """How one file was read.

    Attributes:
        file: Its name.
        format: What it is, such as `GeoPackage` or `CSV`.
        layer: Name of the layer that was read, where files of the format have several.
        encoding: Encoding of its texts, where the format leaves it open.
        delimiter: What separates the cells of a text table.
        numbers: How numbers written as text were read, e.g. `1.234,5`; None where nothing hung
            on it.
        crs: Coordinate reference system its coordinates were taken to be in.
        crs_from: Where that comes from: one of `CRS_STATED`, `CRS_GIVEN`, `CRS_BY_RULE`.
        headings: Names of all columns, in the file's order.
        columns: Column by what it was used for, e.g. `{"name": "Name of business"}`.
        rows: Rows in the file.
        used: Rows that were used.
        left_out: The others, by reason.
        notes: What else was decided and a reader should know, one sentence each.
        sample: The first rows as they were read: column to text.
    """

    file: str
    format: str
    layer: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    numbers: str | None = None
    crs: str | None = None
    crs_from: CrsFrom | None = None
    headings: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    used: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sample: tuple[Mapping[str, str], ...] = ()

    def used_for(self, columns: Mapping[str, str | None]) -> "ReadingReport":
        """Add what columns were used for; a role without a column is left out."""
        found = {role: name for role, name in columns.items() if name is not None}
        return replace(self, columns={**self.columns, **found})

    def counted(self, left_out: Mapping[str, int], used: int) -> "ReadingReport":
        """Say how many rows were used, and add why others were not."""
        total = {**self.left_out}
        for reason, count in left_out.items():
            total[reason] = total.get(reason, 0) + count
        return replace(self, left_out=total, used=used)

    def lines(self) -> list[str]:
        """The report for people, a line each thing; what is not known is left out."""
        layer = f", layer {self.layer}" if self.layer else ""
        facts = {
            "encoding": self.encoding,
            "delimiter": None if self.delimiter is None else repr(self.delimiter),
            "numbers": self.numbers,
            "coordinates": self.crs and f"{self.crs}, {self.crs_from}",
            **{f"column for {role}": name for role, name in self.columns.items()},
        }
        return [
            f"{self.file}: {self.format}{layer}, {self.rows:,} rows, {self.used:,} used",
            *(f"  {what}: {value}" for what, value in facts.items() if value),
            *(f"  left out: {count:,} {reason}" for reason, count in self.left_out.items()),
            *(f"  {note}" for note in self.notes),
        ]

    def noted(self, *notes: str) -> "ReadingReport":
        """Add sentences."""
        return replace(self, notes=(*self.notes, *notes))

    def document(self) -> dict[str, Any]:
        """The report as the JSON that commands print under `read`; without the headings."""
        return {
            "file": self.file,
            "format": self.format,
            "layer": self.layer,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "numbers": self.numbers,
            "crs": self.crs,
            "crs_from": self.crs_from,
            "columns": dict(self.columns),
            "rows": self.rows,
            "used": self.used,
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
            "sample": [dict(row) for row in self.sample],
        }


def sample_of(attributes: pd.DataFrame) -> tuple[dict[str, str], ...]:
    """The first rows of a table as text: column to cell, the empty text where nothing is."""
    head = attributes.iloc[:_SAMPLE_ROWS, :_SAMPLE_COLUMNS]
    return tuple(
        {str(name): _shown(value) for name, value in row.items()}
        for row in head.to_dict(orient="records")
    )


def _shown(value: object) -> str:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return ""
    return str(value)[:_SAMPLE_CHARACTERS]
