"""Regions that somebody wants to find again: countries and other large areas, made of files."""

from datetime import datetime

from geoalchemy2 import WKBElement
from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import Base, geometry, gist, new_id


class Region(Base):
    """A folder outside the home, as it was when it was last looked at.

    All of a region is in its folder, which outlives the row: `kind` says what it holds. `boundary`
    is the area that was asked for, or the box of what was made; none where nothing is there yet.
    `pieces` is how many there will be, `done` how many there were.
    """

    __tablename__ = "region"
    __table_args__ = (gist("region", "boundary"),)

    id: Mapped[int] = new_id()
    folder: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    boundary: Mapped[WKBElement | None] = mapped_column(geometry("GEOMETRY"))
    year: Mapped[int | None]
    model: Mapped[str | None]
    pieces: Mapped[int]
    done: Mapped[int]
    looked_at: Mapped[datetime] = mapped_column(server_default=func.now())
