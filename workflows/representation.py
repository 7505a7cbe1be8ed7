"""What a model makes of a city: the cells and places in its 128-d space."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aether_core.cells import cell_centres
from aether_core.files import atomic_path
from aether_core.model.checkpoint import load_heads
from aether_core.model.heads import Heads
from aether_core.model.inference import encode_eo, encode_text
from aether_core.poi.text import query_texts
from aether_core.search.scoring import mean_direction
from db import cities as city_rows
from db import features as feature_rows
from db import pois as poi_rows
from db import texts as text_rows
from db.schema import City
from workflows.encoders import encoder_named
from workflows.models import pick_model
from workflows.store import Store

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class ModelInUse:
    """The model a request works with, and the city's facts it needs.

    Attributes:
        encoder: Name of the text encoder the model was trained with.
    """

    name: str
    folder: Path
    encoder: str
    city_id: int
    city: str
    simulated: bool
    attribution: tuple[str, ...]
    cell_resolution: int


@dataclass(frozen=True)
class CellVectors:
    """A city's cells in a model's space.

    Attributes:
        ids: Row ids, int64 `[m]`.
        h3: H3 indexes, uint64 `[m]`, ascending.
        lonlat: Cell centres, WGS84, float64 `[m, 2]`.
        vectors: Unit rows, float32 `[m, 128]`.
    """

    ids: NDArray[np.int64]
    h3: NDArray[np.uint64]
    lonlat: NDArray[np.float64]
    vectors: FloatArray


def model_for(store: Store, slug: str, name: str | None) -> ModelInUse:
    """Find the model a request names, or the city's own.

    Raises:
        NotFoundError: No such city or model.
    """
    with store.session() as session:
        city: City = city_rows.city_by_slug(session, slug)
        model = pick_model(session, city, name)
        return ModelInUse(
            name=model.name,
            folder=Path(model.folder),
            encoder=str(model.card["encoder"]["name"]),
            city_id=city.id,
            city=city.slug,
            simulated=city.simulated,
            attribution=tuple(city.attribution),
            cell_resolution=city.cell_resolution,
        )


@lru_cache(maxsize=4)
def _heads(folder: Path) -> Heads:
    return load_heads(folder)


def query_vector(store: Store, model: ModelInUse, query: str) -> FloatArray:
    """A query in the model's space, as a place of that kind and as typed, averaged.

    Returns:
        Unit vector, float32 `[128]`.

    Raises:
        InputError: This installation lacks the model's text encoder.
    """
    encoder = encoder_named(store.settings, model.encoder)
    unit = mean_direction(encoder.encode(query_texts(query)))
    encoded: FloatArray = encode_text(_heads(model.folder), unit[None])[0]
    return encoded


@lru_cache(maxsize=4)
def _cells(store: Store, model: ModelInUse) -> CellVectors:
    path = store.settings.cache / model.name / "cells.npy"
    with store.session() as session:
        ids, h3 = feature_rows.cells(session, model.city_id)
        if path.exists():
            vectors = np.load(path, mmap_mode="r")
            if len(vectors) == len(ids):
                return CellVectors(ids, h3, cell_centres(h3), vectors)
        _, _, pooled = feature_rows.cell_features(session, model.city_id, "base")
    vectors = encode_eo(_heads(model.folder), pooled)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path, force=True) as temporary:
        np.save(temporary, vectors)
    return CellVectors(ids, h3, cell_centres(h3), vectors)


def cell_vectors(store: Store, model: ModelInUse) -> CellVectors:
    """The city's cells under this model; computed once, then read from the cache."""
    return _cells(store, model)


def place_vectors(
    store: Store, model: ModelInUse
) -> tuple[NDArray[np.int64], FloatArray, FloatArray]:
    """The city's places under this model.

    Returns:
        Row ids int64 `[n]`, EO vectors and text vectors, both unit rows float32 `[n, 128]`.
    """
    with store.session() as session:
        ids, pooled = feature_rows.poi_features(session, model.city_id, "base")
        hashes = poi_rows.poi_frame(session, model.city_id)["text_hash"].tolist()
        texts = text_rows.text_vectors(session, model.encoder, hashes)
    heads = _heads(model.folder)
    return ids, encode_eo(heads, pooled), encode_text(heads, texts)
