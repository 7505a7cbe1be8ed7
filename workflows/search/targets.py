"""What a criterion is measured to: the city's own places and ground, a file, a kept layer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from aether_core.city.outline import repaired_outline
from aether_core.errors import InputError, NotFoundError
from aether_core.files.whole import sha256_of
from aether_core.language import OTHER_NAMES, SOURCE, PlaceName, as_marked, mark, place_names
from aether_core.search.centre import Centre, centre_of
from aether_core.search.question.criteria import KINDS, Criterion, FileSource, LayerSource
from aether_core.search.question.matching import Matched, PlaceIndex, plain_name
from aether_core.search.question.place_words import CENTRE, GREEN_INSTEAD, GROUND, plain
from aether_core.spatial.longitudes import extent_of, within_180
from aether_core.spatial.plane import Plane
from aether_core.spatial.streets import StreetNetwork
from aether_core.text.e5 import MultilingualE5Encoder
from aether_core.vector import ReadOptions, read_vector
from db.cities import cities as city_rows
from db.cities import pois as poi_rows
from db.cities import streets as street_rows
from db.layers import layers as layer_rows
from db.layers.units import SPATIAL_UNITS
from workflows.encoders.encoders import ENGLISH_ONLY, encoder_named
from workflows.home.shared_results import computed_once
from workflows.home.store import Store
from workflows.search.named_areas import area_called, area_layers, area_names, named_ground
from workflows.training.representation import ModelInUse

_USUAL_SAME_MEANING = 0.75
SAME_MEANING = {MultilingualE5Encoder.name: 0.93}
"""From this cosine on, two words encoded as typed mean the same, by encoder. Categories of
OpenStreetMap: all-MiniLM-L6-v2, and as little is known of others: "vet" and veterinary 0.89, "jail"
and prison 0.84, "toy shop" and toys 0.76; but "power station" and station 0.73, "landfill" and
waste disposal 0.70. multilingual-e5-small: "koulu" and school 0.935, "Schule" 0.953, "biblioteca"
and library 0.939, "pharmacie" and pharmacy 0.991; but "power station" and charging station 0.923,
"kahvila" (cafe) and chapel 0.910."""
_NEAREST_NAMED = 5
_SAME_PLACE_M = 300.0
"""A place and an area of the base map with its name are one, when no farther apart."""
_TOP_PERCENTILE = 90.0


_GROUND_KINDS = {
    "water": mark("water"),
    "green": mark("green"),
    "main road": mark("main road"),
    "road": mark("road"),
    "building": mark("building"),
}
_GROUND_MEANING = {
    "water": mark("water of the city's own map"),
    "green": mark("green of the city's own map"),
    "main road": mark("main road of the city's own map"),
    "road": mark("road of the city's own map"),
    "building": mark("building of the city's own map"),
}


class NotInCityError(NotFoundError):
    """The city has nothing that a criterion's words mean; other criteria may still be answered.

    Attributes:
        reason: Why, as pages say it in the reader's language beside the words.
    """

    code = "no-such-category"

    def __init__(
        self, what: str, value: object, remedy: str, *, code: str | None = None, told: str = ""
    ) -> None:
        super().__init__(what, value, remedy, code=code)
        self.reason = told or str(self)


@dataclass(frozen=True)
class Targets:
    """What distances are measured to, or an area.

    Attributes:
        shapes: WGS84, object `[n]`, at least one.
        names: Of each shape, "" where it has none; the city's own know their other languages
            (`PlaceName`).
        meaning: What they are, for people.
        notes: What else to say of it.
    """

    shapes: NDArray[np.object_]
    names: tuple[str, ...]
    meaning: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CityPlaces:
    """The places of a city, ready to be matched.

    Attributes:
        index: By their words.
        points: WGS84, object `[n]`.
        names: Of each place, or its category; they know their other languages (`PlaceName`).
        named: Whether a place has a name, bool `[n]`.
        centre: The city's centre; None where it has no places.
    """

    index: PlaceIndex
    points: NDArray[np.object_]
    names: tuple[PlaceName, ...]
    named: NDArray[np.bool_]
    centre: Centre | None


def city_places(store: Store, model: ModelInUse) -> CityPlaces:
    """The city's places; read once a process for each city as it was added."""
    return _places(store, model.city_id, model.city_added)


