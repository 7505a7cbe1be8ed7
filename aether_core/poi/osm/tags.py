"""OpenStreetMap tags in a table: a column a tag, in any case, or all tags in one column."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from aether_core.language import other_names
from aether_core.poi.frame import plain_text
from aether_core.poi.osm.taxonomy import KEY_GROUPS
from aether_core.poi.structured import record_in

_TOGETHER = ("tags", "other_tags", "all_tags", "osm_tags", "@tags", "hstore")
"""Headings of a column that holds all tags: `other_tags` is GDAL's for what has no column."""
_BEFORE = ("", "tags.", "tags_", "tags:", "tag_", "osm_", "@")
_LOOKED_AT = 200
NAME_IN: Final = "name:"
"""How the tag of a name in a language begins."""


def names_tagged(tags: Mapping[str, object]) -> str:
    """What a thing is called in other languages, for the column `other_names`."""
    named = (key.removeprefix(NAME_IN) for key in tags if key.startswith(NAME_IN))
    return other_names((language, tags[f"{NAME_IN}{language}"]) for language in named)


def names_among(tags: object) -> str:
    """The same from pyrosm's JSON of all tags that have no column."""
    if not isinstance(tags, str) or f'"{NAME_IN}' not in tags:
        return ""
    return names_tagged(json.loads(tags))


@dataclass(frozen=True)
class Tags:
    """The tags of a table's rows.

    Attributes:
        rows: Tags of each row that make a place, and its names: key in lower case to value.
        columns: Headings of the columns that hold keys of places.
        together: Heading of the column with all tags, where there is one.
    """

    rows: list[dict[str, str]]
    columns: tuple[str, ...]
    together: str | None

    @property
    def used(self) -> str:
        """Where the categories come from."""
        return ", ".join([*self.columns, *([self.together] if self.together else [])])


def tags_in(attributes: pd.DataFrame) -> Tags | None:
    """Find the OpenStreetMap tags of a table; None when no tag of a place is there."""
    by_name = {str(name).strip().lower(): name for name in reversed(attributes.columns)}
    keys = {
        key: next((by_name[before + key] for before in _BEFORE if before + key in by_name), None)
        for key in KEY_GROUPS
    }
    there = {key: heading for key, heading in keys.items() if heading is not None}
    together = next((by_name[name] for name in _TOGETHER if name in by_name), None)
    if together is not None and not _are_tags(attributes[together]):
        together = None
    if not there and together is None:
        return None
    rows: list[dict[str, str]] = [{} for _ in range(len(attributes))]
    if together is not None:
        for row, cell in zip(rows, attributes[together], strict=True):
            record = record_in(cell) or {}
            lowered = ((str(key).strip().lower(), value) for key, value in record.items())
            row.update(
                (key, plain_text(value))
                for key, value in lowered
                if key in KEY_GROUPS or key == "name" or key.startswith(NAME_IN)
            )
    for key, heading in there.items():
        for row, cell in zip(rows, attributes[heading], strict=True):
            if text := plain_text(cell):
                row[key] = text
    columns = tuple(str(heading) for heading in there.values())
    return Tags(rows, columns, None if together is None else str(together))


def _are_tags(cells: "pd.Series[Any]") -> bool:
    """Whether a column's first filled cells hold keys of places."""
    records = (record_in(cell) for cell in cells.dropna().head(_LOOKED_AT))
    return any(
        record and any(str(key).strip().lower() in KEY_GROUPS for key in record)
        for record in records
    )
