"""Measured representations, and several metropolitan areas added up."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import entropy

from aether_core.evidence.cases import SEEDS, Case, cases_of
from aether_core.evidence.described import HEADED
from aether_core.evidence.heads import ALL, ELSEWHERE, RECIPES, Weights, heads_of
from aether_core.evidence.measure import Measured, against, gain, measure, why_not
from aether_core.evidence.metro import Metro
from aether_core.evidence.pooled import pooled
from aether_core.evidence.targets import TARGETS
from aether_core.evidence.text_to_map import text_to_map
from aether_core.model.heads.heads import Heads, HeadShape
from aether_core.tasks.predictors.share_regression import fit_linear_shares
from tests.aether_core.evidence.test_metro import by_length, drawing, metro

__all__ = ["metro"]

INCOME = TARGETS[0]


@pytest.fixture(scope="module")
def case(metro: Metro) -> Case:
    [found] = cases_of([metro], [], drawing())
    return found


def some_heads(seed: int) -> Heads:
    import torch

    torch.manual_seed(seed)
    return Heads(HeadShape(text_dim=16, eo_dim=64)).eval()


@pytest.fixture(scope="module")
def found(case: Case) -> list[Measured]:
    name = RECIPES[-1]
    heads = {
        (name, ALL): some_heads(0),
        **{(name, fold): some_heads(fold + 1) for fold in range(5)},
    }
    return measure(case, INCOME, heads, draw=0)


def one_of(found: list[Measured], name: str, split: str = "spatial") -> Measured:
    return next(row for row in found if (row.representation, row.split) == (name, split))


def test_figures_are_those_of_a_plain_computation(case: Case, found: list[Measured]) -> None:
    truth = INCOME.of(case.metro)
    x = case.metro.vectors
    means = []
    for seed in SEEDS:
        fold = case.folds(seed)
        predicted = np.empty_like(truth)
        for number in range(5):
            tested = fold == number
            fitted = fit_linear_shares(x[~tested], truth[~tested], None)
            predicted[tested] = fitted.shares(x[tested])
        means.append(entropy(truth, predicted, axis=1).mean())
    assert one_of(found, "alphaearth").resampled["kl"][0] == pytest.approx(np.mean(means), rel=1e-4)


def test_every_representation_is_on_the_same_areas(found: list[Measured]) -> None:
    plain = {"alphaearth", "context", "statistics", "mix"}
    headed = {one.name for one in HEADED}
    for split in ("spatial", "blind"):
        names = {row.representation for row in found if row.split == split}
        assert names == plain | headed | {"best"}
    assert len({(row.areas, row.blocks) for row in found}) == 1
    alone = [one_of(found, "alphaearth", split) for split in ("spatial", "blind")]
    assert [against(found, one) for one in alone] == [None, None]
    blind = one_of(found, "concat", "blind")
    assert against(found, blind) is alone[1]
    assert gain(alone[0], alone[0], "kl").relative == 0


def test_a_target_the_table_lacks_is_not_measured(case: Case) -> None:
    assert measure(case, TARGETS[-1], {}, draw=0) == []


def test_a_target_that_says_nothing_is_not_measured(case: Case) -> None:
    _, _, poverty, density, _ = TARGETS
    figures = case.metro.figures
    poor = figures["population"] * 0.1
    same = replace(case.metro, figures=figures.assign(persons_below_poverty=poor.round(6)))
    few = replace(case.metro, figures=figures.assign(population=np.nan))
    assert why_not(case, poverty) is None
    assert "same everywhere" in str(why_not(replace(case, metro=same), poverty))
    assert "0 areas" in str(why_not(replace(case, metro=few), density))
    assert measure(replace(case, metro=few), density, {}, draw=0) == []


def test_metros_are_added_up_by_area_and_alike(found: list[Measured]) -> None:
    alone, mix = one_of(found, "alphaearth"), one_of(found, "mix")

    def copy(one: Measured, name: str, areas: int, factor: float) -> Measured:
        values = {metric: value * factor for metric, value in one.resampled.items()}
        return replace(one, case=name, areas=areas, resampled=values)

    both = [
        copy(alone, "large", 300, 1.0),
        copy(alone, "large", 300, 0.9),
        copy(alone, "small", 100, 2.0),
        copy(alone, "small", 100, 2.6),
    ]
    both[1] = replace(both[1], representation=mix.representation)
    both[3] = replace(both[3], representation=mix.representation)
    [row] = pooled(both, "kl", "income")
    assert (row.representation, row.cases) == ("mix", 2)
    assert row.by_area.relative == pytest.approx((300 * 0.9 + 100 * 2.6) / 500 - 1)
    assert row.by_metro.relative == pytest.approx((-0.1 + 0.3) / 2)
    assert row.by_metro.lo == pytest.approx(row.by_metro.hi)  # each gain is the same everywhere


def test_heads_of_a_fold_see_none_of_its_places(case: Case) -> None:
    def trained(fold: int, changed: Case) -> Weights:
        heads = heads_of(
            changed, [], RECIPES[0], fold, most=500, seed=0, on_epoch=lambda _report: None
        )
        assert heads is not None
        return Weights.of(heads)

    assert case.places is not None
    held = case.folds(0)[case.places.area] == 2
    learned = replace(case.places.learned, base=case.places.learned.base.copy())
    learned.base[held] = learned.base[held][:, ::-1]
    changed = replace(case, places=replace(case.places, learned=learned))
    same = trained(2, case).arrays, trained(2, changed).arrays
    assert all(np.array_equal(same[0][name], same[1][name]) for name in same[0])
    assert heads_of(
        case, [], RECIPES[0], ELSEWHERE, most=500, seed=0, on_epoch=lambda _report: None
    ) is None  # fmt: skip


def test_questions_are_held_against_counts(case: Case) -> None:
    heads = {(RECIPES[0], ALL): some_heads(0)}
    found = text_to_map(case, heads, by_length)
    assert {one.query for one in found} == {"education", "food and drink", "bank"}
    assert {one.split for one in found} == {"spatial"}
    assert all(0 <= one.auc <= 1 and one.areas >= 1 for one in found)
    assert text_to_map(replace(case, places=None), heads, by_length) == []
