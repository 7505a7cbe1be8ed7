"""The heads of a case: trained on all its places, without those of a fold, or elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from aether_core.evidence.cases import Case
from aether_core.evidence.places import Places
from aether_core.model.heads.heads import Heads, HeadShape
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.trainer import EpochReport, train
from aether_core.model.training.training_set import MIN_PLACES, TrainingSet
from aether_core.tasks.testing.blind import HeldOutPlaces

RECIPES = ("aether", "aether-plus")
ALL = -1
"""In place of a fold: nothing is left out."""
ELSEWHERE = -2
"""In place of a fold: everything but the case's own metropolitan area."""


def heads_of(
    case: Case,
    others: Sequence[Case],
    name: str,
    fold: int,
    *,
    most: int,
    seed: int,
    on_epoch: Callable[[EpochReport], None],
) -> Heads | None:
    """Train the heads of one case.

    Args:
        case: Where they are used.
        others: Where heads learn that are trained elsewhere.
        name: Of the recipe.
        fold: A fold of the first seed, whose blocks' places are left out; or `ALL`, `ELSEWHERE`.
        most: Places from elsewhere, at most.
        seed: Of the training.
        on_epoch: Called after each epoch; may raise `CancelledError`.

    Returns:
        None where too few places are left.
    """
    learned = elsewhere(others, most, seed) if fold == ELSEWHERE else own(case, fold)
    return trained(learned, recipe(name), seed=seed, on_epoch=on_epoch)


def trained(
    learned: TrainingSet | None,
    how: Recipe,
    *,
    seed: int,
    on_epoch: Callable[[EpochReport], None],
) -> Heads | None:
    """Train heads; None where there are too few places to learn from."""
    if learned is None or len(learned) < MIN_PLACES:
        return None
    return train(learned, how, seed=seed, on_epoch=on_epoch).heads


def own(case: Case, fold: int) -> TrainingSet | None:
    """The places of a case, without those in a fold's blocks and areas; None where it has none."""
    if case.places is None:
        return None
    if fold == ALL:
        return case.places.learned
    return case.places.part(~_held_out(case, case.places, fold)).learned


def _held_out(case: Case, places: Places, fold: int) -> NDArray[np.bool_]:
    """Places in the fold's blocks and areas, bool `[p]`."""
    folds = case.folds(0)
    rows = np.arange(len(case.metro))
    held = HeldOutPlaces(
        block=case.block[places.area], sample_block=case.block, unit=places.area, sample_unit=rows
    )
    return held.of(folds == fold)


def elsewhere(others: Sequence[Case], most: int, seed: int) -> TrainingSet | None:
    """The places of other metropolitan areas in one set; None where none has any."""
    there = [case.places for case in others if case.places is not None]
    if not there:
        return None
    each = max(most // len(there), MIN_PLACES)
    sets = [places.drawn(each, seed).learned for places in there]
    return _joined(sets)


def _joined(sets: Sequence[TrainingSet]) -> TrainingSet:
    """Several cities' places as if of one; their categories stay apart."""
    starts = np.cumsum([0, *(len(one.text) for one in sets[:-1])])
    categories: list[NDArray[np.int64]] = []
    count = 0
    for one in sets:
        own = np.full(len(one), -1, dtype=np.int64) if one.category is None else one.category
        categories.append(np.where(own < 0, -1, own + count))
        count += int(own.max(initial=-1)) + 1
    wide = [one.wide for one in sets if one.wide is not None]
    first = sets[0]
    return replace(
        first,
        base=np.concatenate([one.base for one in sets]),
        wide=np.concatenate(wide) if len(wide) == len(sets) else None,
        text=np.concatenate([one.text for one in sets]),
        text_index=np.concatenate(
            [one.text_index + start for one, start in zip(sets, starts, strict=True)]
        ),
        lonlat=np.concatenate([one.lonlat for one in sets]),
        category=np.concatenate(categories),
    )


@dataclass(frozen=True, eq=False)
class Weights:
    """Heads as they travel between processes.

    Attributes:
        shape: What the heads are built like.
        arrays: Their tensors by name.
    """

    shape: HeadShape
    arrays: Mapping[str, NDArray[np.float32]]

    @classmethod
    def of(cls, heads: Heads) -> "Weights":
        """Those of heads."""
        state = heads.state_dict()
        return cls(heads.shape, {name: one.detach().numpy() for name, one in state.items()})

    def heads(self) -> Heads:
        """The heads, in evaluation mode."""
        built = Heads(self.shape)
        built.load_state_dict({name: torch.from_numpy(one) for name, one in self.arrays.items()})
        return built.eval()
