"""Fields that are the sum of others: a total among the parts would halve every share."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.keyed.code_names import names_a_total

MOST_ROWS = 0.9
"""Part of the rows whose numbers have to fit: single rows hold mistakes."""
_ROUNDED = 0.005
"""Offices round and disturb counts: a total may miss the sum of its parts by this much."""
_FEWEST_ROWS = 4
"""Of fewer rows one may be the sum of the others by accident."""
_ALL_SETS = 14
"""Up to so many fields every set of parts is tried; beyond it, those that stand together."""
_LONGEST_RUN = 40
_MOST_FIELDS = 200
_TRIED_ROWS = 64
_SURE_BITS = 14.0
"""How much the rows must say for a sum, over what the number of sets tried would bring by chance:
once in 16,000 files."""


def totals_among(values: NDArray[np.float64], fields: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Find fields that are the sum of others, or hold the whole of them.

    Args:
        values: float64 `[n, k]`, not negative, NaN where withheld.
        fields: The k names.

    Returns:
        Parts by the name of their total, in the fields' order. The parts are all other fields where
        a total is known by its name or by 100 in every row alone. A field that another repeats
        counts as its total.
    """
    complete = values[np.isfinite(values).all(axis=1)]
    if 2 * len(complete) < len(values):
        complete = np.nan_to_num(values)
    complete = complete[complete.sum(axis=1) > 0]
    found: dict[str, tuple[str, ...]] = {}
    if len(complete) < 2 or not 2 <= len(fields) <= _MOST_FIELDS or _add_up(complete):
        return found
    unit = _unit(complete)
    for column, name in enumerate(fields):
        others = np.array([k for k in range(len(fields)) if k != column and fields[k] not in found])
        if not len(others):
            break
        parts = _parts(complete, column, others, unit)
        if parts is not None:
            found[name] = tuple(fields[k] for k in parts)
        elif _is_whole(complete, column, others, fields):
            found[name] = tuple(fields[k] for k in others)
    return found


def rows_of_totals(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark a row that is the sum of all others in every field: the whole, not one of the areas.

    Args:
        values: Counts of complete rows, each area once, float64 `[n, k]`.

    Returns:
        Bool `[n]`; none of fewer than four rows.
    """
    if len(values) < _FEWEST_ROWS:
        return np.zeros(len(values), dtype=bool)
    others = values.sum(axis=0) - values
    near = np.abs(values - others) <= _ROUNDED * np.maximum(others, 1.0)
    return np.asarray(near.all(axis=1) & (values.sum(axis=1) > 0))


def refuse_totals(values: NDArray[np.float64], fields: Sequence[str]) -> None:
    """Refuse fields of which one is the sum of others.

    Args:
        values: float64 `[n, k]`, not negative, NaN where withheld.
        fields: The k names.

    Raises:
        InputError: There is a total; the message names it and its parts.
    """
    found = totals_among(values, fields)
    if not found:
        return
    name, parts = max(found.items(), key=lambda one: len(one[1]))
    more = [other for other in found if other != name]
    raise InputError(
        "a field is the total of others, so people would be counted twice",
        f"{name} is the total of {', '.join(parts)}"
        + (f"; {', '.join(more)} too is a total" if more else ""),
        "leave it out of the fields" if not more else "leave them out of the fields",
        code="area-total-among-parts",
    )


def _add_up(values: NDArray[np.float64]) -> bool:
    """Whether most rows are whole shares or whole percentages: then no field is a total."""
    total = values.sum(axis=1)
    return any(
        float(np.mean(np.abs(total / whole - 1) <= 0.02)) >= MOST_ROWS for whole in (1.0, 100.0)
    )


def _unit(values: NDArray[np.float64]) -> float:
    """The last digit the numbers are written to: 1 for counts, 0.01 for shares such as 0.25."""
    for digits in range(7):
        if np.allclose(values, values.round(digits), rtol=0, atol=10.0 ** -(digits + 3)):
            return 10.0**-digits
    return 1e-7


def _parts(
    values: NDArray[np.float64], column: int, others: NDArray[np.int64], unit: float
) -> list[int] | None:
    """The fewest others that sum to a column in nearly all rows, None where no sum does."""
    positive = values[values[:, column] > 0]
    step = max(1, len(positive) // _TRIED_ROWS)
    tried = positive[::step][:_TRIED_ROWS]
    if len(tried) < 2:
        return None
    for batch in _sets(len(others)):
        sums = tried[:, others] @ batch.T
        size = batch.sum(axis=1)
        slack = (size + 1) * unit / 2 + _ROUNDED * tried[:, [column]]
        fits = np.abs(sums - tried[:, [column]]) <= slack
        bits = np.where(fits, np.log2(1 + tried[:, [column]] / slack), 0.0)
        bits[:, size == 1] *= _varied(tried[:, column])
        enough = bits.sum(axis=0) >= _SURE_BITS + np.log2(len(batch) * values.shape[1])
        good = np.flatnonzero((fits.mean(axis=0) >= MOST_ROWS) & enough)
        for number in sorted(good.tolist(), key=lambda one: size[one]):
            chosen = others[batch[number].astype(bool)]
            sums_all = positive[:, chosen].sum(axis=1)
            slack_all = (len(chosen) + 1) * unit / 2 + _ROUNDED * positive[:, column]
            if np.mean(np.abs(sums_all - positive[:, column]) <= slack_all) >= MOST_ROWS:
                return [int(k) for k in chosen]
    return None


def _sets(count: int) -> list[NDArray[np.float64]]:
    """Sets of parts to try, float64 `[s, count]` of 0 and 1: the whole, then all sets or runs."""
    whole = np.ones((1, count))
    if count < _ALL_SETS:
        numbers = np.arange(1, 2**count)
        bits = (numbers[:, None] >> np.arange(count)) & 1
        return [whole, bits.astype(np.float64)]
    runs = [
        [1.0 if first <= k < end else 0.0 for k in range(count)]
        for first in range(count)
        for end in range(first + 1, min(count, first + _LONGEST_RUN) + 1)
    ]
    return [whole, np.array(runs)]


def _varied(numbers: NDArray[np.float64]) -> float:
    """How much a column says where another repeats it: constants repeat each other by chance."""
    return float(len(np.unique(numbers)) > max(4, len(numbers) / 4))


def _is_whole(
    values: NDArray[np.float64],
    column: int,
    others: NDArray[np.int64],
    fields: Sequence[str],
) -> bool:
    """Whether a column holds the whole that others are some parts of.

    Either it is 100 (or 1) in every row while others differ, or its heading says total and it is
    never less than all others together.
    """
    whole, rest = values[:, column], values[:, others].sum(axis=1)
    covers = float(np.mean(whole * (1 + _ROUNDED) >= rest)) >= MOST_ROWS
    constant = any(
        float(np.mean(np.abs(whole - one) <= one / 1000)) >= MOST_ROWS for one in (1, 100)
    )
    if constant and len(values) > 2 and _varied(rest) and covers:
        return True
    named = names_a_total(fields[column])
    return covers and named and not any(names_a_total(fields[k]) for k in others)


def listed_totals(totals: Mapping[str, Sequence[str]]) -> list[str]:
    """Each total with what it is the sum of, for people to read."""
    return [f"{name} (total of {', '.join(parts)})" for name, parts in totals.items()]
