"""Releases of Overture Maps in their real layout: catalogue, index, and files by theme and type."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

RELEASE = "2026-10-21.0"
OLDER = "2026-09-16.0"

_BOX = pa.struct([(corner, pa.float32()) for corner in ("xmin", "xmax", "ymin", "ymax")])
SOURCES = pa.list_(
    pa.struct(
        [
            ("property", pa.string()),
            ("dataset", pa.string()),
            ("license", pa.string()),
            ("record_id", pa.string()),
            ("update_time", pa.string()),
            ("confidence", pa.float64()),
        ]
    )
)
_RULES = pa.list_(pa.struct([("variant", pa.string()), ("value", pa.string())]))
NAMES = pa.struct(
    [("primary", pa.string()), ("common", pa.map_(pa.string(), pa.string())), ("rules", _RULES)]
)
ANY = [("id", pa.string()), ("geometry", pa.binary()), ("bbox", _BOX), ("version", pa.int32())]

PLACE = pa.schema(
    [
        *ANY,
        ("sources", SOURCES),
        ("names", NAMES),
        (
            "categories",
            pa.struct([("primary", pa.string()), ("alternate", pa.list_(pa.string()))]),
        ),
        ("basic_category", pa.string()),
        (
            "taxonomy",
            pa.struct(
                [
                    ("primary", pa.string()),
                    ("hierarchy", pa.list_(pa.string())),
                    ("alternates", pa.list_(pa.string())),
                ]
            ),
        ),
        ("confidence", pa.float64()),
        ("websites", pa.list_(pa.string())),
        ("phones", pa.list_(pa.string())),
        ("operating_status", pa.string()),
    ]
)
DIVISION_AREA = pa.schema(
    [
        *ANY,
        ("sources", SOURCES),
        ("names", NAMES),
        ("division_id", pa.string()),
        ("country", pa.string()),
        ("region", pa.string()),
        ("subtype", pa.string()),
        ("class", pa.string()),
        ("is_land", pa.bool_()),
        ("is_territorial", pa.bool_()),
    ]
)

HIERARCHIES = (
    ("food_and_drink", "restaurant", "pizza_restaurant"),
    ("food_and_drink", "casual_eatery", "bakery"),
    ("food_and_drink", "alcoholic_beverage_venue", "bar", "pub"),
    ("shopping", "food_and_beverage_store", "grocery_store"),
    ("shopping", "fashion_and_apparel_store", "shoe_store"),
    ("health_care", "outpatient_care_facility", "dental_clinic"),
    ("education", "place_of_learning", "school"),
    ("cultural_and_historic", "place_of_worship", "christian_place_of_worship"),
    ("arts_and_entertainment", "museum", "art_museum"),
    ("sports_and_recreation", "sport_or_fitness_facility", "gym"),
    ("lodging", "hotel"),
    ("services_and_business", "financial_service", "bank_or_credit_union"),
)


@dataclass(frozen=True)
class Release:
    """Where a release was written, as paths behind the server's address.

    Attributes:
        release: Its name.
        url: The bucket's path.
        catalog_url: The catalogue's path.
    """

    release: str
    url: str = "/overture"
    catalog_url: str = "/overture-catalog/catalog.json"


def feature(
    name: str, geometry: shapely.Geometry, *, fid: str, dataset: str = "meta", **more: Any
) -> dict[str, Any]:
    """Return a feature of any theme with what all of them have; `more` are its other columns."""
    west, south, east, north = shapely.bounds(geometry)
    # Boxes are rounded to float32 outwards.
    box = dict(zip(("xmin", "ymin"), np.nextafter(np.float32([west, south]), -np.inf), strict=True))
    box |= zip(("xmax", "ymax"), np.nextafter(np.float32([east, north]), np.inf), strict=True)
    licence = more.pop("licence", "CDLA-Permissive-2.0")
    common = [("en", name), ("sv", f"{name} på svenska")] if name else None
    source = {"property": "", "dataset": dataset, "license": licence, "record_id": f"r{fid}"}
    return {
        "id": fid,
        "geometry": shapely.to_wkb(geometry),
        "bbox": {corner: float(value) for corner, value in box.items()},
        "version": 1,
        "sources": [source],
        "names": {"primary": name, "common": common, "rules": None},
        **more,
    }


def place(
    name: str, lon: float, lat: float, hierarchy: Sequence[str], *, fid: str, **more: Any
) -> dict[str, Any]:
    """Return a place of the release; `more` overrides columns."""
    columns: dict[str, Any] = {
        "categories": {"primary": hierarchy[-1], "alternate": None} if hierarchy else None,
        "basic_category": hierarchy[1] if len(hierarchy) > 1 else None,
        "taxonomy": {"primary": hierarchy[-1], "hierarchy": list(hierarchy), "alternates": None}
        if hierarchy
        else None,
        "confidence": 0.9,
        "operating_status": "open",
    }
    return feature(name, shapely.Point(lon, lat), fid=fid, **(columns | more))


def places_in(
    bounds: tuple[float, float, float, float], count: int, *, seed: int = 42
) -> list[dict[str, Any]]:
    """Return places spread over a box, with names, categories and datasets that vary.

    One in twenty is closed for good, one in ten has a confidence under a half.
    """
    rng = np.random.default_rng(seed)
    west, south, east, north = bounds
    rows = []
    for number in range(count):
        hierarchy = HIERARCHIES[rng.integers(len(HIERARCHIES))]
        closed = rng.random() < 0.05
        confidence = 0.0 if closed else rng.uniform(0.1, 0.5) if rng.random() < 0.1 else 0.9
        dataset, licence = (
            ("meta", "CDLA-Permissive-2.0") if rng.random() < 0.8 else ("Foursquare", "Apache-2.0")
        )
        rows.append(
            place(
                f"{hierarchy[-1].replace('_', ' ').title()} No {number}",
                rng.uniform(west, east),
                rng.uniform(south, north),
                hierarchy,
                fid=f"{number:08d}-0000-4000-8000-{seed:012d}",
                dataset=dataset,
                licence=licence,
                confidence=confidence,
                operating_status="permanently_closed" if closed else "open",
            )
        )
    return rows


def write_release(
    folder: Path,
    features: Mapping[tuple[str, str], Sequence[dict[str, Any]]],
    *,
    release: str = RELEASE,
    others: Sequence[str] = (OLDER,),
    schemas: Mapping[tuple[str, str], pa.Schema] | None = None,
    group_rows: int = 64,
    file_rows: int = 1000,
) -> Release:
    """Write a release into a served folder.

    Args:
        folder: What the server serves.
        features: Rows by theme and type, e.g. `("places", "place")`; sorted here from west to east.
        release: Its name.
        others: Further releases that the catalogue lists, without files.
        schemas: Columns by theme and type where they are not the usual ones.
        group_rows: Rows of a row group.
        file_rows: Rows of a file.
    """
    usual = {("places", "place"): PLACE, ("divisions", "division_area"): DIVISION_AREA}
    there, items = Release(release), []
    for (theme, kind), rows in features.items():
        schema = {**usual, **(schemas or {})}[theme, kind]
        ordered = sorted(rows, key=lambda row: row["bbox"]["xmin"])
        for start in range(0, len(ordered), file_rows):
            part = ordered[start : start + file_rows]
            name = f"part-{start // file_rows:05d}-1c0ffee5-c000.zstd.parquet"
            key = f"release/{release}/theme={theme}/type={kind}/{name}"
            path = folder / there.url[1:] / key
            path.parent.mkdir(parents=True, exist_ok=True)
            table = pa.Table.from_pylist(part, schema=schema)
            geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {}}}
            table = table.replace_schema_metadata({"geo": json.dumps(geo)})
            pq.write_table(table, path, row_group_size=group_rows, compression="zstd")
            items.append(_item(key, part))
    _write_catalogue(folder / there.catalog_url[1:], release, others, items)
    return there


def _item(key: str, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the index's row of a file."""
    boxes = [row["bbox"] for row in rows]
    return {
        "type": "Feature",
        "id": key.rsplit("/", 1)[1],
        # Since the summer of 2026 the real index leaves this empty.
        "collection": None,
        "bbox": {
            "xmin": min(box["xmin"] for box in boxes),
            "ymin": min(box["ymin"] for box in boxes),
            "xmax": max(box["xmax"] for box in boxes),
            "ymax": max(box["ymax"] for box in boxes),
        },
        "assets": {
            "aws": {
                "href": f"https://overturemaps-us-west-2.s3.us-west-2.amazonaws.com/{key}",
                "alternate": {"s3": {"href": f"s3://overturemaps-us-west-2/{key}"}},
            }
        },
    }


def _write_catalogue(
    path: Path, release: str, others: Sequence[str], items: list[dict[str, Any]]
) -> None:
    """Write `catalog.json` and the release's index."""
    links = [
        {"rel": "root", "href": "./catalog.json", "type": "application/json"},
        *({"rel": "child", "href": f"./{each}/catalog.json"} for each in (release, *others)),
    ]
    (path.parent / release).mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"type": "Catalog", "latest": release, "links": links}))
    index = pa.Table.from_pylist(items).set_column(
        2, "collection", pa.nulls(len(items), pa.string())
    )
    pq.write_table(index, path.parent / release / "collections.parquet")
