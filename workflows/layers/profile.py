"""Profiles of districts: figures of areas from a file or drawn, beside the city's."""

import logging
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Thread

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.city.outline import repaired_outline
from aether_core.city.units import Units
from aether_core.errors import InputError, NotFoundError
from aether_core.files.source import local_file
from aether_core.files.whole import sha256_of
from aether_core.language import Marked, mark
from aether_core.progress import Progress, silent
from aether_core.search.profile.ground import lay_over
from aether_core.search.profile.layers import LayerCells
from aether_core.search.profile.profile import Places, Profile, profile_of
from aether_core.search.profile.read import read_named_areas
from aether_core.spatial.longitudes import within_180
from aether_core.tasks.areas.overlap import unit_sizes
from aether_core.tasks.findings import SampleFindings
from aether_core.vector import NO_OPTIONS, VECTOR_SUFFIXES, ReadingReport, ReadOptions
from db.cities import cities as city_rows
from db.cities import pois as poi_rows
from workflows.accounts.acting import asked_by, asking
from workflows.cities.cities import credits_of
from workflows.cities.units import all_units
from workflows.home.shared_results import SharedResults, computed_once
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary, layer_values, list_layers, show_layer
from workflows.layers.scored import QUESTION, Scored, blocks_alike, blocks_of_side

MOST_LAYERS = 20
"""Newest layers that are taken where none is named."""
log = logging.getLogger("aether.profile")
_KEPT_PROFILES = 8
_KEPT_CITIES, _KEPT_LAYERS = 2, 16
"""A city of 240,000 cells takes 6 MB, one of its layers 2 MB a field."""
_LISTED = 5
_WHOLE = 0.999
"""An area of which more lies in cells is inside: outlines are drawn no better than this."""


@dataclass(frozen=True, eq=False)
class AreaProfile:
    """A profile of areas, and what it was made of.

    Attributes:
        city: The city's short name.
        profile: The figures.
        read: How the file of areas was read; None of drawn ones.
        layers: Kept layers that gave figures.
        notes: What else to say of it.
        seconds: Time taken when it was computed, reading included.
        simulated: Whether any of it rests on simulated data.
        attribution: Credits of the city and of the layers.
    """

    city: str
    profile: Profile
    read: ReadingReport | None
    layers: tuple[str, ...]
    notes: tuple[str, ...]
    seconds: float
    simulated: bool
    attribution: tuple[str, ...]


def profile_file(
    store: Store,
    slug: str,
    file: Path,
    options: ReadOptions = NO_OPTIONS,
    *,
    name_field: str | None = None,
    layers: Sequence[str] | None = None,
    scored: Scored | None = None,
    progress: Progress = silent,
) -> AreaProfile:
    """Profile the areas of a file.

    Equal profiles are computed once, however many ask.

    Args:
        store: The store.
        slug: The city.
        file: Any vector file of polygons.
        options: What the user says about it.
        name_field: Column of the areas' names; found out when left out.
        layers: Kept layers of cells to take figures of; the newest when left out.
        scored: A question that was answered: its scores come first.
        progress: Told as areas and layers are done.

    Raises:
        NotFoundError: No such city, file or layer.
        InputError: The file cannot be read or has no usable area, its names are unclear, no area
            shares ground with the city, or a layer is one of areas.
    """
    path = local_file(file, suffixes=VECTOR_SUFFIXES)
    source: Hashable = (path, sha256_of(path), options, name_field)

    def areas() -> _Areas:
        read = read_named_areas(path, options, name_field=name_field)
        return _Areas(read.name, read.geometry, read.report)

    return _profiled(store, slug, source, areas, _Asked(layers, scored), progress)


