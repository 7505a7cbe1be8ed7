"""Collections of features for other programs: a city's places, and each of its layers."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from aether_core.errors import InputError, NotFoundError
from aether_core.spatial.web_grid import DEEPEST_ZOOM, check_tile
from db.cities import cities as city_rows
from db.layers import features as feature_rows
from db.layers import layers as layer_rows
from db.layers.features import Box, Source
from workflows.cities.cities import CitySummary, list_cities, show_city
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary, list_layers, show_layer

PLACES, LAYERS = "places", "layers"
"""How the name of a collection begins."""
MOST_IN_TILE: Final = 40_000
"""Features of a tile: one of so many cells is drawn in half a second and has some megabytes."""


@dataclass(frozen=True)
class Collection:
    """Features of one kind.

    Attributes:
        name: `places.<city>` or `layers.<city>.<layer>`.
        title: What people call it.
        about: One line more.
        city: Short name of its city.
        layer: Short name of the layer; None of places.
        bbox: West, south, east, north, WGS84; west is over east across the 180th meridian.
        features: How many.
        attribution: Whom it is owed to.
    """

    name: str
    title: str
    about: str
    city: str
    layer: str | None
    bbox: Box
    features: int
    attribution: str

    @property
    def least_zoom(self) -> int:
        """The first zoom at which a tile holds no more than `MOST_IN_TILE` features, if even."""
        west, south, east, north = self.bbox
        width = (east - west) % 360 or 360.0
        height = (north - south) / max(math.cos(math.radians((north + south) / 2)), 0.05)
        dense = self.features / max(width * height, 1e-9)  # in a square degree, as tiles have it
        zoom = 0
        while (
            zoom < DEEPEST_ZOOM and min(dense * (360 / 2**zoom) ** 2, self.features) > MOST_IN_TILE
        ):
            zoom += 1
        return zoom


@dataclass(frozen=True)
class Page:
    """Some features of a collection.

    Attributes:
        features: GeoJSON, each a text.
        matched: How many there are without the limit.
    """

    features: list[str]
    matched: int


def list_collections(store: Store) -> list[Collection]:
    """Every collection, by city."""
    return [
        one
        for city in list_cities(store)
        for one in (_places(city), *(_layer(city, it) for it in list_layers(store, city.slug)))
    ]


def show_collection(store: Store, name: str) -> Collection:
    """One collection.

    Raises:
        NotFoundError: There is none of that name.
    """
    kind, _, rest = name.partition(".")
    slug, _, layer = rest.partition(".")
    if kind == PLACES and slug and not layer:
        return _places(show_city(store, slug))
    if kind == LAYERS and slug and layer:
        return _layer(show_city(store, slug), show_layer(store, slug, layer))
    raise NotFoundError(
        "no such collection", name, "list them at /collections", code="no-such-collection"
    )


def page_of(
    store: Store, collection: Collection, bbox: Box | None, limit: int, offset: int
) -> Page:
    """Some features of a collection, in a fixed order.

    Args:
        store: The store.
        collection: Which.
        bbox: West, south, east, north, WGS84; those that touch it. West over east means across the
            180th meridian.
        limit: At most so many.
        offset: So many are passed over.

    Raises:
        NotFoundError: City or layer has been removed since.
    """
    boxes = [] if bbox is None else _boxes(bbox)
    with _reading(store, collection) as (session, source):
        found = feature_rows.features(session, source, boxes, limit, offset)
        matched = feature_rows.count(session, source, boxes) if boxes else collection.features
    return Page(found, matched)


def feature_of(store: Store, collection: Collection, number: int) -> str:
    """One feature as GeoJSON.

    Raises:
        NotFoundError: There is none of that number, or no such city or layer any more.
    """
    with _reading(store, collection) as (session, source):
        return feature_rows.feature(session, source, number)


def tile_of(store: Store, collection: Collection, zoom: int, x: int, y: int) -> bytes:
    """A vector tile of the web's usual grid.

    Raises:
        NotFoundError: The tile is none, or none of this collection's, whose first zoom is
            `least_zoom`; or city or layer have been removed since.
    """
    check_tile(zoom, x, y, least_zoom=collection.least_zoom)
    with _reading(store, collection) as (session, source):
        return feature_rows.tile(session, source, collection.name, zoom, x, y)


def check_bbox(bbox: Box) -> None:
    """Refuse a box that is none.

    Raises:
        InputError: It is upside down, or lies beyond the earth.
    """
    west, south, east, north = bbox
    beyond = max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90
    if not all(map(math.isfinite, bbox)) or beyond or south > north:
        raise InputError(
            "this is no box",
            ", ".join(map(str, bbox)),
            "give west,south,east,north in degrees, south below north",
            code="bbox-unusable",
        )


@contextmanager
def _reading(store: Store, collection: Collection) -> Iterator[tuple[Session, Source]]:
    with store.session() as session:
        city = city_rows.city_by_slug(session, collection.city)
        if collection.layer is None:
            yield session, feature_rows.place_source(city.id)
        else:
            row = layer_rows.layer_by_slug(session, city.id, collection.layer)
            yield session, feature_rows.layer_source(row)


def _boxes(bbox: Box) -> list[Box]:
    """The box; the two halves of one across the 180th meridian."""
    west, south, east, north = bbox
    if west <= east:
        return [bbox]
    return [(west, south, 180.0, north), (-180.0, south, east, north)]


def _places(city: CitySummary) -> Collection:
    return Collection(
        f"{PLACES}.{city.slug}",
        f"Places of {city.name}",
        "What is where, with its category.",
        city.slug,
        None,
        _round_the_earth(city.bbox),
        city.pois,
        " ".join(city.attribution),
    )


def _layer(city: CitySummary, layer: LayerSummary) -> Collection:
    about = ", ".join(
        f"{field['name']}: {field['unit']}" for field in layer.fields if field.get("unit")
    )
    return Collection(
        f"{LAYERS}.{city.slug}.{layer.layer}",
        f"{layer.title} ({city.name})",
        about,
        city.slug,
        layer.layer,
        _round_the_earth(city.bbox),
        layer.features,
        " ".join(layer.attribution),
    )


def _round_the_earth(bbox: Box) -> Box:
    """East as others write it: below west where the 180th meridian lies between."""
    west, south, east, north = bbox
    return (west, south, east - 360 if east > 180 else east, north)
