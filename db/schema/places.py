"""A city and what is measured in it: files, places, cells and their vectors."""

from datetime import datetime
from typing import Any

import numpy as np
from geoalchemy2 import WKBElement
from numpy.typing import NDArray
from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Double,
    ForeignKey,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.columns.vector_type import Vector
from db.schema.base import (
    EMPTY_LIST,
    EMPTY_OBJECT,
    FALSE,
    Base,
    created,
    geometry,
    gist,
    new_id,
    of_city,
)

BASE_KINDS = ("water", "green", "road", "building")
UNITS = ("h3", "areas")
MAIN_ROAD = "main road"
"""What asks for the main ones among the roads."""


class City(Base):
    """A city: its boundary and how its features were made. `dropped` counts POIs by reason.

    `units` says what it is mapped on, one of `UNITS`; `cell_resolution` is that of H3 cells.
    `vector_length` is the least, median and greatest length of areas' vectors in the file.
    `embedding_kind` is the kind of file, `embedding` what the vectors in it are: `alphaearth`, or
    another's name. `year` is the main year. `sources` lists what the city was made from as
    `{kind, title, version, licence, attribution, url, fetched}`. `created_at` is when it was added,
    or was last given places: whatever is kept of a city is known by it.
    """

    __tablename__ = "city"
    __table_args__ = (
        gist("city", "boundary"),
        CheckConstraint(f"units IN {UNITS}", name="units"),
    )

    id: Mapped[int] = new_id()
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    year: Mapped[int]
    boundary: Mapped[WKBElement] = mapped_column(geometry("MULTIPOLYGON"))
    working_crs: Mapped[str]
    units: Mapped[str] = mapped_column(default="h3", server_default="h3")
    cell_resolution: Mapped[int | None]
    vector_length: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    radius_m: Mapped[float]
    embedding_kind: Mapped[str]
    embedding: Mapped[str] = mapped_column(default="alphaearth", server_default="alphaearth")
    simulated: Mapped[bool] = mapped_column(default=False, server_default=FALSE)
    pixels: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    dropped: Mapped[dict[str, int]] = mapped_column(default=dict, server_default=EMPTY_OBJECT)
    attribution: Mapped[list[str]] = mapped_column(default=list, server_default=EMPTY_LIST)
    sources: Mapped[list[dict[str, Any]]] = mapped_column(default=list, server_default=EMPTY_LIST)
    created_at: Mapped[datetime] = created()


class Raster(Base):
    """One file of a city's embedding. `width` and `height` in pixels; a table has neither.

    `encoding` is how the file holds its numbers: `int8`, `float32` or `table`; empty where that
    was not written down. `added_by` is the account that added it, empty for the operator.
    """

    __tablename__ = "raster"
    __table_args__ = (gist("raster", "footprint"),)

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    path: Mapped[str]
    kind: Mapped[str]
    sha256: Mapped[str]
    year: Mapped[int]
    crs: Mapped[str]
    width: Mapped[int | None]
    height: Mapped[int | None]
    footprint: Mapped[WKBElement] = mapped_column(geometry("GEOMETRY"))
    encoding: Mapped[str] = mapped_column(default="", server_default="")
    added_by: Mapped[str] = mapped_column(default="", server_default="")


class PooledView(Base):
    """One pooling of the embedding at a point: a disk in metres or a square in pixels."""

    __tablename__ = "view"
    __table_args__ = (UniqueConstraint("city_id", "name", "year"),)

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city(index=False)
    name: Mapped[str]
    shape: Mapped[str]
    radius_m: Mapped[float | None]
    radius_px: Mapped[int | None]
    year: Mapped[int]


class Poi(Base):
    """A place. Missing name, category or group is the empty string.

    `name` is the main name of its source, `other_names` those in other languages by BCP 47 tag.
    """

    __tablename__ = "poi"
    __table_args__ = (gist("poi", "geom"),)

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    source: Mapped[str]
    source_id: Mapped[str]
    name: Mapped[str]
    category: Mapped[str]
    group: Mapped[str]
    other_names: Mapped[dict[str, str]] = mapped_column(
        JSONB, default=dict, server_default=EMPTY_OBJECT
    )
    text_hash: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(geometry("POINT"))