def profile_shapes(
    store: Store,
    slug: str,
    shapes: Mapping[str, shapely.Geometry],
    *,
    layers: Sequence[str] | None = None,
    scored: Scored | None = None,
    progress: Progress = silent,
) -> AreaProfile:
    """Profile areas that were drawn or chosen.

    Args:
        store: The store.
        slug: The city.
        shapes: Polygons and MultiPolygons by name, WGS84.
        layers: As for `profile_file`.
        scored: As for `profile_file`.
        progress: Told as areas and layers are done.

    Raises:
        NotFoundError: No such city or layer.
        InputError: There is no area, an outline crosses itself or is no polygon, or no area shares
            ground with the city.
    """
    other = sorted({one.geom_type for one in shapes.values()} - {"Polygon", "MultiPolygon"})
    if not shapes or other:
        raise InputError(
            "an area may contain only polygons",
            ", ".join(other) or "no area",
            "give its outline as a polygon",
            code="area-not-a-polygon",
        )
    source: Hashable = tuple((name, shape.wkb) for name, shape in shapes.items())

    def areas() -> _Areas:
        mended = [repaired_outline(shape, f"the area {name}") for name, shape in shapes.items()]
        geometry = within_180(np.array(mended, dtype=object)).shapes
        return _Areas(np.array(list(shapes), dtype=object), geometry, None)

    return _profiled(store, slug, source, areas, _Asked(layers, scored), progress)


def prepare(store: Store, slug: str) -> None:
    """Begin to read what profiles of a city need, while its districts are still being drawn.

    What cannot be read is left to who asks for a profile.

    Args:
        store: That of the visitors: what is read is kept for the one it was read from.
        slug: The city.
    """
    person = asking()

    def read() -> None:
        try:
            with asked_by(person):
                with store.session() as session:
                    row = city_rows.city_by_slug(session, slug)
                    city = _CityKey(slug, row.id, row.created_at)
                around = _ground(store, city)
                for layer in _chosen(store, slug, _Asked(None, None))[0]:
                    _ = _layer_cells(store, city, layer, around).of_city
                _ = around.places.tree, around.places.rated
        except Exception:  # it only saves time: who asks is told what is wrong
            log.warning("districts of %s were not made ready", slug, exc_info=True)

    Thread(target=read, name=f"districts of {slug}", daemon=True).start()


@dataclass(frozen=True, eq=False)
class _Areas:
    name: NDArray[np.object_]
    geometry: NDArray[np.object_]
    report: ReadingReport | None


@dataclass(frozen=True, eq=False)
class _Asked:
    """What figures are taken of: layers by name, the newest when None; and a question's scores."""

    layers: Sequence[str] | None
    scored: Scored | None


@dataclass(frozen=True)
class _CityKey:
    """Tells a city from one that is added anew under its slug."""

    slug: str
    id: int
    added: datetime


@dataclass(frozen=True, eq=False)
class _CityGround:
    """What every profile of a city begins with.

    Attributes:
        units: All of the city's, m.
        cell_m2: Size of each, float64 `[m]`.
        places: Its places.
        simulated: Whether it rests on simulated data.
        attribution: Credits.
    """

    units: Units
    cell_m2: NDArray[np.float64]
    places: Places
    simulated: bool
    attribution: Sequence[str]


_PROFILES: SharedResults[AreaProfile] = SharedResults(_KEPT_PROFILES)


def _profiled(
    store: Store,
    slug: str,
    source: Hashable,
    areas: Callable[[], _Areas],
    asked: _Asked,
    progress: Progress,
) -> AreaProfile:
    with store.session() as session:
        row = city_rows.city_by_slug(session, slug)
        city = _CityKey(slug, row.id, row.created_at)
    chosen, notes = _chosen(store, slug, asked)
    scored = asked.scored
    key = (
        store,
        city,
        source,
        tuple(one.number for one in chosen),
        tuple(notes),
        None if scored is None else scored.key,
    )
    return _PROFILES.get(
        key, lambda: _computed(store, city, areas, chosen, scored, notes, progress)
    )