@computed_once(4)
def _places(store: Store, city_id: int, _added: datetime) -> CityPlaces:
    with store.session() as session:
        frame = poi_rows.poi_frame(session, city_id)
    lonlat = shapely.get_coordinates(frame.geometry.to_numpy())
    called = frame["name"].where(frame["name"] != "", frame["category"])
    names = place_names(called.tolist(), frame[OTHER_NAMES])
    return CityPlaces(
        PlaceIndex(
            frame["category"].tolist(),
            frame["group"].tolist(),
            frame["name"].tolist(),
            [name.others.values() for name in names],
        ),
        frame.geometry.to_numpy(),
        tuple(names),
        (frame["name"] != "").to_numpy(dtype=bool),
        centre_of(lonlat) if len(lonlat) else None,
    )


@computed_once(16)
def _ground(store: Store, city_id: int, _added: datetime, kind: str) -> Targets | None:
    """The features of one kind of the city's base map; None where it has none."""
    with store.session() as session:
        frame = city_rows.ground_features(session, city_id, kind)
    if frame.empty:
        return None
    shapes = frame.geometry.to_numpy()
    names = place_names(frame["name"].tolist(), frame[OTHER_NAMES])
    return Targets(shapes, tuple(names), _GROUND_MEANING[kind])


def streets_of(store: Store, model: ModelInUse) -> StreetNetwork | None:
    """The city's street network, read once a process; None where the city has none."""
    return _streets(store, model.city_id, model.city_added)


@computed_once(4)
def _streets(store: Store, city_id: int, _added: datetime) -> StreetNetwork | None:
    with store.session() as session:
        return street_rows.streets(session, city_id)


def named_roads(store: Store, model: ModelInUse) -> Targets | None:
    """The roads of the city's base map that have a name; None where it has none."""
    roads = _ground(store, model.city_id, model.city_added, "road")
    if roads is None:
        return None
    named = np.array([name != "" for name in roads.names], dtype=bool)
    if not named.any():
        return None
    names = tuple(name for name in roads.names if name != "")
    return Targets(roads.shapes[named], names, mark("named roads of the city's own map"))


def with_centre_distance(store: Store, model: ModelInUse, one: Criterion) -> Criterion:
    """A criterion about the centre, with the centre's own radius where no distance was said."""
    if one.distance_m is not None or one.source is not None or plain(one.words) not in CENTRE:
        return one
    centre = city_places(store, model).centre
    if centre is None:
        return one
    return replace(one, distance_m=centre.radius_m, stated=False)


def source_key(store: Store, model: ModelInUse, one: Criterion) -> tuple[object, ...]:
    """What tells a criterion's source from another: a file by its content, a layer by its row.

    Raises:
        NotFoundError: The file or the layer is gone.
    """
    if isinstance(one.source, FileSource):
        return ("file", _existing(one.source.file), sha256_of(one.source.file), one.source)
    if isinstance(one.source, LayerSource):
        with store.session() as session:
            row = layer_rows.layer_by_slug(session, model.city_id, one.source.layer)
            return ("layer", row.id, one.source)
    known = area_layers(store, model) if KINDS[one.kind].evidence == "area" else ()
    capitals = any(letter.isupper() for letter in one.words)
    return ("city", plain(one.words), capitals, one.language, known)


def source_state(store: Store, model: ModelInUse, one: Criterion) -> str:
    """What tells a criterion's source from another of its name; "" where it has none.

    Raises:
        NotFoundError: The file or the layer is gone.
    """
    return "" if one.source is None else str(source_key(store, model, one)[-2])


def _existing(file: Path) -> str:
    if not file.is_file():
        raise NotFoundError(
            "the file of a criterion does not exist",
            file,
            "give its path, relative to the file of the criteria",
            code="no-such-file",
        )
    return str(file)


