"""Water, parks, streets and buildings of a release of Overture, in its real columns.

Columns: Overture Maps documentation, schema reference of base/water, base/land_use, base/land,
transportation/segment and buildings/building, of 2026.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely

from tests.public_server.overture import ANY, NAMES, SOURCES, feature

Box = tuple[float, float, float, float]
Key = tuple[str, str]

WATER, LAND_USE, LAND = ("base", "water"), ("base", "land_use"), ("base", "land")
SEGMENT, BUILDING = ("transportation", "segment"), ("buildings", "building")

_TAGS = pa.map_(pa.string(), pa.string())
_STRINGS, _BETWEEN = pa.list_(pa.string()), pa.list_(pa.float64())
_BASE = [
    *ANY,
    ("sources", SOURCES),
    ("level", pa.int32()),
    ("subtype", pa.string()),
    ("class", pa.string()),
    ("names", NAMES),
    ("source_tags", _TAGS),
    ("wikidata", pa.string()),
]
_WHEN = pa.struct(
    [
        ("during", pa.string()),
        ("heading", pa.string()),
        ("using", _STRINGS),
        ("recognized", _STRINGS),
        ("mode", _STRINGS),
        (
            "vehicle",
            pa.list_(
                pa.struct(
                    [
                        ("dimension", pa.string()),
                        ("comparison", pa.string()),
                        ("value", pa.float64()),
                        ("unit", pa.string()),
                    ]
                )
            ),
        ),
    ]
)
_ACCESS = pa.list_(
    pa.struct([("access_type", pa.string()), ("when", _WHEN), ("between", _BETWEEN)])
)


def _rules(value: pa.DataType, name: str = "value") -> pa.DataType:
    return pa.list_(pa.struct([(name, value), ("between", _BETWEEN)]))


SCHEMAS: Mapping[Key, pa.Schema] = {
    WATER: pa.schema([*_BASE, ("is_salt", pa.bool_()), ("is_intermittent", pa.bool_())]),
    LAND_USE: pa.schema([*_BASE, ("elevation", pa.int32()), ("surface", pa.string())]),
    LAND: pa.schema([*_BASE, ("elevation", pa.int32()), ("surface", pa.string())]),
    SEGMENT: pa.schema(
        [
            *ANY,
            ("sources", SOURCES),
            ("subtype", pa.string()),
            ("class", pa.string()),
            ("subclass", pa.string()),
            ("names", NAMES),
            (
                "connectors",
                pa.list_(pa.struct([("connector_id", pa.string()), ("at", pa.float64())])),
            ),
            ("subclass_rules", _rules(pa.string())),
            ("access_restrictions", _ACCESS),
            ("level_rules", _rules(pa.int32())),
            ("road_surface", _rules(pa.string())),
            ("road_flags", _rules(_STRINGS, "values")),
        ]
    ),
    BUILDING: pa.schema(
        [
            *ANY,
            ("sources", SOURCES),
            ("level", pa.int32()),
            ("subtype", pa.string()),
            ("class", pa.string()),
            ("height", pa.float64()),
            ("names", NAMES),
            ("has_parts", pa.bool_()),
            ("num_floors", pa.int32()),
        ]
    ),
}


def part(name: str | None, shape: shapely.Geometry, fid: str, **columns: Any) -> dict[str, Any]:
    """Return a feature from OpenStreetMap; `columns` are those of its type."""
    return feature(
        name or "",
        shape,
        fid=fid,
        dataset=columns.pop("dataset", "OpenStreetMap"),
        licence="ODbL-1.0",
        **columns,
    )


def street(
    name: str | None, corners: Sequence[tuple[float, float]], kind: str, fid: str, **columns: Any
) -> dict[str, Any]:
    """Return a segment of a road."""
    road = {"subtype": "road", "class": kind}
    return part(name, shapely.LineString(corners), fid, **road, **columns)


def access(kind: str, *, between: Sequence[float] | None = None, **when: Any) -> dict[str, Any]:
    """Return a rule of who may use a segment."""
    return {"access_type": kind, "when": when or None, "between": between}


def grid(box: Box, lines: int = 8) -> list[dict[str, Any]]:
    """Streets from side to side that share a corner where they cross; two are main roads."""
    west, south, east, north = box
    lons, lats = np.linspace(west, east, lines), np.linspace(south, north, lines)
    rows = []
    for number, lat in enumerate(lats):
        name, kind = ("Ring Road", "primary") if number == lines // 2 else (None, "residential")
        name = name or f"East Street {number}"
        rows.append(street(name, [(lon, lat) for lon in lons], kind, f"e{number}"))
    for number, lon in enumerate(lons):
        name, kind = ("Old Road", "secondary") if number == lines // 2 else (None, "residential")
        name = name or f"North Street {number}"
        rows.append(street(name, [(lon, lat) for lat in lats], kind, f"n{number}"))
    return rows


def ground_in(box: Box) -> dict[Key, list[dict[str, Any]]]:
    """Return streets, a lake, a park, a wood and buildings for a box, rows by theme and type."""
    west, south, east, north = box
    wide, high = (east - west) / 20, (north - south) / 20

    def square(column: int, row: int, size: float = 1.0) -> shapely.Polygon:
        x, y = west + column * wide, south + row * high
        return shapely.box(x, y, x + size * wide, y + size * high)

    return {
        WATER: [
            part("Mill Lake", square(2, 2, 2), "w1", **{"subtype": "lake", "class": "lake"}),
            part("Pool", square(8, 2), "w2", **{"subtype": "human_made", "class": "swimming_pool"}),
        ],
        LAND_USE: [
            part("City Park", square(5, 12, 2), "u1", **{"subtype": "park", "class": "park"}),
            part("Works", square(9, 12), "u2", **{"subtype": "developed", "class": "industrial"}),
        ],
        LAND: [
            part(None, square(13, 5, 2), "l1", **{"subtype": "forest", "class": "wood"}),
            part(None, shapely.box(*box), "l2", **{"subtype": "land", "class": "land"}),
        ],
        SEGMENT: grid(box),
        BUILDING: [
            part("Town Hall", square(10, 9, 0.4), "b1"),
            part(None, square(11, 9, 0.4), "b2", dataset="Microsoft ML Buildings"),
        ],
    }
