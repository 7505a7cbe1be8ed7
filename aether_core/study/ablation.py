"""Leaving out one part of the model, of its loss or of its data at a time."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from aether_core.model.recipes import recipe as recipe_named
from aether_core.model.recipes.definition import Recipe, Value
from aether_core.study.city import StudyCity
from aether_core.study.kinds import KINDS
from aether_core.study.trial import Plan, Trial, TrialInputs, Variant, plain_plan

PUBLISHED = "aether"
RAW = "embedding alone"
"""The embedding without heads, as a variant: land use only, since it knows no texts."""

_PARTS: tuple[tuple[str, str, Value], ...] = (
    ("no multi-scale loss", "lam", 0.0),
    ("no gate (shortcut always open)", "shortcut", "plain"),
    ("no shortcut", "shortcut", "none"),
    ("no post-MLP", "post_mlp", "no"),
    ("no cross-modal loss", "lam", 1.0),
)
_NO_PART = frozenset({"lam", "shortcut", "post_mlp", "views"})
"""Settings the parts above stand for, or that decide what is pooled."""


def ablation(city: StudyCity, recipe: Recipe) -> Plan:
    """Plan the ablation of a recipe.

    Beside the published parts, every other setting in which the recipe differs from the published
    one is put back on its own, so that a recipe of ours is taken apart as well. What the user has
    set is no part of the recipe and stays.
    """
    variants = [Variant(KINDS["ablation"].baseline, None, Trial.prepared)]
    notes = []
    for name, key, value in _PARTS:
        if getattr(recipe, key) == value:
            notes.append(
                f"'{name}' is left out: the recipe {recipe.name} is already built that way."
            )
        elif key == "lam" and not recipe.has_wide_view:
            notes.append(f"'{name}' is left out: there is only one view.")
        else:
            variants.append(Variant(name, None, _with(key, value)))
    published = recipe_named(PUBLISHED).settings
    for key, value in recipe.settings.items():
        if key not in _NO_PART | recipe.explicit and value != published[key]:
            name = f"{key} as published ({published[key]})"
            variants.append(Variant(name, None, _with(key, published[key])))
    variants += [Variant(RAW, None, Trial.embedding_alone), Variant("shuffled texts", None, _mixed)]
    notes.append(
        f"'{RAW}' has no text encoder, so it has land-use figures only. 'Shuffled texts' is the "
        "lower bound: every training place has the text of another place, drawn at random."
    )
    return plain_plan(city, variants, notes)


def _with(key: str, value: Value) -> Callable[[Trial], TrialInputs]:
    def prepare(trial: Trial) -> TrialInputs:
        changed: dict[str, Any] = {key: value}
        return trial.prepared(recipe=replace(trial.recipe, **changed))

    return prepare


def _mixed(trial: Trial) -> TrialInputs:
    """Deal the training places' texts anew."""
    learned = trial.prepared().learned
    assert learned is not None  # noqa: S101 - `prepared` without arguments always learns
    order = np.random.default_rng(trial.seed).permutation(len(learned))
    category = None if learned.category is None else learned.category[order]
    return trial.prepared(replace(learned, text_index=learned.text_index[order], category=category))
