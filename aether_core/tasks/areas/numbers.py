"""The numbers of an area file: what is suppressed, and what is wrong."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.poi.frame import plain_text

SUPPRESSED = frozenset({"", "..", ".", "*", "**", "-", "–", "c", "x", "n/a", "na", "nan", ":"})
"""Marks statistical offices put where a number is missing or withheld; any case."""

_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")


def area_numbers(
    table: pd.DataFrame, fields: Sequence[str], code: Sequence[str]
) -> NDArray[np.float64]:
    """Read the fields as numbers.

    Args:
        table: The file's columns.
        fields: Columns to read, all of them there.
        code: Code of each row, for messages.

    Returns:
        float64 `[n, k]`, not negative; NaN where a value is missing or suppressed (`SUPPRESSED`).
        "1,234" and "12.5 %" are read as numbers.

    Raises:
        InputError: A value is text of another kind, not finite or negative; the message names the
            field, the value and the area.
    """
    values = np.column_stack([_column(table[field], field, code) for field in fields])
    negative = np.argwhere(values < 0)
    if len(negative):
        row, column = negative[0]
        raise InputError(
            f"the field {fields[column]} holds a negative number",
            f"{values[row, column]:g} in area {code[row]}",
            "correct it, or leave it empty if unknown",
            code="area-number-negative",
        )
    return values


def _column(column: pd.Series, field: str, code: Sequence[str]) -> NDArray[np.float64]:
    """Return one field as float64 `[n]`, NaN where suppressed."""
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        texts = [f"{number:g}" for number in numbers]
    else:
        texts = [plain_text(value) for value in column]
        numbers = np.array([_number(text) for text in texts], dtype=np.float64)
    withheld = np.array([text.casefold() in SUPPRESSED for text in texts], dtype=bool)
    wrong = np.flatnonzero(~withheld & ~np.isfinite(numbers))
    if len(wrong):
        row = int(wrong[0])
        raise InputError(
            f"the field {field} contains a value that is not a number",
            f"{texts[row]!r} in area {code[row]}",
            "give shares or counts; leave a field empty if the number is unknown",
            code="area-value-not-a-number",
        )
    return np.asarray(np.where(withheld, np.nan, numbers))


def _number(text: str) -> float:
    """Return a number as written in tables, NaN when it is none."""
    plain = text.removesuffix("%").strip()
    if _THOUSANDS.fullmatch(plain):
        plain = plain.replace(",", "")
    if "_" in plain:  # Python would take it for a separator of digits
        return float("nan")
    try:
        return float(plain)
    except ValueError:
        return float("nan")
