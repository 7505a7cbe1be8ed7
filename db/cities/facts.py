"""What lists of cities show of each, for all of them in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import Session

from db.schema import Cell, City, Layer, Model, Poi, PooledView, Raster


@dataclass(frozen=True)
class CityFacts:
    """What hangs on a city.

    Attributes:
        pois: Number of its places; `cells`, `models` and `layers` likewise.
        years: The years it holds, ascending.
        footprint: What the files of its own year cover together, WGS84.
        model: The one in use; None before its first.
    """

    pois: int
    cells: int
    models: int
    layers: int
    years: tuple[int, ...]
    footprint: BaseGeometry
    model: Model | None


def city_facts(session: Session, city_ids: Sequence[int]) -> dict[int, CityFacts]:
    """Facts of cities by their number, in as many statements for one as for a hundred."""
    rows = session.execute(
        select(
            City.id,
            City.created_at,
            _number_of(Model),
            _number_of(Layer),
            select(func.array_agg(PooledView.year.distinct()))
            .where(PooledView.city_id == City.id)
            .correlate(City)
            .scalar_subquery(),
            select(func.ST_AsBinary(func.ST_Collect(Raster.footprint)))
            .where(Raster.city_id == City.id, Raster.year == City.year)
            .correlate(City)
            .scalar_subquery(),
            Model,
        )
        .outerjoin(Model, (Model.city_id == City.id) & Model.in_use)
        .where(City.id.in_(city_ids))
    ).all()
    sizes = _sizes(session, [(row[0], row[1]) for row in rows])
    return {
        city_id: CityFacts(
            *size,
            models=models,
            layers=layers,
            years=tuple(sorted(years or ())),
            footprint=_together(footprints),
            model=model,
        )
        for size, (city_id, _, models, layers, years, footprints, model) in zip(
            sizes, rows, strict=True
        )
    }


def _together(footprints: bytes | None) -> BaseGeometry:
    """One shape of all that a city's files cover; an empty one where it has none."""
    parts = [] if footprints is None else shapely.get_parts(shapely.from_wkb(bytes(footprints)))
    return shapely.union_all(parts)


_SIZES: Final[dict[tuple[str, int, datetime], tuple[int, int]]] = {}
"""Places and cells by database and city. They come and go with the city, and to count 250,000 of
them on every run of a page would cost more than all else that is asked."""


def _sizes(session: Session, cities: Sequence[tuple[int, datetime]]) -> list[tuple[int, int]]:
    """How many places and cells each city has, by its number and when it was added."""
    database = str(session.get_bind().engine.url)
    keys = {city_id: (database, city_id, created) for city_id, created in cities}
    unknown = [city_id for city_id, key in keys.items() if key not in _SIZES]
    if unknown:
        counted = select(City.id, _number_of(Poi), _number_of(Cell)).where(City.id.in_(unknown))
        for city_id, pois, cells in session.execute(counted):
            _SIZES[keys[city_id]] = (pois, cells)
    return [_SIZES[key] for key in keys.values()]


def _number_of(table: type[Poi | Cell | Model | Layer]) -> ScalarSelect[int]:
    counted = select(func.count()).select_from(table).where(table.city_id == City.id)
    return counted.correlate(City).scalar_subquery()
