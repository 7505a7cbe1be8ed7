"""What each variant learns from: never the test blocks, and with exactly the change it names."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from pyproj import Geod

from aether_core.model.recipes import recipe
from aether_core.poi.text import poi_text
from aether_core.study.ablation import ablation
from aether_core.study.buffer import buffer
from aether_core.study.city import StudyCity
from aether_core.study.noise import noise
from aether_core.study.seeds import seed_spread
from aether_core.study.sparsity import sparsity
from aether_core.study.trial import Plan, Trial, TrialInputs
from tests.aether_core.study.small_city import encode, pool, small_city

RECIPE = recipe("aether")


@pytest.fixture(scope="module")
def city() -> StudyCity:
    return small_city()


def trial_of(city: StudyCity, plan: Plan, seed: int = 42) -> Trial:
    return Trial(
        city,
        RECIPE,
        plan.usable,
        None,
        seed=seed,
        block_seed=seed,
        device="cpu",
        on_epoch=lambda _: None,
    )


def prepared(city: StudyCity, plan: Plan, seed: int = 42) -> dict[str, TrialInputs]:
    trial = trial_of(city, plan, seed)
    return {variant.name: variant.prepare(trial) for variant in plan.variants}


def plans(city: StudyCity) -> Iterator[Plan]:
    yield ablation(city, RECIPE)
    yield noise(city)
    yield sparsity(city)
    yield buffer(city)
    yield seed_spread(city, (42, 43))


def rows_of(lonlat: NDArray[np.float64]) -> set[tuple[float, float]]:
    return {(float(lon), float(lat)) for lon, lat in lonlat}


def test_no_variant_learns_from_a_tested_place(city: StudyCity) -> None:
    for plan in plans(city):
        trial = trial_of(city, plan)
        lonlat = city.training.lonlat
        assert 0.15 < trial.tested.sum() / plan.usable.sum() < 0.25
        assert not (trial.tested & trial.learnable).any()
        untouched = rows_of(lonlat[trial.learnable])
        assert not untouched & rows_of(lonlat[trial.tested])
        for variant in plan.variants:
            learned = variant.prepare(trial).learned
            if learned is not None and not variant.name.startswith("moved"):
                assert rows_of(learned.lonlat) <= untouched


def test_ablation_changes_one_thing_at_a_time(city: StudyCity) -> None:
    found = prepared(city, ablation(city, RECIPE))
    changed = {
        name: {key: v for key, v in one.recipe.settings.items() if v != RECIPE.settings[key]}
        for name, one in found.items()
    }
    assert changed == {
        "full model": {},
        "no multi-scale loss": {"lam": 0.0},
        "no gate (shortcut always open)": {"shortcut": "plain"},
        "no shortcut": {"shortcut": "none"},
        "no post-MLP": {"post_mlp": "no"},
        "no cross-modal loss": {"lam": 1.0},
        "embedding alone": {},
        "shuffled texts": {},
    }
    assert found["embedding alone"].learned is None
    full, mixed = found["full model"].learned, found["shuffled texts"].learned
    assert full is not None
    assert mixed is not None
    assert Counter(full.text_index) == Counter(mixed.text_index)
    assert (full.text_index != mixed.text_index).mean() > 0.9
    assert np.array_equal(full.base, mixed.base)


def test_ablation_takes_other_recipes_apart(city: StudyCity) -> None:
    dedup = ablation(city, recipe("aether-dedup"))
    assert "same_text as published (negative)" in [v.name for v in dedup.variants]
    disk = ablation(city, recipe("aether-v1"))
    names = [variant.name for variant in disk.variants]
    assert not {"no multi-scale loss", "no cross-modal loss"} & set(names)
    assert sum("is left out" in note for note in disk.notes) == 2


def test_wrong_categories_are_as_many_as_said_nested_and_wrong(city: StudyCity) -> None:
    plan = noise(city)
    trial = trial_of(city, plan)
    rows = np.flatnonzero(trial.learnable)
    found = prepared(city, plan)
    true = city.pois.iloc[rows].reset_index(drop=True)
    wrong_before: set[int] = set()
    for percent in (10, 20, 30, 50):
        learned = found[f"{percent} % wrong categories"].learned
        assert learned is not None
        wrong = np.flatnonzero(learned.text_index != city.training.text_index[rows])
        assert len(wrong) == round(percent / 100 * len(rows))
        assert wrong_before <= set(wrong)
        wrong_before = set(wrong)
        assert learned.category is not None
        assert (learned.category[wrong] != city.training.category[rows][wrong]).all()
        kept = np.setdiff1d(np.arange(len(rows)), wrong)
        assert np.array_equal(learned.category[kept], city.training.category[rows][kept])
        assert np.array_equal(learned.base, city.training.base[rows])
        # The vector is that of the place's own name with another place's category and group.
        row = int(wrong[0])
        others = city.pois[["category", "group"]].drop_duplicates().itertuples(index=False)
        sentences = [poi_text(true["name"][row], *one) for one in others]
        gaps = np.abs(encode(sentences) - learned.text[learned.text_index[row]]).max(axis=1)
        assert gaps.min() < 1e-6


def test_wrong_categories_follow_the_seed(city: StudyCity) -> None:
    plan = noise(city)
    name = "50 % wrong categories"
    first = prepared(city, plan, 42)[name].learned
    prepared(city, plan, 43)
    again = prepared(city, plan, 42)[name].learned
    assert first is not None
    assert again is not None
    assert np.array_equal(first.text[first.text_index], again.text[again.text_index])


def test_displaced_places_are_pooled_where_they_went(city: StudyCity) -> None:
    plan = noise(city)
    trial, found = trial_of(city, plan), prepared(city, plan)
    from_lonlat = city.training.lonlat[trial.learnable]
    bearings = []
    for metres in (50, 100, 200):
        learned = found[f"moved by {metres} m"].learned
        assert learned is not None
        bearing, _, gone = Geod(ellps="WGS84").inv(*from_lonlat.T, *learned.lonlat.T)
        np.testing.assert_allclose(gone, metres, rtol=1e-6)
        bearings.append(bearing)
        base, wide = pool(learned.lonlat, city.views)
        assert np.array_equal(learned.base, base, equal_nan=True)
        assert learned.wide is not None
        assert np.array_equal(learned.wide, wide, equal_nan=True)
        assert np.array_equal(found[f"moved by {metres} m"].places, city.training.base, True)
    np.testing.assert_allclose(bearings[0], bearings[2], atol=1e-3)
    assert np.ptp(bearings[0]) > 300


def test_names_are_removed(city: StudyCity) -> None:
    learned = prepared(city, noise(city))["names removed"].learned
    assert learned is not None
    assert len(np.unique(learned.text_index)) == 4
    nameless = replace(city, pois=city.pois.assign(name=""))
    plan = noise(nameless)
    assert "names removed" not in [variant.name for variant in plan.variants]
    assert any("no place has a name" in note for note in plan.notes)


def test_fewer_places_are_nested_and_never_under_64(city: StudyCity) -> None:
    plan = sparsity(city)
    trial, found = trial_of(city, plan), prepared(city, plan)
    assert list(found) == ["100 % of the places", "50 % of the places", "25 % of the places"]
    assert sum("is left out" in note for note in plan.notes) == 4
    there = int(trial.learnable.sum())
    before = rows_of(city.training.lonlat)
    for name, share in (("50 % of the places", 0.5), ("25 % of the places", 0.25)):
        learned = found[name].learned
        assert learned is not None
        assert len(learned) == np.ceil(share * there)
        assert rows_of(learned.lonlat) <= before
        before = rows_of(learned.lonlat)


def test_windows_are_pooled_anew_for_places_and_labels(city: StudyCity) -> None:
    plan = buffer(city)
    found = prepared(city, plan)
    assert list(found) == [
        "the city's windows",
        *(f"disk of {radius} m" for radius in (25, 50, 100, 200, 400)),
        "squares of 2 and 4 px",
        "squares of 9 and 18 px",
    ]
    disk = found["disk of 400 m"]
    assert disk.labels is not None
    assert city.labels is not None
    assert not np.allclose(disk.labels, city.labels.vectors)
    assert disk.learned is not None
    assert disk.learned.wide is not None
    assert not np.allclose(disk.learned.base, disk.learned.wide)
    tables = replace(city, views=(replace(city.views[0], shape="disk", radius_m=100.0),) * 2)
    assert all(v.name[:4] in {"the ", "disk"} for v in buffer(tables).variants)
