"""Whether a city can answer words with a model, from its places, their texts and the run's blocks.

The other half of `aether_core.search.support`: what is read from the store, and what is kept in
memory so that the second question costs little.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from aether_core.model.recipes.definition import has_wide_view
from aether_core.search.background import background_words
from aether_core.search.likeness import CityWords, Encode, phrase_vectors, words_of_places
from aether_core.search.scoring import cosine_scores
from aether_core.search.stand_in import stand_in_vectors
from aether_core.search.support import DescribedPlaces, Support, judge, undescribed
from aether_core.spatial.blocks import blocks_to_hold, held_out_blocks
from aether_core.text.encoder import TextEncoder
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.evidence import models as model_rows
from workflows.cities.views import WIDE, ensure_view
from workflows.encoders.encoders import encoder_named
from workflows.home import kept_arrays
from workflows.home.shared_results import computed_once
from workflows.home.store import Store
from workflows.training.representation import (
    ModelInUse,
    in_model_space,
    place_vectors,
    query_meaning,
)

_HOLDOUT = 0.1


@dataclass(frozen=True)
class _City:
    """What support needs of a city and a model, whatever is asked."""

    words: CityWords
    places: DescribedPlaces
    stand_in: NDArray[np.float32]


def support_of(store: Store, model: ModelInUse, words: str) -> Support:
    """Whether the model's city can answer these words; kept in memory for each model and words.

    Args:
        store: The store.
        model: From `model_for`.
        words: What is looked for, as typed.

    Raises:
        InputError: The words are empty or too long, or the model answers no text.
    """
    return _support(store, model, " ".join(words.split()))


@lru_cache(maxsize=1024)
def _support(store: Store, model: ModelInUse, words: str) -> Support:
    meaning = query_meaning(store, model, words)
    city = _city(store, model)
    if city is None:
        return undescribed()
    direction = in_model_space(model, meaning)
    score = cosine_scores(place_vectors(store, model).eo, direction)
    likeness = city.words.likeness(meaning.astype(np.float64))
    return judge(likeness, city.places, score, city.stand_in @ direction)


@computed_once(4)
def _city(store: Store, model: ModelInUse) -> _City | None:
    """None where the city's places are described by nothing."""
    encoder = encoder_named(store.settings, model.encoder)
    places = place_vectors(store, model)
    view = ensure_view(store, model.city_id, {"views": model.views})
    with store.session() as session:
        frame = poi_rows.poi_frame(session, model.city_id)
        _, form = feature_rows.poi_features(session, model.city_id, view)
    frame = frame[np.isin(frame["id"].to_numpy(np.int64), places.ids)]
    words, word_of = words_of_places(
        *(frame[column].tolist() for column in ("category", "group", "name"))
    )
    if not words:
        return None
    lonlat = np.column_stack([frame.geometry.x, frame.geometry.y])
    block, held_out = _blocks(store, model, places.ids, lonlat)
    return _City(
        CityWords(words, *_vectors(store, model, encoder, words)),
        DescribedPlaces(words, word_of, block, held_out),
        stand_in_vectors(form, places.text, block),
    )


def _vectors(
    store: Store, model: ModelInUse, encoder: TextEncoder, words: tuple[str, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Vectors of a city's words and of the background's, encoded once for a model."""
    phrases = (*words, *background_words().every)

    def compute() -> kept_arrays.Rows:
        vectors = np.concatenate(
            [
                phrase_vectors(encoder.encode, words),
                _background_vectors(encoder.encode),
            ]
        )
        return np.arange(len(phrases)), vectors.astype(np.float32)

    about = "\n".join((encoder.kept_as, *phrases))
    folder = store.settings.vectors / model.files.folder.name
    _, kept = kept_arrays.kept(folder / sha256(about.encode()).hexdigest()[:16], "words", compute)
    vectors = np.asarray(kept, dtype=np.float64)
    return vectors[: len(words)], vectors[len(words) :]


@computed_once(2)
def _background_vectors(encode: Encode) -> NDArray[np.float64]:
    """Kept for the process, as encoders are: other models need the same."""
    return phrase_vectors(encode, background_words().every)


def _blocks(
    store: Store, model: ModelInUse, ids: NDArray[np.int64], lonlat: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
    """Spatial block of each place, and which places the model's run held out, if that is known.

    They are drawn again as the run drew them, and taken for the same only if the card counts as
    many places and as many held out: the card of a model from another city does not.
    """
    with store.session() as session:
        card = model_rows.model_by_name(session, model.name, model.city_id).card
        trained = np.ones(len(ids), dtype=bool)
        if has_wide_view(model.views):
            trained = np.isin(ids, feature_rows.poi_features(session, model.city_id, WIDE)[0])
    settings = card["settings"]
    fraction, side = float(settings.get("holdout", 0)), float(settings.get("block_m", 0))
    block = blocks_to_hold(lonlat, fraction or _HOLDOUT, side)
    if not fraction or card.get("pois_used") != trained.sum():
        return block, None
    held = held_out_blocks(lonlat[trained], fraction=fraction, seed=card["seed"], block_m=side)
    if held.sum() != card.get("held_out"):
        return block, None
    drawn = np.zeros(len(ids), dtype=bool)
    drawn[trained] = held
    return block, drawn