class EncodedText(Base):
    """A text, by its hash, as one encoder sees it. Shared by all cities."""

    __tablename__ = "text"
    __table_args__ = (CheckConstraint("mod(octet_length(vector), 4) = 0", name="vector_float32"),)

    hash: Mapped[str] = mapped_column(primary_key=True)
    encoder: Mapped[str] = mapped_column(primary_key=True)
    vector: Mapped[NDArray[np.float32]] = mapped_column(Vector)


class EOFeature(Base):
    """The unit vector of a POI in one view. POIs that cannot be pooled have no row."""

    __tablename__ = "eo_feature"
    __table_args__ = (CheckConstraint("mod(octet_length(vector), 4) = 0", name="vector_float32"),)

    view_id: Mapped[int] = mapped_column(
        ForeignKey("view.id", ondelete="CASCADE"), primary_key=True
    )
    poi_id: Mapped[int] = mapped_column(
        ForeignKey("poi.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    vector: Mapped[NDArray[np.float32]] = mapped_column(Vector)


class Cell(Base):
    """A unit of a city, which has a vector: an H3 cell, or an area (see `CityArea`).

    `key` tells the units of a city apart: a cell's H3 index as a signed 64-bit integer (H3 never
    sets bit 63), an area's number. The shape of an area is kept with it, not here.
    """

    __tablename__ = "cell"
    __table_args__ = (UniqueConstraint("city_id", "key"), gist("cell", "geom"))

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city(index=False)
    key: Mapped[int] = mapped_column(BigInteger)
    geom: Mapped[WKBElement | None] = mapped_column(geometry("POLYGON"))


class CityArea(Base):
    """What a cell is in a city made of areas: a polygon with the code its table has for it.

    `number` is the cell's key, `name` is empty where there is none.
    """

    __tablename__ = "city_area"
    __table_args__ = (
        UniqueConstraint("city_id", "number"),
        UniqueConstraint("city_id", "code"),
        gist("city_area", "geom"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey("cell.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    city_id: Mapped[int] = of_city(index=False)
    number: Mapped[int] = mapped_column(BigInteger)
    code: Mapped[str]
    name: Mapped[str]
    geom: Mapped[WKBElement] = mapped_column(geometry("MULTIPOLYGON"))


class CellFeature(Base):
    """The unit vector of a cell in one view. Cells without data have no row.

    `length` is how long the vector was in the file, where it was the mean of a whole area.
    """

    __tablename__ = "cell_feature"
    __table_args__ = (CheckConstraint("mod(octet_length(vector), 4) = 0", name="vector_float32"),)

    view_id: Mapped[int] = mapped_column(
        ForeignKey("view.id", ondelete="CASCADE"), primary_key=True
    )
    cell_id: Mapped[int] = mapped_column(
        ForeignKey("cell.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    vector: Mapped[NDArray[np.float32]] = mapped_column(Vector)
    length: Mapped[float | None]


class BaseFeature(Base):
    """Water, green, roads and buildings of the city's own data: a backdrop without a basemap.

    `name` and `other_names` as of a `Poi`.
    """

    __tablename__ = "base_feature"
    __table_args__ = (
        CheckConstraint(f"kind IN {BASE_KINDS}", name="kind"),
        gist("base_feature", "geom"),
    )

    id: Mapped[int] = new_id()
    city_id: Mapped[int] = of_city()
    kind: Mapped[str]
    name: Mapped[str]
    other_names: Mapped[dict[str, str]] = mapped_column(
        JSONB, default=dict, server_default=EMPTY_OBJECT
    )
    main: Mapped[bool | None]  # of a road: whether it is a main road, where its source says so
    geom: Mapped[WKBElement] = mapped_column(geometry("GEOMETRY"))


class Streets(Base):
    """The streets of a city one can walk along, as a network, where its source has them.

    `nodes` are longitude and latitude in 1e-7 degrees, `edges` two rows of nodes each, both as
    int32; `metres` is the length of each edge, as float32; all little-endian.
    """

    __tablename__ = "streets"
    __table_args__ = (
        CheckConstraint("mod(octet_length(nodes), 8) = 0", name="nodes_int32_pairs"),
        CheckConstraint("octet_length(edges) = 2 * octet_length(metres)", name="edge_has_length"),
    )

    city_id: Mapped[int] = mapped_column(
        ForeignKey("city.id", ondelete="CASCADE"), primary_key=True
    )
    nodes: Mapped[bytes] = mapped_column(LargeBinary)
    edges: Mapped[bytes] = mapped_column(LargeBinary)
    metres: Mapped[bytes] = mapped_column(LargeBinary)
