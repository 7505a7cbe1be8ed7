"""What the areas of a table are called: a code each, and a name where there is one."""

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.vector.headings import find_column
from aether_core.vector.keyed.code_names import (
    COUNTS_ROWS,
    LIKE_AN_ID,
    TELLING,
    folded,
    is_size,
    rank,
)
from aether_core.vector.keyed.codes import code_texts, shown

NUMBERED = "No column has codes of the areas: they are numbered in the order of their rows."

_NAME = re.compile(r"^(name|name_?lsad|label|title|.*[a-z]\d{2}nmw?|.*_?name)$")
_OWN = 0.5
"""A column of codes with fewer different ones than this part of the rows is one of larger units."""


@dataclass(frozen=True, eq=False)
class AreaNames:
    """What areas are called.

    Attributes:
        code: Object `[n]` of str, not empty, each once.
        name: Object `[n]` of str, "" where there is none.
        code_field: The column of the codes; None where rows are numbered.
        name_field: That of the names, or None.
    """

    code: NDArray[np.object_]
    name: NDArray[np.object_]
    code_field: str | None
    name_field: str | None


def area_names(
    table: pd.DataFrame, *, taken: Collection[str], code_field: str | None, file: str
) -> AreaNames:
    """Find out what each area is called.

    Of the columns that tell all rows apart, the one whose heading speaks of a code is taken, then
    one like an id, then names, then one that counts rows; where none does, rows are numbered.

    Args:
        table: One row an area, without geometry.
        taken: Columns that hold something else.
        code_field: The column the user named.
        file: The file's name, for messages.

    Raises:
        InputError: There is no such column, a code is missing or stands twice, or several columns
            may be the code.
    """
    columns = [name for name in map(str, table.columns) if name not in taken and not is_size(name)]
    texts = {name: code_texts(table[name]) for name in columns}
    name_field = _name_field(columns, texts)
    name = np.array(texts[name_field] if name_field else [""] * len(table), dtype=object)
    chosen = (
        _chosen(columns, texts, name_field, file)
        if code_field is None
        else find_column(table.columns, code_field, file=file)
    )
    if chosen is None:
        numbered = np.array([str(row + 1) for row in range(len(table))], dtype=object)
        return AreaNames(numbered, name, None, name_field)
    codes = texts[chosen] if chosen in texts else code_texts(table[chosen])
    _check_each_once(codes, chosen, file)
    if chosen == name_field:
        name_field, name = None, np.full(len(table), "", dtype=object)
    return AreaNames(np.array(codes, dtype=object), name, chosen, name_field)


def _chosen(
    columns: list[str], texts: dict[str, list[str]], name_field: str | None, file: str
) -> str | None:
    ranks = {name: rank(name) for name in columns}
    telling = [
        name
        for name in columns
        if ranks[name] == TELLING and len(set(texts[name]) - {""}) > _OWN * len(texts[name])
    ]
    whole = [name for name in telling if _tells_apart(texts[name])]
    if len(whole) > 1:
        raise InputError(
            f"several columns of {file} may be the code of the areas",
            "; ".join(f"{name}: {shown(texts[name])}" for name in whole[:4]),
            "name the right one (in commands: --code-field)",
            code="area-code-unclear",
        )
    if whole or telling:
        return (whole or telling)[0]
    ids = [name for name in columns if ranks[name] == LIKE_AN_ID and _tells_apart(texts[name])]
    if len(ids) == 1:
        return ids[0]
    if name_field is not None and _tells_apart(texts[name_field]):
        return name_field
    counting = [name for name in columns if ranks[name] == COUNTS_ROWS]
    return next((name for name in counting if _tells_apart(texts[name])), None)


def _tells_apart(texts: list[str]) -> bool:
    return "" not in texts and len(set(texts)) == len(texts)


def _check_each_once(codes: list[str], field: str, file: str) -> None:
    if "" in codes:
        row = codes.index("") + 1
        raise InputError(
            "an area has no code",
            f"{file}: {field} is empty in {codes.count('')} rows, first in row {row}",
            "give every area its code, or name another column (in commands: --code-field)",
            code="area-without-code",
        )
    seen = pd.Series(codes)
    if seen.duplicated().any():
        twice = seen[seen.duplicated()].unique().tolist()
        raise InputError(
            "areas repeat: several rows have the same code",
            f"{file}: {shown(twice)} in {field}, {len(twice)} of {seen.nunique()} codes",
            "give one row an area, or name another column (in commands: --code-field)",
            code="areas-repeated",
        )


def name_column(table: pd.DataFrame, taken: Collection[str] = ()) -> str | None:
    """The column in which a table names its areas; None where it has none.

    Args:
        table: One row an area, without geometry.
        taken: Columns that hold something else.
    """
    columns = [name for name in map(str, table.columns) if name not in taken and not is_size(name)]
    fitting = [name for name in columns if _NAME.fullmatch(folded(name))]
    return _name_field(fitting, {name: code_texts(table[name]) for name in fitting})


def _name_field(columns: list[str], texts: dict[str, list[str]]) -> str | None:
    """The column of names: the shortest heading of one with words in most rows."""
    found = [
        name
        for name in columns
        if _NAME.fullmatch(folded(name))
        and np.mean([any(letter.isalpha() for letter in text) for text in texts[name]]) > _OWN
        and len(set(texts[name])) > 1
    ]
    return min(found, key=len, default=None)
