"""Heads that never saw the places of what is tested."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aether_core.errors import InputError
from aether_core.model.heads.inference import encode_eo
from aether_core.model.recipes import recipe
from aether_core.model.training.training_set import TrainingSet
from aether_core.tasks.testing.blind import BlindHeads, BlindRepresentation, HeldOutPlaces
from aether_core.tasks.testing.experiment import ExperimentSetup, out_of_fold, run_experiment
from tests.aether_core.tasks.testing.test_experiment import inputs, setup_of
from tests.errors import fault

QUICK = recipe("aether").override({"epochs": 2, "batch_size": 32, "holdout": 0.0, "keep": "last"})
PLACES = 160


def places(seed: int = 0) -> TrainingSet:
    rng = np.random.default_rng(seed)

    def unit(rows: int, dim: int) -> np.ndarray:
        made = rng.normal(size=(rows, dim)).astype("f4")
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    return TrainingSet(
        base=unit(PLACES, 8),
        wide=unit(PLACES, 8),
        text=unit(5, 12),
        text_index=rng.integers(0, 5, PLACES),
        lonlat=np.column_stack([24.9 + np.arange(PLACES) * 1e-3, np.full(PLACES, 60.2)]),
    )


def held_out() -> HeldOutPlaces:
    """Sixteen blocks with ten places each; a sample in the middle of each."""
    return HeldOutPlaces(
        block=np.arange(PLACES) // 10,
        sample_block=np.arange(16),
        unit=np.full(PLACES, -1),
        sample_unit=np.full(16, -1),
    )


def heads_of(learned: TrainingSet, held: HeldOutPlaces | None = None) -> BlindHeads:
    return BlindHeads(learned, held or held_out(), QUICK, seed=3, on_epoch=lambda _report: None)


def weights(heads: BlindHeads, tested: np.ndarray) -> torch.Tensor:
    return torch.cat([one.flatten() for one in heads.without(tested).state_dict().values()])


def test_a_place_goes_with_its_block_and_with_its_area() -> None:
    held = HeldOutPlaces(
        block=np.array([0, 0, 1, 2, 3]),
        sample_block=np.array([0, 1, 2]),
        unit=np.array([5, 6, 7, 8, 5]),
        sample_unit=np.array([5, 7, -1]),
    )
    first = np.array([True, False, False])
    assert held.of(first).tolist() == [True, True, False, False, True]
    assert held.of(~first).tolist() == [False, False, True, True, False]
    assert not held.of(np.zeros(3, dtype=bool)).any()


def test_blocks_of_places_and_samples_are_one_grid() -> None:
    lonlat = np.column_stack([np.linspace(24.9, 25.0, 40), np.full(40, 60.2)])
    held = HeldOutPlaces.by_blocks(lonlat, lonlat[::4], 1000.0, lambda at: np.full(len(at), -1))
    assert np.array_equal(held.block[::4], held.sample_block)
    assert len(np.unique(held.block)) > 4


def test_what_is_held_out_leaves_no_trace_in_the_heads() -> None:
    tested = np.arange(16) < 3
    learned = places()
    held = held_out().of(tested)
    assert held.sum() == 30
    rng = np.random.default_rng(9)
    changed = replace(learned, base=learned.base.copy())
    changed.base[held] = changed.base[rng.permutation(np.flatnonzero(held))][:, ::-1]
    before = weights(heads_of(learned), tested)
    assert torch.equal(before, weights(heads_of(changed), tested))
    other = np.arange(16) >= 13  # these folds do see them
    assert not torch.equal(weights(heads_of(learned), other), weights(heads_of(changed), other))


def test_each_fold_is_trained_once() -> None:
    epochs: list[int] = []
    heads = BlindHeads(
        places(), held_out(), QUICK, seed=3, on_epoch=lambda one: epochs.append(one.epoch)
    )
    first, second = np.arange(16) < 3, np.arange(16) > 12
    assert heads.without(first) is heads.without(first)
    assert heads.without(second) is not heads.without(first)
    assert epochs == [1, 2, 1, 2]


def test_too_few_places_outside_the_blocks_are_refused() -> None:
    with pytest.raises(InputError, check=fault("too-few-places-outside-blocks", "60 of 160")):
        heads_of(places()).without(np.arange(16) < 10)


def test_the_blind_split_has_the_spatial_folds_and_other_heads() -> None:
    setup = setup_of(seeds=(3,), splits=("spatial",), blind=True)
    plain, seen = inputs(setup, 5, 1), inputs(setup, 6, 2)
    asked: list[int] = []

    class Unseen:
        def of_fold(self, setup: ExperimentSetup, tested: np.ndarray, seed: int) -> np.ndarray:
            del seed
            asked.append(int(tested.sum()))
            return inputs(setup, 6, 7)

    unseen = Unseen()
    both = {"alphaearth": plain, "aether": seen}
    done = run_experiment(setup, both, blind={"aether": unseen})
    spatial, blind = (done.of("aether", split)[0] for split in ("spatial", "blind"))
    assert np.array_equal(spatial.fold, blind.fold)
    assert sum(asked) == len(setup.target)
    by_hand = out_of_fold(inputs(setup, 6, 7), setup, spatial.fold, 3)
    np.testing.assert_array_equal(blind.prediction, by_hand)
    assert not np.allclose(blind.prediction, spatial.prediction)
    alone = [done.of("alphaearth", split)[0].prediction for split in ("spatial", "blind")]
    np.testing.assert_array_equal(*alone)


def test_a_blind_representation_is_made_by_the_folds_own_heads() -> None:
    heads = heads_of(places())
    rows = places(1).base[:16]
    made = BlindRepresentation(heads, lambda one: encode_eo(one, rows))
    tested = np.arange(16) < 3
    setup = setup_of()
    expected = encode_eo(heads.without(tested), rows)
    np.testing.assert_array_equal(made.of_fold(setup, tested, 0), expected)
