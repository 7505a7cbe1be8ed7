"""Which columns of a file of areas hold numbers, for choosing among them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from aether_core.reading import in_own_process
from aether_core.tasks.areas.numbers import SUPPRESSED
from aether_core.vector import NO_OPTIONS, ReadOptions, read_vector

_LOOKED_AT = 2_000
_MOSTLY = 0.5


@dataclass(frozen=True)
class AreaColumns:
    """What a file of areas has.

    Attributes:
        rows: Number of areas.
        numbers: Columns that hold numbers, in the file's order.
        others: The other columns.
    """

    rows: int
    numbers: list[str]
    others: list[str]


@in_own_process
def area_columns(path: str | Path, options: ReadOptions = NO_OPTIONS) -> AreaColumns:
    """Look at the columns of a file of areas.

    Args:
        path: See `aether_core.vector.read_vector`.
        options: What the user says about the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    frame = read_vector(path, options, typed=False).frame
    table = pd.DataFrame(frame.drop(columns="geometry"))
    numbers = [str(name) for name in table.columns if _holds_numbers(table[name])]
    others = [str(name) for name in table.columns if str(name) not in numbers]
    return AreaColumns(len(table), numbers, others)


def _holds_numbers(column: "pd.Series[object]") -> bool:
    """Whether most values of a column are numbers; withheld ones do not count."""
    if pd.api.types.is_bool_dtype(column):
        return False
    head = column.head(_LOOKED_AT)
    told = head[~head.astype(str).str.strip().str.casefold().isin(SUPPRESSED)].dropna()
    cleaned = told.astype(str).str.replace(r"[,%\s]", "", regex=True)
    found = pd.to_numeric(cleaned, errors="coerce").notna()
    return bool(len(found) and found.mean() > _MOSTLY)
