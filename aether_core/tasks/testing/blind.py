"""Representations by heads that never saw the places of what is tested."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.model.heads.heads import Heads
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.trainer import EpochReport, train
from aether_core.model.training.training_set import MIN_PLACES, TrainingSet
from aether_core.spatial.blocks import spatial_blocks
from aether_core.tasks.testing.experiment import ExperimentSetup


@dataclass(frozen=True, eq=False)
class HeldOutPlaces:
    """Which places have to go with which samples.

    Attributes:
        block: Spatial block of each place, int64 `[p]`; blocks without a sample are numbered, too.
        sample_block: Block of each sample, int64 `[n]`, numbered alike.
        unit: Cell or area of the city that each place is in, int64 `[p]`; -1 in none.
        sample_unit: That of each sample, int64 `[n]`.
    """

    block: NDArray[np.int64]
    sample_block: NDArray[np.int64]
    unit: NDArray[np.int64]
    sample_unit: NDArray[np.int64]

    @classmethod
    def by_blocks(
        cls,
        places: NDArray[np.float64],
        samples: NDArray[np.float64],
        side_m: float,
        rows_at: Callable[[NDArray[np.float64]], NDArray[np.int64]],
    ) -> "HeldOutPlaces":
        """Lay the samples' blocks over the places.

        Args:
            places: WGS84 degrees, float64 `[p, 2]`.
            samples: Likewise, `[n, 2]`.
            side_m: Side of the samples' blocks in metres.
            rows_at: Cell or area of the city at points, as `Units.rows_at`.
        """
        number = spatial_blocks(np.concatenate([places, samples]), block_m=side_m)
        count = len(places)
        return cls(number[:count], number[count:], rows_at(places), rows_at(samples))

    def of(self, tested: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """True for a place in a block, or a cell or area, of a tested sample, bool `[p]`."""
        units = np.unique(self.sample_unit[tested])
        in_block = np.isin(self.block, self.sample_block[tested])
        return np.asarray(in_block | np.isin(self.unit, units[units >= 0]))


@dataclass(frozen=True, eq=False)
class BlindHeads:
    """Heads trained anew for each fold, without the places of its tested samples.

    Attributes:
        places: What the heads learn from.
        held_out: Which of them go with which samples, in the order of `places`.
        recipe: Settings of the training. With `keep="best"` the epoch is chosen on blocks of what
            is left, so the tested ones have no part in that either.
        seed: Seed of the training.
        on_epoch: Called after each epoch; may raise `CancelledError`.
    """

    places: TrainingSet
    held_out: HeldOutPlaces
    recipe: Recipe
    seed: int
    on_epoch: Callable[[EpochReport], None]
    _trained: dict[bytes, Heads] = field(default_factory=dict, repr=False)

    def without(self, tested: NDArray[np.bool_]) -> Heads:
        """The heads of a fold, trained once.

        Args:
            tested: Samples the fold tests, bool `[n]`.

        Raises:
            InputError: Too few places are left.
            CancelledError: Raised by `on_epoch`.
        """
        left = ~self.held_out.of(tested)
        key = np.packbits(left).tobytes()
        if key not in self._trained:
            if left.sum() < MIN_PLACES:
                raise InputError(
                    "too few places are left to train a blind model on",
                    f"{left.sum()} of {len(left)} lie outside the tested blocks",
                    "use smaller blocks or more folds, or leave blind out",
                    code="too-few-places-outside-blocks",
                )
            self._trained[key] = train(
                self.places.part(left), self.recipe, seed=self.seed, on_epoch=self.on_epoch
            ).heads
        return self._trained[key]


@dataclass(frozen=True, eq=False)
class BlindRepresentation:
    """One representation by blind heads.

    Attributes:
        heads: The heads of each fold.
        describe: All samples by heads, float32 `[n, d]`, finite.
    """

    heads: BlindHeads
    describe: Callable[[Heads], NDArray[np.float32]]

    def of_fold(
        self, setup: ExperimentSetup, tested: NDArray[np.bool_], seed: int
    ) -> NDArray[np.float32]:
        """See `experiment.FoldRepresentation`."""
        del setup, seed
        return self.describe(self.heads.without(tested))


def blind_representations(
    heads: BlindHeads, describe: Mapping[str, Callable[[Heads], NDArray[np.float32]]]
) -> dict[str, BlindRepresentation]:
    """Representations that share their heads."""
    return {name: BlindRepresentation(heads, one) for name, one in describe.items()}
