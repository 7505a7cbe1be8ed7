"""Columns of numbers that may be written as text, read in one format for the whole file."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.cells.number_format import (
    FORMATS,
    Evidence,
    NumberFormat,
    allowed_formats,
    evidence_of,
    is_number,
    plain_body,
)
from aether_core.vector.cells.withheld import is_withheld
from aether_core.vector.options import NO_OPTIONS, ReadOptions

Sense = Callable[[NDArray[np.float64]], bool]
"""Whether numbers `[n, k]` can be what the columns are said to hold."""

_SAMPLE = 1_000
_PLAIN = {
    sign: rf"^[+-]?(?:\d+(?:{sign}\d*)?|{sign}\d+)(?:[eE][+-]?\d+)?$" for sign in (r"\.", ",")
}

_WRITTEN = {
    ".": "[.\u066b\uff0e]",
    ",": "[,\u066c\uff0c]",
    " ": "[ \u00a0\u202f\u2007\u2009]",
    "'": "['\u2019\u2018\u02bc]",
}
_IN_NUMBERS = r"\p{Nd}eE%+\-\x{2212}" + "".join(one.strip("[]") for one in _WRITTEN.values())


@dataclass(frozen=True)
class Numbers:
    """Columns as numbers.

    Attributes:
        values: float64 `[n, k]`; NaN where there is none.
        text: Object `[n, k]` of str: what is written where no number was read, "" elsewhere and in
            empty cells.
        shown: The format by example, such as `1.234,5`; None where nothing hung on it.
    """

    values: NDArray[np.float64]
    text: NDArray[np.object_]
    shown: str | None


def is_text(column: pd.Series) -> bool:
    """Whether a column holds texts, of which some may be numbers."""
    return column.dtype == object or isinstance(
        column.dtype, pd.StringDtype | pd.CategoricalDtype | pd.BooleanDtype
    )


def read_numbers(
    table: pd.DataFrame,
    fields: Sequence[str],
    options: ReadOptions = NO_OPTIONS,
    *,
    file: str,
    sense: Sense | None = None,
) -> Numbers:
    """Read columns as numbers, all in one format.

    A column of numbers is taken as it is. The format of those of text is what their cells prove;
    where they leave it open, what makes sense of them, then what other columns of the file prove.

    Args:
        table: The file's columns.
        fields: Those to read, all of them there.
        options: The user's word about the signs, which wins.
        file: The file's name, for messages.
        sense: Tells a possible reading of the columns from an impossible one.

    Raises:
        InputError: The cells are written in two ways, or can be read in two ways.
    """
    texts = {name: _Texts(table[name]) for name in fields if is_text(table[name])}
    chosen = _format_of(table, list(fields), texts, options, file, sense)
    values = np.full((len(table), len(fields)), np.nan)
    written = np.full((len(table), len(fields)), "", dtype=object)
    for place, name in enumerate(fields):
        if name in texts:
            values[:, place], written[:, place] = texts[name].read(chosen)
        else:
            values[:, place] = table[name].to_numpy(dtype=np.float64, na_value=np.nan)
    shown = _example(chosen, texts.values()) if texts else None
    return Numbers(values, written, shown)


def number_columns(table: pd.DataFrame, mostly: float) -> list[str]:
    """Columns of which over a part `mostly` of the cells that say something are numbers."""
    return [str(name) for name in table.columns if _holds_numbers(table[name], mostly)]


def typed_columns(
    table: pd.DataFrame, options: ReadOptions, *, file: str
) -> tuple[pd.DataFrame, str | None]:
    """Turn columns of text into numbers where each filled cell is a plain one.

    Codes such as `007` stay text, and so does a column that can be read in two ways: whoever needs
    it as numbers asks for it, and hears why it is none.

    Returns:
        The table, and the format of the numbers by example.
    """
    done: dict[str, object] = {}
    shown = None
    for name in [name for name in table.columns if is_text(table[name])]:
        if not _Texts(table[name]).are_number_texts():
            continue
        try:
            read = read_numbers(table, [name], options, file=file)
        except InputError:
            continue
        if not (read.text[:, 0] != "").any():
            done[name] = read.values[:, 0]
            shown = shown or read.shown
    return table.assign(**done) if done else table, shown


class _Texts:
    """The cells of one column."""

    def __init__(self, column: pd.Series) -> None:
        self.name = str(column.name)
        cells: object = column
        if column.dtype == object:
            cells = [None if one is None or one is pd.NA else str(one) for one in column]
        elif not isinstance(column.dtype, pd.StringDtype):
            cells = column.astype("str")
        array = pa.array(cells, pa.large_string(), from_pandas=True)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks()
        self.array = pc.utf8_trim_whitespace(array)

    def are_number_texts(self) -> bool:
        """Whether the first cells are numbers, and none is a code or a percentage."""
        sample = _filled(self.array[:_SAMPLE])
        if not sample or not all(map(is_number, sample)):
            return False
        other = pc.match_substring_regex(self.array, r"^[+-]?0\d|%")
        return not pc.any(other).as_py()

    def bodies(self) -> list[str]:
        """Its different cells, as numbers are written in them."""
        return [plain_body(one) for one in _filled(self.array)]

    def evidence(self) -> Evidence:
        """What the column says about its format."""
        sample = [plain_body(one) for one in _filled(self.array[: 2 * _SAMPLE])[:_SAMPLE]]
        first = evidence_of(self.name, sample)
        sign = first.decimal
        if sign is None or first.clash:
            return evidence_of(self.name, self.bodies())
        # The rest is weighed only where it is not written like what was proven.
        others = self._unlike_plain(r"\." if sign == "." else sign)
        return evidence_of(self.name, [*sample, *map(plain_body, others)])

    def read(self, one: NumberFormat) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
        """Return the numbers, and the texts that are none."""
        plain = self._plain(r"\." if one.decimal == "." else ",")
        as_point = pc.replace_substring(self.array, ",", ".") if one.decimal == "," else self.array
        digits = pc.replace_substring_regex(pc.if_else(plain, as_point, None), r"^\+", "")
        values = np.array(pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False))
        written = np.full(len(values), "", dtype=object)
        rest = np.flatnonzero(~np.asarray(plain.fill_null(True)) & np.isnan(values))
        if len(rest):
            codes, distinct = pd.factorize(np.array(self.array.take(rest).to_pylist(), object))
            found = np.array([one.read(plain_body(text)) for text in distinct], dtype=np.float64)
            values[rest] = found[codes]
            shown = np.where(np.isnan(found), distinct, "")
            written[rest] = shown[codes]
        return values, written

    def holds(self, sign: str) -> bool:
        """Whether a number of the column has the sign in it, however it is written."""
        pattern = rf"^[{_IN_NUMBERS}]*{_WRITTEN[sign]}\p{{Nd}}[{_IN_NUMBERS}]*$"
        return bool(pc.any(pc.match_substring_regex(self.array, pattern)).as_py())

    def _plain(self, sign: str) -> pa.BooleanArray:
        return pc.match_substring_regex(self.array, _PLAIN[sign])

    def _unlike_plain(self, sign: str) -> list[str]:
        return _filled(self.array.filter(pc.invert(self._plain(sign))))


def _filled(array: pa.LargeStringArray) -> list[str]:
    return [one for one in array.unique().to_pylist() if one]


def _holds_numbers(column: pd.Series, mostly: float) -> bool:
    if not is_text(column):
        return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    texts = [one for one in _filled(_Texts(column.head(_SAMPLE)).array) if not is_withheld(one)]
    return bool(texts) and sum(map(is_number, texts)) > mostly * len(texts)


def _format_of(
    table: pd.DataFrame,
    fields: Sequence[str],
    texts: dict[str, _Texts],
    options: ReadOptions,
    file: str,
    sense: Sense | None,
) -> NumberFormat:
    """Decide the one format of the fields."""
    allowed = allowed_formats(options)
    found = [text.evidence() for text in texts.values()]
    if options.decimal or options.thousands:
        return next(iter(_common(found, allowed)), allowed[0])
    for one in found:
        if one.clash:
            raise _mixed(file, (one.column, one.clash[0]), (one.column, one.clash[1]))
    if sense is not None and (sound := _by_sense(table, fields, texts, found, sense)):
        return sound
    closed = [one for one in found if one.open is None and one.deciding is not None]
    open_ones = [one for one in found if one.open is not None]
    left = _common(closed, allowed)
    possible = _common(open_ones, left)
    if not possible:
        raise _disagree(file, [*closed, *open_ones])
    if not open_ones or _settles(possible, open_ones, doubt=bool(closed)):
        return possible[0]
    settled = _by_all_cells(texts.values(), possible)
    if settled is None:
        settled = _by_other_columns(table, fields, possible, open_ones)
    if settled is None:
        raise _two_readings(file, open_ones[0])
    return settled


def _by_all_cells(
    texts: Collection[_Texts], possible: Sequence[NumberFormat]
) -> NumberFormat | None:
    """What the columns say together: one program wrote whole numbers in all of them."""
    if len(texts) < 2:
        return None
    together = evidence_of("", chain.from_iterable(text.bodies() for text in texts))
    if together.open is not None or together.clash is not None:
        return None
    return next(iter(_common([together], possible)), None)


def _by_sense(
    table: pd.DataFrame,
    fields: Sequence[str],
    texts: dict[str, _Texts],
    found: Sequence[Evidence],
    sense: Sense,
) -> NumberFormat | None:
    """The one reading that makes sense, of columns that cells alone leave open."""
    doubtful = [one for one in found if one.open is not None or one.by_zeros is not None]
    if not doubtful:
        return None
    possible = list(FORMATS)
    for one in found:
        possible = [each for each in possible if each in (one.by_zeros or one.formats)]
    cells = [one.open or one.deciding or "" for one in doubtful]
    readings = {tuple(each.read(cell) for cell in cells): each for each in reversed(possible)}
    sound = [each for each in readings.values() if sense(_read(table, fields, texts, each))]
    return sound[0] if len(sound) == 1 else None


def _by_other_columns(
    table: pd.DataFrame,
    fields: Sequence[str],
    possible: Sequence[NumberFormat],
    open_ones: Sequence[Evidence],
) -> NumberFormat | None:
    """What other columns of numbers in the file prove."""
    others = [
        one for one in _others(table, fields) if one.open is None and one.deciding is not None
    ]
    left = _common(others, possible) if others else ()
    return left[0] if left and _settles(left, open_ones, doubt=True) else None


def _common(found: Iterable[Evidence], allowed: Sequence[NumberFormat]) -> tuple[NumberFormat, ...]:
    """Formats that fit all columns."""
    left = tuple(allowed)
    for one in found:
        left = tuple(format_ for format_ in left if format_ in one.formats)
    return left


def _settles(
    possible: Sequence[NumberFormat], open_ones: Iterable[Evidence], *, doubt: bool
) -> bool:
    """Whether what other columns leave is one reading of each open one.

    A column that looks like thousands is not taken for decimals on the word of another: that may
    come from another program.
    """
    for one in open_ones:
        cell = one.open or ""
        values = {format_.read(cell) for format_ in possible}
        if len(values) > 1:
            return False
        if doubt and one.grouped and possible[0].thousands not in cell:
            return False
    return True


def _read(
    table: pd.DataFrame, fields: Sequence[str], texts: dict[str, _Texts], one: NumberFormat
) -> NDArray[np.float64]:
    return np.column_stack(
        [
            texts[name].read(one)[0]
            if name in texts
            else table[name].to_numpy(dtype=np.float64, na_value=np.nan)
            for name in fields
        ]
    )


def _others(table: pd.DataFrame, fields: Sequence[str]) -> Iterator[Evidence]:
    """What the other columns of numbers say; codes and names do not count."""
    for name in table.columns:
        if name in fields or not is_text(table[name]):
            continue
        column = table[name].head(_SAMPLE)
        texts = [one for one in _filled(_Texts(column).array) if not is_withheld(one)]
        codes = any(one[0] == "0" and one[1:2].isdigit() for one in texts)
        if texts and not codes and all(is_number(one) for one in texts):
            yield evidence_of(str(name), map(plain_body, texts))


def _example(one: NumberFormat, texts: Iterable[_Texts]) -> str | None:
    """The format as it was seen."""
    columns = list(texts)
    thousands = any(text.holds(one.thousands) for text in columns)
    decimal = any(text.holds(one.decimal) for text in columns)
    if not (thousands or decimal):
        return None
    return f"1{one.thousands if thousands else ''}234{f'{one.decimal}5' if decimal else ''}"


def _two_readings(file: str, one: Evidence) -> InputError:
    cell = one.open or ""
    sign = cell.lstrip("+-").strip("0123456789")
    as_decimal, as_thousands = cell.replace(sign, "."), cell.replace(sign, "")
    other = "," if sign == "." else "."
    return InputError(
        f"the numbers of {file} can be read in two ways",
        f"{cell!r} in the column {one.column} is {as_decimal} with decimals or {as_thousands} with"
        " thousands",
        f"say which: decimal sign {sign!r} or thousands sign {sign!r} (in commands: "
        f"--decimal '{sign}', or --decimal '{other}' --thousands '{sign}'; on the page: File "
        "options)",
        code="numbers-of-two-readings",
    )


def _mixed(file: str, first: tuple[str, str], second: tuple[str, str]) -> InputError:
    return InputError(
        f"the numbers of {file} are written in two ways",
        f"{first[1]!r} in the column {first[0]}, {second[1]!r} in the column {second[0]}",
        "write them in one way, or say which is right (in commands: --decimal, --thousands; on the "
        "page: File options)",
        code="numbers-mixed",
    )


def _disagree(file: str, found: Sequence[Evidence]) -> InputError:
    """Name two columns that no format fits."""
    for place, one in enumerate(found):
        for other in found[:place]:
            if not set(one.formats) & set(other.formats):
                return _mixed(
                    file,
                    (other.column, other.deciding or other.open or ""),
                    (one.column, one.deciding or one.open or ""),
                )
    cells = [(one.column, one.deciding or one.open or "") for one in found]
    return _mixed(file, cells[0], cells[-1])
