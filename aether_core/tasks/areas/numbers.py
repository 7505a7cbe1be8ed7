"""The numbers of an area file: what is withheld, and what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.tasks.areas.given import MOST_ROWS
from aether_core.vector import NO_OPTIONS, ReadOptions
from aether_core.vector.cells.numbers import read_numbers
from aether_core.vector.cells.withheld import is_placeholder, is_withheld

_SUMS_TO_THE_WHOLE = 0.005
"""Of a reading of decimals the rows miss 1 or 100 by no more."""


@dataclass(frozen=True)
class AreaNumbers:
    """The fields of a file of areas as numbers.

    Attributes:
        values: float64 `[n, k]`, not negative; NaN where a value is missing or withheld.
        mark: Object `[n, k]` of str: what is written where one is withheld, such as `<5`, "" else.
        shown: The format of the numbers by example; None where nothing hung on it.
    """

    values: NDArray[np.float64]
    mark: NDArray[np.object_]
    shown: str | None


def area_numbers(
    table: pd.DataFrame,
    fields: Sequence[str],
    code: Sequence[str],
    options: ReadOptions = NO_OPTIONS,
    *,
    file: str,
) -> AreaNumbers:
    """Read the fields as numbers.

    Args:
        table: The file's columns.
        fields: Columns to read, all of them there.
        code: Code of each row, for messages.
        options: What the user says about the signs in numbers.
        file: The file's name, for messages.

    Raises:
        InputError: A value is text that is no number and no mark of a withheld one, not finite or
            negative (the message names the field, the value and the area), or the numbers can be
            read in two ways.
    """
    read = read_numbers(table, fields, options, file=file, sense=_sums_to_the_whole)
    values, mark = read.values.copy(), read.text.copy()
    withheld = np.array([[is_withheld(text) for text in row] for row in mark], dtype=bool)
    wrong = np.argwhere((~withheld & (mark != "")) | np.isinf(values))
    if len(wrong):
        row, column = wrong[0]
        text = mark[row, column] or f"{values[row, column]}"
        raise InputError(
            f"the field {fields[column]} contains a value that is not a number",
            f"{text!r} in area {code[row]}",
            "give shares or counts; leave a field empty if the number is unknown",
            code="area-value-not-a-number",
        )
    stands_in = is_placeholder(values)
    for row, column in np.argwhere(stands_in):
        mark[row, column] = f"{values[row, column]:.10g}"
    values[stands_in] = np.nan
    negative = np.argwhere(values < 0)
    if len(negative):
        row, column = negative[0]
        raise InputError(
            f"the field {fields[column]} holds a negative number",
            f"{values[row, column]:g} in area {code[row]}",
            "correct it, or leave it empty if unknown",
            code="area-number-negative",
        )
    return AreaNumbers(values, mark, read.shown)


def _sums_to_the_whole(values: NDArray[np.float64]) -> bool:
    """Whether rows are shares or percentages of a whole: no reading by accident is."""
    total = values[np.isfinite(values).all(axis=1)].sum(axis=1)
    total = total[total > 0]
    return bool(len(total)) and any(
        float(np.mean(np.abs(total / whole - 1) <= _SUMS_TO_THE_WHOLE)) >= MOST_ROWS
        for whole in (1.0, 100.0)
    )
