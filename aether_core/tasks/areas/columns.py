"""Which columns of a file of areas hold numbers, for choosing among them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.reading import in_own_process
from aether_core.tasks.areas.totals import totals_among
from aether_core.tasks.labels.read import label_texts
from aether_core.vector import NO_OPTIONS, ReadOptions, read_vector
from aether_core.vector.cells.numbers import number_columns, read_numbers
from aether_core.vector.keyed.code_names import COUNTS_ROWS, LIKE_AN_ID, OTHER, is_size, rank
from aether_core.vector.keyed.read import lacks_shapes

_MOSTLY = 0.5
"""Part of the cells, withheld ones aside, that are numbers in a column of numbers."""
_CODE_DIGITS = 6


@dataclass(frozen=True)
class AreaColumns:
    """What a file of areas has.

    Attributes:
        rows: Number of rows.
        numbers: Columns that hold numbers of people or shares, in the file's order.
        others: The other columns, codes and sizes among them.
        codes: Those of the others that are numbers but say which area it is.
        sizes: Those that say how large a shape is or where it lies.
        totals: Those that are the sum of numbers, with their parts.
        needs_shapes: No row says where it lies: a file of shapes is needed beside this one.
    """

    rows: int
    numbers: list[str]
    others: list[str]
    codes: list[str] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    totals: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    needs_shapes: bool = False


@in_own_process
def area_columns(path: str | Path, options: ReadOptions = NO_OPTIONS) -> AreaColumns:
    """Look at the columns of a file of areas.

    Args:
        path: See `aether_core.vector.read_vector`; a table may have no coordinates.
        options: What the user says about the file.

    Raises:
        NotFoundError: There is no such file.
        InputError: The file cannot be read.
    """
    frame = read_vector(path, options, typed=False, shapeless=True).frame
    table = pd.DataFrame(frame.drop(columns="geometry"))
    holding = number_columns(table, _MOSTLY)
    sizes = [name for name in holding if is_size(name)]
    codes = [name for name in holding if name not in sizes and _is_code(name, table[name])]
    plain = [name for name in holding if name not in (*sizes, *codes)]
    values = (
        np.column_stack([_rough(table, name, options, Path(path).name) for name in plain])
        if plain
        else None
    )
    totals = {} if values is None else totals_among(values, plain)
    numbers = [name for name in plain if name not in totals]
    return AreaColumns(
        rows=len(table),
        numbers=numbers,
        others=[str(name) for name in table.columns if str(name) not in numbers],
        codes=codes,
        sizes=sizes,
        totals=totals,
        needs_shapes=lacks_shapes(frame, as_areas=True),
    )


def _is_code(name: str, column: "pd.Series[object]") -> bool:
    """Whether numbers say which area a row is: by their heading, leading zeros or even length."""
    texts = [text for text in label_texts(column) if text]
    if rank(name) in (COUNTS_ROWS, LIKE_AN_ID):
        return True
    whole = all(text.isdecimal() for text in texts)
    if rank(name) < OTHER:
        return whole
    if not whole or len(texts) < 2:
        return False
    if any(len(text) > 1 and text.startswith("0") for text in texts):
        return True
    numbers = [int(text) for text in texts]
    counts = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    even = len({len(text) for text in texts}) == 1 and len(texts[0]) >= _CODE_DIGITS
    return counts or (even and len(set(texts)) == len(texts))


def _rough(table: pd.DataFrame, name: str, options: ReadOptions, file: str) -> NDArray[np.float64]:
    """A column as numbers for telling totals; NaN where they can be read in two ways."""
    try:
        numbers = read_numbers(table, [name], options, file=file).values[:, 0]
    except InputError:
        return np.full(len(table), np.nan)
    return np.where(numbers < 0, np.nan, numbers)
