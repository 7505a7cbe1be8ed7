"""The years a city holds an embedding of, beside its own."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.engine import allow_long
from db.schema import Cell, CellFeature, City, EOFeature, PooledView, Raster
from db.sight import seeing_all

BASE = "base"


@dataclass(frozen=True)
class YearCounts:
    """What one year of a city holds.

    Attributes:
        files: Files of the embedding.
        cells: Cells with data in the base view.
        places: Places with data in the base view.
        views: Names of the views, in the order they were added.
    """

    year: int
    files: int
    cells: int
    places: int
    views: tuple[str, ...]


def years(session: Session, city_id: int) -> list[int]:
    """The years a city holds, ascending."""
    found = (
        select(PooledView.year)
        .where(PooledView.city_id == city_id)
        .distinct()
        .order_by(PooledView.year)
    )
    return list(session.scalars(found))


def year_counts(session: Session, city_id: int, year: int) -> YearCounts:
    """What a city holds of one year; zeros where it holds nothing."""
    files = select(func.count()).where(Raster.city_id == city_id, Raster.year == year)
    of_year = (PooledView.city_id == city_id, PooledView.year == year)
    base = select(PooledView.id).where(*of_year, PooledView.name == BASE).scalar_subquery()
    cells = select(func.count()).where(CellFeature.view_id == base)
    places = select(func.count()).where(EOFeature.view_id == base)
    names = select(PooledView.name).where(*of_year).order_by(PooledView.id)
    return YearCounts(
        year,
        int(session.scalar(files) or 0),
        int(session.scalar(cells) or 0),
        int(session.scalar(places) or 0),
        tuple(session.scalars(names)),
    )


def cells_added_by(session: Session, account: str) -> int:
    """How many cells and areas there are in what an account has added, each year of a city anew.

    Args:
        session: Finds cities that the account does not see any more, too.
        account: Its name.
    """
    held = select(Raster.city_id, Raster.year).where(Raster.added_by == account).distinct()
    added = held.subquery()
    cells = select(func.count()).select_from(added).join(Cell, Cell.city_id == added.c.city_id)
    with seeing_all(session):
        return int(session.scalar(cells) or 0)


def remove_year(session: Session, city: City, year: int) -> None:
    """Delete what a city holds of one year: vectors, views and the records of its files.

    Args:
        session: In a transaction that holds the city.
        city: The city.
        year: Not its own year.

    Raises:
        ValueError: It is the city's own year, which everything else rests on.
    """
    if year == city.year:
        raise ValueError(f"{year} is the city's own year")
    allow_long(session)
    session.execute(
        delete(PooledView).where(PooledView.city_id == city.id, PooledView.year == year)
    )
    session.execute(delete(Raster).where(Raster.city_id == city.id, Raster.year == year))
    session.expire_all()
