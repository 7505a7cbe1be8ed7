"""What a layer has values for: a city's cells, or the areas of a set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from psycopg import sql
from sqlalchemy.orm import Session

from db.columns.arrays import array_of
from db.columns.copy import driver
from db.schema import Layer

_INT64 = np.dtype(np.int64)


@dataclass(frozen=True)
class Keys:
    """Units of a layer in the order their values are stored in.

    Attributes:
        key: Stored name of each, int64 `[n]`, ascending: a cell's H3 index, an area's id.
        order: Where each stands in the ids that were given, int64 `[n]`.
    """

    key: NDArray[np.int64]
    order: NDArray[np.int64]


class SpatialUnit(Protocol):
    """One kind of unit.

    Attributes:
        table: Table of the shapes.
        column: What a frame's first column and a view's column of names are called.
        id_column: What a layer's view calls the unit's id.
        name: SQL for what people call a unit, from its row: H3 index in hexadecimal, or code.
        of_set: Whether units are the areas of a set, and not the city's own units.
        has_shapes: Whether units have shapes of their own; cells of H3 are known by their index.
        may_have_names: Whether units are the city's own areas, which may have names.
    """

    table: str
    column: str
    id_column: str
    name: str
    of_set: bool
    has_shapes: bool
    may_have_names: bool

    def keys_of(self, session: Session, layer: Layer, ids: NDArray[np.int64]) -> Keys:
        """Keys of units given by id.

        Raises:
            ValueError: An id is none of the layer's city or areas, or was given twice.
        """

    def names_of(self, session: Session, layer: Layer, keys: NDArray[np.int64]) -> list[str]:
        """What people call the units of these keys."""

    def joined(self, layer: Layer) -> sql.Composable:
        """SQL of the condition that joins the unit's table to `stored.key`."""


class Cells:
    """A city's H3 cells. A layer keeps their indexes, so that reading it asks no other table."""

    of_set = has_shapes = may_have_names = False
    table = "cell"
    column = "cell"
    id_column = "cell_id"
    name = "to_hex(cell.key)"

    def keys_of(self, session: Session, layer: Layer, ids: NDArray[np.int64]) -> Keys:
        """See `SpatialUnit`."""
        known, keys = _arrays(
            session,
            "SELECT array_send(array_agg(id)), array_send(array_agg(key)) FROM "
            "(SELECT id, key FROM cell WHERE city_id = %s ORDER BY id) AS known",
            layer.city_id,
        )
        at = np.searchsorted(known, ids)
        if len(ids) and (not len(known) or (known[at.clip(max=len(known) - 1)] != ids).any()):
            raise ValueError("these are not all cells of the layer's city")
        return _ascending(keys[at])

    def names_of(
        self,
        session: Session,  # noqa: ARG002 - the key says it
        layer: Layer,  # noqa: ARG002
        keys: NDArray[np.int64],
    ) -> list[str]:
        """See `SpatialUnit`."""
        return [f"{key:x}" for key in keys.tolist()]

    def joined(self, layer: Layer) -> sql.Composable:
        """See `SpatialUnit`."""
        return sql.SQL("cell.city_id = {} AND cell.key = stored.key").format(
            sql.Literal(layer.city_id)
        )


class Areas:
    """The areas of a set, in its order."""

    of_set = has_shapes = True
    may_have_names = False
    table = "area"
    column = "area"
    id_column = "area_id"
    name = "area.code::text"

    def keys_of(self, session: Session, layer: Layer, ids: NDArray[np.int64]) -> Keys:
        """See `SpatialUnit`."""
        (known,) = _arrays(
            session,
            "SELECT array_send(array_agg(id)) FROM area WHERE area_set_id = %s",
            layer.area_set_id,
        )
        if not np.isin(ids, known).all():
            raise ValueError("these are not all areas of the layer's set")
        return _ascending(ids)

    def names_of(
        self,
        session: Session,
        layer: Layer,  # noqa: ARG002 - ids are the store's
        keys: NDArray[np.int64],
    ) -> list[str]:
        """See `SpatialUnit`."""
        rows = driver(session).execute(
            "SELECT code::text FROM area WHERE id = ANY(%s) ORDER BY id", (keys.tolist(),)
        )
        return [str(row[0]) for row in rows]

    def joined(self, layer: Layer) -> sql.Composable:  # noqa: ARG002
        """See `SpatialUnit`."""
        return sql.SQL("area.id = stored.key")


class CityAreas(Cells):
    """The areas a city is made of. A layer keeps their numbers."""

    has_shapes = may_have_names = True
    table = "city_area"
    column = "area"
    id_column = "area_id"
    name = "city_area.code::text"

    def names_of(self, session: Session, layer: Layer, keys: NDArray[np.int64]) -> list[str]:
        """See `SpatialUnit`."""
        rows = driver(session).execute(
            "SELECT code::text FROM city_area WHERE city_id = %s AND number = ANY(%s) "
            "ORDER BY number",
            (layer.city_id, keys.tolist()),
        )
        return [str(row[0]) for row in rows]

    def joined(self, layer: Layer) -> sql.Composable:
        """See `SpatialUnit`."""
        return sql.SQL("city_area.city_id = {} AND city_area.number = stored.key").format(
            sql.Literal(layer.city_id)
        )


SPATIAL_UNITS: Mapping[str, SpatialUnit] = {
    "cell": Cells(),
    "area": Areas(),
    "city_area": CityAreas(),
}
"""By a layer's `spatial_unit`."""


def _arrays(session: Session, query: str, parameter: int | None) -> list[NDArray[Any]]:
    """The bigint arrays of a query's one row; empty where it has nothing to gather."""
    with driver(session).cursor(binary=True) as cursor:
        row = cursor.execute(query, (parameter,)).fetchone() or ()
    return [np.empty(0, _INT64) if raw is None else array_of(raw, _INT64) for raw in row]


def _ascending(keys: NDArray[np.int64]) -> Keys:
    order = np.argsort(keys)
    key = keys[order]
    if (key[1:] == key[:-1]).any():
        raise ValueError("a cell or an area was given twice")
    return Keys(key, order)