def targets_of(store: Store, model: ModelInUse, one: Criterion) -> Targets:
    """What a criterion is measured to.

    Raises:
        NotInCityError: The city has nothing the words mean.
        NotFoundError: The file or layer is gone.
        InputError: The file cannot be read, or the layer does not say which of its features.
    """
    if isinstance(one.source, FileSource):
        return _of_file(one.source)
    if isinstance(one.source, LayerSource):
        return _of_layer(store, model, one.source)
    return _of_city(store, model, one)


def _of_file(source: FileSource) -> Targets:
    read = read_vector(source.file, ReadOptions(crs=source.crs, layer=source.layer))
    shapes = read.frame.geometry.to_numpy()
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if source.field is not None:
        there &= _with_value(read.frame, source)
    frame = read.frame[there]
    names = frame["name"].fillna("").astype(str) if "name" in frame else [""] * len(frame)
    count = f"{len(frame):,} of {source.file.name}"
    return Targets(within_180(shapes[there]).shapes, tuple(names), count, tuple(read.report.notes))


def _with_value(frame: pd.DataFrame, source: FileSource) -> NDArray[np.bool_]:
    fields = [str(name) for name in frame.columns if name != "geometry"]
    if source.field not in fields:
        raise InputError(
            "the file has no such field",
            f"{source.file.name}: {source.field}",
            f"it has {', '.join(fields[:8]) or 'none'}",
            code="no-such-field",
        )
    chosen = np.asarray(frame[source.field].astype(str) == str(source.value), dtype=bool)
    if not chosen.any():
        values = sorted({str(value) for value in frame[source.field].dropna()})[:8]
        raise InputError(
            "no feature of the file has this value",
            f"{source.file.name}: {source.field} {source.value}",
            f"its values are, for example, {', '.join(values)}",
            code="file-value-not-found",
        )
    return chosen


def _of_layer(store: Store, model: ModelInUse, source: LayerSource) -> Targets:
    with store.session() as session:
        row = layer_rows.layer_by_slug(session, model.city_id, source.layer)
        frame = layer_rows.layer_geo_frame(session, row)
    unit = SPATIAL_UNITS[row.spatial_unit]
    key = unit.column
    fields = [str(name) for name in frame.columns if name not in {key, "geometry"}]
    field, note = source.field, ""
    if field is None and source.value is None and source.least is None:
        if unit.of_set:
            return Targets(
                frame.geometry.to_numpy(), tuple(frame[key]), f"areas of layer {source.layer}"
            )
        if "percentile" not in fields:
            raise InputError(
                "a layer of cells covers the whole city, so one of its fields must choose",
                source.layer,
                f"give field ({', '.join(fields[:8])}) and value or least",
                code="layer-needs-a-value",
            )
        source = LayerSource(source.layer, "percentile", least=_TOP_PERCENTILE)
        note = f"of layer {source.layer} the best tenth of the cells was used"
    field = source.field or next(iter(fields))
    if field not in (key, *fields):
        raise InputError(
            "the layer has no such field",
            f"{source.layer}: {field}",
            f"it has {', '.join([key, *fields][:8])}",
            code="no-such-field",
        )
    chosen = _chosen(frame[field], source)
    if not chosen.any():
        values = sorted({str(value) for value in frame[field].dropna()})[:8]
        raise InputError(
            "no feature of the layer has this value",
            f"{source.layer}: {field} {source.value if source.value is not None else source.least}",
            f"its values are, for example, {', '.join(values)}",
            code="layer-value-not-found",
        )
    kept = frame[chosen]
    meaning = f"{len(kept):,} {key}s of layer {source.layer}"
    names = tuple(map(str, kept[key])) if key == "area" else ("",) * len(kept)
    return Targets(kept.geometry.to_numpy(), names, meaning, (note,) if note else ())


def _chosen(values: pd.Series, source: LayerSource) -> NDArray[np.bool_]:
    if source.least is not None:
        return np.asarray(pd.to_numeric(values, errors="coerce") >= source.least, dtype=bool)
    return np.asarray(values.astype(str) == str(source.value), dtype=bool)


