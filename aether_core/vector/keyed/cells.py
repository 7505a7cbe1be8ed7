"""Columns of H3 cells: found by what they hold, hexadecimal text or whole numbers."""

import h3.api.numpy_int as h3
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.keyed.code_names import folded
from aether_core.vector.keyed.codes import code_texts, shown

NOT_A_CELL = "not an H3 cell"

_HEAD = 50
_NEARLY_ALL = 0.95


def cells_in(column: "pd.Series[object]") -> NDArray[np.uint64]:
    """Read a column's H3 cells, whichever way most of it is written.

    Returns:
        uint64 `[n]`, 0 where a value is no cell.
    """
    texts = [text.lower().removeprefix("0x") for text in code_texts(column)]
    written = [np.array([_cell(text, base) for text in texts], np.uint64) for base in (16, 10)]
    return max(written, key=np.count_nonzero)


def cell_column(table: pd.DataFrame, named: str | None = None) -> str | None:
    """Find the column of H3 cells that tells a table's rows apart, None where there is none.

    Args:
        table: Without geometry.
        named: The column the user named, where it holds cells.

    Raises:
        InputError: Several columns may be meant, or the values of a column called like H3 cells are
            none.
    """
    found = columns_of_cells(table)
    if named in found:
        return named
    if len(found) > 1:
        found = [name for name in found if table[name].is_unique] or found
    if len(found) > 1:
        raise InputError(
            "several columns hold H3 cells",
            ", ".join(found),
            "name the one that says where a row lies (in commands: --code-field)",
            code="cell-column-unclear",
        )
    if found:
        return found[0]
    called = next((name for name in map(str, table.columns) if folded(name).startswith("h3")), None)
    if called is not None and table[called].notna().any():
        given = table[called].dropna()
        texts = code_texts(given)
        cells = cells_in(pd.Series(texts, dtype=object)).tolist()
        rows = zip(given, texts, cells, strict=True)
        wrong = [str(value) for value, text, cell in rows if text and not cell]
        raise InputError(
            f"the column {called} has values that are no H3 cells",
            f"{len(wrong)} of {sum(map(bool, texts))}: {shown(wrong)}",
            "export them as text: numbers of 64 bits lose digits in spreadsheets",
            code="cells-not-valid",
        )
    return None


def columns_of_cells(table: pd.DataFrame) -> list[str]:
    """Columns of a table without geometry whose values are H3 cells, nearly all."""
    return [name for name in map(str, table.columns) if _holds_cells(table[name])]


def resolutions_of(cells: NDArray[np.uint64]) -> list[int]:
    """The H3 resolutions that cells have, rising."""
    return sorted({int(h3.get_resolution(cell)) for cell in cells.tolist()})


def _holds_cells(column: "pd.Series[object]") -> bool:
    filled = column.dropna()
    if not len(filled) or not cells_in(filled.head(_HEAD)).any():
        return False
    texts = np.array(code_texts(filled), dtype=object)
    return bool(np.mean(cells_in(filled)[texts != ""] > 0) >= _NEARLY_ALL)


def _cell(text: str, base: int) -> int:
    """A cell's number, 0 where a text is none; the first hexadecimal digit may be a 0."""
    try:
        number = int(text, base)
    except ValueError:
        return 0
    fits = 0 < number < 2**63 and "_" not in text
    return number if fits and h3.is_valid_cell(number) else 0
