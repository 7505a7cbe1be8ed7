"""What may be changed in a recipe, and what is refused."""

import pytest

from aether_core.errors import InputError
from aether_core.model.recipes import recipe
from aether_core.model.recipes.definition import RULES, Recipe
from tests.errors import fault


def test_override_takes_text_and_numbers_and_remembers_what_was_given() -> None:
    changed = recipe("aether").override(
        {"epochs": "20", "learning_rate": "2e-3", "holdout": 0, "keep": "last", "batch": "64.0"}
    )
    assert (changed.epochs, changed.learning_rate, changed.holdout) == (20, 2e-3, 0.0)
    assert (changed.keep, changed.batch_size) == ("last", 64)
    assert isinstance(changed.epochs, int)
    assert changed.explicit == {"epochs", "learning_rate", "holdout", "keep", "batch_size"}
    assert recipe("aether").explicit == frozenset()


@pytest.mark.parametrize(
    ("given", "near"),
    [("epoch", "epochs"), ("learning-rat", "learning_rate"), ("batchsize", "batch_size")],
)
def test_unknown_setting_names_the_near_one(given: str, near: str) -> None:
    with pytest.raises(InputError, check=fault("no-such-setting", given, near)):
        recipe("aether").override({given: 1})


def test_setting_like_no_other_lists_them_all() -> None:
    with pytest.raises(InputError, check=fault("no-such-setting", "zzz", "epochs, batch_size")):
        recipe("aether").override({"zzz": 1})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("epochs", "0", ("setting-out-of-range", "1 to 2000")),
        ("epochs", "1.5", ("setting-not-whole-number",)),
        ("epochs", "many", ("setting-not-number",)),
        ("epochs", "inf", ("setting-not-whole-number",)),
        ("learning_rate", "nan", ("setting-out-of-range",)),
        ("learning_rate", -1, ("setting-out-of-range",)),
        ("temperature", 0, ("setting-out-of-range", "0.01 to 1")),
        ("holdout", 0.9, ("setting-out-of-range", "0 to 0.5")),
        ("batch_size", 1, ("setting-out-of-range", "2 to 65536")),
        ("keep", "first", ("no-such-choice", "best or last")),
        ("same_text", "hard", ("no-such-choice", "negative or masked")),
        ("average", 1, ("setting-out-of-range", "0 to 0.9999")),
    ],
)
def test_values_out_of_range_are_refused_with_the_range(
    key: str, value: str | float, said: tuple[str, ...]
) -> None:
    with pytest.raises(InputError, check=fault(*said, key, value)):
        recipe("aether").override({key: value})


def test_best_epoch_needs_something_held_out() -> None:
    with pytest.raises(
        InputError, check=fault("best-epoch-without-holdout", "holdout=0", "keep=last")
    ):
        recipe("aether").override({"holdout": 0})


def test_one_disk_has_no_second_window_to_agree_with() -> None:
    with pytest.raises(
        InputError, check=fault("disk-without-second-window", "views=disk", "lam=0")
    ):
        recipe("aether").override({"views": "disk"})
    assert recipe("aether").override({"views": "disk", "lam": 0}).views == "disk"
    with pytest.raises(
        InputError, check=fault("disk-without-second-window", "views=disk", "lam=0.2")
    ):
        recipe("aether-v1").override({"lam": 0.2})


def test_every_setting_is_described_and_within_its_own_range() -> None:
    described = recipe("aether").describe()
    assert [setting.key for setting in described] == list(RULES)
    fields = set(Recipe.__dataclass_fields__) - {"name", "summary", "explicit"}
    assert {setting.key for setting in described} == fields
    for setting in described:
        changed = recipe("aether").override({setting.key: setting.value})
        assert changed == recipe("aether")
        assert setting.rule.help.endswith(".")
