"""Which columns of a file of areas hold numbers, for choosing among them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from aether_core.reading import in_own_process
from aether_core.vector import NO_OPTIONS, ReadOptions, read_vector
from aether_core.vector.cells.numbers import number_columns

_MOSTLY = 0.5
"""Part of the cells, withheld ones aside, that are numbers in a column of numbers."""


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
    numbers = number_columns(table, _MOSTLY)
    others = [str(name) for name in table.columns if str(name) not in numbers]
    return AreaColumns(len(table), numbers, others)
