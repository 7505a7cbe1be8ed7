"""What all tables share: the root of the models and the columns that many of them have."""

from datetime import datetime
from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

EMPTY_OBJECT = text("'{}'::jsonb")
EMPTY_LIST = text("'[]'::jsonb")
FALSE = text("false")


class Base(DeclarativeBase):
    """Root of all models; every constraint gets a name that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it once, from the class
        dict[str, Any]: JSONB,
        dict[str, int]: JSONB,
        list[str]: JSONB,
        list[int]: JSONB,
        list[dict[str, Any]]: JSONB,
        datetime: DateTime(timezone=True),
    }


def geometry(kind: str) -> Geometry:
    """A column of WGS84 geometries; `gist` makes its index."""
    return Geometry(kind, srid=4326, spatial_index=False)


def gist(table: str, column: str) -> Index:
    """The one spatial index of a column."""
    return Index(f"ix_{table}_{column}", column, postgresql_using="gist")


def new_id() -> Mapped[int]:
    """The number of a row, given by the database."""
    return mapped_column(BigInteger, Identity(), primary_key=True)


def of_city(*, index: bool = True) -> Mapped[int]:
    """The city a row belongs to, and goes with."""
    return mapped_column(ForeignKey("city.id", ondelete="CASCADE"), index=index)


def created() -> Mapped[datetime]:
    """When a row was written."""
    return mapped_column(server_default=func.now())
