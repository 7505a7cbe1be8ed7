"""The tables of the store, as typed models.

Everything of a city hangs on its row: deleting that row deletes all of it, by the database's own
cascades. Texts are the one exception, a cache shared by all cities. Geometries are WGS84
(EPSG:4326). Spatial indexes are spelled out as ordinary GiST indexes, so that each exists once.
"""

from datetime import datetime
from typing import Any

import numpy as np
from geoalchemy2 import Geometry, WKBElement
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.vector_type import Vector

BASE_KINDS = ("water", "green", "road", "building")
RUN_STATES = ("queued", "running", "done", "failed", "cancelled")

_EMPTY_OBJECT = text("'{}'::jsonb")
_EMPTY_LIST = text("'[]'::jsonb")
_FALSE = text("false")


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
        list[dict[str, Any]]: JSONB,
        datetime: DateTime(timezone=True),
    }


def _geometry(kind: str) -> Geometry:
    return Geometry(kind, srid=4326, spatial_index=False)


def _gist(table: str, column: str) -> Index:
    return Index(f"ix_{table}_{column}", column, postgresql_using="gist")


def _id() -> Mapped[int]:
    return mapped_column(BigInteger, Identity(), primary_key=True)


def _of_city(*, index: bool = True) -> Mapped[int]:
    """The city a row belongs to, and goes with."""
    return mapped_column(ForeignKey("city.id", ondelete="CASCADE"), index=index)


def _created() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


class City(Base):
    """A city: its boundary and how its features were made. `dropped` counts POIs by reason."""

    __tablename__ = "city"
    __table_args__ = (_gist("city", "boundary"),)

    id: Mapped[int] = _id()
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    year: Mapped[int]
    boundary: Mapped[WKBElement] = mapped_column(_geometry("MULTIPOLYGON"))
    working_crs: Mapped[str]
    cell_resolution: Mapped[int]
    radius_m: Mapped[float]
    embedding_kind: Mapped[str]
    simulated: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    pixels: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    dropped: Mapped[dict[str, int]] = mapped_column(default=dict, server_default=_EMPTY_OBJECT)
    attribution: Mapped[list[str]] = mapped_column(default=list, server_default=_EMPTY_LIST)
    created_at: Mapped[datetime] = _created()


class Raster(Base):
    """One file of a city's embedding. `width` and `height` in pixels; a table has neither."""

    __tablename__ = "raster"
    __table_args__ = (_gist("raster", "footprint"),)

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city()
    path: Mapped[str]
    kind: Mapped[str]
    sha256: Mapped[str]
    year: Mapped[int]
    crs: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    footprint: Mapped[WKBElement] = mapped_column(_geometry("GEOMETRY"))


class View(Base):
    """One pooling of the embedding at a point: a disk in metres or a square in pixels."""

    __tablename__ = "view"
    __table_args__ = (UniqueConstraint("city_id", "name", "year"),)

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city(index=False)
    name: Mapped[str]
    shape: Mapped[str]
    radius_m: Mapped[float | None]
    radius_px: Mapped[int | None]
    year: Mapped[int]


class Poi(Base):
    """A place. Missing name, category or group is the empty string."""

    __tablename__ = "poi"
    __table_args__ = (_gist("poi", "geom"),)

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city()
    source: Mapped[str]
    source_id: Mapped[str]
    name: Mapped[str]
    category: Mapped[str]
    group: Mapped[str]
    text_hash: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(_geometry("POINT"))


class EncodedText(Base):
    """A text, by its hash, as one encoder sees it. Shared by all cities."""

    __tablename__ = "text"
    __table_args__ = (CheckConstraint("mod(octet_length(vector), 4) = 0", name="vector_float32"),)

    hash: Mapped[str] = mapped_column(primary_key=True)
    encoder: Mapped[str] = mapped_column(primary_key=True)
    vector: Mapped[NDArray[np.float32]] = mapped_column(Vector)


