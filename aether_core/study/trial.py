"""One repetition of a study: what may be learned from, what is tested, the same for all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aether_core.eo.pooling.view import View
from aether_core.model.heads.heads import Heads
from aether_core.model.heads.inference import encode_eo, encode_text
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.retrieval import (
    DirectedRetrieval,
    candidate_rows,
    measure_retrieval,
)
from aether_core.model.training.trainer import EpochReport, train
from aether_core.model.training.training_set import TrainingSet
from aether_core.spatial.blocks import held_out_blocks
from aether_core.study.city import StudyCity
from aether_core.study.enough_places import TEST_PART
from aether_core.study.land_use import LandUse


@dataclass(frozen=True)
class TrialInputs:
    """What a variant learns from in one trial, and what its model is shown afterwards.

    Attributes:
        learned: Places to train on; None tests `start`, or the embedding as it is without one.
        recipe: Settings of the training.
        places: Base view of all the city's places, float32 `[n, dim]`.
        labels: Base view at the city's labels, float32 `[k, dim]`; None without labels.
        start: Weights to start from instead of random ones.
    """

    learned: TrainingSet | None
    recipe: Recipe
    places: NDArray[np.float32]
    labels: NDArray[np.float32] | None
    start: Heads | None = None


class Trial:
    """One seed of a study.

    Args:
        city: The city.
        recipe: Settings nothing was changed in yet.
        usable: Places every variant has data at, bool `[n]`.
        land_use: Its labels, or None.
        seed: Decides folds of the labels, training and whatever a variant draws.
        block_seed: Decides the test blocks; usually the seed.
        device: What models are trained on.
        on_epoch: Called after each epoch of a training; may raise `CancelledError`.

    Attributes:
        tested: Places in the test blocks, bool `[n]`; no training sees them.
        learnable: Places outside of them, bool `[n]`.
    """

    def __init__(
        self,
        city: StudyCity,
        recipe: Recipe,
        usable: NDArray[np.bool_],
        land_use: LandUse | None,
        *,
        seed: int,
        block_seed: int,
        device: str,
        on_epoch: Callable[[EpochReport], None],
    ) -> None:
        self.city, self.recipe, self.seed = city, recipe, seed
        rows = np.flatnonzero(usable)
        held = held_out_blocks(city.training.lonlat[rows], fraction=TEST_PART, seed=block_seed)
        self.tested = np.zeros(len(usable), dtype=bool)
        self.tested[rows[held]] = True
        self.learnable = usable & ~self.tested
        self._land_use, self._device, self._on_epoch = land_use, device, on_epoch
        tested = rows[held]
        self._rows = tested[candidate_rows(len(tested), seed=block_seed)]
        self._texts, self._text_index = np.unique(
            city.training.text_index[self._rows], return_inverse=True
        )

    def prepared(
        self,
        learned: TrainingSet | None = None,
        recipe: Recipe | None = None,
        start: Heads | None = None,
    ) -> TrialInputs:
        """Prepare a variant that leaves alone what it does not name.

        Args:
            learned: Places to train on; None takes all that may be.
            recipe: Settings; None takes the study's own.
            start: Weights to start from.
        """
        city = self.city
        return TrialInputs(
            city.training.part(self.learnable) if learned is None else learned,
            recipe or self.recipe,
            city.training.base,
            None if city.labels is None else city.labels.vectors,
            start,
        )

    def embedding_alone(self) -> TrialInputs:
        """The embedding as it is, without heads."""
        return replace(self.prepared(), learned=None)

    def train(self, learned: TrainingSet, recipe: Recipe, start: Heads | None = None) -> Heads:
        """Train a model with the trial's seed; arguments as in `TrialInputs`."""
        return train(
            learned,
            recipe,
            seed=self.seed,
            device=self._device,
            on_epoch=self._on_epoch,
            start=start,
        ).heads

    def measure(self, heads: Heads | None, prepared: TrialInputs) -> dict[str, float]:
        """Every figure of a model, by the names of `result.METRICS`.

        Args:
            heads: The trained model; None stands for the embedding as it is, which knows no texts.
            prepared: What it is shown.
        """
        figures: dict[str, float] = {}
        if heads is not None:
            found = self._retrieval(heads, prepared)
            figures = {
                "mrr": found.mrr,
                "recall_at_10": found.recall_at_10,
                "mean_log_rank": found.mean_log_rank,
            }
        if self._land_use is not None and prepared.labels is not None:
            z = prepared.labels if heads is None else encode_eo(heads, prepared.labels)
            figures["macro_f1"] = self._land_use.macro_f1(z, self.seed)
            if heads is not None:
                figures["text_to_map_auc"] = self._land_use.text_to_map_auc(heads, z)
        return figures

    def _retrieval(self, heads: Heads, prepared: TrialInputs) -> DirectedRetrieval:
        """Texts of the tested places look for them."""
        return measure_retrieval(
            encode_eo(heads, prepared.places[self._rows]),
            encode_text(heads, self.city.training.text[self._texts]),
            self._text_index,
        ).text_to_place

    @property
    def candidates(self) -> int:
        """Number of places that texts look among."""
        return len(self._rows)


@dataclass(frozen=True)
class Variant:
    """One thing a study tries.

    Attributes:
        name: What is changed, in words.
        x: How much, in the unit of the kind's x label.
        prepare: Makes it ready for a trial.
        block_seed: Seed of the test blocks where that is not the trial's own.
    """

    name: str
    x: float | None
    prepare: Callable[[Trial], TrialInputs]
    block_seed: int | None = None


@dataclass(frozen=True)
class Plan:
    """What a study tries, the baseline first.

    Attributes:
        variants: What is tried.
        usable: Places every variant has data at, bool `[n]`.
        labelled: Labels every variant has data at, bool `[k]`; None without labels.
        notes: What is left out of the plan, and why.
        paired: Whether variants of one seed may be compared.
    """

    variants: list[Variant]
    usable: NDArray[np.bool_]
    labelled: NDArray[np.bool_] | None
    notes: list[str]
    paired: bool = True


def pooled(
    city: StudyCity, lonlat: NDArray[np.float64], views: tuple[View, View]
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Base and wide view of a city's embedding at points; no wide one where its places have none.

    Args:
        city: The city.
        lonlat: WGS84 degrees, float64 `[m, 2]`.
        views: The base and the wide view.
    """
    if city.training.wide is None:
        return city.pool(lonlat, views[:1])[0], None
    base, wide = city.pool(lonlat, views)
    return base, wide


def usable_places(training: TrainingSet) -> NDArray[np.bool_]:
    """True for a place with data in every view and a position, bool `[n]`."""
    ok = np.isfinite(training.base).all(axis=1) & np.isfinite(training.lonlat).all(axis=1)
    if training.wide is not None:
        ok &= np.isfinite(training.wide).all(axis=1)
    return np.asarray(ok)


def labelled_points(city: StudyCity) -> NDArray[np.bool_] | None:
    """True for a label with data, bool `[k]`; None without labels."""
    if city.labels is None:
        return None
    return np.asarray(np.isfinite(city.labels.vectors).all(axis=1))


def plain_plan(city: StudyCity, variants: list[Variant], notes: list[str]) -> Plan:
    """A plan whose variants see places and labels as the city has them."""
    return Plan(variants, usable_places(city.training), labelled_points(city), notes)
