"""The comparison of recipes: its statistics, and what a training may see of a city."""

import numpy as np
import pytest

from aether_core.model.recipes import recipe
from benchmarks.figures.recipes import Case, measure, paired, unseen_places, verdict


def make_case(places: int = 400) -> Case:
    rng = np.random.default_rng(0)

    def unit(values: np.ndarray) -> np.ndarray:
        return (values / np.linalg.norm(values, axis=-1, keepdims=True)).astype(np.float32)

    kinds = 4
    kind, zone = rng.integers(0, kinds, places), rng.integers(0, kinds, 300)
    centre = rng.standard_normal((kinds, 64))
    text = unit(rng.standard_normal((kinds, 384)))
    corner, sides = np.array([24.94, 60.17]), [0.054, 0.027]
    return Case(
        places=unit(centre[kind] + 0.5 * rng.standard_normal((3, places, 64))),
        cells=unit(centre[zone] + 0.5 * rng.standard_normal((2, 300, 64))),
        lonlat=corner + rng.uniform(0, sides, (places, 2)),
        cell_lonlat=corner + rng.uniform(0, sides, (300, 2)),
        text=text,
        text_index=kind,
        category=kind,
        truth=zone,
        queries=text,
        zones=np.arange(kinds),
    )


def test_interval_is_that_of_the_t_distribution() -> None:
    mean, low, high = paired(np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.zeros(5))
    assert mean == 3.0
    assert (high - mean) == pytest.approx(2.7764 * np.sqrt(2.5 / 5), rel=1e-4)
    assert (mean - low) == pytest.approx(high - mean)


def test_verdict_knows_which_way_is_better() -> None:
    assert verdict("AUC", 0.01, 0.02) == "better"
    assert verdict("AUC", -0.02, -0.01) == "worse"
    assert verdict("AUC", -0.01, 0.02) == "open"
    assert verdict("log rank", -0.02, -0.01) == "better"
    assert verdict("log rank", float("nan"), float("nan")) == "open"


@pytest.mark.parametrize("name", ["aether-v1", "aether-plus"])
def test_a_recipe_is_measured_on_places_it_never_saw(name: str) -> None:
    case = make_case()
    unseen = unseen_places(case, 1)
    assert 0.1 < unseen.mean() < 0.3
    found = measure(case, recipe(name).override({"epochs": 10}), 1)
    assert found["AUC"] > 0.9
    assert found["AUC unseen"] > 0.9
    # What is asked is learned from the other places: with their texts mixed up nothing is left.
    mixed = np.random.default_rng(1).permutation(case.text_index)
    case.text_index[~unseen] = mixed[~unseen]
    case.category[~unseen] = mixed[~unseen]
    assert measure(case, recipe(name).override({"epochs": 10}), 1)["MRR"] < found["MRR"] - 0.1