class EOFeature(Base):
    """The 64-d unit vector of a POI in one view. POIs that cannot be pooled have no row."""

    __tablename__ = "eo_feature"
    __table_args__ = (CheckConstraint("octet_length(vector) = 256", name="vector_64"),)

    view_id: Mapped[int] = mapped_column(
        ForeignKey("view.id", ondelete="CASCADE"), primary_key=True
    )
    poi_id: Mapped[int] = mapped_column(
        ForeignKey("poi.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    vector: Mapped[NDArray[np.float32]] = mapped_column(Vector)


class Cell(Base):
    """An H3 cell of a city; `h3` is its index as a signed 64-bit integer (H3 never sets bit 63)."""

    __tablename__ = "cell"
    __table_args__ = (UniqueConstraint("city_id", "h3"), _gist("cell", "geom"))

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city(index=False)
    h3: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[WKBElement] = mapped_column(_geometry("POLYGON"))


class CellFeature(Base):
    """The 64-d unit vector of a cell in one view. Cells without data have no row."""

    __tablename__ = "cell_feature"
    __table_args__ = (CheckConstraint("octet_length(vector) = 256", name="vector_64"),)

    view_id: Mapped[int] = mapped_column(
        ForeignKey("view.id", ondelete="CASCADE"), primary_key=True
    )
    cell_id: Mapped[int] = mapped_column(
        ForeignKey("cell.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    vector: Mapped[NDArray[np.float32]] = mapped_column(Vector)


class BaseFeature(Base):
    """Water, green, roads and buildings of the city's own data: a backdrop without a basemap."""

    __tablename__ = "base_feature"
    __table_args__ = (
        CheckConstraint(f"kind IN {BASE_KINDS}", name="kind"),
        _gist("base_feature", "geom"),
    )

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city()
    kind: Mapped[str]
    name: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(_geometry("GEOMETRY"))


class Run(Base):
    """One training run. `history` holds a dict an epoch; `heartbeat` is the worker's last sign."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint(f"state IN {RUN_STATES}", name="state"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
        Index(
            "uq_run_one_running_a_city",
            "city_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city()
    recipe: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=_EMPTY_OBJECT)
    seed: Mapped[int] = mapped_column(BigInteger)
    device: Mapped[str]
    state: Mapped[str] = mapped_column(default="queued", server_default="queued")
    stage: Mapped[str] = mapped_column(default="", server_default="")
    progress: Mapped[float] = mapped_column(default=0.0, server_default=text("0"))
    history: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=_EMPTY_LIST)
    metrics: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=_EMPTY_OBJECT)
    error: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    attempts: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    heartbeat: Mapped[datetime | None]
    created_at: Mapped[datetime] = _created()
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("model.id", ondelete="SET NULL", use_alter=True), index=True
    )


class Model(Base):
    """A trained model: its folder and card. At most one of a city is in use."""

    __tablename__ = "model"
    __table_args__ = (
        Index(
            "uq_model_one_in_use_a_city",
            "city_id",
            unique=True,
            postgresql_where=text("in_use"),
        ),
    )

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city()
    name: Mapped[str] = mapped_column(unique=True)
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("run.id", ondelete="SET NULL"), index=True
    )
    folder: Mapped[str]
    card: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=_EMPTY_OBJECT)
    in_use: Mapped[bool] = mapped_column(default=False, server_default=_FALSE)
    created_at: Mapped[datetime] = _created()


class LabelSet(Base):
    """Labelled points or polygons a land-use map was fitted on."""

    __tablename__ = "label_set"

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city()
    name: Mapped[str]
    source: Mapped[str]
    sha256: Mapped[str]
    field: Mapped[str]
    classes: Mapped[list[str]] = mapped_column(default=list, server_default=_EMPTY_LIST)
    created_at: Mapped[datetime] = _created()


class AreaSet(Base):
    """Areas with shares or counts a socioeconomic map was fitted on."""

    __tablename__ = "area_set"

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city()
    name: Mapped[str]
    source: Mapped[str]
    sha256: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(default=list, server_default=_EMPTY_LIST)
    created_at: Mapped[datetime] = _created()


class Layer(Base):
    """Values kept for a city's cells. `fields` lists `{name, type, unit}` in order.

    `view_name` is the SQL view that shows the layer to QGIS; a trigger drops it with the row.
    """

    __tablename__ = "layer"
    __table_args__ = (UniqueConstraint("city_id", "slug"),)

    id: Mapped[int] = _id()
    city_id: Mapped[int] = _of_city(index=False)
    slug: Mapped[str]
    title: Mapped[str]
    kind: Mapped[str]
    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("model.id", ondelete="SET NULL"), index=True
    )
    fields: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=_EMPTY_LIST)
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=_EMPTY_OBJECT)
    lineage: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=_EMPTY_OBJECT)
    view_name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = _created()


class LayerFeature(Base):
    """The values of one cell in one layer, keyed by field name."""

    __tablename__ = "layer_feature"

    layer_id: Mapped[int] = mapped_column(
        ForeignKey("layer.id", ondelete="CASCADE"), primary_key=True
    )
    cell_id: Mapped[int] = mapped_column(
        ForeignKey("cell.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    properties: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=_EMPTY_OBJECT)
