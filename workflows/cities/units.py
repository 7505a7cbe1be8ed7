"""The units a city is mapped on, as the store has them."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from aether_core.city.cells import cells_with
from aether_core.city.city_areas import CityAreas
from aether_core.city.units import AREAS, H3_CELLS, UNIT_KINDS, UnitKind, Units
from db.cities import features as feature_rows
from db.schema import City


def unit_kind(city: City) -> UnitKind:
    """What a city is mapped on."""
    return UNIT_KINDS[city.units]


def units_with(session: Session, city: City, keys: NDArray[np.uint64]) -> Units:
    """Units of a city by their keys.

    Args:
        session: Of the store.
        city: The city.
        keys: uint64 `[m]`, rising, as `feature_rows.cells` and `cell_features` give them.
    """
    return _READERS[city.units](session, city, keys)


def all_units(session: Session, city: City) -> tuple[NDArray[np.int64], Units]:
    """Row ids `[m]` of all units of a city, and the units in the same order."""
    ids, keys = feature_rows.cells(session, city.id)
    return ids, units_with(session, city, keys)


def _cells(session: Session, city: City, keys: NDArray[np.uint64]) -> Units:  # noqa: ARG001
    if city.cell_resolution is None:
        raise ValueError(f"city {city.slug} has H3 cells without a resolution")
    return cells_with(city.cell_resolution, keys)


def _areas(session: Session, city: City, keys: NDArray[np.uint64]) -> Units:
    found = feature_rows.areas(session, city.id)
    every = CityAreas(found.number, found.geometry, found.code, found.name)
    return every.take(np.isin(found.number, keys))


_READERS: Mapping[str, Callable[[Session, City, NDArray[np.uint64]], Units]] = MappingProxyType(
    {H3_CELLS.name: _cells, AREAS.name: _areas}
)
"""By name of the kind."""


def add_units(session: Session, city_id: int, units: Units) -> NDArray[np.int64]:
    """Store the units of a new city; returns their row ids `[m]`."""
    return _WRITERS[units.kind.name](session, city_id, units)


def _add_cells(session: Session, city_id: int, units: Units) -> NDArray[np.int64]:
    return feature_rows.add_cells(session, city_id, units.keys, units.polygons())


def _add_areas(session: Session, city_id: int, units: Units) -> NDArray[np.int64]:
    return feature_rows.add_areas(
        session,
        city_id,
        number=units.keys,
        geometry=units.polygons(),
        code=units.codes(),
        name=units.names() or [""] * len(units),
    )


_WRITERS: Mapping[str, Callable[[Session, int, Units], NDArray[np.int64]]] = MappingProxyType(
    {H3_CELLS.name: _add_cells, AREAS.name: _add_areas}
)
