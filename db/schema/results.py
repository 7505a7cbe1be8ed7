"""Layers: maps that are kept, with their values for cells or for areas."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.schema.base import EMPTY_LIST, EMPTY_OBJECT, Base, created, new_id, of_city

SPATIAL_UNITS = ("cell", "area")


class Layer(Base):
    """Values kept for a city's cells, or for the areas of one set.

    `spatial_unit` says which of the two, and with it whether the values are in `LayerFeature` or
    `LayerArea`; `fields` lists `{name, type, unit}` in order. `label_set_id` and `area_set_id` name
    what a layer was fitted on; a layer goes with its areas but outlives its labels. `findings` is
    what was measured while it was made: accuracy, coverage, limits. `view_name` is the SQL view
    that shows the layer to QGIS; a trigger drops it with the row.
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
    fields: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=EMPTY_LIST)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    lineage: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    findings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    view_name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = created()


class LayerFeature(Base):
    """The values of one cell in one layer, keyed by field name."""

    __tablename__ = "layer_feature"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True
    )
    cell_id: Mapped[int] = mapped_column(
        ForeignKey("cell.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    properties: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)


class LayerArea(Base):
    """The values of one area in one layer, keyed by field name."""

    __tablename__ = "layer_area"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True
    )
    area_id: Mapped[int] = mapped_column(
        ForeignKey("area.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    properties: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
