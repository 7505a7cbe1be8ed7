"""What a model makes of a city: the cells and places in its 128-d space."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from aether_core.city.units import Units
from aether_core.errors import InputError, NotFoundError
from aether_core.files.checksums import check_sha256
from aether_core.files.whole import sha256_of
from aether_core.model.files.card import DAMAGED_WEIGHTS, UNKNOWN, WEIGHTS_FILE
from aether_core.poi.text import query_texts
from aether_core.search.likeness import Encode
from aether_core.search.nearest import Quantised
from aether_core.search.scoring import mean_direction
from db.cities import cities as city_rows
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.cities import texts as text_rows
from db.cities import years as year_rows
from db.schema import City, Model
from workflows.cities.cities import credits_of
from workflows.cities.units import all_units, units_with
from workflows.cities.views import ensure_view
from workflows.encoders.encoders import encoder_named, ensure_texts
from workflows.home import kept_arrays
from workflows.home.shared_results import computed_once
from workflows.home.store import Store
from workflows.training.models import ModelFiles, model_files, pick_model

if TYPE_CHECKING:
    from aether_core.model.heads.heads import Heads

FloatArray = NDArray[np.float32]
YearFiles = tuple[int, tuple[int, ...]]
"""A further year of a city, and the row ids of its files."""


@dataclass(frozen=True)
class ModelInUse:
    """The model a request works with, and the city's facts it needs.

    Attributes:
        files: Its weights and card.
        encoder: Name of the text encoder the model was trained with.
        views: Which views it was trained on, as in its recipe.
        year: The city's own year.
        simulated: Whether the city's embedding, or the one it was trained on, is simulated.
        attribution: Credits of the city and of what the model was trained on.
    """

    name: str
    files: ModelFiles
    encoder: str
    views: str
    city_id: int
    city: str
    city_added: datetime
    year: int
    simulated: bool
    attribution: tuple[str, ...]


class OfModel:
    """What a model was asked for.

    Attributes:
        in_use: The model and the city it was asked of.
    """

    in_use: ModelInUse

    @property
    def city(self) -> str:
        """Slug of the city."""
        return self.in_use.city

    @property
    def model(self) -> str:
        """Name of the model."""
        return self.in_use.name

    @property
    def simulated(self) -> bool:
        """Whether it rests on simulated data."""
        return self.in_use.simulated

    @property
    def attribution(self) -> tuple[str, ...]:
        """Credits of the city and of what the model was trained on."""
        return self.in_use.attribution


@dataclass(frozen=True)
class CellVectors:
    """A city's cells in a model's space.

    Attributes:
        ids: Row ids, int64 `[m]`.
        units: The cells, m: of H3, or areas.
        vectors: Unit rows, float32 `[m, 128]`.
    """

    ids: NDArray[np.int64]
    units: Units
    vectors: FloatArray

    @property
    def keys(self) -> NDArray[np.uint64]:
        """What tells the cells apart, uint64 `[m]`, ascending."""
        return self.units.keys

    @property
    def lonlat(self) -> NDArray[np.float64]:
        """A point inside each, WGS84, float64 `[m, 2]`."""
        return self.units.lonlat


@dataclass(frozen=True)
class PlaceVectors:
    """A city's places in a model's space.

    Attributes:
        ids: Row ids, int64 `[n]`, ascending.
        eo: Where they stand: unit rows, float32 `[n, 128]`.
        text: What they are called: unit rows, float32 `[n, 128]`.
    """

    ids: NDArray[np.int64]
    eo: FloatArray
    text: FloatArray


def model_for(store: Store, slug: str, name: str | None) -> ModelInUse:
    """Find the model a request names, or the city's own.

    Raises:
        NotFoundError: No such city or model.
    """
    with store.reading() as session:
        city: City = city_rows.city_by_slug(session, slug)
        model = pick_model(session, city, name)
        return ModelInUse(
            name=model.name,
            files=model_files(store.settings, model),
            encoder=str(model.card["encoder"]["name"]),
            views=str(model.card["settings"].get("views", "windows")),
            city_id=city.id,
            city=city.slug,
            city_added=city.created_at,
            year=city.year,
            simulated=is_simulated(city, model),
            attribution=credits_of(city, model),
        )


def is_simulated(city: City, model: Model | None) -> bool:
    """Whether what is made of a city with a model rests on simulated data."""
    return city.simulated or bool(model and model.card["embedding"]["simulated"])


def check_dim(heads: "Heads", dim: int, model: str) -> None:
    """Refuse a model that takes embeddings of another length than the city's.

    Raises:
        InputError: It does; the message names both lengths.
    """
    if heads.eo_dim != dim:
        raise InputError(
            "the model's embedding length differs from the city's",
            f"{model} takes {heads.eo_dim} values, the city has {dim}",
            "use a model trained on this city",
            code="embedding-length-mismatch",
        )


def heads_of(files: ModelFiles) -> "Heads":
    """A model's heads, read once a process for each version of the file.

    Raises:
        NotFoundError: The folder or its weights are gone.
        DamagedFileError: The weights are not those that were kept.
        InputError: They cannot be read.
    """
    file = _weights(files)
    if files.sha256 is not None:
        check_sha256(file, files.sha256, remedy=DAMAGED_WEIGHTS)
    return _heads(file, file.stat().st_mtime_ns)


@computed_once(4)
def _heads(file: Path, _changed: int) -> "Heads":
    from aether_core.model.files.folder import load_heads

    return load_heads(file)


def query_vector(store: Store, model: ModelInUse, query: str) -> FloatArray:
    """A query in the model's space, as a place of that kind and as typed, averaged.

    Returns:
        Unit vector, float32 `[128]`.

    Raises:
        InputError: Nobody said which text encoder is the model's, or it is another than this
            installation's.
    """
    return in_model_space(model, query_meaning(store, model, query))


def query_meaning(store: Store, model: ModelInUse, query: str) -> FloatArray:
    """A query in the text encoder's space, as a place of that kind and as typed, averaged.

    Returns:
        Unit vector, float32 `[384]` with the default encoder.

    Raises:
        InputError: As `query_vector`.
    """
    if model.encoder == UNKNOWN:
        raise InputError(
            "the model was imported without its text encoder, so text search is not available",
            model.name,
            "search by example, choose another model, or import it again with its encoder",
            code="model-without-encoder",
        )
    return _meaning(encoder_named(store.settings, model.encoder).encode, query)


@lru_cache(maxsize=256)
def _meaning(encode: Encode, query: str) -> FloatArray:
    """Encoded once, though score and support of a likeness both ask for it."""
    meaning: FloatArray = mean_direction(encode(query_texts(query)))
    meaning.flags.writeable = False
    return meaning


def in_model_space(model: ModelInUse, meaning: FloatArray) -> FloatArray:
    """A unit vector of the text encoder in the model's space: unit vector, float32 `[128]`."""
    from aether_core.model.heads.inference import encode_text

    encoded: FloatArray = encode_text(heads_of(model.files), meaning[None])[0]
    return encoded


