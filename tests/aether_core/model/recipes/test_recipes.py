"""The recipes by name: what each is, and that each trains."""

from dataclasses import replace

import pytest

from aether_core.errors import NotFoundError
from aether_core.model.recipes import recipe, recipes
from aether_core.model.training.trainer import train
from tests.aether_core.model.places import make_training_set
from tests.errors import fault


def test_recipes_are_listed_in_order_with_a_sentence_each() -> None:
    names = [entry.name for entry in recipes()]
    assert names == ["aether", "aether-v1", "aether-dedup", "aether-plus"]
    for entry in recipes():
        assert entry.summary.endswith(".")
        assert entry == entry.override(entry.settings)


def test_aether_is_the_published_recipe() -> None:
    settings = recipe("aether").settings
    published = {
        "batch_size": 512,
        "learning_rate": 1e-3,
        "weight_decay": 1e-4,
        "temperature": 0.07,
        "lam": 0.2,
        "epochs": 100,
    }
    assert {key: settings[key] for key in published} == published


def test_unknown_recipe_names_those_there_are() -> None:
    with pytest.raises(NotFoundError, check=fault("no-such-recipe", "ether", "aether, aether-v1")):
        recipe("ether")


def test_first_preprint_has_one_view_and_no_multiscale_loss() -> None:
    first = recipe("aether-v1")
    assert (first.views, first.lam) == ("disk", 0.0)


@pytest.mark.parametrize("name", [entry.name for entry in recipes()])
def test_every_recipe_trains_and_beats_chance_on_blocks_it_never_saw(name: str) -> None:
    chosen = recipe(name).override({"epochs": 8})
    data = make_training_set(300)
    if chosen.views == "disk":
        data = replace(data, wide=None)
    trained = train(data, chosen, seed=0, device="cpu")
    assert trained.validation is not None
    assert trained.validation.mrr > 2 * trained.validation.chance_mrr
