"""Which columns of a vector file hold a POI's name, category and group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from aether_core.errors import InputError
from aether_core.language import OTHER_NAMES, language_tag, names_kept, other_names
from aether_core.poi.columns import PoiColumns
from aether_core.poi.frame import plain_text
from aether_core.poi.headings import fitting
from aether_core.poi.osm.tags import NAME_IN, Tags, names_tagged, tags_in
from aether_core.poi.osm.taxonomy import (
    NOTHING,
    describe_tags,
    geofabrik_group,
    value_group,
    words,
)
from aether_core.poi.overture.record import DEFAULT_CONFIDENCE
from aether_core.poi.structured import items_in, record_in
from aether_core.vector.headings import find_column, first_column

_OSM_VALUE = ("fclass",)
_SOURCE = ("source", "dataset", "provider")
_SOURCE_ID = ("source_id", "osm_id", "@id", "full_id", "poi_id", "place_id", "id", "fid", "uid")
_NAME_COLUMN = "name_"
_NO_LANGUAGES = frozenset({"id", "no", "nr"})
"""What `name_id`, `name_no` and `name_nr` are of in a table: numbers."""
_OPTION = {"name": "--name-field", "category": "--category-field", "group": "--group-field"}


@dataclass(frozen=True)
class PoiFields:
    """What the user said of a file's columns; what is None is detected.

    Attributes:
        name: Column of names.
        category: Column of categories.
        group: Column of the categories' groups.
        min_confidence: Smallest confidence, 0 to 1, of Overture places that are kept.
    """

    name: str | None = None
    category: str | None = None
    group: str | None = None
    min_confidence: float = DEFAULT_CONFIDENCE

    @property
    def named(self) -> dict[str, str]:
        """Column by role, of those that were given."""
        given = {"name": self.name, "category": self.category, "group": self.group}
        return {role: column for role, column in given.items() if column is not None}


def with_columns_found(attributes: pd.DataFrame, fields: PoiFields, label: str) -> PoiFields:
    """Bring the columns the user named to the file's own spelling.

    Args:
        attributes: The file's columns, without geometry.
        fields: Columns the user named.
        label: The file's name, for messages.

    Raises:
        InputError: A named column is not there.
    """

    def found(given: str | None) -> str | None:
        if given is None:
            return None
        headings = attributes.columns
        return find_column(headings, given, file=label, what="column", code="no-such-column")

    return replace(
        fields,
        name=found(fields.name),
        category=found(fields.category),
        group=found(fields.group),
    )


def with_named(found: PoiColumns, attributes: pd.DataFrame, fields: PoiFields) -> PoiColumns:
    """Put the columns the user named in the place of those a published format has for them."""
    spell: Mapping[str, Callable[[str], str] | None] = {"name": None}
    texts = {
        role: _texts(attributes, column, spell.get(role, _spelled))
        for role, column in fields.named.items()
    }
    return replace(found, texts={**found.texts, **texts}, columns={**found.columns, **fields.named})


def poi_columns(attributes: pd.DataFrame, fields: PoiFields, label: str) -> PoiColumns:
    """Read the POI columns out of a file's attributes.

    Args:
        attributes: The file's columns, without geometry.
        fields: Columns the user named.
        label: The file's name, for messages.

    Raises:
        InputError: Neither a name nor a category can be found, or several columns may be meant.
    """
    tags = tags_in(attributes)
    name = fields.name or _one(attributes, "name", label)
    names, names_from = _texts(attributes, name), name
    if name is None and tags is not None and any("name" in row for row in tags.rows):
        names, names_from = [row.get("name", "") for row in tags.rows], tags.together
    group_column = fields.group or _one(attributes, "group", label)
    groups = _texts(attributes, group_column, spell=_spelled)
    categories, told_groups, categories_from = _categories(attributes, fields, tags, label)
    if names_from is None and categories_from is None:
        raise InputError(
            f"{label} has no name and no category column",
            f"columns are {_listed(attributes)}",
            "specify the name and category fields (in commands: --name-field, --category-field)",
            code="places-without-name-or-category",
        )
    empty = [""] * len(attributes)
    source, source_id = (
        _texts(attributes, first_column(attributes.columns, usual, file=label))
        for usual in (_SOURCE, _SOURCE_ID)
    )
    notes = [] if names_from is not None else [_missing("name")]
    notes += [] if categories_from is not None else [_missing("category")]
    return PoiColumns(
        texts={
            "source": source or empty,
            "source_id": source_id or empty,
            "name": names or empty,
            "category": categories or empty,
            "group": groups or told_groups or empty,
            OTHER_NAMES: other_names_in(attributes, tags) or empty,
        },
        columns={
            "name": names_from,
            "category": categories_from,
            "group": group_column or (categories_from if told_groups else None),
        },
        reasons=empty,
        notes=tuple(notes),
    )


def other_names_in(attributes: pd.DataFrame, tags: Tags | None = None) -> list[str]:
    """What places are called in other languages; an empty list where no column says it.

    Columns are `name:sv`, as OpenStreetMap has it, `name_sv`, one with all tags, and the column
    that tables of this app keep.

    Args:
        attributes: The file's columns.
        tags: OpenStreetMap tags among them.
    """
    if OTHER_NAMES in attributes.columns:
        return [other_names(names_kept(cell).items()) for cell in attributes[OTHER_NAMES]]
    columns = {
        heading: language
        for heading in attributes.columns
        if (language := _language_of(str(heading))) is not None
    }
    rows: Sequence[Mapping[str, object]] = [{}] * len(attributes) if tags is None else tags.rows
    if not columns and not any(key.startswith(NAME_IN) for row in rows for key in row):
        return []
    keys = [f"{NAME_IN}{language}" for language in columns.values()]
    cells = zip(*(attributes[heading] for heading in columns), strict=True)
    told = cells if columns else [()] * len(attributes)
    return [
        names_tagged({**row, **dict(zip(keys, named, strict=True))})
        for row, named in zip(rows, told, strict=True)
    ]


def _language_of(heading: str) -> str | None:
    """The language of a column of names; None where it is none."""
    lowered = heading.strip().lower()
    if lowered.startswith(NAME_IN):
        return language_tag(lowered.removeprefix(NAME_IN)) if "_" not in lowered else None
    if not lowered.startswith(_NAME_COLUMN):
        return None
    said = lowered.removeprefix(_NAME_COLUMN)
    # Two letters: "name_alt" and "name_eng" are no tags.
    return language_tag(said) if said[2:3] in {"", "_"} and said not in _NO_LANGUAGES else None


def _missing(role: str) -> str:
    return f"No {role} column was found; if there is one, name it ({_OPTION[role]})."


def _one(attributes: pd.DataFrame, role: str, label: str, kind: str | None = None) -> str | None:
    """Return the column that fits a role best, None where none does.

    Raises:
        InputError: Several fit alike.
    """
    found = fitting(kind or role, map(str, attributes.columns))
    if len(found) > 1:
        raise InputError(
            f"several columns of {label} may hold the {role} of a place",
            ", ".join(found),
            f"specify which one (in commands: {_OPTION[role]})",
            code="places-columns-unclear",
        )
    return found[0] if found else None


def _categories(
    attributes: pd.DataFrame, fields: PoiFields, tags: Tags | None, label: str
) -> tuple[list[str], list[str], str | None]:
    """Return categories, the groups they tell, and the columns they come from.

    A category column beats OSM tags, which beat columns called `type` or `class`: in OSM exports
    those hold the kind of relation.
    """
    column = fields.category or _one(attributes, "category", label)
    if (
        column is None
        and (osm_value := first_column(attributes.columns, _OSM_VALUE, file=label)) is not None
    ):
        values = _texts(attributes, osm_value)
        codes = _texts(attributes, first_column(attributes.columns, ("code",), file=label)) or [
            ""
        ] * len(attributes)
        found = [value_group(v) or geofabrik_group(c) for v, c in zip(values, codes, strict=True)]
        return [words(value) for value in values], found, osm_value
    if column is None and tags is not None:
        described = [describe_tags(row) for row in tags.rows]
        return [c for c, _ in described], [g for _, g in described], tags.used
    column = column or _one(attributes, "category", label, kind="kind")
    return _texts(attributes, column, spell=_spelled), [], column


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
    texts = [plain_text(_told(value)) for value in attributes[column]]
    return [spell(text) for text in texts] if spell else texts


def _told(value: object) -> object:
    """Return what a cell says: the main entry of a record, the items of a list, or the cell."""
    if isinstance(value, float) or (
        isinstance(value, str) and not value.startswith(("[", "{", "("))
    ):
        return value
    record = record_in(value)
    if record is not None:
        return next((record[key] for key in ("primary", "name", "title") if record.get(key)), None)
    items = items_in(value)
    return value if items is None else "; ".join(dict.fromkeys(items))


def _listed(attributes: pd.DataFrame) -> str:
    return ", ".join(str(column) for column in attributes.columns[:20]) or "none"
