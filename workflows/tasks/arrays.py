"""A city's arrays as the tasks want them: cells, places, and pooling at any point."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon
from sqlalchemy.orm import Session

from aether_core.city.units import Units
from aether_core.eo.embedding import Embedding
from aether_core.eo.file_kind import FILE_KINDS
from aether_core.eo.pooling.view import Shape, View
from aether_core.progress import Progress, silent
from aether_core.tasks.samples.representations import CityArrays
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.cities import texts as text_rows
from db.evidence import models as model_rows
from db.schema import City
from workflows.cities.cities import credits_of
from workflows.cities.files import open_city_embedding
from workflows.cities.units import unit_kind, units_with
from workflows.cities.views import ensure_view, model_view
from workflows.encoders.choice import asked_encoder
from workflows.encoders.encoders import ensure_texts
from workflows.encoders.of_city import city_encoder
from workflows.home.store import Store
from workflows.training.models import model_files, pick_model
from workflows.training.representation import check_dim, heads_of, is_simulated

PUBLISHED_RADIUS_M = 100.0
"""Disk around a labelled point in the paper's tasks."""

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class TaskCity:
    """A city ready for land use, socioeconomics and their comparison.

    Attributes:
        cell_ids: Row ids of the cells, int64 `[m]`, in the order of `arrays.units`.
        window_m: Width of the window a cell is pooled over, or of a usual area, in metres.
        poi_lonlat: The city's places, WGS84 `[p, 2]`.
        model: Name of the model whose heads are in `arrays`; None without one.
        sources: What the city was made from, one entry a source.
        embedding: Name of the embedding, e.g. `alphaearth`.
        embedding_kind: `raster`, `table` or `areas`.
        opened: Opens the embedding's files, after seeing that they are what was added.
        embedding_sha256: Checksum of each file of the embedding.
    """

    slug: str
    name: str
    city_id: int
    year: int
    boundary: MultiPolygon
    window_m: float
    simulated: bool
    sources: tuple[dict[str, Any], ...]
    attribution: tuple[str, ...]
    cell_ids: NDArray[np.int64]
    arrays: CityArrays
    poi_lonlat: NDArray[np.float64]
    model: str | None
    model_id: int | None
    embedding: str
    embedding_kind: str
    opened: Callable[[], Embedding]
    embedding_sha256: tuple[str, ...]


def task_city(
    store: Store,
    slug: str,
    *,
    model: str | None = None,
    published: bool = False,
    with_places: bool = False,
    progress: Progress = silent,
) -> TaskCity:
    """Read a city's arrays.

    Args:
        model: Name of a model; the one in use when left out, none where the city has none.
        published: Pool labelled points over the paper's disk of 100 m instead of the cells' window.
        with_places: Read the places and their texts' vectors, too: only `poi` needs them.

    Raises:
        NotFoundError: No such city, or no model of that name.
        InputError: The model takes embeddings of another length than the city's.
    """
    progress("reading the city", 0, 1)
    with store.session() as session:
        city = city_rows.city_by_slug(session, slug)
        city_id = city.id
        has_model = model is not None or model_rows.model_in_use(session, city_id) is not None
        chosen = pick_model(session, city, model) if has_model else None
        settings = chosen.card["settings"] if chosen else {}
    view_name = ensure_view(store, city_id, settings, progress)
    texts_kept_as = ""
    if with_places:
        encoder = asked_encoder(store.settings, city_encoder(store, city_id).name)
        ensure_texts(store, city_id, encoder, progress)
        texts_kept_as = encoder.kept_as
    heads = heads_of(model_files(store.settings, chosen)) if chosen else None
    with store.session() as session:
        city = city_rows.city_by_id(session, city_id)
        ids, keys, vectors = feature_rows.cell_features(session, city_id, view_name)
        units = units_with(session, city, keys)
        if heads and chosen:
            check_dim(heads, vectors.shape[1], chosen.name)
        places = poi_rows.poi_frame(session, city.id)
        lonlat = np.column_stack([places.geometry.x, places.geometry.y])
        rasters = city_rows.rasters(session, city.id)
        opened = partial(open_city_embedding, store.settings, city.embedding, rasters)
        arrays = CityArrays(
            units=units,
            cell_vectors=vectors,
            pool=_pool_of_areas(units, vectors)
            if unit_kind(city).of_embedding
            else _pool(city, opened, model_view(city, settings), published=published),
            heads=heads,
            poi_lonlat=lonlat if with_places else lonlat[:0],
            poi_text=_texts(texts_kept_as, session, places if with_places else places[:0]),
            poi_group=_groups(places if with_places else places[:0]),
        )
        return TaskCity(
            slug=city.slug,
            name=city.name,
            city_id=city.id,
            year=city.year,
            boundary=city_rows.boundary_of(city),
            window_m=2 * city.radius_m,
            simulated=is_simulated(city, chosen),
            sources=tuple(city.sources),
            attribution=credits_of(city, chosen),
            cell_ids=ids,
            arrays=arrays,
            poi_lonlat=lonlat,
            model=chosen.name if chosen else None,
            model_id=chosen.id if chosen else None,
            embedding=city.embedding,
            embedding_kind=city.embedding_kind,
            opened=opened,
            embedding_sha256=tuple(raster.sha256 for raster in rasters),
        )


def _groups(places: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """What each place is: its group, or its category where it has none."""
    pairs = zip(places["group"], places["category"], strict=True)
    return np.array([group or category or "" for group, category in pairs], dtype=object)


def _texts(kept_as: str, session: Session, places: gpd.GeoDataFrame) -> FloatArray:
    if places.empty:
        return np.empty((0, 0), dtype=np.float32)
    return text_rows.text_vectors(session, kept_as, places["text_hash"].tolist())


def _pool_of_areas(
    units: Units, vectors: FloatArray
) -> Callable[[NDArray[np.float64]], FloatArray]:
    """A labelled point has the vector of the area it lies in."""

    def pool(lonlat: NDArray[np.float64]) -> FloatArray:
        row = units.rows_at(lonlat)
        return np.where((row >= 0)[:, None], vectors[row], np.float32("nan"))

    return pool


def _pool(
    city: City, opened: Callable[[], Embedding], view: View | None, *, published: bool
) -> Callable[[NDArray[np.float64]], FloatArray]:
    """How labelled points of this city are pooled: as the model's places were, or as published."""
    disk = View("label", Shape.DISK, radius_m=PUBLISHED_RADIUS_M)
    kind = FILE_KINDS[city.embedding_kind]
    own = view or kind.views(city.radius_m)[0]
    tried = [disk] if published else [own] if kind.has_pixels else [disk, own]
    return partial(_pooled, opened, tried)


def _pooled(
    opened: Callable[[], Embedding], views: list[View], lonlat: NDArray[np.float64]
) -> FloatArray:
    """Pool points by the first view that finds data for at least half of them, else the last.

    Samples of a table can lie far apart: where labels were taken at the samples themselves, 100 m
    see just these; elsewhere it takes the radius the city was added with.
    """
    embedding = opened()
    vectors: FloatArray = np.empty((0, 0), dtype=np.float32)
    for view in views:
        vectors = np.asarray(embedding.pool(lonlat, [view]).vectors[0])
        if 2 * np.isfinite(vectors).all(axis=1).sum() >= len(lonlat):
            break
    return vectors
