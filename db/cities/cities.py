"""Cities, the files of their embedding and their backdrop."""

from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, func, literal_column, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from aether_core.errors import ConflictError, NotFoundError
from aether_core.language import OTHER_NAMES
from db.cities.pois import NAMES_READ, other_names_sent
from db.columns.copy import copy_in, new_ids
from db.engine import allow_long
from db.schema import (
    MAIN_ROAD,
    BaseFeature,
    Cell,
    City,
    Job,
    Layer,
    Model,
    Poi,
    Raster,
    Study,
)
from db.sight import seeing_all

WGS84 = "EPSG:4326"


def add_city(session: Session, *, boundary: Polygon | MultiPolygon, **columns: Any) -> City:  # noqa: ANN401
    """Add a city.

    Args:
        session: In a transaction.
        boundary: Shapely polygon or multipolygon, WGS84.
        **columns: The other columns of `schema.City`.

    Raises:
        ConflictError: There is a city with that slug.
    """
    whole = boundary if isinstance(boundary, MultiPolygon) else MultiPolygon([boundary])
    city = City(boundary=from_shape(whole, srid=4326), **columns)
    try:
        with session.begin_nested():
            session.add(city)
    except IntegrityError as error:
        if not is_taken(session, city.slug):
            raise
        raise ConflictError(
            "a city with this slug exists",
            city.slug,
            "choose another slug, or remove that city",
            code="city-exists",
        ) from error
    return city


def is_taken(session: Session, slug: str) -> bool:
    """Whether a city has this slug, seen or not."""
    with seeing_all(session):
        return session.scalar(select(City.id).where(City.slug == slug)) is not None


def city_by_slug(session: Session, slug: str) -> City:
    """The city of that slug.

    Raises:
        NotFoundError: There is none; the message lists the slugs there are.
    """
    city = session.scalar(select(City).where(City.slug == slug))
    if city is None:
        raise _unknown(session, slug)
    return city


def city_by_id(session: Session, city_id: int) -> City:
    """The city of that number.

    Raises:
        NotFoundError: It was removed.
    """
    city = session.get(City, city_id)
    if city is None:
        raise _removed(city_id)
    return city


