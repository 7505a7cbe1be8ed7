"""The districts of a visit: drawn on the map, read from a file, chosen from a kept layer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import shapely
import streamlit as st
from shapely.geometry import MultiPolygon, mapping
from shapely.geometry import shape as geometry_of

from aether_core.city.outline import area_km2, repaired_outline
from aether_core.errors import AetherError, InputError
from aether_core.language import _, mark
from aether_core.search.profile.read import NamedAreas, read_named_areas
from aether_core.search.question.criteria import Criterion, FileSource
from aether_core.spatial.longitudes import within_180
from aether_core.vector import ReadOptions
from ui.ask import question as asking
from ui.forms import reading
from ui.map.box_map import Shape
from ui.map.served import written
from ui.shell import state, uploads
from workflows.cities.cities import CitySummary
from workflows.layers.layers import layer_shapes, show_layer

CHOSEN: Final = "district"
BESIDE: Final = "district-beside"
WHOLE: Final = mark("Whole city")
"""What every area stands beside; no area is called so."""
_KEY: Final = "districts"


@dataclass(frozen=True)
class Sketch:
    """An area that was drawn."""

    name: str
    shape: Shape


@dataclass(frozen=True)
class AreaFile:
    """A file of areas, and how it is read."""

    path: Path
    options: ReadOptions
    name_field: str | None


@dataclass(frozen=True)
class Districts:
    """The districts of a visit to one city.

    Attributes:
        city: Its short name.
        sketches: Areas that were drawn, in that order.
        active: Name of the one that can be changed on the map; None while there is none.
        unusable: What was drawn and cannot be used; it stays on the map to be mended.
        problem: Why it cannot.
        file: A file of areas.
        layer: A kept layer of areas; empty without one.
        of_layer: Those of its areas that were chosen.
        version: Changed whenever the map's shape is not the map's own doing.
        forms: Changed whenever the forms of file and layer begin anew.
    """

    city: str
    sketches: tuple[Sketch, ...] = ()
    active: str | None = None
    unusable: Shape | None = None
    problem: AetherError | None = None
    file: AreaFile | None = None
    layer: str = ""
    of_layer: tuple[str, ...] = ()
    version: int = 0
    forms: int = 0

    @property
    def on_map(self) -> Shape | None:
        """The shape that can be changed on the map."""
        if self.unusable is not None:
            return self.unusable
        return next((one.shape for one in self.sketches if one.name == self.active), None)


def current(city: CitySummary) -> Districts:
    """The districts as they stand; none in a city that was not looked at before."""
    found: Districts | None = st.session_state.get(_KEY)
    return found if found is not None and found.city == city.slug else Districts(city.slug)


def take_drawn(city: CitySummary, shape: Shape | None) -> None:
    """Take over what was drawn or moved on the map; None where it was removed there."""
    now = current(city)
    if shape is None:
        kept = tuple(
            one for one in now.sketches if now.unusable is not None or one.name != now.active
        )
        _keep(replace(now, sketches=kept, active=None, unusable=None, problem=None))
        return
    try:
        whole = _checked(city, shape)
    except AetherError as error:
        left = now.sketches
        if not shape.fresh:
            left = tuple(one for one in left if one.name != now.active)
        _keep(replace(now, sketches=left, active=None, unusable=shape, problem=error))
        return
    now = replace(now, unusable=None, problem=None)
    if not shape.fresh and now.active is not None:
        moved = tuple(
            replace(one, shape=whole) if one.name == now.active else one for one in now.sketches
        )
        _keep(replace(now, sketches=moved))
        return
    name = _free_name(now.sketches)
    _keep(replace(now, sketches=(*now.sketches, Sketch(name, whole)), active=name))
    if st.session_state.get(CHOSEN):
        st.session_state[BESIDE] = st.session_state[CHOSEN]
    st.session_state[CHOSEN] = name


def choose(city: CitySummary, name: str) -> None:
    """Look at an area that was pointed at; one that was drawn can be changed from then on."""
    now = current(city)
    st.session_state[CHOSEN] = name
    if any(one.name == name for one in now.sketches):
        _keep(replace(now, active=name, unusable=None, problem=None, version=now.version + 1))


def rename(city: CitySummary, name: str, to: str) -> None:
    """Call a drawn area something else, unless there is one of that name."""
    now, to = current(city), " ".join(to.split())
    if not to or any(one.name == to for one in now.sketches):
        return
    called = tuple(replace(one, name=to) if one.name == name else one for one in now.sketches)
    _keep(replace(now, sketches=called, active=to if now.active == name else now.active))
    for key in (CHOSEN, BESIDE):
        if st.session_state.get(key) == name:
            st.session_state[key] = to


def take_file(city: CitySummary, file: AreaFile) -> None:
    """Take the areas of a file, instead of those of another."""
    _keep(replace(current(city), file=file))


def remove_file(city: CitySummary) -> None:
    """Take no file's areas."""
    now = current(city)
    _keep(replace(now, file=None, forms=now.forms + 1))


