"""Giving the rows of a table the shapes another file has for their codes."""

import re
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.keyed.area_names import name_column
from aether_core.vector.keyed.code_names import COUNTS_ROWS, OTHER, folded, rank
from aether_core.vector.keyed.codes import Match, code_texts, matched, shown
from aether_core.vector.read import VectorFile

NO_CODE = "no code"

_HEAD = 50
_NUMBER = re.compile(r"-?[\d.,]+(e-?\d+)? ?%?")
_LEAST = 0.5
"""Where nobody named the column of codes, this part of the rows has to find a shape."""


@dataclass(frozen=True, eq=False)
class Joined:
    """A table with shapes.

    Attributes:
        table: The rows that have one, with the table's own report.
        shapes: Report of the file the shapes come from.
        code_field: The table's column of codes.
    """

    table: VectorFile
    shapes: VectorFile
    code_field: str


@dataclass(frozen=True, eq=False)
class _Pair:
    """A column of each file whose codes may be the same."""

    left: str
    right: str
    codes: list[str]
    partners: list[str]
    match: Match

    @property
    def weight(self) -> tuple[int, int, bool]:
        """How much speaks for this pair: codes found, then headings."""
        return (
            self.match.found,
            -rank(self.left) - rank(self.right),
            folded(self.left) == folded(self.right),
        )


def join_shapes(table: VectorFile, shapes: VectorFile, code_field: str | None) -> Joined:
    """Give each row of a table the shape of its code.

    Codes are compared as text, leading zeros kept, see `codes.matched`. A code with several shapes
    has them all. Where the table names no areas and the shapes' file does, the names come along.
    Rows without a shape are left out and counted.

    Args:
        table: The rows; geometry of their own does not count.
        shapes: The shapes, with their codes in a column.
        code_field: The column of codes, of either file or of both; found by its codes when None.

    Raises:
        InputError: There is no such column, or no code of the table has a shape.
    """
    pair = _best_pair(table, shapes, code_field)
    wanted = [pair.match.left(code) if code else "" for code in pair.codes]
    offered = [pair.match.right(code) if code else "" for code in pair.partners]
    by_code = _shape_of(shapes.frame, offered)
    geometry = np.array([by_code.get(code) for code in wanted], dtype=object)
    empty = np.array([code == "" for code in wanted], dtype=bool)
    there = np.array([shape is not None for shape in geometry], dtype=bool)
    name = shapes.report.file
    left_out = {
        NO_CODE: int(empty.sum()),
        f"code without a shape in {name}": int((~there & ~empty).sum()),
    }
    unused = set(by_code) - set(wanted)
    notes = [f"Shapes were joined from {name} by {pair.left}: {int(there.sum()):,} rows matched."]
    notes += [pair.match.note] if pair.match.note else []
    lost = [code for code, found in zip(pair.codes, there.tolist(), strict=True) if not found]
    if any(lost):
        notes.append(f"No shape in {name} has these codes, among others: {shown(lost)}.")
    if unused:
        notes.append(f"{len(unused):,} of {len(by_code):,} codes of {name} have no row.")
    columns = table.frame[there].drop(columns="geometry").reset_index(drop=True)
    named = name_column(shapes.frame.drop(columns="geometry"), taken=(pair.right,))
    if named is not None and named not in columns and name_column(columns) is None:
        by_name = _first_text(shapes.frame[named], offered)
        called = [by_name.get(code, "") for code, found in zip(wanted, there, strict=True) if found]
        columns[named] = called
        notes.append(f"Names of the areas were taken from {name}, column {named}.")
    frame = gpd.GeoDataFrame(columns, geometry=geometry[there], crs=shapes.frame.crs)
    report = table.report.used_for({"code": pair.left}).noted(*notes)
    report = report.counted({why: n for why, n in left_out.items() if n}, len(frame))
    shapes_told = shapes.report.used_for({"code": pair.right}).counted(
        {"code without a row": sum(code in unused for code in offered)} if unused else {},
        sum(code in by_code and code not in unused for code in offered),
    )
    return Joined(VectorFile(frame, report), replace(shapes, report=shapes_told), pair.left)