def lock_city(session: Session, city_id: int) -> City:
    """The city of that number, held until the transaction ends.

    Two who would look for something of the city and add it when it is missing take turns; reading
    goes on.

    Raises:
        NotFoundError: There is none: it was removed meanwhile.
    """
    city = session.scalar(
        select(City)
        .where(City.id == city_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if city is None:
        raise _removed(city_id)
    return city


def hold_city(session: Session, city_id: int) -> City:
    """The city of that number, held until the transaction ends so that nothing is added to it.

    Who has added something and not committed is waited for; who wants to add something waits, and
    finds the city as this transaction leaves it.

    Raises:
        NotFoundError: There is none: it was removed meanwhile.
    """
    found = select(City).where(City.id == city_id).with_for_update()
    city = session.scalar(found.execution_options(populate_existing=True))
    if city is None:
        raise _removed(city_id)
    return city


def note_new_places(
    session: Session, city: City, *, dropped: dict[str, int], attribution: list[str]
) -> None:
    """Say of a city that places were added: what is kept of it by its time is made anew.

    Args:
        session: In the transaction that adds them.
        city: Locked.
        dropped: How many places were left out, by reason.
        attribution: All its credits.
    """
    city.dropped, city.attribution = dropped, attribution
    city.created_at = session.scalar(select(func.clock_timestamp())) or city.created_at
    session.flush()


def list_cities(session: Session) -> list[City]:
    """All cities by name."""
    return list(session.scalars(select(City).order_by(City.name, City.slug)))


def remove_city(session: Session, slug: str) -> None:
    """Delete a city and everything that belongs to it, its layers' SQL views too.

    Files of models and rasters are the caller's to delete.

    Raises:
        NotFoundError: There is no such city.
    """
    allow_long(session)
    to_this_city = (
        select(Study.job_id)
        .join(City, Study.other_city_id == City.id)
        .where(City.slug == slug)
        .scalar_subquery()
    )
    session.execute(delete(Job).where(Job.id.in_(to_this_city)))
    removed = session.execute(delete(City).where(City.slug == slug).returning(City.id)).all()
    if not removed:
        raise _unknown(session, slug)
    session.expire_all()


def boundary_of(city: City) -> MultiPolygon:
    """A city's boundary, WGS84."""
    return to_shape(city.boundary)


def counts(session: Session, city_id: int) -> dict[str, int]:
    """How many `pois`, `cells`, `models` and `layers` a city has."""
    tables: dict[str, type[Poi | Cell | Model | Layer]] = {
        "pois": Poi,
        "cells": Cell,
        "models": Model,
        "layers": Layer,
    }
    row = session.execute(
        select(
            *(
                select(func.count())
                .select_from(table)
                .where(table.city_id == city_id)
                .scalar_subquery()
                .label(name)
                for name, table in tables.items()
            )
        )
    ).one()
    return {name: int(row._mapping[name]) for name in tables}


def add_raster(
    session: Session,
    city_id: int,
    *,
    footprint: BaseGeometry,
    **columns: Any,  # noqa: ANN401
) -> Raster:
    """Record one file of a city's embedding.

    Args:
        session: In a transaction.
        city_id: The city.
        footprint: Shapely geometry, WGS84.
        **columns: The other columns of `schema.Raster`.
    """
    raster = Raster(city_id=city_id, footprint=from_shape(footprint, srid=4326), **columns)
    session.add(raster)
    session.flush()
    return raster


def rasters(session: Session, city_id: int, year: int | None = None) -> list[Raster]:
    """The files of a city's embedding in one year, in the order they were added.

    Args:
        session: In a transaction.
        city_id: The city.
        year: Of the embedding; the city's own year by default.
    """
    own = select(City.year).where(City.id == city_id).scalar_subquery()
    return list(
        session.scalars(
            select(Raster)
            .where(Raster.city_id == city_id, Raster.year == (own if year is None else year))
            .order_by(Raster.id)
        )
    )


def every_raster(session: Session, city_id: int) -> list[Raster]:
    """The files of a city's embedding in all its years, in the order they were added."""
    return list(
        session.scalars(select(Raster).where(Raster.city_id == city_id).order_by(Raster.id))
    )


def add_base_features(session: Session, city_id: int, features: gpd.GeoDataFrame) -> int:
    """Store a city's backdrop.

    Args:
        session: In a transaction.
        city_id: The city.
        features: Columns `kind` (one of `schema.BASE_KINDS`), `name`, `geometry`; any CRS. With a
            column `main`: whether a road is a main road; with `other_names`: in other languages.

    Returns:
        How many were stored.
    """
    allow_long(session)
    ids = new_ids(session, BaseFeature.__tablename__, len(features))
    placed = features.geometry if features.crs is None else features.geometry.to_crs(WGS84)
    shapes = shapely.to_wkb(shapely.force_2d(placed.to_numpy()), include_srid=False)
    main = features["main"].tolist() if "main" in features else [None] * len(features)
    rows = zip(
        ids.tolist(),
        [city_id] * len(features),
        features["kind"].tolist(),
        features["name"].fillna("").astype(str).tolist(),
        other_names_sent(features),
        [None if pd.isna(one) else bool(one) for one in main],
        shapes,
        strict=True,
    )
    columns = {"id": "int8", "city_id": "int8", "kind": "text", "name": "text"}
    columns |= {OTHER_NAMES: "bytea", "main": "bool", "geom": "bytea"}
    copy_in(session, BaseFeature.__tablename__, columns, rows)
    return len(features)


def base_features(session: Session, city_id: int) -> gpd.GeoDataFrame:
    """A city's backdrop: `kind`, `name`, `other_names`, `geometry` (WGS84); empty when none."""
    rows = session.execute(
        select(
            BaseFeature.kind,
            BaseFeature.name,
            func.ST_AsBinary(BaseFeature.geom),
            literal_column(NAMES_READ),
        )
        .where(BaseFeature.city_id == city_id)
        .order_by(BaseFeature.id)
    ).all()
    return gpd.GeoDataFrame(
        {
            "kind": [row[0] for row in rows],
            "name": [row[1] for row in rows],
            OTHER_NAMES: [row[3] for row in rows],
        },
        geometry=shapely.from_wkb([bytes(row[2]) for row in rows]),
        crs=WGS84,
    )


def count_base_features(session: Session, city_id: int) -> int:
    """How many features a city's backdrop has."""
    found = select(func.count()).where(BaseFeature.city_id == city_id)
    return int(session.scalar(found.select_from(BaseFeature)) or 0)


def ground_features(session: Session, city_id: int, kind: str) -> gpd.GeoDataFrame:
    """The features of one kind of a city's backdrop: `name`, `other_names`, `geometry` (WGS84).

    Args:
        session: In a transaction.
        city_id: The city.
        kind: One of `schema.BASE_KINDS`, or `main road`: roads known to be main roads.
    """
    chosen = BaseFeature.main.is_(True) if kind == MAIN_ROAD else BaseFeature.kind == kind
    rows = session.execute(
        select(BaseFeature.name, func.ST_AsBinary(BaseFeature.geom), literal_column(NAMES_READ))
        .where(BaseFeature.city_id == city_id, chosen)
        .order_by(BaseFeature.id)
    ).all()
    return gpd.GeoDataFrame(
        {"name": [row[0] for row in rows], OTHER_NAMES: [row[2] for row in rows]},
        geometry=shapely.from_wkb([bytes(row[1]) for row in rows]),
        crs=WGS84,
    )


def _removed(city_id: int) -> NotFoundError:
    return NotFoundError(
        "no such city", city_id, "it has been removed; list those there are", code="no-such-city"
    )


def _unknown(session: Session, slug: str) -> NotFoundError:
    known = list(session.scalars(select(City.slug).order_by(City.slug)))
    remedy = f"the cities here are: {', '.join(known)}" if known else "there is no city here yet"
    return NotFoundError("no such city", slug, remedy, code="no-such-city")
