"""Layers: maps that are kept, with their values for cells or for areas."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    Integer,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import EMPTY_LIST, EMPTY_OBJECT, Base, created, new_id, of_city

SPATIAL_UNITS = ("cell", "area", "city_area")


class Layer(Base):
    """Values kept for a city's units, cells or areas of its own, or for the areas of one set.

    `spatial_unit` says which: `cell`, `city_area`, or `area` of a set; `features` how many; the
    values are in `LayerColumn`.
    `fields` lists `{name, type, unit}` in order. `label_set_id` and `area_set_id` name what a layer
    was fitted on; a layer goes with its areas but outlives its labels. `cells_layer_id` is, for a
    layer of areas, the layer of cells that was made together with it. `findings` is what was
    measured while it was made: accuracy, coverage, limits. `own_classes` holds, by field, colours
    and classes that somebody chose; `changed_at` is when title or colours were last changed, NULL
    where they never were. `view_name` is the SQL view that shows
    the layer to QGIS; a trigger drops it with the row, and the materialized view under it.
    """

    __tablename__ = "layer"
    __table_args__ = (
        UniqueConstraint("city_id", "slug"),
        CheckConstraint(f"spatial_unit IN {SPATIAL_UNITS}", name="spatial_unit"),
    )

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city(index=False)
    slug: Mapped[str]
    title: Mapped[str]
    kind: Mapped[str]
    spatial_unit: Mapped[str] = mapped_column(default="cell", server_default="cell")
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("model.id", ondelete="SET NULL"), index=True
    )
    label_set_id: Mapped[int | None] = mapped_column(
        ForeignKey("label_set.id", ondelete="SET NULL"), index=True
    )
    area_set_id: Mapped[int | None] = mapped_column(
        ForeignKey("area_set.id", ondelete="CASCADE"), index=True
    )
    cells_layer_id: Mapped[int | None] = mapped_column(
        ForeignKey("layer.id", ondelete="SET NULL"), index=True
    )
    features: Mapped[int]
    fields: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=EMPTY_LIST)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    lineage: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    findings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    own_classes: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    view_name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = created()
    changed_at: Mapped[datetime | None]


class LayerUnits(Base):
    """The units a layer has values for, ascending: keys of cells, or ids of a set's areas."""

    __tablename__ = "layer_units"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True
    )
    keys: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class LayerColumn(Base):
    """The values of one field of a layer, in the order of its units' keys.

    Floats are `numbers`, NaN where missing. Everything else is `codes`, from 1 on in `words`, the
    distinct values; 0 is missing.
    """

    __tablename__ = "layer_column"
    __table_args__ = (
        CheckConstraint("num_nonnulls(numbers, codes) = 1", name="one_array"),
        CheckConstraint("(codes IS NULL) = (words IS NULL)", name="codes_with_words"),
    )

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    numbers: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    codes: Mapped[list[int] | None] = mapped_column(ARRAY(Integer))
    words: Mapped[list[Any] | None] = mapped_column(JSONB)
