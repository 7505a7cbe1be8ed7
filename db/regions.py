"""Regions that the store knows of: rows about folders that lie elsewhere."""

from collections.abc import Sequence
from typing import Any

from geoalchemy2.shape import from_shape, to_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from aether_core.errors import NotFoundError
from db.schema import Region


def note_region(
    session: Session,
    folder: str,
    *,
    boundary: BaseGeometry | None,
    **columns: Any,  # noqa: ANN401
) -> None:
    """Note how a region stands; one that is known is noted anew.

    Args:
        session: In a transaction.
        folder: Where it lies.
        boundary: WGS84; None where nothing is known of it.
        columns: The rest, as `schema.Region` has it.
    """
    values = {
        "folder": folder,
        "boundary": None if boundary is None else from_shape(boundary, srid=4326),
        **columns,
    }
    statement = insert(Region).values(values)
    statement = statement.on_conflict_do_update(
        index_elements=["folder"], set_={**values, "looked_at": func.now()}
    )
    session.execute(statement)


def list_regions(session: Session) -> Sequence[Region]:
    """All of them, by folder."""
    return session.scalars(select(Region).order_by(Region.folder)).all()


def remove_region(session: Session, folder: str) -> None:
    """Forget a region; its folder stays.

    Raises:
        NotFoundError: None is known there.
    """
    gone = session.scalar(delete(Region).where(Region.folder == folder).returning(Region.id))
    if gone is None:
        raise NotFoundError(
            "no region is listed with this folder",
            folder,
            "list them with ./aether region list",
            code="region-not-listed",
        )


def boundary_of(region: Region) -> BaseGeometry | None:
    """A region's boundary, WGS84; None where nothing is known of it."""
    if region.boundary is None:
        return None
    found: BaseGeometry = to_shape(region.boundary)
    return found
