"""What the areas of a file are called: one code each."""

import re
from collections import Counter
from collections.abc import Sequence

import pandas as pd

from aether_core.errors import InputError
from aether_core.tasks.labels.read import label_texts

_LIKE_A_CODE = re.compile(r"(code|cd|geoid|gisjoin|_id|^id)$")
_NEARLY_ALL = 0.9


def area_codes(table: pd.DataFrame, fields: Sequence[str], code_field: str | None) -> list[str]:
    """Return a code for every row of an area file.

    Args:
        table: The file's columns, without geometry.
        fields: Columns of numbers, which hold no codes.
        code_field: The column the user named. When None: the first column whose name ends like a
            code's and whose values differ, else the first text column whose values differ, else
            the row's number from 1.

    Returns:
        One text a row; "" where the column is empty.

    Raises:
        InputError: The named column is not there.
    """
    if code_field is not None:
        if code_field not in table.columns:
            listed = ", ".join(str(column) for column in table.columns[:30])
            raise InputError(
                "there is no such ID field",
                code_field,
                f"the file has {listed}",
                code="no-such-field",
            )
        return label_texts(table[code_field])
    columns = [column for column in table.columns if column not in fields]
    texts = {str(column): label_texts(table[column]) for column in columns}
    named = [name for name in texts if _LIKE_A_CODE.search(name.lower())]
    spelled = [name for name in texts if not all(_is_number(text) for text in texts[name])]
    for name in (*named, *spelled):
        if "" not in texts[name] and len(set(texts[name])) == len(table):
            return texts[name]
    # A code that all but a few rows have to themselves is the code, and those rows are twins.
    for name in named:
        if len(set(texts[name])) > _NEARLY_ALL * len(table):
            return texts[name]
    return [str(row + 1) for row in range(len(table))]


def check_codes_differ(code: Sequence[str]) -> None:
    """Refuse a code that several areas carry.

    Raises:
        InputError: A code occurs twice; the message names the most frequent one.
    """
    name, times = Counter(code).most_common(1)[0]
    if times > 1:
        raise InputError(
            "several areas have the same code",
            f"{name} occurs {times} times",
            "merge the parts of an area into one, or choose another ID field",
            code="area-codes-repeated",
        )


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()
