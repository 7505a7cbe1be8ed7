"""Area sets: areas with their shares, kept for the maps fitted on them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.columns.copy import copy_in, driver, jsonb_bytes, new_ids
from db.columns.identifiers import free_names
from db.engine import allow_long
from db.schema import Area, AreaSet


def add_area_set(
    session: Session,
    city_id: int,
    *,
    name: str,
    source: str,
    sha256: str,
    fields: Sequence[str],
    given: str,
    parameters: Mapping[str, Any],
    dropped: Mapping[str, int],
    minimum_count: float | None,
    geometry: NDArray[np.object_],
    code: Sequence[str] | NDArray[np.object_],
    count: NDArray[np.float64] | None,
    shares: NDArray[np.float64],
) -> AreaSet:
    """Keep areas.

    Args:
        session: In a transaction.
        city_id: The city.
        name: Name for people.
        source: Name of the file.
        sha256: Of the file's content.
        fields: Names of the shares, in order.
        given: How the file states them, one of `schema.GIVEN`.
        parameters: How the file was read (code field, CRS). With file, fields, minimum and city
            this tells two sets apart, see `find_area_set`.
        dropped: Number of areas left out by reason.
        minimum_count: Areas of fewer people were left out; None where no counts are given.
        geometry: Polygons or multipolygons `[a]`, WGS84.
        code: What each area is called `[a]`, all different.
        count: People in each area `[a]`, NaN where not known; None for all.
        shares: `[a, k]`, each row summing to 1.

    Raises:
        ValueError: Shapes, codes, counts and shares differ in number, or a share is NaN.
    """
    found = AreaSet(
        city_id=city_id,
        name=name,
        source=source,
        sha256=sha256,
        fields=list(fields),
        given=given,
        parameters=dict(parameters),
        dropped=dict(dropped),
        minimum_count=minimum_count,
    )
    session.add(found)
    session.flush()
    allow_long(session)
    rows = zip(
        new_ids(session, Area.__tablename__, len(geometry)).tolist(),
        [found.id] * len(geometry),
        map(str, code),
        _multipolygons(geometry),
        _counts(count, len(geometry)),
        _documents(list(fields), np.asarray(shares)),
        strict=True,
    )
    types = {"id": "int8", "area_set_id": "int8", "code": "text", "geom": "bytea"}
    copy_in(session, Area.__tablename__, types | {"count": "float8", "shares": "bytea"}, rows)
    session.refresh(found)
    return found


def find_area_set(
    session: Session,
    city_id: int,
    *,
    sha256: str,
    fields: Sequence[str],
    minimum_count: float | None,
    parameters: Mapping[str, Any],
) -> AreaSet | None:
    """The city's newest set of the same file, fields and way of reading, if there is one."""
    return session.scalar(
        select(AreaSet)
        .where(
            AreaSet.city_id == city_id,
            AreaSet.sha256 == sha256,
            AreaSet.fields == list(fields),
            AreaSet.minimum_count.is_not_distinct_from(minimum_count),
            AreaSet.parameters == dict(parameters),
        )
        .order_by(AreaSet.id.desc())
        .limit(1)
    )


def area_frame(session: Session, area_set: AreaSet) -> gpd.GeoDataFrame:
    """The areas of a set in the order given.

    Returns:
        `area_id`, `code`, `count` (NaN where not known), a column of shares a field, and `geometry`
        (multipolygons, WGS84). A field of the name of another column ends in `_`, see
        `share_columns`.
    """
    with driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(
            "SELECT id, code, count, shares, ST_AsBinary(geom) FROM area WHERE area_set_id = %s "
            "ORDER BY id",
            (area_set.id,),
        ).fetchall()
    values = list(zip(*rows, strict=True)) if rows else [()] * 5
    shares = {
        column: np.array([row[field] for row in values[3]], dtype=np.float64)
        for field, column in share_columns(area_set.fields).items()
    }
    return gpd.GeoDataFrame(
        {
            "area_id": np.array(values[0], dtype=np.int64),
            "code": np.array(values[1], dtype=object),
            "count": np.array(values[2], dtype=np.float64),
            **shares,
        },
        geometry=shapely.from_wkb(list(values[4])),
        crs="EPSG:4326",
    )


def share_columns(fields: Sequence[str]) -> dict[str, str]:
    """The column of `area_frame` that holds each field's shares."""
    return free_names(fields, ("area_id", "code", "count", "geometry"))


def _multipolygons(geometry: NDArray[np.object_]) -> list[bytes]:
    """WKB of areas, each as a multipolygon."""
    flat = shapely.force_2d(np.asarray(geometry, dtype=object))
    shapes = [s if s.geom_type == "MultiPolygon" else shapely.MultiPolygon([s]) for s in flat]
    return list(shapely.to_wkb(shapes, include_srid=False))


def _counts(count: NDArray[np.float64] | None, length: int) -> list[float | None]:
    if count is None:
        return [None] * length
    return [float(number) if np.isfinite(number) else None for number in count]


def _documents(fields: list[str], shares: NDArray[np.float64]) -> Iterable[bytes]:
    """Each area's shares as a JSON object for binary COPY."""
    if shares.ndim != 2 or shares.shape[1] != len(fields):
        raise ValueError(f"shares must be [a, {len(fields)}], not {shares.shape}")
    for row in shares.tolist():
        document = dict(zip(fields, row, strict=True))
        yield jsonb_bytes(json.dumps(document, allow_nan=False, ensure_ascii=False))
