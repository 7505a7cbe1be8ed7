"""Types of a layer's fields: how a column of each is stored, read back, and shown in SQL.

Numbers are stored as they are. Everything else is stored as codes into the list of the column's
distinct values, its words: land use has ten of them over a quarter of a million cells.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Column = NDArray[Any] | Sequence[Any]

_DECIMALS = 12
_ROUNDED_BELOW = 2.0**23
"""From here on a float32 has no decimals."""


@dataclass(frozen=True)
class Stored:
    """One column as the store keeps it: numbers, or codes with their words.

    Attributes:
        numbers: Float64 `[n]`, NaN where missing.
        codes: Int32 `[n]`, from 1 on in `words`; 0 where missing.
        words: The distinct values.
    """

    numbers: NDArray[np.float64] | None = None
    codes: NDArray[np.int32] | None = None
    words: list[Any] | None = None


class FieldType(Protocol):
    """One type of field."""

    @property
    def array(self) -> str:
        """Column of `layer_column` that holds its array: `numbers` or `codes`."""

    def shown(self, position: int) -> str:
        """SQL of its value where arrays are laid out: of `stored.f<n>`, or of `w<n>.word`."""

    @property
    def tiled(self) -> str:
        """SQL put after its column in vector tiles, which hold no lists."""

    @property
    def written(self) -> str:
        """SQL of its `{column}` as GeoJSON has it."""

    def store(self, values: Column) -> Stored:
        """A column `[n]` as it is stored."""

    def read(self, stored: Stored) -> Any:  # noqa: ANN401 - pandas has no one type for its arrays
        """A stored column as pandas likes it; missing is NaN, or None in text and lists."""


class Numbers:
    """Floating point numbers."""

    @property
    def array(self) -> str:
        """See `FieldType`."""
        return "numbers"

    def shown(self, position: int) -> str:
        """See `FieldType`."""
        return f"NULLIF(stored.f{position}, 'NaN')"

    @property
    def tiled(self) -> str:
        """See `FieldType`."""
        return ""

    @property
    def written(self) -> str:
        """See `FieldType`.

        A whole number has its `.0`: readers such as GDAL tell a column's type by its first values,
        and would cut the decimals of all the others.
        """
        return (
            "CASE WHEN {column} = trunc({column}) AND abs({column}) < 1e15 "
            "THEN ({column}::bigint || '.0')::json ELSE to_json({column}) END"
        )

    def store(self, values: Column) -> Stored:
        """See `FieldType`; float32 takes its shortest decimals, which read back as the same."""
        given = np.asarray(values)
        exact = shortest(given) if given.dtype == np.float32 else given.astype(np.float64)
        return Stored(numbers=np.where(np.isfinite(exact), exact, np.nan))

    def read(self, stored: Stored) -> NDArray[np.float64]:
        """See `FieldType`."""
        if stored.numbers is None:
            raise ValueError("a column of numbers was stored without them")
        return stored.numbers


@dataclass(frozen=True)
class Coded:
    """Values of which many are the same.

    Attributes:
        from_json: SQL that makes a value of its type from jsonb, put after it.
        plain: NumPy's type where nothing is missing; None for objects.
        with_gaps: Pandas's type where something is.
        nested: Whether a value is itself made of values, and is told from others by its JSON.
    """

    from_json: str
    plain: type[np.generic] | None = None
    with_gaps: str = "object"
    nested: bool = False

    @property
    def array(self) -> str:
        """See `FieldType`."""
        return "codes"

    def shown(self, position: int) -> str:
        """See `FieldType`."""
        return f"(w{position}.word {self.from_json})"

    @property
    def tiled(self) -> str:
        """See `FieldType`."""
        return "::text" if self.nested else ""

    @property
    def written(self) -> str:
        """See `FieldType`."""
        return "{column}"

    def store(self, values: Column) -> Stored:
        """See `FieldType`."""
        if isinstance(values, np.ndarray) and values.dtype.kind in "iub":
            words, codes = np.unique(values, return_inverse=True)
            return Stored(codes=(codes + 1).astype(np.int32), words=words.tolist())
        listed = values.tolist() if isinstance(values, np.ndarray) else list(values)
        if self.nested:
            listed = [None if v is None else json.dumps(v, allow_nan=False) for v in listed]
        objects = np.empty(len(listed), dtype=object)
        objects[:] = listed
        codes, found = pd.factorize(objects)
        return Stored(
            codes=(codes + 1).astype(np.int32),
            words=[json.loads(word) for word in found] if self.nested else list(found),
        )

    def read(self, stored: Stored) -> Any:  # noqa: ANN401 - see `FieldType`
        """See `FieldType`."""
        codes, words = stored.codes, stored.words
        if codes is None or words is None:
            raise ValueError("a coded column was stored without codes or words")
        if self.plain is not None and codes.all():
            return np.array(words, dtype=self.plain)[codes - 1]
        known = np.empty(len(words) + 1, dtype=object)
        for code, word in enumerate(words, 1):
            known[code] = word
        found = known[codes]
        if self.plain is not None:
            return pd.array(found.tolist(), dtype=self.with_gaps)
        return pd.Series(found, dtype=object)


FIELD_TYPES: Mapping[str, FieldType] = {
    "float": Numbers(),
    "int": Coded("::bigint", np.int64, "Int64"),
    "bool": Coded("::boolean", np.bool_, "boolean"),
    "text": Coded("#>> '{}'"),
    "list": Coded("::jsonb", nested=True),
}
"""By the name a layer's fields give."""


def shortest(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Float64 `[n]` of the fewest decimals that read back to the same float32: 0.3, not 0.30000001.

    Rounding to ever more decimals finds nearly all; the few that are very small or large are
    written out and read.
    """
    result = values.astype(np.float64)
    open_rows = np.flatnonzero(np.isfinite(values) & (values != 0))
    for decimals in range(_DECIMALS):
        exact = values[open_rows].astype(np.float64)
        rounded = np.round(exact, decimals)
        same = (rounded.astype(np.float32) == values[open_rows]) & (np.abs(exact) < _ROUNDED_BELOW)
        result[open_rows[same]] = rounded[same]
        open_rows = open_rows[~same]
    result[open_rows] = values[open_rows].astype(str).astype(np.float64)
    return result
