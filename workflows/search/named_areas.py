"""Areas that a city knows by name: those of its kept layers, its parks and its waters."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import shapely

from aether_core.language import OTHER_NAMES, PlaceName, mark, place_names
from aether_core.search.question.matching import plain_name
from db.cities import cities as city_rows
from db.layers import layers as layer_rows
from db.layers.units import SPATIAL_UNITS
from workflows.home.store import Store
from workflows.training.representation import ModelInUse

AREA = "area"


def area_layers(store: Store, model: ModelInUse) -> tuple[int, ...]:
    """Numbers of the city's kept layers of areas, newest first."""
    with store.session() as session:
        rows = layer_rows.list_layers(session, model.city_id)
        return tuple(row.id for row in rows if SPATIAL_UNITS[row.spatial_unit].of_set)


def area_called(
    store: Store, model: ModelInUse, words: str
) -> tuple[shapely.Geometry, str, str] | None:
    """The area of a name: its shape, its name as it is written, and where it comes from.

    Areas of kept layers come first, of two layers that know the name the newer one; then the
    named parks and waters of the city's own map, by their main names and then by those in other
    languages.
    """
    asked = plain_name(words)
    for number in area_layers(store, model):
        title, known = _of_layer(store, model.city_id, number)
        if asked in known:
            return (*known[asked], mark("an area of the layer {title}", title=title))
    for ground in (named_ground, ground_named_otherwise):
        known_here = ground(store, model.city_id, model.city_added)
        if asked in known_here:
            return known_here[asked], words, mark("an area of the city's own map")
    return None


def area_names(store: Store, model: ModelInUse, most: int) -> list[str]:
    """Some names of areas of kept layers."""
    found: list[str] = []
    for number in area_layers(store, model):
        found += [name for _, name in _of_layer(store, model.city_id, number)[1].values()]
        if len(found) >= most:
            break
    return found[:most]


@lru_cache(maxsize=4)
def named_ground(store: Store, city_id: int, _added: datetime) -> Mapping[str, shapely.Geometry]:
    """Areas of greenery and water of the base map by name, those of one name together."""
    return _by_name(store, city_id, lambda name: [name])


@lru_cache(maxsize=4)
def ground_named_otherwise(
    store: Store, city_id: int, _added: datetime
) -> Mapping[str, shapely.Geometry]:
    """The same by their names in other languages."""
    return _by_name(store, city_id, lambda name: name.others.values())


def _by_name(
    store: Store, city_id: int, names_of: Callable[[PlaceName], Iterable[str]]
) -> Mapping[str, shapely.Geometry]:
    by_name: dict[str, list[shapely.Geometry]] = {}
    with store.session() as session:
        for kind in ("green", "water"):
            frame = city_rows.ground_features(session, city_id, kind)
            names = place_names(frame["name"].tolist(), frame[OTHER_NAMES])
            for shape, name in zip(frame.geometry, names, strict=True):
                for spelled in filter(None, map(plain_name, names_of(name))):
                    by_name.setdefault(spelled, []).append(shape)
    return MappingProxyType({name: shapely.union_all(some) for name, some in by_name.items()})


@lru_cache(maxsize=8)
def _of_layer(
    store: Store, city_id: int, number: int
) -> tuple[str, Mapping[str, tuple[shapely.Geometry, str]]]:
    """Title of a kept layer of areas, and its areas by name; a layer never changes."""
    with store.session() as session:
        row = next(one for one in layer_rows.list_layers(session, city_id) if one.id == number)
        frame = layer_rows.layer_geo_frame(session, row)
        names = np.asarray(frame[AREA].astype(str))
        areas = {
            plain_name(name): (shape, name)
            for name, shape in zip(names.tolist(), frame.geometry, strict=True)
        }
        return row.title, MappingProxyType(areas)
