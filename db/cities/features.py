"""Views of the embedding, cells and areas, and the vectors of places and cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from sqlalchemy import Integer, func, select
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.columns.copy import copy_in, copy_out, driver, new_ids
from db.columns.vector_type import STORED, vector_bytes
from db.engine import allow_long
from db.schema import Cell, CellFeature, City, CityArea, EOFeature, PooledView

BIGINT = np.dtype(">i8")


def add_view(
    session: Session,
    city_id: int,
    *,
    name: str,
    shape: str,
    radius_m: float | None,
    radius_px: int | None,
    year: int,
) -> PooledView:
    """Add a view of a city's embedding: a disk of `radius_m` metres or a square of `radius_px`."""
    view = PooledView(
        city_id=city_id,
        name=name,
        shape=shape,
        radius_m=radius_m,
        radius_px=radius_px,
        year=year,
    )
    session.add(view)
    session.flush()
    return view


def views(session: Session, city_id: int) -> list[PooledView]:
    """A city's views by year, then in the order they were added."""
    return list(
        session.scalars(
            select(PooledView)
            .where(PooledView.city_id == city_id)
            .order_by(PooledView.year, PooledView.id)
        )
    )


def view_named(session: Session, city_id: int, name: str, year: int | None = None) -> PooledView:
    """One view of a city.

    Args:
        session: In a transaction.
        city_id: The city.
        name: `base` or `wide`.
        year: The embedding's year; the city's own by default.

    Raises:
        NotFoundError: The city has no such view.
    """
    wanted = select(City.year).where(City.id == city_id).scalar_subquery() if year is None else year
    view = session.scalar(
        select(PooledView).where(
            PooledView.city_id == city_id, PooledView.name == name, PooledView.year == wanted
        )
    )
    if view is None:
        known = ", ".join(f"{view.name} {view.year}" for view in views(session, city_id))
        shown = name if year is None else f"{name} {year}"
        raise NotFoundError(
            "no such view", shown, f"this city has: {known or 'none'}", code="no-such-view"
        )
    return view


def add_poi_features(
    session: Session, view_id: int, poi_ids: NDArray[np.int64], vectors: NDArray[np.float32]
) -> None:
    """Store places' vectors `[n, dim]` in one view. Places that cannot be pooled are left out.

    Raises:
        ValueError: Ids and vectors differ in number, or vectors hold NaN.
    """
    rows = _vector_rows(view_id, poi_ids, vectors)
    allow_long(session)
    columns = {"view_id": "int8", "poi_id": "int8", "vector": "bytea"}
    copy_in(session, EOFeature.__tablename__, columns, rows)


