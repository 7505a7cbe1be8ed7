"""How sure an answer is of each cell, from the ground under the city's places and from support."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.search.support import Level
from aether_core.search.sureness import sureness
from aether_core.spatial.blocks import blocks_to_hold
from aether_core.tasks.uncertainty.applicability import fit_applicability
from db.cities import pois as poi_rows
from workflows.home.store import Store
from workflows.training.representation import (
    ModelInUse,
    YearFiles,
    cell_vectors,
    model_for,
    place_vectors,
    year_files,
)

_MOST_PLACES = 5_000
"""Compared with each cell at most, drawn evenly: a large city would take minutes otherwise."""
_HOLDOUT = 0.1


@dataclass(frozen=True)
class Familiarity:
    """How like the ground under the city's places each cell's ground is, in a model's space.

    Attributes:
        dissimilarity: Of each cell, float32 `[m]`.
        threshold: Border of the area of applicability.
        places: How many places it was measured from.
    """

    dissimilarity: NDArray[np.float32]
    threshold: float
    places: int

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Cells outside the area of applicability, bool `[m]`."""
        return np.asarray(self.dissimilarity > self.threshold)

    def sureness(self, levels: Collection[Level]) -> NDArray[np.float32]:
        """How sure an answer can be of each cell, with this support of its likenesses."""
        return sureness(self.dissimilarity, self.threshold, levels)


def familiar_ground(
    store: Store, slug: str, model: str | None = None, year: int | None = None
) -> Familiarity | None:
    """How familiar the ground of each cell is, in the order of an answer's cells.

    The area of applicability (Meyer & Pebesma 2021) in the model's space, around the places of the
    city, whose spatial blocks are the folds. Computed once for a model and year, then kept.

    Returns:
        None where the places are too few, or all in one block: then nothing can be measured.

    Raises:
        NotFoundError: No such city, model or year.
    """
    chosen = model_for(store, slug, model)
    return _familiarity(store, chosen, year_files(store, chosen, year))


@lru_cache(maxsize=4)
def _familiarity(store: Store, model: ModelInUse, files: YearFiles | None) -> Familiarity | None:
    places = place_vectors(store, model)
    with store.session() as session:
        frame = poi_rows.poi_frame(session, model.city_id)
    frame = frame[np.isin(frame["id"].to_numpy(np.int64), places.ids)]
    rows = np.flatnonzero(np.isfinite(places.eo).all(axis=1))
    rows = rows[:: -(-len(rows) // _MOST_PLACES) or 1]
    if not len(rows):
        return None
    lonlat = np.column_stack([frame.geometry.x, frame.geometry.y])[rows]
    eo = places.eo[rows]
    try:
        area = fit_applicability(eo, blocks_to_hold(lonlat, _HOLDOUT, 0), np.ones(eo.shape[1]))
    except InputError:
        return None
    cells = cell_vectors(store, model, files[0] if files else None)
    return Familiarity(area.dissimilarity(cells.vectors), max(area.threshold, 1e-6), len(rows))