def _chosen(store: Store, slug: str, asked: _Asked) -> tuple[list[LayerSummary], list[str]]:
    """The layers that are asked for, or the newest of cells; and notes about the choice.

    Raises:
        NotFoundError: There is no such layer.
        InputError: One is a layer of areas.
    """
    if asked.layers is not None:
        named = [show_layer(store, slug, one) for one in dict.fromkeys(asked.layers)]
        for one in named:
            if one.by_area:
                raise InputError(
                    "a profile takes figures of layers of cells",
                    f"{one.layer} is one of areas",
                    "name the layer of cells that was made with it",
                    code="profile-of-area-layer",
                )
        return named, []
    every = list_layers(store, slug)
    cells = [one for one in every if not one.by_area]
    notes: list[str] = []
    if not cells:
        notes.append(_no_layer(slug, asked.scored is not None))
    if len(cells) > MOST_LAYERS:
        notes.append(
            mark(
                "of {number} kept layers the {most} newest were taken; name others to have theirs "
                "(in commands: --only)",
                number=len(cells),
                most=MOST_LAYERS,
            )
        )
    alone = [one.layer for one in every if one.by_area and one.cells_layer is None]
    if alone:
        notes.append(mark("layers of areas give no figures: {names}", names=_listed(alone)))
    return cells[:MOST_LAYERS], notes


def _computed(
    store: Store,
    city: _CityKey,
    read_areas: Callable[[], _Areas],
    layers: Sequence[LayerSummary],
    scored: Scored | None,
    notes: Sequence[str],
    progress: Progress,
) -> AreaProfile:
    started = time.perf_counter()
    areas = read_areas()
    around = _ground(store, city)
    units = around.units
    ground = lay_over(areas.name, areas.geometry, units, progress, cell_m2=around.cell_m2)
    all_notes = list(notes)
    kept: list[LayerCells] = [] if scored is None else [_scored_cells(store, city, scored, around)]
    for layer in layers:
        try:
            kept.append(_layer_cells(store, city, layer, around))
        except NotFoundError as error:
            all_notes.append(f"{layer.layer}: {error}")
    profile = profile_of(ground, around.places, kept, progress)
    if ground.outside:
        all_notes.append(
            mark(
                "1 area shares no ground with the city: {names}"
                if len(ground.outside) == 1
                else "{number:,} areas share no ground with the city: {names}",
                number=len(ground.outside),
                names=_listed(ground.outside),
            )
        )
    partly = ground.name[ground.covered < _WHOLE].tolist()
    if partly:
        all_notes.append(
            mark(
                "1 area lies partly outside the city's cells ({names}): the figures are of the "
                "part inside"
                if len(partly) == 1
                else "{number:,} areas lie partly outside the city's cells ({names}): the figures "
                "are of the part inside",
                number=len(partly),
                names=_listed(partly),
            )
        )
    if ground.overlapping:
        all_notes.append(
            mark(
                "areas overlap: {percent:.0f}% of their ground lies in more than one; each is "
                "described by itself, and they do not add up to a whole",
                percent=100 * ground.overlapping,
            )
        )
    asked_of = () if scored is None else (scored,)
    small = ground.name[ground.km2 * 1e6 < float(np.median(ground.cell_m2))].tolist()
    if small:
        all_notes.append(
            mark(
                "1 area is smaller than a cell ({names}): layers describe the ground around, too"
                if len(small) == 1
                else "{number:,} areas are smaller than a cell ({names}): layers describe the "
                "ground around, too",
                number=len(small),
                names=_listed(small),
            )
        )
    return AreaProfile(
        city=city.slug,
        profile=profile,
        read=areas.report,
        layers=tuple(one.slug for one in kept if one.slug != QUESTION),
        notes=tuple(all_notes),
        seconds=time.perf_counter() - started,
        simulated=around.simulated or any(one.simulated for one in (*layers, *asked_of)),
        attribution=tuple(
            dict.fromkeys(
                [
                    *around.attribution,
                    *(text for one in (*layers, *asked_of) for text in one.attribution),
                ]
            )
        ),
    )


