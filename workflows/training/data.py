"""What a city's model learns from, read from the store the way a recipe asks for."""

import numpy as np
from numpy.typing import NDArray

from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.training_set import TrainingSet
from aether_core.progress import Progress, silent
from aether_core.text.encoder import TextEncoder
from db.cities import features as feature_rows
from db.cities import pois as poi_rows
from db.cities import texts as text_rows
from db.schema import Run
from workflows.cities.views import ensure_view
from workflows.encoders.choice import asked_encoder
from workflows.encoders.encoders import default_encoder, ensure_texts
from workflows.home.store import Store

_NO_CATEGORY = -1


def run_encoder(store: Store, run: Run) -> TextEncoder:
    """The encoder of a training run; of one from before they had any, the installation's.

    Raises:
        InputError: It is not on this machine.
    """
    if run.encoder is None:
        return default_encoder(store.settings)
    return asked_encoder(store.settings, run.encoder)


def training_set(
    store: Store,
    city_id: int,
    recipe: Recipe,
    encoder: TextEncoder,
    progress: Progress = silent,
) -> TrainingSet:
    """A city's places in the views of a recipe, with their distinct texts.

    Views and texts that are not there yet are pooled and encoded first, and kept: a recipe that
    looks through another window, or an encoder that was set after the city was added.

    Args:
        recipe: With `views="disk"` places are seen in one view only.
        encoder: Reads the texts.

    Raises:
        NotFoundError: The city was removed.
        InputError: The embedding's files cannot be read.
        CancelledError: `progress` asked to stop.
    """
    view = ensure_view(store, city_id, recipe.settings, progress)
    ensure_texts(store, city_id, encoder, progress)
    with store.session() as session:
        places = poi_rows.poi_frame(session, city_id)
        ids = places["id"].to_numpy(dtype=np.int64)
        base = _rows_of(ids, *feature_rows.poi_features(session, city_id, view))
        wide = None
        if recipe.has_wide_view:
            wide = _rows_of(ids, *feature_rows.poi_features(session, city_id, "wide"))
        distinct, index = np.unique(places["text_hash"].to_numpy(dtype=str), return_inverse=True)
        text = text_rows.text_vectors(session, encoder.kept_as, list(distinct))
    names, category = np.unique(places["category"].to_numpy(dtype=str), return_inverse=True)
    return TrainingSet(
        base=base,
        wide=wide,
        text=text,
        text_index=index.astype(np.int64),
        lonlat=np.column_stack([places.geometry.x, places.geometry.y]),
        category=np.where(names[category] == "", _NO_CATEGORY, category).astype(np.int64),
    )


def _rows_of(
    ids: NDArray[np.int64], found: NDArray[np.int64], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Vectors in the order of `ids` (ascending); NaN for a place the view has no data for."""
    rows = np.full((len(ids), vectors.shape[1]), np.nan, dtype=np.float32)
    rows[np.searchsorted(ids, found)] = vectors
    return rows
