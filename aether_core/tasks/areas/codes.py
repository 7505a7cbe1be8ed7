"""Which rows are one area: the column of codes, and the parts that share one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.tasks.labels.read import label_texts
from aether_core.vector.keyed.code_names import COUNTS_ROWS, LIKE_AN_ID, OTHER, folded, rank

_NEARLY_ALL = 0.9
_NUMBERS = OTHER + 1
"""Rank of a column of numbers whose heading names no code."""
_CODE_BITS, _TEXT_BITS = 1.0, 8.0
"""What speaks for parts of one area where another column tells their rows apart."""


@dataclass(frozen=True, eq=False)
class Codes:
    """What the areas of a file are called.

    Attributes:
        code: Object `[n]` of str, one a row; "" where the column is empty. Rows that share one are
            the parts of one area.
        field: The column it comes from; None where rows are numbered.
        notes: What was decided, a sentence each.
    """

    code: NDArray[np.object_]
    field: str | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Column:
    """A column that may be the code.

    Attributes:
        rank: See `code_names.rank`, or `_NUMBERS`.
        texts: What each row has, object `[n]` of str.
        group: int64 `[n]`, number of the row's code; -1 where empty.
        groups: How many codes there are.
        filled: Usable rows that have one.
        differs: Two rows with the same code have other numbers.
        proof: How much the rows that repeat a code say for it, in bits: their numbers would
            be the same by chance once in two to this power. 0 where all rows say the same.
    """

    name: str
    rank: int
    texts: NDArray[np.object_]
    group: NDArray[np.int64]
    groups: int
    filled: int
    differs: bool
    proof: float


def row_names(table: pd.DataFrame, fields: Sequence[str], code_field: str | None) -> list[str]:
    """What to call a row in a message, before its numbers are read."""
    named = [name for name in map(str, table.columns) if name not in fields and rank(name) < OTHER]
    best = code_field or min(named, key=rank, default=None)
    texts = label_texts(table[best]) if best in table.columns else [""] * len(table)
    return [text or f"in row {row + 1}" for row, text in enumerate(texts)]


def area_codes(
    table: pd.DataFrame,
    fields: Sequence[str],
    values: NDArray[np.float64],
    usable: NDArray[np.bool_],
    code_field: str | None,
) -> Codes:
    """Decide what the areas are called, and which rows are parts of one.

    A column is the code where rows that share a value of it have the same numbers in all fields.
    Headings that name a code go before others, and numbers of features come last: they count rows,
    not areas. Where two columns divide the rows differently, the coarser is the code if its heading
    is the more telling one and the numbers speak for it; else nobody can tell.

    Args:
        table: The file's columns, without geometry.
        fields: Columns of numbers, which hold no codes.
        values: Those numbers, float64 `[n, k]`, NaN where withheld.
        usable: Which rows have a polygon, bool `[n]`; the others prove nothing.
        code_field: The column the user named.

    Raises:
        InputError: The named column is not there, rows with the same code have different numbers,
            or several columns may be the code.
    """
    say = _number_rows(values)
    if code_field is not None:
        if code_field not in table.columns:
            listed = ", ".join(str(column) for column in table.columns[:30])
            raise InputError(
                "there is no such ID field",
                code_field,
                f"the file has {listed}",
                code="no-such-field",
            )
        named = _column(table, code_field, values, say, usable)
        _refuse_differing(named, fields, values, usable)
        return Codes(named.texts, code_field, _joined(named))
    columns = [
        _column(table, name, values, say, usable)
        for name in map(str, table.columns)
        if name not in fields
    ]
    chosen = _chosen(columns, fields, values, usable)
    if chosen is not None:
        return Codes(chosen.texts, chosen.name, (*_passed_over(chosen, columns), *_joined(chosen)))
    numbered = np.array([str(row + 1) for row in range(len(table))], dtype=object)
    return Codes(numbered, None, (_NUMBERED, *_alike(values, say, usable)))


_NUMBERED = "No column has codes of the areas: each row is one area, numbered in order."


def _chosen(
    columns: Sequence[_Column],
    fields: Sequence[str],
    values: NDArray[np.float64],
    usable: NDArray[np.bool_],
) -> _Column | None:
    """The column that is the code, None where rows are numbered."""
    rows = int(usable.sum())
    speaking = [
        one
        for one in columns
        if one.rank not in (COUNTS_ROWS, _NUMBERS)
        and one.groups
        and one.filled >= (rows if one.rank == OTHER else _NEARLY_ALL * rows)
    ]
    fitting = [one for one in speaking if not one.differs]
    finest = max((one.groups for one in fitting), default=0)
    held = [
        one
        for one in fitting
        if one.groups == one.filled
        or one.proof >= (_TEXT_BITS if one.rank == OTHER else _CODE_BITS)
        or (one.rank <= LIKE_AN_ID and one.groups == finest)
    ]
    nearly = [
        one
        for one in speaking
        if one.differs and one.rank <= LIKE_AN_ID and one.groups > _NEARLY_ALL * one.filled
    ]
    if held:
        best = min(held, key=lambda one: one.rank)
        telling = min(nearly, key=lambda one: one.rank, default=best)
        if telling.rank < best.rank:  # a code all but a few rows have to themselves
            _refuse_differing(telling, fields, values, usable)
        others = [one for one in held if not _same_rows(one, best)]
        if any(one.rank <= best.rank or one.groups < best.groups for one in others):
            raise _unclear([best, *others])
        return best
    differing = [one for one in speaking if one.differs and one.rank <= LIKE_AN_ID]
    counting = next(
        (one for one in columns if one.rank == COUNTS_ROWS and one.groups == one.filled == rows),
        None,
    )
    if differing:
        most = max(differing, key=lambda one: one.groups)
        if counting is not None and most not in nearly:
            raise _unclear([most, counting])
        _refuse_differing(most, fields, values, usable)
    return counting


def _column(
    table: pd.DataFrame,
    name: str,
    values: NDArray[np.float64],
    say: NDArray[np.int64],
    usable: NDArray[np.bool_],
) -> _Column:
    texts = np.array(label_texts(table[name]), dtype=object)
    filled = usable & (texts != "")
    group = np.full(len(texts), -1, dtype=np.int64)
    group[filled], codes = pd.factorize(texts[filled])
    pairs = np.unique(np.column_stack([group[filled], say[filled]]), axis=0)
    has_numbers = filled & np.isfinite(values).all(axis=1) & (np.nansum(values, axis=1) > 0)
    repeated = int(has_numbers.sum()) - len(np.unique(group[has_numbers]))
    return _Column(
        name,
        _rank(name, texts[filled]),
        texts,
        group,
        len(codes),
        int(filled.sum()),
        len(pairs) > len(codes),
        repeated * _bits_of_a_pair(say[has_numbers]),
    )


def _bits_of_a_pair(say: NDArray[np.int64]) -> float:
    """How much it says that two rows have the same numbers, from how often any two have them."""
    times = np.unique(say, return_counts=True)[1].astype(np.float64)
    alike, pairs = float((times * (times - 1)).sum()), len(say) * (len(say) - 1)
    return float(-np.log2(alike / pairs)) if alike else 0.0


def _rank(name: str, texts: NDArray[np.object_]) -> int:
    """The heading's rank, corrected by what the column holds.

    What only counts its rows is a number of rows, whatever it is called; what repeats is none.
    """
    found = rank(name)
    whole = all(text.isdecimal() for text in texts)
    if whole and found >= LIKE_AN_ID:
        numbers = [int(text) for text in texts]
        if numbers and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return COUNTS_ROWS
    if found == COUNTS_ROWS:
        repeats = len(set(texts)) < len(texts)
        return LIKE_AN_ID if repeats or (not whole and folded(name) == "id") else COUNTS_ROWS
    if found == OTHER and all(_is_number(text) for text in texts):
        return _NUMBERS
    return found


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ".").rstrip(" %"))
    except ValueError:
        return False
    return True


def _number_rows(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """A number a row, the same for rows with the same numbers; withheld ones are alike."""
    plain = np.where(np.isnan(values), -1.0, values)
    return np.unique(plain, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _same_rows(one: _Column, other: _Column) -> bool:
    """Whether two columns divide the rows alike, where both say something."""
    both = (one.group >= 0) & (other.group >= 0)
    pairs = np.unique(np.column_stack([one.group[both], other.group[both]]), axis=0)
    return len(pairs) == len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1]))


def _refuse_differing(
    column: _Column,
    fields: Sequence[str],
    values: NDArray[np.float64],
    usable: NDArray[np.bool_],
) -> None:
    """Refuse a code whose rows have different numbers: one of them is wrong, or it is no code."""
    for number in np.flatnonzero(np.bincount(column.group[column.group >= 0]) > 1):
        rows = np.flatnonzero((column.group == number) & usable)
        other = ~_alike_to(values[rows[0]], values[rows])
        if not other.any():
            continue
        first, second = int(rows[0]), int(rows[int(other.argmax())])
        at = int(np.flatnonzero(~_same(values[first], values[second]))[0])
        shown = " and ".join(
            "nothing" if np.isnan(values[row, at]) else f"{values[row, at]:.15g}"
            for row in (first, second)
        )
        raise InputError(
            "rows with the same code have different numbers",
            f"{column.texts[first]} of {column.name} in rows {first + 1} and {second + 1}, "
            f"{fields[at]} {shown}",
            "correct them, or name another ID field (in commands: --code-field)",
            code="area-codes-repeated",
        )


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray((one == other) | (np.isnan(one) & np.isnan(other)))


def _alike_to(row: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(_same(row[None, :], rows).all(axis=1))


def _unclear(columns: Sequence[_Column]) -> InputError:
    shown = "; ".join(
        f"{one.name} has {one.groups} codes in {one.filled} rows"
        + (", with different numbers" if one.differs else "")
        for one in columns[:4]
    )
    return InputError(
        "several columns may be the code of the areas",
        shown,
        "name the right one as ID field (in commands: --code-field)",
        code="area-code-unclear",
    )


def _passed_over(chosen: _Column, columns: Sequence[_Column]) -> tuple[str, ...]:
    """Say which columns look like a code and are not taken for one."""
    passed = [
        one.name
        for one in columns
        if one.rank < chosen.rank and one.rank <= LIKE_AN_ID and one.differs
    ]
    if not passed:
        return ()
    note = f"{', '.join(passed)} cannot be the code: rows that share one have different numbers."
    return (note,)


def _joined(column: _Column) -> tuple[str, ...]:
    if column.groups == column.filled:
        return ()
    note = f"{column.filled:,} rows are {column.groups:,} areas"
    return (f"{note}: rows with the same {column.name} are the parts of one area.",)


def _alike(
    values: NDArray[np.float64], say: NDArray[np.int64], usable: NDArray[np.bool_]
) -> tuple[str, ...]:
    """Warn of rows whose numbers are those of another: they may be parts of one area."""
    has_numbers = usable & np.isfinite(values).all(axis=1) & (np.nansum(values, axis=1) > 0)
    times = np.unique(say[has_numbers], return_counts=True)[1]
    twins = int(times[times > 1].sum())
    if not twins or _bits_of_a_pair(say[has_numbers]) < _CODE_BITS:
        return ()
    twins_found = f"{twins:,} rows have the same numbers as another row"
    return (f"{twins_found}: if they are parts of one area, name the ID field that says so.",)