def poi_features(
    session: Session, city_id: int, view_name: str, year: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """A city's place ids `[n]` and vectors float32 `[n, dim]` in one view, by id.

    Raises:
        NotFoundError: The city has no such view.
    """
    view = view_named(session, city_id, view_name, year).id
    found = copy_out(
        session,
        "SELECT poi_id, vector FROM eo_feature WHERE view_id = %(view)s ORDER BY poi_id",
        {"view": view},
        {"id": BIGINT, "vector": _stored_vector(session, EOFeature, view)},
    )
    return found["id"], found["vector"]


def add_cells(
    session: Session, city_id: int, h3: NDArray[np.uint64], polygons: NDArray[Any]
) -> NDArray[np.int64]:
    """Store a city's cells.

    Args:
        session: In a transaction.
        city_id: The city.
        h3: H3 indexes `[m]`.
        polygons: Shapely polygons `[m]`, WGS84.

    Returns:
        Their ids `[m]`, in the same order.
    """
    allow_long(session)
    ids = new_ids(session, Cell.__tablename__, len(h3))
    rows = zip(
        ids.tolist(),
        [city_id] * len(h3),
        np.asarray(h3, dtype=np.uint64).astype(np.int64).tolist(),
        shapely.to_wkb(np.asarray(polygons, dtype=object), include_srid=False),
        strict=True,
    )
    columns = {"id": "int8", "city_id": "int8", "key": "int8", "geom": "bytea"}
    copy_in(session, Cell.__tablename__, columns, rows)
    return ids


def add_areas(
    session: Session,
    city_id: int,
    *,
    number: NDArray[np.uint64],
    geometry: NDArray[np.object_],
    code: Sequence[str],
    name: Sequence[str],
) -> NDArray[np.int64]:
    """Store the areas that are a city's units.

    Args:
        session: In a transaction.
        city_id: The city.
        number: What tells them apart, `[m]`.
        geometry: Polygons and MultiPolygons, WGS84, `[m]`.
        code: What files call each; no two the same.
        name: What people call each, "" where there is no name.

    Returns:
        Ids of their cells `[m]`, in the same order.
    """
    allow_long(session)
    ids = new_ids(session, Cell.__tablename__, len(number))
    keys = np.asarray(number, dtype=np.uint64).astype(np.int64).tolist()
    of_city = [city_id] * len(keys)
    columns = {"id": "int8", "city_id": "int8", "key": "int8"}
    rows = zip(ids.tolist(), of_city, keys, strict=True)
    copy_in(session, Cell.__tablename__, columns, rows)
    single = shapely.get_type_id(geometry) == shapely.GeometryType.POLYGON
    shapes = geometry.copy()
    shapes[single] = [shapely.MultiPolygon([shape]) for shape in geometry[single]]
    columns = {
        "id": "int8",
        "city_id": "int8",
        "number": "int8",
        "code": "text",
        "name": "text",
        "geom": "bytea",
    }
    wkb = shapely.to_wkb(shapes, include_srid=False)
    described = zip(ids.tolist(), of_city, keys, code, name, wkb, strict=True)
    copy_in(session, CityArea.__tablename__, columns, described)
    return ids


@dataclass(frozen=True, eq=False)
class AreaShapes:
    """The areas of a city, by rising number.

    Attributes:
        number: uint64 `[m]`.
        geometry: MultiPolygons, WGS84, object `[m]`.
        code: Object `[m]` of str.
        name: Object `[m]` of str.
    """

    number: NDArray[np.uint64]
    geometry: NDArray[np.object_]
    code: NDArray[np.object_]
    name: NDArray[np.object_]


def areas(session: Session, city_id: int) -> AreaShapes:
    """The areas a city is made of; none of a city of H3 cells."""
    with driver(session).cursor(binary=True) as cursor:
        rows = cursor.execute(
            "SELECT number, code, name, ST_AsBinary(geom) FROM city_area "
            "WHERE city_id = %s ORDER BY number",
            (city_id,),
        ).fetchall()
    return AreaShapes(
        np.array([row[0] for row in rows], dtype=np.uint64),
        shapely.from_wkb(np.array([row[3] for row in rows], dtype=object)),
        np.array([row[1] for row in rows], dtype=object),
        np.array([row[2] for row in rows], dtype=object),
    )


def cells(session: Session, city_id: int) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Ids `[m]` and keys `[m]` of a city's units, by key: H3 indexes of cells."""
    found = copy_out(
        session,
        "SELECT id, key FROM cell WHERE city_id = %(city)s ORDER BY key",
        {"city": city_id},
        {"id": BIGINT, "key": BIGINT},
    )
    return found["id"], found["key"].astype(np.uint64)


def add_cell_features(
    session: Session,
    view_id: int,
    cell_ids: NDArray[np.int64],
    vectors: NDArray[np.float32],
    length: NDArray[np.float64] | None = None,
) -> None:
    """Store cells' vectors `[m, dim]` in one view. Cells that cannot be pooled are left out.

    `length` `[m]` is how long each was before it was brought to length 1, where that is known.

    Raises:
        ValueError: Ids and vectors differ in number, or vectors hold NaN.
    """
    rows = _vector_rows(view_id, cell_ids, vectors)
    allow_long(session)
    columns = {"view_id": "int8", "cell_id": "int8", "vector": "bytea"}
    if length is None:
        copy_in(session, CellFeature.__tablename__, columns, rows)
        return
    columns["length"] = "float8"
    longer = ((*row, one) for row, one in zip(rows, length.tolist(), strict=True))
    copy_in(session, CellFeature.__tablename__, columns, longer)


def cell_features(
    session: Session, city_id: int, view_name: str, year: int | None = None
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.float32]]:
    """Ids `[m]`, keys `[m]` and vectors float32 `[m, dim]` of a city's units, by key.

    Raises:
        NotFoundError: The city has no such view.
    """
    view = view_named(session, city_id, view_name, year).id
    found = copy_out(
        session,
        "SELECT cell.id, cell.key, vector FROM cell_feature JOIN cell ON cell.id = cell_id "
        "WHERE view_id = %(view)s ORDER BY cell.key",
        {"view": view},
        {"id": BIGINT, "key": BIGINT, "vector": _stored_vector(session, CellFeature, view)},
    )
    return found["id"], found["key"].astype(np.uint64), found["vector"]


def _vector_rows(
    view_id: int, ids: NDArray[np.int64], vectors: NDArray[np.float32]
) -> Iterable[tuple[int, int, bytes]]:
    if len(vectors) != len(ids):
        raise ValueError(f"{len(ids)} ids need as many vectors, not {vectors.shape}")
    return zip([view_id] * len(ids), np.asarray(ids).tolist(), vector_bytes(vectors), strict=True)


def _stored_vector(
    session: Session, table: type[EOFeature | CellFeature], view_id: int
) -> np.dtype[Any]:
    """The type of a view's vectors: all are as long as its first, or reading them fails."""
    width = session.scalar(
        select(func.octet_length(table.vector, type_=Integer))
        .where(table.view_id == view_id)
        .limit(1)
    )
    return np.dtype((STORED, ((width or 0) // STORED.itemsize,)))


def vector_dim(session: Session, city_id: int) -> int | None:
    """How many numbers the vectors of a city's cells have; None where no cell has one."""
    found = session.scalar(
        select(func.octet_length(CellFeature.vector, type_=Integer))
        .join(PooledView, PooledView.id == CellFeature.view_id)
        .where(PooledView.city_id == city_id)
        .limit(1)
    )
    return None if found is None else found // STORED.itemsize
