"""Which columns of a vector file hold a POI's name, category and group."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from aether_core.errors import InputError
from aether_core.poi.frame import plain_text
from aether_core.poi.osm.taxonomy import (
    KEY_GROUPS,
    NOTHING,
    describe_tags,
    geofabrik_group,
    value_group,
    words,
)
from aether_core.vector.headings import find_column, first_column

_NO_COLUMN = "no-such-column"
_NAME = ("name", "names", "title", "poi_name", "place_name", "label")
_CATEGORY = ("category", "categories", "category_name", "main_category", "primary_category")
_LOOSE_CATEGORY = ("type", "class", "poi_type", "kind", "subcategory", "subtype")
_OSM_VALUE = ("fclass",)
_GROUP = ("group", "category_group", "group_name", "supercategory", "theme")
_SOURCE = ("source", "dataset", "provider")
_SOURCE_ID = ("source_id", "osm_id", "@id", "full_id", "poi_id", "place_id", "id", "fid", "uid")


@dataclass(frozen=True)
class PoiFields:
    """Column names the user gave; what is None is detected."""

    name: str | None = None
    category: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class PoiColumns:
    """The POI columns of a file.

    Attributes:
        texts: Lists `source`, `source_id`, `name`, `category`, `group`, "" where missing.
        columns: Column of the file by what it was used for.
    """

    texts: dict[str, list[str]]
    columns: dict[str, str | None]


def poi_columns(attributes: pd.DataFrame, fields: PoiFields, label: str) -> PoiColumns:
    """Read the POI columns out of a file's attributes.

    Args:
        attributes: The file's columns, without geometry.
        fields: Columns the user named.
        label: The file's name, for messages.

    Raises:
        InputError: A named column is not there, or neither a name nor a category can be found.
    """
    fields = PoiFields(
        *(
            given and find_column(attributes, given, file=label, what="column", code=_NO_COLUMN)
            for given in (fields.name, fields.category, fields.group)
        )
    )
    name = fields.name or _find(attributes, _NAME)
    category, group, categories_from = _categories(attributes, fields)
    if name is None and category is None:
        raise InputError(
            f"{label} has no name and no category column",
            f"columns are {_listed(attributes)}",
            "specify the name and category fields",
            code="places-without-name-or-category",
        )
    empty = [""] * len(attributes)
    texts = {
        "source": _texts(attributes, _find(attributes, _SOURCE)) or empty,
        "source_id": _texts(attributes, _find(attributes, _SOURCE_ID)) or empty,
        "name": _texts(attributes, name) or empty,
        "category": category or empty,
        "group": group or empty,
    }
    groups_from = fields.group or _find(attributes, _GROUP)
    return PoiColumns(texts, {"name": name, "category": categories_from, "group": groups_from})


def _categories(
    attributes: pd.DataFrame, fields: PoiFields
) -> tuple[list[str] | None, list[str] | None, str | None]:
    """Return categories, groups and the columns of categories; None for what is not told.

    A category column beats OSM tag columns, which beat columns called `type` or `class`: in OSM
    exports those hold the kind of relation.
    """
    group_column = fields.group or _find(attributes, _GROUP)
    groups = _texts(attributes, group_column, spell=_spelled)
    column = fields.category or _find(attributes, _CATEGORY)
    if column is None and (osm_value := _find(attributes, _OSM_VALUE)) is not None:
        values = _texts(attributes, osm_value)
        codes = _texts(attributes, _find(attributes, ("code",))) or [""] * len(attributes)
        found = [value_group(v) or geofabrik_group(c) for v, c in zip(values, codes, strict=True)]
        return [words(value) for value in values], groups or found, osm_value
    if column is None and (keys := [key for key in KEY_GROUPS if key in attributes.columns]):
        cells = [_texts(attributes, key) for key in keys]
        rows = [dict(zip(keys, row, strict=True)) for row in zip(*cells, strict=True)]
        described = [describe_tags(row) for row in rows]
        return [c for c, _ in described], groups or [g for _, g in described], ", ".join(keys)
    column = column or _find(attributes, _LOOSE_CATEGORY)
    return _texts(attributes, column, spell=_spelled) or None, groups or None, column


def _spelled(text: str) -> str:
    """Turn the codes of a category column into words; a list inside it is kept.

    A "yes" or "none" copied from a tag says nothing about the place.
    """
    telling = (part for part in text.split(";") if part.strip().lower() not in {*NOTHING, "yes"})
    return "; ".join(words(part) for part in telling)


def _texts(
    attributes: pd.DataFrame, column: str | None, spell: Callable[[str], str] | None = None
) -> list[str]:
    """Return a column as plain text; an empty list when there is no such column."""
    if column is None:
        return []
    texts = [plain_text(_primary(value)) for value in attributes[column]]
    return [spell(text) for text in texts] if spell else texts


def _primary(value: object) -> object:
    """Return the main entry of an Overture `names` or `categories` cell, else the cell itself."""
    if isinstance(value, str) and value.startswith("{") and '"primary"' in value:
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return value.get("primary") if isinstance(value, dict) else value


def _find(attributes: pd.DataFrame, names: tuple[str, ...]) -> str | None:
    """Return the first column with one of these names, whatever its case."""
    return first_column(attributes.columns, names, file="the file")


def _listed(attributes: pd.DataFrame) -> str:
    return ", ".join(str(column) for column in attributes.columns[:20]) or "none"