def _of_city(store: Store, model: ModelInUse, one: Criterion) -> Targets:
    """The city's own: its centre, its ground, or places by category, name or meaning."""
    words, asked = one.words, plain(one.words)
    places = city_places(store, model)
    if asked in CENTRE and places.centre is not None:
        centre = places.centre
        note = mark(
            "the centre is taken to be {lat:.5f}, {lon:.5f}, where the city's places are densest; "
            "a quarter of them lie within {metres:,.0f} m",
            lat=centre.lat,
            lon=centre.lon,
            metres=centre.radius_m,
        )
        point = shapely.points([[centre.lon, centre.lat]])
        meaning = mark("the densest spot of the city's places")
        return Targets(point, (mark("the centre"),), meaning, (note,))
    if (kind := GROUND.get(asked)) is not None:
        ground = _ground(store, model.city_id, model.city_added, kind)
        if ground is not None:
            read_as = (
                ""
                if asked == plain(kind)
                else mark(
                    "“{words}” was read as any {kind} on its map",
                    words=one.in_own_words,
                    kind=as_marked(_GROUND_KINDS[kind]),
                )
            )
            return Targets(
                ground.shapes, ground.names, ground.meaning, (read_as,) if read_as else ()
            )
    matched = places.index.match(words)
    if matched is not None:
        return _as_targets(store, model, places, matched)
    if asked in GREEN_INSTEAD:
        green = _ground(store, model.city_id, model.city_added, "green")
        if green is not None:
            note = mark(
                "no place is called “{words}”; the greenery of the city's map was used",
                words=one.in_own_words,
            )
            return Targets(green.shapes, green.names, green.meaning, (note,))
    if one.language != SOURCE and model.encoder in ENGLISH_ONLY:
        return _called(store, model, places, one)
    return _alike(store, model, places, words)


def _called(store: Store, model: ModelInUse, places: CityPlaces, one: Criterion) -> Targets:
    """The places called so, of words whose English is not known, for a model that knows no other.

    Raises:
        NotInCityError: No place is called so: what the encoder made of it would be chance.
    """
    called = places.index.by_name(one.words)
    if called is not None:
        return _as_targets(store, model, places, called)
    raise NotInCityError(
        "the words of this language are not known, and the city's model reads English only",
        one.words,
        "say it in English, or train the city again with the encoder of many languages",
        code="word-not-known",
        told=mark(
            "not among the words that are known of this language, and the city's model reads "
            "English only; say it in English, or train the city again with the encoder of many "
            "languages"
        ),
    )


def _alike(store: Store, model: ModelInUse, places: CityPlaces, words: str) -> Targets:
    """The category that means the same, or the places called so.

    Raises:
        NotInCityError: There is neither; the categories nearest in meaning are named.
    """
    categories = places.index.categories
    nearest: Sequence[tuple[str, float]] = ()
    if categories:
        encoder = encoder_named(store.settings, model.encoder)
        vectors = _encoded(store, model.encoder, model.city_id, model.city_added)
        cosines = vectors @ encoder.encode([words])[0]
        order = np.argsort(-cosines, kind="stable")[:_NEAREST_NAMED]
        nearest = [(categories[at], float(cosines[at])) for at in order]
        if nearest[0][1] >= SAME_MEANING.get(model.encoder, _USUAL_SAME_MEANING):
            matched = places.index.of_category(nearest[0][0])
            if matched is not None:
                note = mark(
                    "“{words}” was read as {category}, the category nearest in meaning",
                    words=words,
                    category=nearest[0][0],
                )
                return _as_targets(
                    store, model, places, Matched(matched.rows, matched.meaning, note)
                )
    called = places.index.by_name(words)
    if called is not None:
        return _as_targets(store, model, places, called)
    ground = GROUND.get(plain(words))
    raise NotInCityError(
        "the city has no places of this kind"
        + (f", and its own map shows no {ground}" if ground is not None else ""),
        words,
        "nearest in meaning are "
        + ", ".join(category for category, _ in nearest)
        + "; or give a file or a layer"
        if nearest
        else "give a file or a layer",
        code="no-such-category",
        told=mark(
            "the city has no places of this kind; nearest in meaning are {categories}",
            categories=", ".join(category for category, _ in nearest),
        )
        if nearest
        else mark("the city has no places of this kind"),
    )


