"""Training: the published trajectory, determinism, what is kept, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from aether_core.errors import CancelledError, InputError
from aether_core.model.files.card import WEIGHTS_FILE
from aether_core.model.files.folder import load_heads
from aether_core.model.heads.heads import Heads, HeadShape
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.batches import Batches
from aether_core.model.training.device_features import DeviceFeatures
from aether_core.model.training.held_out import HeldOutPlaces
from aether_core.model.training.trainer import EpochReport, Trained, train
from aether_core.model.training.training_set import TrainingSet
from aether_core.model.training.training_steps import TrainingSteps
from aether_core.spatial.blocks import held_out_blocks, held_out_in_two
from tests.aether_core.model.places import make_training_set
from tests.errors import fault

PUBLISHED = {"holdout": 0, "keep": "last"}


@pytest.fixture
def small_set() -> TrainingSet:
    return make_training_set(400)


def weights(trained: Trained) -> dict[str, torch.Tensor]:
    return trained.heads.state_dict()


def same_weights(a: Trained, b: Trained) -> bool:
    return all(torch.equal(value, weights(b)[key]) for key, value in weights(a).items())


def test_twenty_steps_follow_the_published_trajectory(shared: Path, tmp_path: Path) -> None:
    folder = shared / "conformance"
    if not (folder / "london_reference.npz").exists():
        pytest.skip("reference of the published model not present")
    with np.load(folder / "london_reference.npz") as file:
        reference = dict(file)
    (tmp_path / WEIGHTS_FILE).write_bytes((folder / "london_heads.safetensors").read_bytes())
    heads = load_heads(tmp_path)
    features = DeviceFeatures(
        *(torch.from_numpy(reference[key]) for key in ("eo", "eo_wide", "text")),
        torch.arange(512),
    )
    settings = recipe("aether").override({"epochs": 5, "batch_size": 128, **PUBLISHED})
    steps = TrainingSteps(heads, features, settings, 128, seed=0)
    losses = [steps.run_step(torch.arange(128) + 128 * (step % 4))[0].item() for step in range(20)]
    np.testing.assert_allclose(losses, reference["trajectory"], atol=1e-3, rtol=0)
    assert steps.learning_rate == pytest.approx(1e-5)


def test_equal_seeds_give_equal_weights_and_others_do_not(small_set: TrainingSet) -> None:
    settings = recipe("aether").override({"epochs": 3, "batch_size": 64})
    first = train(small_set, settings, seed=5, device="cpu")
    torch.manual_seed(99)  # what others do with the global generator has no say
    again = train(small_set, settings, seed=5, device="cpu")
    other = train(small_set, settings, seed=6, device="cpu")
    assert same_weights(first, again)
    assert [r.loss for r in first.history] == [r.loss for r in again.history]
    assert not same_weights(first, other)


def test_training_learns_and_beats_chance_on_blocks_it_never_saw(small_set: TrainingSet) -> None:
    trained = train(small_set, recipe("aether").override({"epochs": 30}), seed=0, device="cpu")
    assert trained.history[-1].loss < trained.history[0].loss
    assert trained.validation is not None
    assert trained.validation.mrr > 2 * trained.validation.chance_mrr
    assert trained.pois_used == 400
    assert 20 <= trained.held_out <= 60
    assert trained.validation.candidates == trained.held_out - trained.chose_epoch
    assert trained.validated_on == "apart"


def test_best_keeps_the_weights_of_the_best_held_out_epoch() -> None:
    noise = make_training_set(300)
    rng = np.random.default_rng(1)
    noise = replace(noise, text_index=rng.permutation(noise.text_index))  # nothing to learn
    settings = recipe("aether").override({"epochs": 60, "learning_rate": 0.01, "patience": 7})
    trained = train(noise, settings, seed=0, device="cpu")
    losses = [report.validation_loss for report in trained.history]
    assert trained.kept_epoch == int(np.argmin(losses)) + 1
    assert len(trained.history) == trained.kept_epoch + 7 < 60
    assert trained.validation == trained.history[trained.kept_epoch - 1].validation
    choosing, reporting = held_out_in_two(noise.lonlat, fraction=settings.holdout, seed=0)
    validation, _ = HeldOutPlaces(noise, reporting, settings, seed=0).measure(trained.heads)
    assert validation == trained.validation
    _, loss = HeldOutPlaces(noise, choosing, settings, seed=0).measure(trained.heads)
    assert loss == pytest.approx(min(losses), abs=1e-6)


def test_what_is_reported_on_has_no_say_in_anything(small_set: TrainingSet) -> None:
    """Places of the reporting blocks swap their texts: other figures, and nothing else."""
    settings = recipe("aether").override({"epochs": 6, "batch_size": 64, "patience": 2})
    choosing, reporting = held_out_in_two(small_set.lonlat, fraction=settings.holdout, seed=0)
    index = small_set.text_index.copy()
    index[reporting] = np.roll(index[reporting], 3)
    first, other = (
        train(replace(small_set, text_index=texts), settings, seed=0, device="cpu")
        for texts in (small_set.text_index, index)
    )
    assert same_weights(first, other)
    assert first.kept_epoch == other.kept_epoch
    assert [r.validation_loss for r in first.history] == [r.validation_loss for r in other.history]
    assert first.validation != other.validation
    assert (first.held_out, first.chose_epoch) == (
        int((choosing | reporting).sum()),
        choosing.sum(),
    )


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_single_held_out_block_is_said_to_have_chosen_the_epoch(keep: str) -> None:
    """Two spots: one block trains, the other is all there is to choose by and to report on."""
    data = make_training_set(100)
    spots = np.where(np.arange(100)[:, None] < 80, [[24.9, 60.1]], [[24.99, 60.1]])
    settings = recipe("aether").override({"epochs": 2, "holdout": 0.2, "keep": keep})
    trained = train(replace(data, lonlat=spots), settings, seed=0, device="cpu")
    assert trained.held_out == 20
    assert trained.validation.candidates == 20
    assert trained.validated_on == ("choice" if keep == "best" else "apart")
    assert trained.chose_epoch == (20 if keep == "best" else 0)


def test_last_keeps_the_last_epoch_and_trains_on_every_place(small_set: TrainingSet) -> None:
    settings = recipe("aether").override({"epochs": 4, **PUBLISHED})
    trained = train(small_set, settings, seed=0, device="cpu")
    assert (trained.kept_epoch, len(trained.history), trained.held_out) == (4, 4, 0)
    assert trained.validation is trained.validated_on is None
    assert trained.history[-1].learning_rate == pytest.approx(1e-5)


def test_reports_tell_the_epoch_and_the_time(small_set: TrainingSet) -> None:
    seen: list[EpochReport] = []
    settings = recipe("aether").override({"epochs": 3})
    trained = train(small_set, settings, seed=0, device="cpu", on_epoch=seen.append)
    assert [(report.epoch, report.epochs) for report in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen == trained.history
    assert seen[-1].seconds_left == 0 < seen[0].seconds_left
    for report in seen:
        assert report.loss == pytest.approx(
            0.2 * report.loss_multiscale + 0.8 * report.loss_cross_modal, abs=1e-5
        )


def test_the_running_mean_of_the_weights_is_what_is_checked_and_kept(
    small_set: TrainingSet,
) -> None:
    settings = recipe("aether").override({"epochs": 2, "batch_size": 100, "average": 0.5})
    plain = settings.override({"average": 0})
    data = small_set.usable()
    held = held_out_blocks(data.lonlat, fraction=settings.holdout, seed=0)
    features = DeviceFeatures.on(torch.device("cpu"), data, held)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        heads = Heads()
    steps = TrainingSteps(heads, features, plain, 100, seed=0)
    mean = {key: value.clone() for key, value in heads.state_dict().items()}
    order = torch.Generator().manual_seed(0)
    rows = [batch for _ in range(2) for batch in Batches(features, 100).epoch(order)]
    for step, batch in enumerate(rows, start=1):
        steps.run_step(batch)
        decay = min(0.5, (1 + step) / (10 + step))
        for key, value in heads.state_dict().items():
            mean[key] = decay * mean[key] + (1 - decay) * value
    trained = train(small_set, settings.override({"keep": "last"}), seed=0, device="cpu")
    for key, value in weights(trained).items():
        torch.testing.assert_close(value, mean[key], atol=1e-6, rtol=1e-5)
    assert trained.validation == HeldOutPlaces(data, held, settings, 0).measure(trained.heads)[0]
    assert not same_weights(
        trained, train(small_set, plain.override({"keep": "last"}), seed=0, device="cpu")
    )


@pytest.mark.parametrize(
    ("changed", "shape"),
    [
        ({"shortcut": "none"}, HeadShape(shortcut="none")),
        ({"shortcut": "plain"}, HeadShape(shortcut="plain")),
        ({"post_mlp": "no"}, HeadShape(post_mlp=False)),
    ],
)
def test_the_recipe_decides_the_parts_of_the_heads(
    small_set: TrainingSet, changed: dict[str, str], shape: HeadShape
) -> None:
    settings = recipe("aether").override({"epochs": 1, **changed})
    assert train(small_set, settings, seed=0, device="cpu").heads.shape == shape


def test_one_view_is_enough_for_a_recipe_that_compares_none(small_set: TrainingSet) -> None:
    settings = recipe("aether-v1").override({"epochs": 2})
    one_view = replace(small_set, wide=None)
    trained = train(one_view, settings, seed=0, device="cpu")
    assert trained.history[0].loss_multiscale == 0
    with pytest.raises(InputError, check=fault("places-without-second-view", "lam=0")):
        train(one_view, recipe("aether").override({"epochs": 2}), seed=0, device="cpu")


def test_training_stops_when_asked_to(small_set: TrainingSet) -> None:
    seen = []

    def cancel(report: EpochReport) -> None:
        seen.append(report.epoch)
        if report.epoch == 2:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        train(small_set, recipe("aether"), seed=0, device="cpu", on_epoch=cancel)
    assert seen == [1, 2]


def test_places_without_data_are_left_out(small_set: TrainingSet) -> None:
    base = small_set.base.copy()
    base[:50] = np.nan
    settings = recipe("aether").override({"epochs": 2, **PUBLISHED})
    with_gaps = train(replace(small_set, base=base), settings, seed=0, device="cpu")
    without = TrainingSet(
        small_set.base[50:],
        small_set.wide[50:],
        small_set.text,
        small_set.text_index[50:],
        small_set.lonlat[50:],
    )
    assert with_gaps.pois_used == 350
    assert same_weights(with_gaps, train(without, settings, seed=0, device="cpu"))


@pytest.mark.parametrize("places", [0, 63])
def test_too_few_places_are_refused(places: int) -> None:
    with pytest.raises(InputError, check=fault("too-few-places", f"{places} of {places}", 64)):
        train(make_training_set(places), recipe("aether"), seed=0, device="cpu")


def test_sixty_four_places_are_enough() -> None:
    trained = train(make_training_set(64), recipe("aether"), seed=0, device="cpu")
    assert trained.pois_used == 64
    assert np.isfinite(trained.history[-1].loss)


def test_batch_shrinks_to_a_small_city_unless_it_was_asked_for(small_set: TrainingSet) -> None:
    shrunk = Recipe("aether", epochs=1, holdout=0, keep="last")
    exact = shrunk.override({"batch_size": 400})
    assert same_weights(
        train(small_set, shrunk, seed=0, device="cpu"),
        train(small_set, exact, seed=0, device="cpu"),
    )
    with pytest.raises(InputError, check=fault("batch-size-too-large", 401, 400)):
        train(small_set, shrunk.override({"batch_size": 401}), seed=0, device="cpu")


def test_best_with_nothing_held_out_is_refused(small_set: TrainingSet) -> None:
    with pytest.raises(InputError, check=fault("best-epoch-without-holdout", "keep=last")):
        train(small_set, Recipe("aether", holdout=0), seed=0, device="cpu")


def test_diverged_training_says_so(small_set: TrainingSet) -> None:
    base = np.where(small_set.base > 0, 3e38, -3e38).astype(np.float32)
    with pytest.raises(InputError, check=fault("training-diverged", "learning_rate=")):
        train(replace(small_set, base=base), recipe("aether"), seed=0, device="cpu")


def test_devices() -> None:
    settings = recipe("aether").override({"epochs": 1})
    with pytest.raises(InputError, check=fault("no-such-device", "tpu")):
        train(make_training_set(64), settings, seed=0, device="tpu")
    if torch.cuda.is_available():
        assert train(make_training_set(64), settings, seed=0, device="cuda").device == "cuda"
    else:
        with pytest.raises(InputError, check=fault("no-cuda-device", "cuda")):
            train(make_training_set(64), settings, seed=0, device="cuda")
        assert train(make_training_set(64), settings, seed=0, device="auto").device == "cpu"


def test_training_set_refuses_shapes_that_do_not_fit(small_set: TrainingSet) -> None:
    with pytest.raises(InputError, check=fault("array-wrong-shape", "wide")):
        replace(small_set, wide=small_set.wide[:-1])
    with pytest.raises(InputError, check=fault("text-index-out-of-range")):
        replace(small_set, text_index=small_set.text_index + 1)