def year_files(store: Store, model: ModelInUse, year: int | None) -> YearFiles | None:
    """Which files stand for a year of the model's city; None for the city's own year.

    Raises:
        NotFoundError: The city does not hold this year; the message lists those it holds.
    """
    if year is None or year == model.year:
        return None
    with store.session() as session:
        rasters = city_rows.rasters(session, model.city_id, year)
        held = year_rows.years(session, model.city_id)
    if year not in held:
        raise NotFoundError(
            "the city does not have this year",
            f"{model.city} {year}",
            f"it has {', '.join(map(str, held))}; add the year first",
            code="no-such-year",
        )
    return year, tuple(raster.id for raster in rasters)


@computed_once(4)
def _cells(store: Store, model: ModelInUse, other: YearFiles | None) -> CellVectors:
    year = other[0] if other else None

    def compute() -> tuple[NDArray[np.int64], FloatArray]:
        view = ensure_view(store, model.city_id, {"views": model.views}, year=year)
        with store.session() as session:
            ids, _, pooled = feature_rows.cell_features(session, model.city_id, view, year)
        return ids, _encoded(model, pooled)

    ids, vectors = _kept(store, model, "cells", compute, other)
    with store.session() as session:
        every, keys = feature_rows.cells(session, model.city_id)
        city = city_rows.city_by_id(session, model.city_id)
        units = units_with(session, city, keys[np.isin(every, ids)])
    return CellVectors(ids, units, vectors)


@lru_cache(maxsize=4)
def every_unit(store: Store, city_id: int, added: datetime) -> Units:  # noqa: ARG001 - a city anew
    """All units of a city, with data or without; read once a process.

    Args:
        store: The store.
        city_id: The city.
        added: When it was added.

    Raises:
        NotFoundError: The city was removed.
    """
    with store.session() as session:
        return all_units(session, city_rows.city_by_id(session, city_id))[1]


