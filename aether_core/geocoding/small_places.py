"""Places too small for the gazetteer's table, found in the text of their list.

Turning the list of all places from 500 inhabitants into a table takes seconds and is asked for
seldom. A pattern finds what may match: each letter as itself or, accented, as an escape of JSON.
Other names than the first are found as they are typed, or with capitals or none.
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache

from aether_core.geocoding.city_table import CityTable, read_list, table_of
from aether_core.geocoding.folding import folded

_SMALLEST = 500
_RECORD = '{"geonameid"'
_ESCAPE = r"\\u[0-9a-f]{4}"
_DOUBLE_S = r"\\u00df"


@lru_cache(maxsize=64)
def small_places(names: frozenset[str]) -> CityTable:
    """Read the places from 500 inhabitants that may have one of these names.

    Args:
        names: As they are typed.
    """
    text = read_list(_SMALLEST)
    starts = set()
    for name in names:
        pattern = re.compile('"name": "' + _spellings(folded(name)) + '"')
        starts |= {text.rfind(_RECORD, 0, hit.start()) for hit in pattern.finditer(text)}
        for typed in {name, name.title(), name.lower()}:
            starts |= set(_records_with(json.dumps(typed), text))
    decode = json.JSONDecoder().raw_decode
    return table_of(decode(text, start)[0] for start in sorted(starts))


def _records_with(value: str, text: str) -> Iterator[int]:
    """Yield where the records begin that hold a string of JSON."""
    at = text.find(value)
    while at >= 0:
        yield text.rfind(_RECORD, 0, at)
        at = text.find(value, at + 1)


def _spellings(name: str) -> str:
    """Return a pattern of all that folds to a name, and a little more."""
    return "".join(
        rf"(?:{_DOUBLE_S}|{_letter('s')}{_letter('s')})" if part == "ss" else _letter(part)
        for part in re.findall("ss|.", name)
    )


def _letter(sign: str) -> str:
    if not sign.isascii():
        return f"(?:{_ESCAPE})+"
    if sign.isalpha():
        return f"(?:[{sign}{sign.upper()}]|{_ESCAPE})(?:{_ESCAPE})*"
    return f"(?:{re.escape(json.dumps(sign)[1:-1])}|{_ESCAPE})(?:{_ESCAPE})*"
