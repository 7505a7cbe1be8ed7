"""The numbers of an area file: what is suppressed, what is wrong, and whether they are counts."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.poi.frame import plain_text

SUPPRESSED = frozenset({"", "..", ".", "*", "**", "-", "–", "c", "x", "n/a", "na", "nan", ":"})
"""Marks statistical offices put where a number is missing or withheld; any case."""

Given = Literal["shares", "percent", "counts"]

MOST_ROWS = 0.9
"""Part of the rows whose sum has to fit for a file to be whole shares or whole percentages."""
TOLERANCE = 0.05
"""A row of shares may miss 1 by this much: published shares are rounded, one field at a time."""

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


def what_is_given(values: NDArray[np.float64]) -> Given:
    """Tell shares, percentages and counts apart.

    Rows that sum to 1 (9 of 10 within 0.05) are shares and rows that sum to 100 (9 of 10 within 5)
    percentages. So are fractions of which none exceeds 1: some fields of a larger table, whose rows
    cannot sum to 1. All else are counts.

    Args:
        values: Complete rows, float64 `[n, k]`, not negative.
    """
    total = values.sum(axis=1)
    counted = total[total > 0]
    if not len(counted):
        return "counts"
    if _fits(counted, 1.0) >= MOST_ROWS:
        return "shares"
    if _fits(counted, 100.0) >= MOST_ROWS:
        return "percent"
    fractions = bool((values.max() <= 1.0) and np.any(values != np.round(values)))
    return "shares" if fractions else "counts"


def unlike_the_others(values: NDArray[np.float64], given: Given) -> NDArray[np.bool_]:
    """Mark rows of shares or percentages that do not sum to the whole while most others do.

    Such a row lacks a part or holds a mistake; bringing it to 1 would hide that. Where most rows do
    not sum to the whole, some fields were left out on purpose, and none is marked.

    Args:
        values: Complete rows, float64 `[n, k]`.
        given: From `what_is_given`.

    Returns:
        Bool `[n]`; never a row that sums to 0.
    """
    total = values.sum(axis=1)
    whole = {"shares": 1.0, "percent": 100.0}.get(given)
    if whole is None or not (total > 0).any() or _fits(total[total > 0], whole) < MOST_ROWS:
        return np.zeros(len(values), dtype=bool)
    return np.asarray((total > 0) & (np.abs(total / whole - 1) > TOLERANCE))


def _fits(total: NDArray[np.float64], whole: float) -> float:
    """Part of the sums that are the whole, within rounding."""
    return float(np.mean(np.abs(total / whole - 1) <= TOLERANCE))


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
