"""Places."""

import json
import math
from collections.abc import Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy import func, literal_column, select, text
from sqlalchemy.orm import Session

from aether_core.language import OTHER_NAMES, names_kept
from db.columns.copy import copy_in, driver, jsonb_bytes, new_ids
from db.engine import allow_long
from db.schema import Poi

COLUMNS = ("source", "source_id", "name", "category", "group")
NAMES_READ: Final = "CASE WHEN other_names = '{}' THEN '' ELSE other_names::text END"
"""SQL of the names in other languages as tables hold them."""
METRES_A_DEGREE = 110_500  # the shortest degree of latitude, so that boxes are never too small


def add_pois(
    session: Session, city_id: int, pois: gpd.GeoDataFrame, text_hashes: Sequence[str]
) -> NDArray[np.int64]:
    """Store places.

    Args:
        session: In a transaction.
        city_id: The city.
        pois: Columns `source`, `source_id`, `name`, `category`, `group` (text, empty when missing)
            and `geometry` (points, WGS84). `other_names` may be missing.
        text_hashes: Hash of each place's text, in the same order.

    Returns:
        Their ids `[n]`, in the same order.
    """
    allow_long(session)
    ids = new_ids(session, Poi.__tablename__, len(pois))
    texts = [pois[column].fillna("").astype(str).tolist() for column in COLUMNS]
    points = shapely.to_wkb(shapely.force_2d(pois.geometry.to_numpy()), include_srid=False)
    others = other_names_sent(pois)
    rows = zip(
        ids.tolist(), [city_id] * len(pois), *texts, text_hashes, others, points, strict=True
    )
    columns = {"id": "int8", "city_id": "int8"}
    columns |= dict.fromkeys((*COLUMNS, "text_hash"), "text")
    copy_in(session, Poi.__tablename__, columns | {OTHER_NAMES: "bytea", "geom": "bytea"}, rows)
    return ids


def other_names_sent(frame: pd.DataFrame) -> list[bytes]:
    """A table's names in other languages as they are copied into the store."""
    if OTHER_NAMES not in frame:
        return [jsonb_bytes("{}")] * len(frame)
    cells = frame[OTHER_NAMES].fillna("")
    return [jsonb_bytes(json.dumps(dict(names_kept(cell)))) for cell in cells]


def poi_frame(session: Session, city_id: int) -> gpd.GeoDataFrame:
    """A city's places by id: `id`, the columns of `add_pois`, `text_hash`, `geometry` (WGS84).

    Whoever learns or asks by names takes `name`: `other_names` is for showing and finding.
    """
    asked = sql.SQL(
        'SELECT id, source, source_id, name, category, "group", text_hash, ST_X(geom), '
        "ST_Y(geom), {} FROM poi WHERE city_id = %s ORDER BY id"
    ).format(sql.SQL(NAMES_READ))
    with driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(asked, (city_id,)).fetchall()
    values = list(zip(*rows, strict=True)) if rows else [()] * 10
    return gpd.GeoDataFrame(
        {
            "id": np.array(values[0], dtype=np.int64),
            **{name: list(values[1 + at]) for at, name in enumerate((*COLUMNS, "text_hash"))},
            OTHER_NAMES: list(values[9]),
        },
        geometry=shapely.points(np.array(values[7], float), np.array(values[8], float)),
        crs="EPSG:4326",
    )


def distinct_names(session: Session, city_id: int) -> list[str]:
    """What a city's places are called, each name once, in no order; those without one left out."""
    asked = select(Poi.name).where(Poi.city_id == city_id, Poi.name != "").distinct()
    return list(session.scalars(asked))


def categories(session: Session, city_id: int, limit: int = 12) -> list[tuple[str, str, int]]:
    """A city's commonest categories: (category, group, how many), most first; unnamed left out."""
    number = func.count().label("number")
    rows = session.execute(
        select(Poi.category, Poi.group, number)
        .where(Poi.city_id == city_id, Poi.category != "")
        .group_by(Poi.category, Poi.group)
        .order_by(number.desc(), Poi.category, Poi.group)
        .limit(limit)
    )
    return [(category, group, int(count)) for category, group, count in rows]


def pois_by_id(session: Session, poi_ids: Sequence[int]) -> gpd.GeoDataFrame:
    """Places by id, in the order asked: columns as of `poi_frame`, without their sources and texts.

    Raises:
        KeyError: One of them does not exist.
    """
    rows = session.execute(
        select(
            Poi.id,
            Poi.name,
            Poi.category,
            Poi.group,
            literal_column(NAMES_READ),
            func.ST_X(Poi.geom),
            func.ST_Y(Poi.geom),
        ).where(Poi.id.in_(list(poi_ids)))
    ).all()
    by_id = {row[0]: row for row in rows}
    found = [by_id[poi_id] for poi_id in poi_ids]
    return gpd.GeoDataFrame(
        {
            name: [row[at] for row in found]
            for at, name in enumerate(("id", "name", "category", "group", OTHER_NAMES))
        },
        geometry=shapely.points([row[5] for row in found], [row[6] for row in found]),
        crs="EPSG:4326",
    )


def pois_within(
    session: Session, city_id: int, lon: float, lat: float, metres: float
) -> NDArray[np.int64]:
    """Ids `[n]`, ascending, of a city's places at most `metres` from a point, on the spheroid."""
    high = 1.01 * metres / METRES_A_DEGREE
    cosine = math.cos(math.radians(min(abs(lat) + high, 89.9)))
    rows = session.scalars(
        text(
            "SELECT id FROM poi WHERE city_id = :city "
            "AND geom && ST_Expand(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326), :wide, :high) "
            "AND ST_DWithin(geom::geography, "
            "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography, :metres) ORDER BY id"
        ),
        {
            "city": city_id,
            "lon": lon,
            "lat": lat,
            "wide": high / cosine,
            "high": high,
            "metres": metres,
        },
    )
    return np.array(rows.all(), dtype=np.int64)