def _best_pair(table: VectorFile, shapes: VectorFile, code_field: str | None) -> _Pair:
    """The columns whose codes find most partners."""
    ours, theirs = (read.frame.drop(columns="geometry") for read in (table, shapes))
    if code_field is not None and not (_named(ours, code_field) or _named(theirs, code_field)):
        raise InputError(
            f"neither {table.report.file} nor {shapes.report.file} has such a field",
            code_field,
            f"they have {', '.join(map(str, ours.columns[:15]))} and "
            f"{', '.join(map(str, theirs.columns[:15]))}",
            code="no-such-field",
        )
    best: _Pair | None = None
    least = 1.0
    for also_texts in (False, True):
        lefts, rights = (_candidates(one, code_field, also_texts) for one in (ours, theirs))
        pairs = [
            _Pair(one, other, codes, partners, matched(codes, partners))
            for one, codes in lefts.items()
            for other, partners in rights.items()
        ]
        best = max(pairs, key=lambda pair: pair.weight, default=None)
        filled = len({code for code in best.codes if code}) if best else 0
        least = 1.0 if code_field is not None else _LEAST * min(filled, len(shapes.frame))
        if best is not None and best.match.found >= max(least, 1):
            return best
    raise InputError(
        f"the codes of {table.report.file} are not those of {shapes.report.file}",
        f"{best.left}: {shown(best.codes)}; {best.right}: {shown(best.partners)}"
        if best
        else "no column of codes",
        "give a file with the shapes of these codes, or name the field of the codes "
        "(in commands: --code-field)",
        code="codes-do-not-match",
    )


def _named(columns: pd.DataFrame, wanted: str) -> list[str]:
    """Columns that a user may mean, the one spelled so alone where there is one."""
    names = [str(name) for name in columns.columns]
    return [name for name in names if name == wanted] or [
        name for name in names if folded(name) == folded(wanted)
    ]


def _candidates(columns: pd.DataFrame, named: str | None, also_texts: bool) -> dict[str, list[str]]:
    """Codes by the columns that may hold them: the named one, else those called so, else texts."""
    names = _named(columns, named) if named is not None else []
    if names:
        return {name: code_texts(columns[name]) for name in names}
    all_names = [str(name) for name in columns.columns]
    # Numbers of rows are codes only where the user says so of the other file's.
    names = [name for name in all_names if rank(name) < COUNTS_ROWS + (named is not None)]
    found = {name: code_texts(columns[name]) for name in names}
    if also_texts:
        texts = {name: code_texts(columns[name]) for name in all_names if rank(name) == OTHER}
        found |= {name: codes for name, codes in texts.items() if not _numbers(codes)}
    return found


def _numbers(codes: list[str]) -> bool:
    """Whether a column holds measurements: their equals in another file are chance."""
    return all(_NUMBER.fullmatch(code) for code in codes[:_HEAD] if code)


def _first_text(cells: "pd.Series[Any]", codes: list[str]) -> dict[str, str]:
    """The first filled text of each code."""
    found: dict[str, str] = {}
    for code, text in zip(codes, code_texts(cells), strict=True):
        if code and text:
            found.setdefault(code, text)
    return found


def _shape_of(frame: gpd.GeoDataFrame, codes: list[str]) -> dict[str, shapely.Geometry]:
    """The shape of each code, its parts joined."""
    parts: dict[str, list[shapely.Geometry]] = {}
    shapes: NDArray[np.object_] = frame.geometry.to_numpy()
    for code, shape in zip(codes, shapes, strict=True):
        if code and shape is not None and not shape.is_empty:
            parts.setdefault(code, []).append(shape)
    return {
        code: some[0] if len(some) == 1 else shapely.union_all(shapely.make_valid(some))
        for code, some in parts.items()
    }
