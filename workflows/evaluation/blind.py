"""Representations of a comparison by heads that never saw the places of the tested blocks."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.model.heads.heads import Heads
from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import EpochReport
from aether_core.progress import Progress
from aether_core.tasks.samples.representations import REPRESENTATION_KINDS
from aether_core.tasks.testing.blind import BlindHeads, BlindRepresentation, HeldOutPlaces
from db.evidence import models as model_rows
from workflows.encoders.encoders import encoder_named
from workflows.home.store import Store
from workflows.tasks.arrays import TaskCity
from workflows.tasks.task import ComparedSamples
from workflows.training.data import training_set

Floats = NDArray[np.float32]
Pool = Callable[[NDArray[np.float64]], Floats]


def blind_representations(
    store: Store, compared: ComparedSamples, progress: Progress
) -> dict[str, BlindRepresentation]:
    """Those of the compared representations that a model makes, by heads trained fold by fold.

    Args:
        store: The store.
        compared: What is compared.
        progress: Told of the trainings; raising `CancelledError` stops them.

    Raises:
        InputError: No spatial blocks are held out, no representation needs a model, or the model
            was not trained here.
    """
    blocks = compared.inputs.held_out.blocks
    names = [name for name in compared.x if REPRESENTATION_KINDS[name].needs_model]
    if blocks is None or not names:
        raise InputError(
            "there is nothing to hold out of the model",
            "no spatial blocks" if blocks is None else ", ".join(compared.x),
            "test on spatial blocks, and compare a representation that the model makes",
            code="blind-without-blocks-or-model",
        )
    city = compared.city
    heads = blind_heads(
        store, city, compared.lonlat, blocks.side_m, compared.inputs.setup.folds, progress
    )
    seen = replace(city, arrays=replace(city.arrays, pool=_remembered(city.arrays.pool)))
    return {
        name: BlindRepresentation(heads, partial(_described, compared, seen, name))
        for name in names
    }


def blind_heads(
    store: Store,
    city: TaskCity,
    lonlat: NDArray[np.float64],
    side_m: float,
    folds: int,
    progress: Progress,
) -> BlindHeads:
    """Heads that are trained fold by fold, as the city's model was: same recipe and seed.

    Args:
        store: The store.
        city: With the model that is trained anew.
        lonlat: What is tested, WGS84 degrees, float64 `[n, 2]`.
        side_m: Side of the blocks that folds are made of, in metres.
        folds: How many there are.
        progress: Told of the trainings; raising `CancelledError` stops them.

    Raises:
        InputError: The model was not trained here.
    """
    with store.session() as session:
        card = model_rows.model_by_name(session, city.model or "", city.city_id).card
    if card.get("origin"):
        raise InputError(
            "the model was trained elsewhere, so it cannot be trained again without some places",
            city.model,
            "train a model here, or leave --blind out",
            code="blind-needs-own-model",
        )
    # Nothing counts as asked for by name: a fold's places may be fewer than one batch.
    settings = replace(recipe(card["recipe"]).override(card["settings"]), explicit=frozenset())
    encoder = encoder_named(store.settings, card["encoder"]["name"])
    learned = training_set(store, city.city_id, settings, encoder, progress)
    held_out = HeldOutPlaces.by_blocks(learned.lonlat, lonlat, side_m, city.arrays.units.rows_at)
    trainings = _Trainings(progress, folds)
    return BlindHeads(learned, held_out, settings, seed=card["seed"], on_epoch=trainings.report)


def _described(compared: ComparedSamples, city: TaskCity, name: str, heads: Heads) -> Floats:
    return compared.describe(name, replace(city, arrays=replace(city.arrays, heads=heads)))


class _Trainings:
    """How far the trainings of all folds are."""

    def __init__(self, progress: Progress, folds: int) -> None:
        self._progress, self._folds, self._begun = progress, folds, 0

    def report(self, epoch: EpochReport) -> None:
        """Told after each epoch; the first of a training begins the next fold."""
        if epoch.epoch == 1:
            self._begun += 1
        done = (self._begun - 1) * epoch.epochs + epoch.epoch
        stage = f"training without the tested blocks, fold {self._begun} of {self._folds}"
        self._progress(stage, done, self._folds * epoch.epochs)


def _remembered(pool: Pool) -> Pool:
    """Pool the same points once: heads change from fold to fold, the embedding does not."""
    known: dict[bytes, Floats] = {}

    def pooled(lonlat: NDArray[np.float64]) -> Floats:
        key = np.ascontiguousarray(lonlat).tobytes()
        if key not in known:
            known[key] = pool(lonlat)
        return known[key]

    return pooled
