"""A simulated city with known truth, from raster and places to a map that answers queries."""

import numpy as np
import pytest

from aether_core.model.recipes import recipe
from aether_core.model.training.trainer import train
from aether_core.simulate.grid_city import ZONES, simulate_city
from aether_core.text.minilm import MiniLMEncoder
from benchmarks.figures.text_to_map_auc import Case, mean_auc, prepare


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    city = simulate_city(1, size_m=2000, pois=500)
    return prepare(city, MiniLMEncoder(), tmp_path_factory.mktemp("city"))


def test_untouched_recipe_finds_what_is_asked_for_and_learns_nothing_by_heart(case: Case) -> None:
    trained = train(case.data, recipe("aether"), seed=1, device="cpu")
    untouched = mean_auc(trained.heads, case)
    assert len(case.queries) == 8
    assert untouched >= 0.85
    assert trained.validation is not None
    assert trained.validation.mrr > trained.validation.chance_mrr
    by_heart = recipe("aether").override({"epochs": 200, "holdout": 0, "keep": "last"})
    assert mean_auc(train(case.data, by_heart, seed=1, device="cpu").heads, case) < untouched - 0.05


def test_city_is_what_its_seed_says() -> None:
    first, again, other = (simulate_city(seed, size_m=1000, pois=80) for seed in (3, 3, 4))
    assert np.array_equal(first.vectors, again.vectors)
    assert first.pois.equals(again.pois)
    assert not np.array_equal(first.vectors, other.vectors)
    np.testing.assert_allclose(np.linalg.norm(first.vectors, axis=-1), 1, atol=1e-5)
    assert first.vectors.shape == (100, 100, 64)
    assert set(np.unique(first.truth)) <= set(range(len(ZONES)))
    assert len(first.pois) == 80
    assert first.pois.crs.to_epsg() == 4326