def take_layer(city: CitySummary, layer: str, names: Sequence[str]) -> None:
    """Take areas of a kept layer, instead of those of another; none without any."""
    _keep(replace(current(city), layer=layer if names else "", of_layer=tuple(names)))


def remove(city: CitySummary, name: str) -> None:
    """Remove a drawn area."""
    now = current(city)
    left = tuple(one for one in now.sketches if one.name != name)
    active = now.active if now.active != name else None
    _keep(replace(now, sketches=left, active=active, version=now.version + 1))


def remove_all(city: CitySummary) -> None:
    """Begin anew."""
    now = current(city)
    _keep(Districts(city.slug, version=now.version + 1, forms=now.forms + 1))


def limit_search(city: CitySummary, name: str, geometry: shapely.Geometry) -> None:
    """Limit what is searched to an area, as a file of areas would."""
    feature = {"type": "Feature", "properties": {"name": name}, "geometry": mapping(geometry)}
    content = written({"type": "FeatureCollection", "features": [feature]})
    path = uploads.keep("area.geojson", content)
    asking.limit_to(city, [Criterion("in", name, source=FileSource(path))])


def read_file(file: AreaFile) -> NamedAreas:
    """The areas of a file, read once.

    Raises:
        AetherError: It cannot be read, or its names are unclear.
    """
    return _read(str(file.path), reading.changed(file.path), file.options, file.name_field)


def shapes(city: CitySummary, now: Districts) -> dict[str, shapely.Geometry]:
    """Every area by name; of two with the same name the later one is numbered.

    Raises:
        AetherError: The file or the layer is gone, or cannot be read.
    """
    named: list[tuple[str, shapely.Geometry]] = [
        (one.name, one.shape.boundary) for one in now.sketches
    ]
    if now.file is not None:
        read = read_file(now.file)
        named += zip(read.name.tolist(), read.geometry.tolist(), strict=True)
    if now.layer:
        of_layer = areas_of_layer(city, now.layer)
        named += [(name, of_layer[name]) for name in now.of_layer if name in of_layer]
    found: dict[str, shapely.Geometry] = {}
    for name, geometry in named:
        number, free = 2, name
        while free in found or free == WHOLE:
            free, number = f"{name} ({number})", number + 1
        found[free] = geometry
    return found


def areas_of_layer(city: CitySummary, layer: str) -> dict[str, shapely.Geometry]:
    """Every area of a kept layer by name.

    Raises:
        NotFoundError: The layer is gone.
    """
    number = show_layer(state.store(), city.slug, layer).number
    return _layer_areas(city.slug, layer, number)


@st.cache_resource(max_entries=4, show_spinner=mark("Reading the areas"))
def _read(
    path: str,
    changed: float,  # noqa: ARG001 - a file written anew is read anew
    options: ReadOptions,
    name_field: str | None,
) -> NamedAreas:
    return read_named_areas(path, options, name_field=name_field)


@st.cache_resource(max_entries=4, show_spinner=mark("Reading the layer"))
def _layer_areas(
    slug: str,
    layer: str,
    number: int,  # noqa: ARG001 - a layer made anew under the same name is another layer
) -> dict[str, shapely.Geometry]:
    frame = layer_shapes(state.store(), slug, layer)
    return dict(zip(map(str, frame["area"]), frame.geometry, strict=True))


def _checked(city: CitySummary, shape: Shape) -> Shape:
    """What was drawn, as an area of the city with its size.

    Raises:
        InputError: It crosses itself, or lies outside the city.
    """
    whole = repaired_outline(shape.boundary, _("the district"))
    (inside,) = within_180(np.array([whole], dtype=object)).shapes
    if not shapely.intersects(inside, geometry_of(city.boundary)):
        west, south, east, north = city.bbox
        raise InputError(
            "the district lies outside the city",
            "drawn at {:.4f}, {:.4f}".format(*whole.centroid.coords[0]),
            f"draw it inside the city's boundary, between {west:.4f}, {south:.4f} and "
            f"{east:.4f}, {north:.4f}",
            code="area-outside-city",
        )
    return replace(shape, boundary=MultiPolygon(whole), km2=area_km2(whole), fresh=False)


def _free_name(sketches: Sequence[Sketch]) -> str:
    taken = {one.name for one in sketches}
    candidates = (_("Area {number}", number=number) for number in range(1, len(taken) + 2))
    return next(name for name in candidates if name not in taken)


def _keep(districts: Districts) -> None:
    st.session_state[_KEY] = districts
