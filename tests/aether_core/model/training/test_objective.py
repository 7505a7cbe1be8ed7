"""What a batch is trained towards: the views and texts a recipe asks for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aether_core.errors import InputError
from aether_core.model.heads.heads import Heads
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.device_features import DeviceFeatures
from aether_core.model.training.losses import aether_loss
from aether_core.model.training.objective import Objective
from aether_core.model.training.training_set import TrainingSet
from aether_core.model.training.varied_text import VariedText, with_noise
from tests.aether_core.model.places import make_training_set
from tests.errors import fault

PLACES = 96
ROWS = torch.arange(PLACES)


def on_cpu(data: TrainingSet) -> DeviceFeatures:
    return DeviceFeatures.on(torch.device("cpu"), data, np.zeros(len(data), dtype=bool))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(3)


@pytest.fixture
def places() -> TrainingSet:
    data = make_training_set(PLACES)
    category = np.arange(PLACES, dtype=np.int64) % 5
    category[::7] = -1
    return replace(data, category=category)


def own_texts(data: TrainingSet) -> torch.Tensor:
    return torch.from_numpy(data.text[data.text_index])


def test_published_recipe_draws_nothing_and_takes_the_texts_as_they_are(
    places: TrainingSet,
) -> None:
    features = on_cpu(places)
    heads = Heads()
    drawn = generator()
    before = drawn.get_state()
    got = Objective(features, recipe("aether"))(heads, ROWS, drawn)
    assert features.wide is not None
    wanted = aether_loss(
        heads.eo(features.base),
        heads.eo(features.wide),
        heads.text(own_texts(places)),
        temperature=0.07,
        lam=0.2,
    )
    assert got.total.item() == wanted.total.item()
    assert torch.equal(drawn.get_state(), before)


def test_masked_recipe_leaves_equal_texts_out(places: TrainingSet) -> None:
    features, heads = on_cpu(places), Heads()
    published = Objective(features, recipe("aether"))(heads, ROWS, generator())
    masked = Objective(features, recipe("aether-dedup"))(heads, ROWS, generator())
    assert masked.multiscale.item() == published.multiscale.item()
    assert masked.cross_modal.item() < published.cross_modal.item()


def test_one_view_serves_without_a_multiscale_loss_only(places: TrainingSet) -> None:
    features = on_cpu(replace(places, wide=None))
    loss = Objective(features, recipe("aether-v1"))(Heads(), ROWS, generator())
    assert loss.total.item() == loss.cross_modal.item()
    with pytest.raises(InputError, check=fault("places-without-second-view", "lam=0.2")):
        Objective(features, recipe("aether"))


def test_typical_text_is_the_mean_of_the_category_and_needs_one(places: TrainingSet) -> None:
    varied = VariedText(on_cpu(places), Recipe("always", category_text=1.0))
    rows = varied.rows(ROWS, generator()).numpy()
    assert places.category is not None
    own = places.text[places.text_index]
    for category in range(5):
        there = places.category == category
        mean = own[there].astype(np.float64).mean(axis=0)
        wanted = np.broadcast_to(mean / np.linalg.norm(mean), rows[there].shape)
        np.testing.assert_allclose(rows[there], wanted, atol=1e-6)
    alone = places.category == -1
    np.testing.assert_array_equal(rows[alone], own[alone])


def test_texts_give_way_as_often_as_asked(places: TrainingSet) -> None:
    varied = VariedText(on_cpu(places), Recipe("often", category_text=0.3))
    drawn = generator()
    assert places.category is not None
    known = torch.from_numpy(places.category >= 0)
    changed = [
        (varied.rows(ROWS, drawn) != own_texts(places)).any(dim=1)[known].float().mean().item()
        for _ in range(100)
    ]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.02)


def test_categories_have_to_be_known_where_they_are_asked_for(places: TrainingSet) -> None:
    unknown = on_cpu(replace(places, category=None))
    with pytest.raises(InputError, check=fault("categories-unknown", "category_text=0")):
        VariedText(unknown, Recipe("often", category_text=0.5))
    assert VariedText(unknown, Recipe("never")).rows(ROWS, generator()).shape == (PLACES, 384)


@pytest.mark.parametrize("length", [0.3, 1.0])
def test_noise_has_the_length_asked_for_and_leaves_unit_rows(length: float) -> None:
    rows = torch.nn.functional.normalize(
        torch.randn(500, 64, generator=torch.Generator().manual_seed(4)), dim=1
    )
    varied = with_noise(rows, length, generator())
    torch.testing.assert_close(varied.norm(dim=1), torch.ones(500))
    cosine = (varied * rows).sum(dim=1).mean().item()
    assert cosine == pytest.approx(1 / np.sqrt(1 + length**2), abs=0.01)


def test_objective_compares_the_views_with_the_varied_texts(places: TrainingSet) -> None:
    features, heads = on_cpu(places), Heads()
    noisy = Recipe("noisy", text_noise=1.0)
    got = Objective(features, noisy)(heads, ROWS, generator())
    assert features.wide is not None
    wanted = aether_loss(
        heads.eo(features.base),
        heads.eo(features.wide),
        heads.text(with_noise(own_texts(places), 1.0, generator())),
        temperature=0.07,
        lam=0.2,
    )
    assert got.total.item() == wanted.total.item()


def test_what_is_drawn_is_decided_by_the_generator_alone(places: TrainingSet) -> None:
    varied = VariedText(on_cpu(places), Recipe("both", text_noise=1.0, category_text=0.5))
    torch.manual_seed(1)
    first = varied.rows(ROWS, generator())
    torch.manual_seed(2)
    assert torch.equal(first, varied.rows(ROWS, generator()))
    drawn = generator()
    assert not torch.equal(varied.rows(ROWS, drawn), varied.rows(ROWS, drawn))