@computed_once(_KEPT_CITIES)
def _ground(store: Store, city: _CityKey) -> _CityGround:
    with store.session() as session:
        row = city_rows.city_by_slug(session, city.slug)
        units = all_units(session, row)[1]
        frame = poi_rows.poi_frame(session, row.id)
        simulated, credited = row.simulated, credits_of(row, None)
    lonlat = np.column_stack([frame.geometry.x, frame.geometry.y])
    places = Places(lonlat, frame["group"].tolist(), units)
    return _CityGround(units, unit_sizes(units), places, simulated, credited)


_SCORED: SharedResults[LayerCells] = SharedResults(_KEPT_LAYERS)
_LAYERS: SharedResults[LayerCells] = SharedResults(_KEPT_LAYERS)


def _scored_cells(store: Store, city: _CityKey, scored: Scored, around: _CityGround) -> LayerCells:
    """A question's values, one row a cell of the city."""
    key = (store, city, scored.key)
    return _SCORED.get(key, lambda: scored.cells(around.units, around.cell_m2))


def _layer_cells(
    store: Store, city: _CityKey, layer: LayerSummary, around: _CityGround
) -> LayerCells:
    """A layer's values, one row a cell of the city.

    Raises:
        NotFoundError: It has been removed meanwhile.
    """
    show_layer(store, city.slug, layer.layer)  # what is remembered may be gone
    key = (store, city, layer.number, layer.title)
    return _LAYERS.get(key, lambda: _read_layer(store, city.slug, layer, around))


def _read_layer(store: Store, slug: str, layer: LayerSummary, around: _CityGround) -> LayerCells:
    units = around.units
    frame = layer_values(store, slug, layer.layer)
    frame.index = pd.Index(frame.pop(units.kind.column))
    frame = frame.reindex(units.codes())
    level = layer.parameters.get("level")
    return LayerCells(
        slug=layer.layer,
        title=layer.title,
        fields=layer.fields,
        columns={str(name): frame[name].to_numpy() for name in frame.columns},
        level=float(level) if isinstance(level, int | float) else None,
        block=_blocks(layer, frame, units.lonlat),
        cell_m2=around.cell_m2,
    )


def _blocks(
    layer: LayerSummary, frame: pd.DataFrame, lonlat: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Blocks as wide as what the layer shows stays alike; each cell its own where nothing does.

    The side is the one its accuracy was measured with, else the range of its own values.
    """
    findings = layer.findings
    if isinstance(findings, SampleFindings):
        blocks = findings.held_out.blocks
        side = blocks.side_m if blocks is not None else findings.held_out.variogram.range_m
        return blocks_of_side(lonlat, side)
    numbers = [str(one["name"]) for one in layer.fields if one["type"] in ("float", "int")]
    if not numbers:
        return blocks_of_side(lonlat, 0.0)
    value = pd.to_numeric(frame[numbers[0]], errors="coerce").to_numpy(np.float64)
    return blocks_alike(lonlat, value)


def _no_layer(slug: str, asked: bool) -> Marked:
    """That the city has no kept layer, as a note.

    Args:
        slug: The city.
        asked: Whether a question gives figures, too.
    """
    if asked:
        return mark(
            "the city has no kept layer yet, so only ground, places and the question are "
            "described; make a map of land use, or keep a search (in commands: ./aether landuse "
            "{city}, ./aether search {city} QUERY --keep)",
            city=slug,
        )
    return mark(
        "the city has no kept layer yet, so only ground and places are described; make a map of "
        "land use, or keep a search (in commands: ./aether landuse {city}, ./aether search {city} "
        "QUERY --keep)",
        city=slug,
    )


def _listed(names: Sequence[str]) -> str:
    first = ", ".join(names[:_LISTED])
    more = len(names) - _LISTED
    return mark("{names} and {number:,} more", names=first, number=more) if more > 0 else first
