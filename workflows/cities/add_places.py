"""Give a city that is there places, which training and search need."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon
from sqlalchemy.orm import Session

from aether_core.eo.pooling.view import View
from aether_core.errors import ConflictError, NotFoundError
from aether_core.poi.fields import PoiFields
from aether_core.poi.osm.extract import ATTRIBUTION as OSM_ATTRIBUTION
from aether_core.poi.osm.extract import PBF_SUFFIXES
from aether_core.poi.overture.record import DEFAULT_CONFIDENCE, check_confidence
from aether_core.poi.text import poi_texts
from aether_core.progress import Progress, silent
from aether_core.text.encoder import text_hash
from aether_core.vector import NO_OPTIONS, ReadingReport, ReadOptions
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.schema import City
from workflows.cities.area_vectors import area_vectors
from workflows.cities.cities import CitySummary, summarise
from workflows.cities.files import open_city_embedding
from workflows.cities.places_file import FoundPlaces, check_pooled, places_in, together
from workflows.cities.units import unit_kind
from workflows.cities.views import check_unchanged, view_of
from workflows.encoders.choice import asked_encoder, usual_encoder
from workflows.encoders.encoders import begin_loading, store_texts
from workflows.home.store import Store


@dataclass(frozen=True)
class AddPlaces:
    """What a user gives to add places to a city.

    Attributes:
        pois: File of places.
        extend: Add to the places the city has; refused where it has some and this is not said.
        name_field, category_field, group_field: Columns of the file; found when left out.
        min_confidence: Smallest confidence of Overture places that are kept, 0 to 1.
        options: What the user says about the file.
        attribution: Credits of the places, beside those the city has.
    """

    pois: Path
    extend: bool = False
    name_field: str | None = None
    category_field: str | None = None
    group_field: str | None = None
    min_confidence: float = DEFAULT_CONFIDENCE
    options: ReadOptions = NO_OPTIONS
    attribution: Sequence[str] = field(default_factory=list)

    @property
    def fields(self) -> PoiFields:
        """Which columns mean what."""
        return PoiFields(
            self.name_field,
            self.category_field,
            self.group_field,
            min_confidence=self.min_confidence,
        )


@dataclass(frozen=True, eq=False)
class _Seen:
    """The city as it was when the file was read."""

    city_id: int
    year: int
    added: datetime
    boundary: MultiPolygon
    held: gpd.GeoDataFrame
    views: dict[int, tuple[int, View]]
    """Year and view, by row id."""


@dataclass(frozen=True)
class AddedPlaces:
    """What came of it.

    Attributes:
        city: The city with its new places.
        added: How many came.
        models: How many models it has that learned nothing from them.
    """

    city: CitySummary
    added: int
    models: int


def add_places(
    store: Store,
    slug: str,
    request: AddPlaces,
    progress: Progress = silent,
    *,
    within: Callable[[Session, City, AddedPlaces], None] | None = None,
    on_read: Callable[[ReadingReport], None] | None = None,
) -> AddedPlaces:
    """Read, clean, pool and store the places of a file; all of it or nothing.

    Each is pooled in every view of every year that the city holds. Models and maps stay as they
    are: a model answers for the new places, too, but has learned nothing from them.

    Args:
        store: Where the city is.
        slug: The city.
        request: What the user gives.
        progress: Told what is done.
        within: Called as the last in the transaction that adds the places.
        on_read: Told how the file was read, before anything is stored.

    Raises:
        NotFoundError: No city has this slug, or it was removed meanwhile.
        ConflictError: It has places and `extend` is not set, or it was changed meanwhile.
        InputError: The file cannot be read, or holds no place the city can use.
        CancelledError: `progress` asked to stop; nothing is left behind.
    """
    check_add_places(store, slug, request)
    settings = store.settings
    begin_loading(asked_encoder(settings, usual_encoder(settings, ()).name))
    seen = _see(store, slug)
    found = places_in(
        request.pois, seen.boundary, request.fields, request.options, progress, seen.held
    )
    vectors, usable = _pool(store, seen, found, request.pois, progress)
    if on_read is not None:
        on_read(usable.told)
    texts = poi_texts(usable.frame)
    names = [*seen.held["name"], *usable.frame["name"]]
    encoder = asked_encoder(settings, usual_encoder(settings, names).name)
    store_texts(store, encoder, texts, progress)
    progress("storing", 0, 1)
    with store.session() as session:
        # The lock: of two who add places at once, the second finds the city changed.
        city = city_rows.lock_city(session, seen.city_id)
        _check_free(session, city, request)
        check_unchanged(city, seen.added)
        _check_views(session, city, seen)
        ids = poi_rows.add_pois(session, city.id, usable.frame, [text_hash(text) for text in texts])
        for view, (rows, pooled) in vectors.items():
            feature_rows.add_poi_features(session, view, ids[rows], pooled)
        city_rows.note_new_places(
            session,
            city,
            dropped=together(city.dropped, usable.left_out),
            attribution=list(dict.fromkeys([*city.attribution, *_credits(request)])),
        )
        summary = summarise(session, city)
        added = AddedPlaces(summary, len(ids), summary.models)
        progress("storing", 1, 1)
        if within is not None:
            within(session, city, added)
    return added


def check_add_places(store: Store, slug: str, request: AddPlaces) -> None:
    """Check all that can be checked before the file is opened.

    Raises:
        NotFoundError: No city has this slug.
        ConflictError: It has places and `extend` is not set.
        InputError: A number cannot be used.
    """
    check_confidence(request.min_confidence)
    with store.session() as session:
        _check_free(session, city_rows.city_by_slug(session, slug), request)


def _check_free(session: Session, city: City, request: AddPlaces) -> None:
    held = city_rows.counts(session, city.id)["pois"]
    if held and not request.extend:
        raise ConflictError(
            "the city has places already",
            f"{city.slug}: {held:,}",
            "say that these are to be added to them (in commands: --extend), or add another city",
            code="city-has-places",
        )


def _credits(request: AddPlaces) -> list[str]:
    osm = [OSM_ATTRIBUTION] if request.pois.suffix.lower() in PBF_SUFFIXES else []
    return [*osm, *request.attribution]


def _see(store: Store, slug: str) -> _Seen:
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        return _Seen(
            city_id=city.id,
            year=city.year,
            added=city.created_at,
            boundary=city_rows.boundary_of(city),
            held=poi_rows.poi_frame(session, city.id),
            views={
                row.id: (row.year, view_of(row)) for row in feature_rows.views(session, city.id)
            },
        )


def _check_views(session: Session, city: City, seen: _Seen) -> None:
    """Refuse to leave a view or a year that came meanwhile without the new places."""
    if {row.id for row in feature_rows.views(session, city.id)} != set(seen.views):
        raise ConflictError(
            "a year of the city, or how it is seen, changed in the meantime",
            city.slug,
            "try again",
            code="city-changed-meanwhile",
        )


Vectors = dict[int, tuple[NDArray[np.int64], NDArray[np.float32]]]
"""By row id of the view: rows of the places that have data in it, and their vectors."""


def _pool(
    store: Store, seen: _Seen, found: FoundPlaces, file: Path, progress: Progress
) -> tuple[Vectors, FoundPlaces]:
    """Pool the places in every view; those without data in the city's own year are left out."""
    usable = found
    vectors: Vectors = {}
    years = dict.fromkeys([seen.year, *(year for year, _ in seen.views.values())])  # own year first
    for year in years:
        rows = [(number, view) for number, (of, view) in seen.views.items() if of == year]
        with store.session() as session:
            city = city_rows.city_by_id(session, seen.city_id)
            radius_m = city.radius_m
            areas = area_vectors(session, city, year) if unit_kind(city).of_embedding else None
            rasters = city_rows.rasters(session, city.id, year)
            name = city.embedding
        if not rasters:
            raise NotFoundError(
                "the city does not have this year", year, "try again", code="no-such-year"
            )
        views = [view for _, view in rows]
        if areas is not None:
            progress("pooling the embedding", 0, 1)
            embedding, pooled = None, areas.pool(usable.lonlat, views)
        else:
            embedding = open_city_embedding(store.settings, name, rasters, progress)
            pooled = embedding.pool(usable.lonlat, views, progress)
        if year == seen.year:
            check_pooled(usable, file, pooled, embedding, radius_m)
            usable = usable.usable(pooled)
            kept = np.arange(len(usable.frame))
            of_kept = pooled.vectors[:, pooled.ok]
        else:
            kept, of_kept = np.flatnonzero(pooled.ok), pooled.vectors[:, pooled.ok]
        for (number, _), of_view in zip(rows, of_kept, strict=True):
            vectors[number] = kept, of_view
    return vectors, usable
