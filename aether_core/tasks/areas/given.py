"""What the numbers of an area file are: shares, percentages, or counts of people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError

Given = Literal["shares", "percent", "counts"]


@dataclass(frozen=True)
class NumberKind:
    """One thing that the numbers of areas can be.

    Attributes:
        noun: What they are called, in the plural.
        whole: What a whole row sums to; None of counts, whose sum is how many there are.
    """

    noun: str
    whole: float | None

    @property
    def has_totals(self) -> bool:
        """Whether a row's sum says how many people or things there are."""
        return self.whole is None


_SHARES_WHOLE, _PERCENT_WHOLE = 1.0, 100.0
NUMBER_KINDS: Final[Mapping[str, NumberKind]] = MappingProxyType(
    {
        "shares": NumberKind("shares", _SHARES_WHOLE),
        "percent": NumberKind("percentages", _PERCENT_WHOLE),
        "counts": NumberKind("counts", None),
    }
)
"""By `Given`."""

MOST_ROWS = 0.9
"""Part of the rows whose sum has to fit for a file to be whole shares or whole percentages."""
TOLERANCE = 0.05
"""A row of shares may miss 1 by this much: published shares are rounded, one field at a time."""
_NEXT_TO_ALL = 0.99


def has_percent_signs(table: pd.DataFrame, fields: Sequence[str]) -> bool:
    """Whether any of the fields is written with % signs, or its heading says percent."""
    heads = " ".join(fields).casefold()
    if any(sign in heads for sign in ("%", "pct", "percent", "prozent", "pourcent", "porcent")):
        return True
    return any(
        isinstance(value, str) and value.rstrip().endswith(("%", "％", "٪"))
        for field in fields
        for value in table[field]
    )


def what_is_given(
    values: NDArray[np.float64], *, percent_signs: bool = False, said: Given | None = None
) -> Given:
    """Tell shares, percentages and counts apart.

    Rows that sum to 1 (9 of 10 within 0.05) are shares and rows that sum to 100 (9 of 10 within 5)
    percentages. So are numbers the file calls per cent, and fractions that stay below 1, or in sum
    below 100: some fields of a larger table, whose rows cannot sum to the whole. Whole numbers in
    rows that stay below 100 may be either, and so may fractions up to 100 that sum to more. All
    else are counts.

    Args:
        values: Complete rows, float64 `[n, k]`, not negative.
        percent_signs: The file says percent: by a sign behind the numbers or in the headings.
        said: What the user says.

    Raises:
        InputError: They may be percentages or counts; or they are said to be shares or percentages,
            and a typical row sums to more than the whole.
    """
    total = values.sum(axis=1)
    counted = total[total > 0]
    if said is None and percent_signs and _whole_of(counted) is None:
        said = "percent"
    if said is not None:
        _check_said(counted, said)
        return said
    found = (_whole_of(counted) or _by_size(values, counted)) if len(counted) else "counts"
    if found is None:
        raise InputError(
            "the numbers may be percentages or counts of people",
            f"none is over 100, and rows sum to {counted.min():g} to {counted.max():g}",
            "say which (in commands: --given percent or --given counts)",
            code="area-percent-or-counts",
        )
    return found


def _whole_of(total: NDArray[np.float64]) -> Given | None:
    """What numbers are whose rows sum to a whole."""
    if len(total) and _fits(total, _SHARES_WHOLE) >= MOST_ROWS:
        return "shares"
    return "percent" if len(total) and _fits(total, _PERCENT_WHOLE) >= MOST_ROWS else None


def _by_size(values: NDArray[np.float64], total: NDArray[np.float64]) -> Given | None:
    """What numbers are whose rows sum to no whole; None where two readings are possible."""
    fractions = bool(np.any(values != np.round(values)))
    if fractions and values.max() <= 1:
        return "shares"
    below = bool(np.mean(total <= _PERCENT_WHOLE * (1 + TOLERANCE)) >= _NEXT_TO_ALL)
    if fractions and below and values.max() <= _PERCENT_WHOLE:
        return "percent"
    return "counts" if values.max() > _PERCENT_WHOLE or not (fractions or below) else None


def given_notes(
    values: NDArray[np.float64], given: Given, fields: Sequence[str]
) -> tuple[str, ...]:
    """Say what the numbers were taken for, and of what whole the shares are.

    Args:
        values: Complete rows that are used, float64 `[n, k]`.
        given: From `what_is_given`.
        fields: Names of the k fields.
    """
    kind = NUMBER_KINDS[given]
    if kind.whole is None:
        return (f"The numbers are {kind.noun}: each share is of the row's total.",)
    total = values.sum(axis=1)
    if _fits(total[total > 0], kind.whole) >= MOST_ROWS:
        return (f"The numbers are {kind.noun} of the whole.",)
    middle = np.median(total[total > 0]) / kind.whole
    note = (
        f"The numbers are {kind.noun} of a larger whole: in a typical row they sum to {middle:.0%}"
    )
    return (f"{note}. The map shows shares among {', '.join(fields)}.",)


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
    whole = NUMBER_KINDS[given].whole
    if whole is None or not (total > 0).any() or _fits(total[total > 0], whole) < MOST_ROWS:
        return np.zeros(len(values), dtype=bool)
    return np.asarray((total > 0) & (np.abs(total / whole - 1) > TOLERANCE))


def _fits(total: NDArray[np.float64], whole: float) -> float:
    """Part of the sums that are the whole, within rounding."""
    return float(np.mean(np.abs(total / whole - 1) <= TOLERANCE))


def _check_said(total: NDArray[np.float64], said: Given) -> None:
    """Refuse a word that most rows contradict."""
    whole = NUMBER_KINDS[said].whole
    if whole is not None and len(total) and not np.median(total) <= whole * (1 + TOLERANCE):
        raise InputError(
            f"the rows sum to more than {whole:g}, so they are no {said}",
            f"a typical row sums to {np.median(total):g}",
            "leave out a total among the fields, or say counts",
            code="area-numbers-exceed-whole",
        )
