"""A file somebody made of Overture places, recognised by its columns whatever its format.

Records are kept as they are (Parquet), as text (CSV, GeoPackage, GeoJSON through GDAL) or spread
over columns such as `names.primary` or `taxonomy_hierarchy`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from aether_core.language import OTHER_NAMES
from aether_core.poi.columns import PoiColumns
from aether_core.poi.frame import plain_text
from aether_core.poi.headings import fitting
from aether_core.poi.overture.record import (
    SOURCE,
    check_confidence,
    described,
    names_in,
    reason_against,
)
from aether_core.poi.structured import items_in, record_in

NAME = "Overture places"

_RECORDS = {
    "names": ("primary", "common"),
    "taxonomy": ("primary", "hierarchy"),
    "categories": ("primary",),
}
"""Columns of records, and their members that are used."""
_PLAIN = ("basic_category", "confidence", "operating_status", "id")
_SIGNS = (*_RECORDS, "basic_category", "operating_status")
"""Columns that tell a file of Overture: two of them, one of which gives categories."""
_TAXONOMIES = ("taxonomy", "categories", "basic_category")
_LOOKED_AT = 200
_SHAPEFILE_CHARACTERS = 10


def overture_columns(attributes: pd.DataFrame, min_confidence: float) -> PoiColumns | None:
    """Read a table of Overture places as `city fetch` reads a release, or None for any other.

    Left out are places closed for good, and those whose confidence is too small or, in a table
    that has confidences and with a threshold above 0, not told.

    Args:
        attributes: The file's columns, without geometry.
        min_confidence: Smallest confidence that is kept.

    Raises:
        InputError: The threshold is no share.
    """
    members = _members(attributes)
    there = [sign for sign in _SIGNS if any(column == sign for column, _ in members)]
    plain_name = fitting("name", map(str, attributes.columns))
    named = "names" in there or len(plain_name) == 1
    if not named or not set(there) & set(_TAXONOMIES):
        return None
    if len(there) < 2 and ("confidence", "") not in members:
        return None
    check_confidence(min_confidence)
    rows = list(_rows(attributes, members))
    pairs = [described(row) for row in rows]
    sure = ("confidence", "") in members
    name = members.get(("names", "primary"))
    if name is None:
        names = [plain_text(cell) for cell in attributes[plain_name[0]]]
    else:
        names = [plain_text(row["names"].get("primary")) for row in rows]
    used = [
        str(members[column, member].heading)
        for column, member in (*_paths(_TAXONOMIES), ("basic_category", ""))
        if (column, member) in members
    ]
    return PoiColumns(
        texts={
            "source": [SOURCE] * len(rows),
            "source_id": [plain_text(row["id"]) for row in rows],
            "name": names,
            "category": [category for category, _ in pairs],
            "group": [group for _, group in pairs],
            OTHER_NAMES: [names_in(row["names"].get("common")) for row in rows],
        },
        columns={
            "name": plain_name[0] if name is None else str(name.heading),
            "category": ", ".join(dict.fromkeys(used)),
            "group": ", ".join(dict.fromkeys(used)),
        },
        reasons=[reason_against(row, min_confidence if sure else 0.0) for row in rows],
        source=NAME,
        notes=(
            _rule(min_confidence) if sure else "The places have no confidence, so all were kept.",
        ),
    )


def _rule(min_confidence: float) -> str:
    if not min_confidence:
        return "Places of any confidence were kept; those closed for good were left out."
    return (
        f"Places with a confidence under {min_confidence:g}, or without one, and places closed for "
        "good were left out."
    )


def _paths(columns: Iterable[str]) -> list[tuple[str, str]]:
    return [(column, member) for column in columns for member in _RECORDS.get(column, ())]


class _Place(NamedTuple):
    """Where a value stands: under a heading, within the record that each cell of it is or not."""

    heading: object
    in_record: bool = False

    def value(self, cell: object, member: str) -> object:
        """A member of a cell's record; of a cell that is none, the cell."""
        record = record_in(cell) if self.in_record else None
        return cell if record is None else record.get(member)


def _members(attributes: pd.DataFrame) -> dict[tuple[str, str], _Place]:
    """Find Overture's columns: (column, member) to where it stands."""
    by_name = {str(name).strip().lower(): name for name in reversed(attributes.columns)}
    found: dict[tuple[str, str], _Place] = {}
    for column in _PLAIN:
        heading = by_name.get(column, by_name.get(column[:_SHAPEFILE_CHARACTERS]))
        if heading is not None:
            found[column, ""] = _Place(heading)
    for column, member in _paths(_RECORDS):
        spread = (f"{column}{sign}{member}" for sign in (".", "_", ":", "/", "__"))
        heading = next((by_name[name] for name in spread if name in by_name), None)
        if heading is not None:
            found[column, member] = _Place(heading)
        elif column in by_name and _holds(attributes[by_name[column]], member):
            found[column, member] = _Place(by_name[column], in_record=True)
    return found


def _holds(cells: "pd.Series[Any]", member: str) -> bool:
    """Whether the first filled cells of a column are records with a member."""
    filled = cells.dropna().head(_LOOKED_AT)
    records = [record_in(cell) for cell in filled]
    return any(record is not None and member in record for record in records)


def _rows(
    attributes: pd.DataFrame, members: Mapping[tuple[str, str], _Place]
) -> Iterable[dict[str, Any]]:
    """Yield each row as a record of a release."""
    cells = {path: attributes[place.heading].tolist() for path, place in members.items()}
    for at in range(len(attributes)):
        row: dict[str, Any] = {column: {} for column in _RECORDS} | dict.fromkeys(_PLAIN)
        for (column, member), values in cells.items():
            value = values[at]
            if not member:
                row[column] = _number(value) if column == "confidence" else plain_text(value)
                continue
            inner = members[column, member].value(value, member)
            row[column][member] = _MEMBERS.get(member, plain_text)(inner)
        yield row


def _pairs(value: object) -> object:
    """A map as a record or as pairs, whatever it was written as."""
    return record_in(value) or (list(value) if isinstance(value, list | np.ndarray) else None)


def _number(value: object) -> float | None:
    """A confidence, also one written with a decimal comma; None where there is none."""
    number = pd.to_numeric(str(value).strip().replace(",", "."), errors="coerce")
    return float(number) if np.isfinite(number) else None


def _codes(value: object) -> Sequence[str]:
    """The codes of a hierarchy, from the top."""
    if (found := items_in(value)) is not None:
        return found
    return [part.strip() for part in plain_text(value).replace(">", ",").split(",") if part.strip()]


_MEMBERS: Mapping[str, Callable[[object], object]] = {"hierarchy": _codes, "common": _pairs}
"""How members are read that are no plain text."""
