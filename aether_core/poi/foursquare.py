"""A file of Foursquare Open Source Places, recognised by its columns.

Schema: Foursquare OS Places documentation, "Places schema". A category is a label from the top of
the taxonomy down, such as `Dining and Drinking > Bar > Pub`; a place may have several.
"""

import re

import pandas as pd

from aether_core.poi.columns import PoiColumns
from aether_core.poi.frame import plain_text
from aether_core.poi.osm.taxonomy import value_group
from aether_core.poi.overture.record import CLOSED
from aether_core.poi.structured import items_in

NAME = "Foursquare places"
SOURCE = "Foursquare"

_TOPS = {
    "arts and entertainment": "culture",
    "business and professional services": "office",
    "community and government": "public service",
    "dining and drinking": "food and drink",
    "event": "culture",
    "health and medicine": "health care",
    "landmarks and outdoors": "tourism",
    "nightlife spot": "nightlife",
    "retail": "shop",
    "sports and recreation": "sport",
    "travel and transportation": "transport",
}
"""Groups of the top categories."""
_WITHIN = {
    "automotive service": "shop",
    "bar": "nightlife",
    "night club": "nightlife",
    "casino": "nightlife",
    "financial service": "finance",
    "education": "education",
    "spiritual center": "worship",
    "senior care": "social care",
    "social service": "social care",
    "home (private)": "",
    "park": "green space",
    "garden": "green space",
    "nature preserve": "green space",
    "forest": "green space",
    "historic and protected site": "heritage",
    "monument": "heritage",
    "beach": "natural feature",
    "lake": "natural feature",
    "river": "natural feature",
    "lodging": "accommodation",
    "attraction": "tourism",
    "amusement park": "tourism",
}
"""Groups of categories below that belong elsewhere."""
_LABELS = ("fsq_category_labels", "fsq_category_label", "category_labels")
_IDS = ("fsq_place_id", "fsq_id")
_AS_LIST = re.compile(r"^(?:\[|\{|\(\d+:)(.*)[\])}]$")
_BETWEEN_LABELS = re.compile(rf",\s*(?=(?:{'|'.join(map(re.escape, _TOPS))})\b)", re.IGNORECASE)
"""Where labels that hold commas themselves stand in one text."""


def foursquare_columns(attributes: pd.DataFrame) -> PoiColumns | None:
    """Read a table of Foursquare places, or None for any other; closed places are left out."""
    by_name = {str(name).strip().lower(): name for name in reversed(attributes.columns)}
    place_id = next((by_name[name] for name in _IDS if name in by_name), None)
    labels = next((by_name[name] for name in _LABELS if name in by_name), None)
    name = by_name.get("name")
    if place_id is None or (labels is None and name is None):
        return None
    count = len(attributes)
    empty = [""] * count
    paths = [_paths(cell) for cell in attributes[labels]] if labels is not None else [[]] * count
    closed = by_name.get("date_closed")
    ended = [plain_text(cell) for cell in attributes[closed]] if closed is not None else empty
    notes = [] if closed is None else ["Places with a date of closing were left out."]
    notes += [] if labels is not None else ["No category column was found."]
    return PoiColumns(
        texts={
            "source": [SOURCE] * count,
            "source_id": [plain_text(cell) for cell in attributes[place_id]],
            "name": empty if name is None else [plain_text(cell) for cell in attributes[name]],
            "category": ["; ".join(dict.fromkeys(path[-1] for path in row)) for row in paths],
            "group": [_group(row[0]) if row else "" for row in paths],
        },
        columns={
            "name": None if name is None else str(name),
            "category": None if labels is None else str(labels),
            "group": None if labels is None else str(labels),
        },
        reasons=[CLOSED if day else "" for day in ended],
        source=NAME,
        notes=tuple(notes),
    )


def _paths(cell: object) -> list[list[str]]:
    """The categories of a place, each from the top down, in lower case."""
    items = items_in(cell)
    if items is None or (isinstance(cell, str) and not re.search(r"['\"]", cell)):
        items = _BETWEEN_LABELS.split(_AS_LIST.sub(r"\1", plain_text(cell)))
    paths = [[part.strip().lower() for part in item.split(">")] for item in items]
    return [path for path in paths if path[-1]]


def _group(path: list[str]) -> str:
    """The group of a category: that of the deepest part that has one."""
    for part in reversed(path):
        group = value_group(part.replace(" ", "_"))
        if part in _WITHIN:
            return _WITHIN[part]
        if group:
            return group
    return _TOPS.get(path[0], "")