def cell_vectors(store: Store, model: ModelInUse, year: int | None = None) -> CellVectors:
    """The city's cells that have data under this model; computed once, then read from the cache.

    Args:
        store: The store.
        model: From `model_for`.
        year: A year the city holds; its own by default.

    Raises:
        InputError: The model takes embeddings of another length.
        NotFoundError: The city does not hold this year.
    """
    return _cells(store, model, year_files(store, model, year))


@computed_once(2)
def _places(store: Store, model: ModelInUse) -> PlaceVectors:
    from aether_core.model.heads.inference import encode_text

    def where() -> tuple[NDArray[np.int64], FloatArray]:
        view = ensure_view(store, model.city_id, {"views": model.views})
        with store.session() as session:
            ids, pooled = feature_rows.poi_features(session, model.city_id, view)
        return ids, _encoded(model, pooled)

    encoder = encoder_named(store.settings, model.encoder)

    def called() -> tuple[NDArray[np.int64], FloatArray]:
        # A model from elsewhere, or trained where products are computed in another precision.
        ensure_texts(store, model.city_id, encoder)
        with store.session() as session:
            frame = poi_rows.poi_frame(session, model.city_id)
            hashes, index = np.unique(frame["text_hash"].to_numpy(dtype=str), return_inverse=True)
            texts = text_rows.text_vectors(session, encoder.kept_as, hashes.tolist())
        return frame["id"].to_numpy(np.int64), encode_text(heads_of(model.files), texts)[index]

    ids, eo = _kept(store, model, "places", where)
    every, text = _kept(store, model, "texts", called, encoder.kept_as)
    return PlaceVectors(ids, eo, text if len(ids) == len(every) else text[np.isin(every, ids)])


def place_vectors(store: Store, model: ModelInUse) -> PlaceVectors:
    """The city's places under this model; computed once, then read from the cache.

    Raises:
        InputError: The model takes embeddings of another length, or was trained with another text
            encoder than this installation's.
    """
    return _places(store, model)


def _encoded(model: ModelInUse, pooled: FloatArray) -> FloatArray:
    from aether_core.model.heads.inference import encode_eo

    heads = heads_of(model.files)
    check_dim(heads, pooled.shape[1], model.name)
    return encode_eo(heads, pooled)


def cell_copy(store: Store, model: ModelInUse, year: int | None = None) -> Quantised:
    """The copy of `cell_vectors` that a scan for the best reads; derived once, then from the cache.

    Raises:
        InputError: As `cell_vectors`.
        NotFoundError: The city does not hold this year.
    """
    return _cell_copy(store, model, year_files(store, model, year))


@computed_once(4)
def _cell_copy(store: Store, model: ModelInUse, other: YearFiles | None) -> Quantised:
    vectors = _cells(store, model, other).vectors
    return kept_arrays.kept_quantised(_kept_in(store, model, other), "cells", vectors)


def _kept(
    store: Store,
    model: ModelInUse,
    what: str,
    compute: Callable[[], kept_arrays.Rows],
    also: YearFiles | str | None = None,
) -> kept_arrays.Rows:
    """Row ids and vectors from the cache, which is filled first where it is empty."""
    return kept_arrays.kept(_kept_in(store, model, also), what, compute)


def _kept_in(store: Store, model: ModelInUse, also: YearFiles | str | None) -> Path:
    """Where the cache keeps vectors of a model and city.

    What lies there is known by the weights and by the city as it was added, so neither a model nor
    a city that took an old name finds what its forerunner left. A further year is known by the
    records of its files, too: one that was removed and added again is another. Texts are known by
    what their vectors are kept as.
    """
    weights = model.files.sha256 or sha256_of(_weights(model.files))
    about = f"{weights} {model.views} {model.city_id} {model.city_added.isoformat()}"
    if also is not None:
        about += f" {also}"
    folder = store.settings.vectors / model.files.folder.name
    return folder / sha256(about.encode()).hexdigest()[:16]


def _weights(files: ModelFiles) -> Path:
    file = files.folder / WEIGHTS_FILE
    if not file.is_file():
        raise NotFoundError("no weights found", file, DAMAGED_WEIGHTS, code="no-such-weights")
    return file
