"""What users bring to fit maps on and to judge them by: labels, areas, and the comparisons made."""

from datetime import datetime
from typing import Any

from geoalchemy2 import WKBElement
from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import (
    EMPTY_LIST,
    EMPTY_OBJECT,
    Base,
    created,
    geometry,
    gist,
    new_id,
    of_city,
)

GIVEN = ("shares", "percent", "counts")


class LabelSet(Base):
    """Labelled points or polygons a land-use map is fitted on.

    `field` is the file's column they come from and `classes` what they are called after merging.
    `parameters` says how the file was read (mapping, CRS, rules), `dropped` counts features by
    reason and `counts` labels by class.
    """

    __tablename__ = "label_set"

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    name: Mapped[str]
    source: Mapped[str]
    sha256: Mapped[str]
    field: Mapped[str]
    classes: Mapped[list[str]] = mapped_column(default=list, server_default=EMPTY_LIST)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    dropped: Mapped[dict[str, int]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    counts: Mapped[dict[str, int]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    created_at: Mapped[datetime] = created()


class Label(Base):
    """One labelled point or polygon: the value as the file has it, and the class it counts as."""

    __tablename__ = "label"
    __table_args__ = (gist("label", "geom"),)

    id: Mapped[int] = new_id()
    label_set_id: Mapped[int] = mapped_column(
        ForeignKey("label_set.id", ondelete="CASCADE"), index=True
    )
    geom: Mapped[WKBElement] = mapped_column(geometry("GEOMETRY"))
    value: Mapped[str]
    label_class: Mapped[str] = mapped_column("class")


class AreaSet(Base):
    """Areas with shares or counts a socioeconomic map is fitted on.

    `given` is how the file states its `fields`, one of `GIVEN`. Where it states counts, areas of
    fewer than `minimum_count` people were left out. `parameters` says how the file was read,
    `dropped` counts areas by reason.
    """

    __tablename__ = "area_set"

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    name: Mapped[str]
    source: Mapped[str]
    sha256: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(default=list, server_default=EMPTY_LIST)
    given: Mapped[str] = mapped_column(default="shares", server_default="shares")
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    dropped: Mapped[dict[str, int]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    minimum_count: Mapped[float | None]
    created_at: Mapped[datetime] = created()


class Area(Base):
    """One area: its people, where counts are given, and their shares by field, summing to 1."""

    __tablename__ = "area"
    __table_args__ = (UniqueConstraint("area_set_id", "code"), gist("area", "geom"))

    id: Mapped[int] = new_id()
    area_set_id: Mapped[int] = mapped_column(ForeignKey("area_set.id", ondelete="CASCADE"))
    code: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(geometry("MULTIPOLYGON"))
    count: Mapped[float | None]
    shares: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)


class Evaluation(Base):
    """One comparison of representations: what was asked, and the tables it gave."""

    __tablename__ = "evaluation"

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    task: Mapped[str]
    request: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    created_at: Mapped[datetime] = created()
