"""What variants change of the places, and what they leave alone."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from aether_core.evidence.cases import Case, cases_of
from aether_core.evidence.metro import Metro
from aether_core.evidence.places import Places
from aether_core.evidence.variants import VARIANTS, Learning, Variant, kind_vectors
from aether_core.model.recipes import recipe
from tests.aether_core.evidence.test_metro import by_length, drawing, metro

__all__ = ["metro"]

BY_NAME = {one.name: one for one in VARIANTS}


@pytest.fixture(scope="module")
def learning(metro: Metro) -> Learning:
    [case] = cases_of([metro], [], drawing())
    assert case.places is not None
    kinds = kind_vectors(case.places, by_length)
    return Learning(case, [], kinds, recipe("aether"), 500, 0, lambda _report: None)


def places_of(case: Case) -> Places:
    assert case.places is not None
    return case.places


def changed(learning: Learning, name: str) -> Places:
    found = BY_NAME[name].changed(learning, places_of(learning.case))
    assert found is not None
    return found


def share(different: np.ndarray) -> float:
    return float(different.mean())


def nested(rows: Sequence[np.ndarray]) -> bool:
    return all((small <= large).all() for small, large in pairwise(rows))


def test_places_of_another_kind_are_as_many_as_said(learning: Learning) -> None:
    given = places_of(learning.case)
    wrong = []
    for percent in (10, 30, 50):
        found = changed(learning, f"other-kind-{percent}")
        different = found.kind != given.kind
        assert share(different) == pytest.approx(percent / 100, abs=0.01)
        assert found.learned.category is not None
        assert given.learned.category is not None
        np.testing.assert_array_equal(found.learned.category != given.learned.category, different)
        np.testing.assert_array_equal(found.learned.base, given.learned.base)
        wrong.append(different)
    assert nested(wrong)


def test_places_in_a_neighbouring_area_take_all_of_it(learning: Learning) -> None:
    given, metro = places_of(learning.case), learning.case.metro
    wrong = []
    for percent in (10, 30, 50):
        found = changed(learning, f"next-area-{percent}")
        different = found.area != given.area
        assert share(different) == pytest.approx(percent / 100, abs=0.01)
        near = metro.around.neighbours.tocsr()[given.area[different], :]
        beside = near.toarray()[np.arange(different.sum()), found.area[different]]
        assert (beside == 1).all()
        np.testing.assert_array_equal(found.learned.base, metro.vectors[found.area])
        np.testing.assert_array_equal(found.learned.wide, metro.around.wide[found.area])
        np.testing.assert_array_equal(found.learned.text_index, given.learned.text_index)
        wrong.append(different)
    assert nested(wrong)


def test_fewer_places_are_contained_in_more(learning: Learning) -> None:
    given = places_of(learning.case)
    index = np.arange(len(given.area))
    numbered = Places(given.learned, given.area, index.astype(object), given.counted)
    parts = []
    for percent in (5, 10, 25, 50):
        found = BY_NAME[f"part-{percent}"].changed(learning, numbered)
        assert found is not None
        assert len(found.area) == round(percent / 100 * len(index))
        parts.append(np.isin(index, found.kind.astype(np.int64)))
    assert nested(parts)


def test_texts_of_kinds_say_nothing_else(learning: Learning) -> None:
    found = changed(learning, "kinds")
    vectors = found.learned.text[found.learned.text_index]
    for kind, vector in learning.kinds.items():
        np.testing.assert_array_equal(vectors[found.kind == kind], np.broadcast_to(
            vector, (int((found.kind == kind).sum()), len(vector))
        ))  # fmt: skip
    mixed = changed(learning, "mixed").learned
    given = places_of(learning.case).learned
    assert sorted(mixed.text_index.tolist()) == sorted(given.text_index.tolist())
    assert (mixed.text_index != given.text_index).any()


def test_settings_that_the_recipe_has_are_known(learning: Learning) -> None:
    def same(one: Variant, name: str) -> bool:
        return one.is_the_recipe(recipe(name))

    assert [one.name for one in VARIANTS if same(one, "aether")] == []
    assert [one.name for one in VARIANTS if same(one, "aether-plus")] == ["plus"]
    plain = BY_NAME["untrained"].heads_by_fold(learning, [0, 1])
    assert plain is not None
    assert plain[0] is plain[1]
