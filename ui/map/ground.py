"""The map's ground, drawn from the city's own data: no request leaves the machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pydeck as pdk
import shapely
from shapely.geometry import mapping, shape

from aether_core.language import in_order, spoken, wanted
from aether_core.spatial.longitudes import joined_across_180
from ui.map import served
from ui.map.names import in_readers_language, names_of
from ui.map.nearby import languages_of
from ui.map.shapes import simplified as simplified_coverage
from ui.shell import state
from ui.shell.palette import Ground
from workflows.cities.cities import CitySummary, base_map
from workflows.home.shared_results import computed_once
from workflows.home.store import Store
from workflows.training.representation import every_unit

_KINDS: Final = ("water", "green", "road", "building")
LINES: Final = frozenset({"road"})
"""Kinds drawn as lines; the others are areas."""
_VERTEX_BUDGET: Final = 150_000  # about 3 MB of coordinates: still drawn at once
_TOLERANCE_DEGREES: Final = 1e-5  # about 1 m
_DECIMALS: Final = 6

Shapes = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class _Drawn:
    """A base map as it is drawn: one GeoJSON feature a kind; what is named, in which languages."""

    shapes: Shapes
    names: list[dict[str, Any]]
    languages: frozenset[str] = frozenset()


@computed_once(8)
def _drawn(store: Store, slug: str, _created: datetime) -> _Drawn:
    """A city added anew under the same slug is another city."""
    frame = base_map(store, slug)
    if not len(frame):
        return _Drawn({}, [])
    names = names_of(frame)
    return _Drawn(simplified(frame), names, languages_of(spot["t"] for spot in names))


def _drawn_of(city: CitySummary) -> _Drawn:
    return _drawn(state.store(), city.slug, city.created)


def shapes_of(city: CitySummary) -> Shapes:
    """The city's base map by kind: `water`, `green`, `building`, `road` where it has them.

    All visitors are given the same: it is not to be changed.
    """
    return _drawn_of(city).shapes


def has_shapes(city: CitySummary) -> bool:
    """Whether the city has a base map of its own."""
    return bool(_drawn_of(city).shapes)


def simplified(frame: gpd.GeoDataFrame, budget: int = _VERTEX_BUDGET) -> Shapes:
    """Merge a base map into one multi-geometry a kind.

    Kinds are taken in the order water, green, road, building until the budget is spent: what
    orients a reader most comes first.

    Args:
        frame: Columns `kind` and `geometry`, WGS84.
        budget: Most vertices to keep.
    """
    shapes: Shapes = {}
    for kind in _KINDS:
        parts = shapely.get_parts(frame.geometry[frame["kind"] == kind].to_numpy())
        parts = parts[np.isin(shapely.get_type_id(parts), [1] if kind in LINES else [3])]
        parts = shapely.simplify(parts, _TOLERANCE_DEGREES)
        parts = parts[~shapely.is_empty(parts)]
        budget -= int(shapely.get_num_coordinates(parts).sum())
        if budget < 0:
            break
        if len(parts):
            merge = shapely.multilinestrings if kind in LINES else shapely.multipolygons
            shapes[kind] = feature(merge(shapely.transform(parts, _rounded)))
    return shapes


def _rounded(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return coordinates.round(_DECIMALS)


def feature(geometry: shapely.Geometry) -> dict[str, Any]:
    """A GeoJSON collection of one feature without properties."""
    return {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": mapping(geometry)}],
    }


def under(city: CitySummary, colours: Ground) -> list[pdk.Layer]:
    """Layers below the data: water, green, roads, buildings."""
    there = _drawn_of(city).shapes
    return [
        _layer(kind, _address(city, kind), colours)
        for kind in ("water", "green", "building", "road")
        if kind in there
    ]


def _address(city: CitySummary, kind: str) -> str:
    """Where a kind of the base map is found."""
    key = (city.slug, city.created, kind)
    return served.once(key, lambda: served.written(shapes_of(city)[kind]), "json")


def names(city: CitySummary, colours: Ground) -> pdk.Layer | None:
    """Names of streets, parks and waters, above the data; None where the base map has none."""
    where = names_address(city)
    if where is None:
        return None
    look = {"ink": list(colours.name), "halo": list(colours.land)}
    return pdk.Layer("NameLayer", where, id="names", **look)


def name_languages(city: CitySummary) -> frozenset[str]:
    """The languages in which streets, parks or waters are known beside their main names."""
    return _drawn_of(city).languages


def names_address(city: CitySummary) -> str | None:
    """Where those names are found; None where the base map has none."""
    drawn = _drawn_of(city)
    if not drawn.names:
        return None
    key = (city.slug, city.created, "names", spoken(), in_order(wanted(), drawn.languages))
    return served.once(key, lambda: served.written(in_readers_language(drawn.names)), "json")


def _layer(kind: str, data: str, colours: Ground) -> pdk.Layer:
    colour = list(getattr(colours, kind))
    if kind in LINES:
        return pdk.Layer(
            "GeoJsonLayer",
            data,
            id=f"ground-{kind}",
            stroked=True,
            filled=False,
            get_line_color=colour,
            get_line_width=5,
            line_width_min_pixels=1,
            line_width_max_pixels=9,
            pickable=False,
        )
    return pdk.Layer(
        "GeoJsonLayer",
        data,
        id=f"ground-{kind}",
        stroked=False,
        filled=True,
        get_fill_color=colour,
        pickable=False,
    )


def over(city: CitySummary, colours: Ground) -> pdk.Layer:
    """The city's boundary, above the data."""
    return _outline(_joined(city, city.boundary), "boundary", [*colours.boundary, 200], 1.5)


def units(city: CitySummary, colours: Ground) -> list[pdk.Layer]:
    """The outlines of a city's own areas, which stand where nothing is coloured; none of cells."""
    if not city.unit.of_embedding:
        return []
    place = served.once((city.slug, city.created, "units"), lambda: _units(city), "json")
    return [
        pdk.Layer(
            "GeoJsonLayer",
            place,
            id="units",
            stroked=True,
            filled=False,
            get_line_color=[*colours.boundary, 90],
            line_width_min_pixels=0.75,
            pickable=False,
        )
    ]


def _units(city: CitySummary) -> bytes:
    shapes = every_unit(state.store(), city.id, city.created).polygons()
    parts = shapely.get_parts(simplified_coverage(shapes))
    return served.written(feature(shapely.multipolygons(parts[shapely.get_type_id(parts) == 3])))


def footprint(city: CitySummary, colours: Ground) -> pdk.Layer:
    """What the embedding covers, as a fine line."""
    return _outline(_joined(city, city.footprint), "footprint", [*colours.place, 170], 1.0)


def _joined(city: CitySummary, geometry: Mapping[str, Any]) -> Mapping[str, Any]:
    """An area without the line along the 180th meridian at which it is cut to be kept."""
    if city.bbox[2] <= 180:
        return geometry
    whole: Mapping[str, Any] = mapping(joined_across_180(shape(geometry)))
    return whole


def _outline(
    geometry: Mapping[str, Any], name: str, colour: Sequence[int], pixels: float
) -> pdk.Layer:
    return pdk.Layer(
        "GeoJsonLayer",
        served.of_json(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "properties": {}, "geometry": geometry}],
            }
        ),
        id=name,
        stroked=True,
        filled=False,
        get_line_color=list(colour),
        line_width_min_pixels=pixels,
        pickable=False,
    )
