"""Classes with few labels: kept, left out or merged as the user says, and counted."""

import numpy as np
import pytest

from aether_core.errors import InputError
from aether_core.tasks.samples.samples import Samples
from aether_core.tasks.samples.small_classes import LEFT_OUT, OTHER, check_rule, treat_small
from tests.errors import fault


def samples(each: int = 1, **labels: int) -> Samples:
    """Labels of each class, with `each` cells a label."""
    names = tuple(sorted(labels))
    label = np.repeat(np.arange(len(names)), [each * labels[name] for name in names])
    n = len(label)
    return Samples(
        lonlat=np.zeros((n, 2)),
        label=label,
        weight=np.ones(n),
        unit=np.arange(n) // each,
        cell=np.arange(n),
        row=np.arange(n) // each,
        classes=names,
        labels_left_out={"outside the city": 2},
        samples_left_out={},
    )


def test_labels_decide_and_not_the_cells_they_give() -> None:
    found = treat_small(samples(50, homes=20, park=12, tiny=9), "drop")
    assert found.samples.classes == ("homes", "park")
    assert found.samples.count.by_class == {"homes": 20, "park": 12}
    assert found.samples.count.left_out == {"outside the city": 2, LEFT_OUT: 9}
    assert found.samples.samples_left_out == {LEFT_OUT: 450}
    assert found.kept.sum() == len(found.samples) == 32 * 50
    assert found.rare.sentence == "Classes with fewer than 10 labels were left out: tiny (9)."


@pytest.mark.parametrize(
    ("rule", "classes"),
    [
        ("testable", ("homes", "lake", "park")),
        ("keep", ("homes", "lake", "park", "spot")),
        ("drop", ("homes", "park")),
        ("merge", ("homes", OTHER, "park")),
    ],
)
def test_each_choice_is_applied(rule: str, classes: tuple[str, ...]) -> None:
    given = samples(4, homes=20, park=12, lake=9)
    one = samples(1, homes=20, park=12, lake=9, spot=4)
    both = joined(given, one)
    found = treat_small(both, rule)
    assert found.samples.classes == classes
    assert (found.rare.rule, [one.name for one in found.rare.classes]) == (rule, ["lake", "spot"])
    became = {one.name: one.became for one in found.rare.classes}
    assert set(became.values()) - {None} <= set(classes)
    assert len(found.samples) == sum(found.samples.of_class.values())


def joined(large: Samples, small: Samples) -> Samples:
    """Classes of `large` as it has them, and the others of `small`: `spot` has a cell a label."""
    extra = small.label == small.classes.index("spot")
    label = [*np.array(large.classes, dtype=object)[large.label], *["spot"] * int(extra.sum())]
    classes, number = np.unique(label, return_inverse=True)
    row = np.concatenate([large.row, large.row.max() + 1 + np.arange(extra.sum())])
    n = len(row)
    return Samples(
        np.zeros((n, 2)), number, np.ones(n), row, np.arange(n), row, tuple(classes), {}, {}
    )


def test_rare_classes_are_merged_into_a_class_there_is_or_a_new_one() -> None:
    given = samples(homes=20, park=12, a=3, b=2)
    into_park = treat_small(given, "merge", "park")
    assert into_park.samples.count.by_class == {"homes": 20, "park": 17}
    assert into_park.rare.sentence.endswith("were merged into park: a (3), b (2).")
    values = np.array(["a", "homes", "b"], dtype=object)
    assert into_park.rare.renamed(values).tolist() == ["park", "homes", "park"]
    new = treat_small(samples(homes=20, park=12, a=7, b=5), "merge", "odd")
    assert new.samples.count.by_class == {"homes": 20, "odd": 12, "park": 12}


def test_what_is_merged_and_still_small_is_left_out() -> None:
    found = treat_small(samples(homes=20, park=12, a=3, b=2), "merge")
    assert found.samples.classes == ("homes", "park")
    assert found.samples.count.left_out[LEFT_OUT] == 5
    assert "left out: a (3), b (2)" in found.rare.sentence


def test_a_choice_that_leaves_one_class_is_refused() -> None:
    with pytest.raises(InputError, check=fault("classes-too-small", 10, "a 3, b 2, homes 20")):
        treat_small(samples(homes=20, a=3, b=2), "merge")
    with pytest.raises(InputError, check=fault("classes-too-small", "a 4, b 4")):
        treat_small(samples(a=4, b=4))
    assert treat_small(samples(3, a=4, b=4)).samples.classes == ("a", "b")  # 12 cells each


def test_frequent_classes_are_left_as_they_are() -> None:
    before = samples(homes=20, park=12)
    after = treat_small(before, "drop")
    assert after.samples.classes == before.classes
    assert after.samples.count == before.count
    assert after.rare.sentence == ""


@pytest.mark.parametrize(
    ("rule", "into", "code"),
    [("toss", OTHER, "no-such-small-class-rule"), ("merge", " ", "merged-class-without-name")],
)
def test_what_is_no_choice_is_refused(rule: str, into: str, code: str) -> None:
    with pytest.raises(InputError, check=fault(code)):
        check_rule(rule, into)
