"""What lists of cities show of each, for all of them in a few statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
from geoalchemy2.shape import to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
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
    years = _years(session, city_ids)
    footprints = _footprints(session, city_ids)
    in_use = {
        model.city_id: model
        for model in session.scalars(select(Model).where(Model.city_id.in_(city_ids), Model.in_use))
    }
    return {
        city_id: CityFacts(
            pois=pois,
            cells=cells,
            models=models,
            layers=layers,
            years=tuple(years[city_id]),
            footprint=shapely.union_all(footprints[city_id]),
            model=in_use.get(city_id),
        )
        for city_id, pois, cells, models, layers in _counts(session, city_ids)
    }


def _counts(session: Session, city_ids: Sequence[int]) -> list[tuple[int, int, int, int, int]]:
    """A city's number, and how many places, cells, models and layers it has."""
    tables: tuple[type[Poi | Cell | Model | Layer], ...] = (Poi, Cell, Model, Layer)
    counts = [
        select(func.count()).select_from(table).where(table.city_id == City.id).scalar_subquery()
        for table in tables
    ]
    rows = session.execute(select(City.id, *counts).where(City.id.in_(city_ids)))
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def _years(session: Session, city_ids: Sequence[int]) -> dict[int, list[int]]:
    held: dict[int, list[int]] = defaultdict(list)
    found = (
        select(PooledView.city_id, PooledView.year)
        .where(PooledView.city_id.in_(city_ids))
        .distinct()
    )
    for city_id, year in session.execute(found.order_by(PooledView.year)):
        held[city_id].append(year)
    return held


def _footprints(session: Session, city_ids: Sequence[int]) -> dict[int, list[BaseGeometry]]:
    shapes: dict[int, list[BaseGeometry]] = defaultdict(list)
    found = (
        select(Raster.city_id, Raster.footprint)
        .join(City, (City.id == Raster.city_id) & (City.year == Raster.year))
        .where(City.id.in_(city_ids))
    )
    for city_id, footprint in session.execute(found):
        shapes[city_id].append(to_shape(footprint))
    return shapes