@computed_once(4)
def _encoded(store: Store, encoder: str, city_id: int, added: datetime) -> NDArray[np.float32]:
    categories = _places(store, city_id, added).index.categories
    return encoder_named(store.settings, encoder).encode(categories)


def _as_targets(store: Store, model: ModelInUse, places: CityPlaces, matched: Matched) -> Targets:
    """Places as points, or as the areas of the base map that carry their names."""
    shapes = places.points[matched.rows].copy()
    names = tuple(places.names[row] for row in matched.rows)
    areas = named_ground(store, model.city_id, model.city_added)
    replaced = 0
    for at, name in enumerate(names):
        area = areas.get(plain_name(name))
        if area is not None and _is_close(shapes[at], area):
            shapes[at] = area
            replaced += 1
    notes = [matched.note] if matched.note else []
    count = mark("{number:,} {things}", number=len(names), things=matched.meaning)
    if replaced:
        count = mark(
            "{number:,} {things}, {outlined:,} of them by their outline on the city's map",
            number=len(names),
            things=matched.meaning,
            outlined=replaced,
        )
    return Targets(shapes, names, count, tuple(notes))


def _is_close(point: shapely.Geometry, area: shapely.Geometry) -> bool:
    plane = Plane.of_shapes(np.array([point], dtype=object))
    flat = plane.shapes(np.array([point, area], dtype=object))
    return bool(shapely.distance(flat[0], flat[1]) <= _SAME_PLACE_M)


def area_of(store: Store, model: ModelInUse, one: Criterion) -> Targets:
    """The polygons of a criterion that asks for an area, valid.

    Raises:
        NotInCityError: It names an area, and the city knows none by name.
        InputError: They are no polygons, or an outline crosses itself.
    """
    found = (
        _area_by_name(store, model, one) if one.source is None else targets_of(store, model, one)
    )
    kinds = {shape.geom_type for shape in found.shapes}
    if not kinds <= {"Polygon", "MultiPolygon"}:
        raise InputError(
            "an area may contain only polygons",
            f"{one.words} holds {', '.join(sorted(kinds))}",
            "give its outline as a polygon",
            code="area-not-a-polygon",
        )
    shapes = [repaired_outline(shape, "the area") for shape in found.shapes]
    return replace(found, shapes=np.array(shapes, dtype=object))


def _area_by_name(store: Store, model: ModelInUse, one: Criterion) -> Targets:
    """The city's own area of a name.

    Raises:
        NotInCityError: It knows none.
    """
    found = area_called(store, model, one.words)
    if found is None:
        known = area_names(store, model, _NEAREST_NAMED)
        raise NotInCityError(
            "the city knows no area of this name",
            one.words,
            "give its outline (in commands: --area FILE) or a layer of areas"
            + (f"; those of its layers are {', '.join(known)}" if known else ""),
            code="no-such-area",
            told=mark(
                "the city knows no area of this name; those of its layers are {areas}",
                areas=", ".join(known),
            )
            if known
            else mark("the city knows no area of this name; give its outline or a layer of areas"),
        )
    shape, name, meaning = found
    return Targets(np.array([shape], dtype=object), (name,), meaning)


def check_area_in_city(
    inside: NDArray[np.bool_], area: Targets, lonlat: NDArray[np.float64], words: str
) -> None:
    """Refuse an area that holds no cell.

    Raises:
        InputError: It holds none; the message says where both lie.
    """
    if inside.any():
        return
    west, south, east, north = extent_of(area.shapes)
    city = extent_of(shapely.points(lonlat))
    raise InputError(
        "the area holds no cell of the city",
        f"{words}: {west:.4f}, {south:.4f} to {east:.4f}, {north:.4f}",
        f"the city lies from {city[0]:.4f}, {city[1]:.4f} to {city[2]:.4f}, {city[3]:.4f}; check "
        "the area, and its CRS",
        code="area-outside-city",
    )
