"""What heads could have learned from instead, and how: a registered object each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import numpy as np
import torch
from numpy.typing import NDArray

from aether_core.evidence.cases import Case
from aether_core.evidence.heads import elsewhere, own, trained
from aether_core.evidence.places import Encode, Places, word
from aether_core.model.heads.heads import Heads, HeadShape, Shortcut
from aether_core.model.recipes import recipe as recipe_named
from aether_core.model.recipes.definition import Recipe, Value
from aether_core.model.training.trainer import EpochReport
from aether_core.poi.text import poi_text

HeadsByFold = Mapping[int, Heads]
AS_IT_IS: Final = "as-it-is"
"""The variant in which nothing is changed; all others are held against it, too."""

FEWER_PERCENT: Final = (50, 25, 10, 5)
WRONG_PERCENT: Final = (10, 30, 50)
OTHER_METROS: Final = (1, 3, 9)
_PLUS = "aether-plus"


@dataclass(frozen=True, eq=False)
class Learning:
    """What a variant may draw on.

    Attributes:
        case: Where heads are used.
        others: Cases of other metropolitan areas, those with most places first.
        kinds: Vector of the text that names a kind of place and nothing else, float32
            `[text_dim]`, by kind.
        recipe: What is varied.
        most: Places from elsewhere, at most.
        seed: Of trainings and of what is drawn.
        on_epoch: Called after each epoch; may raise `CancelledError`.
    """

    case: Case
    others: Sequence[Case]
    kinds: Mapping[str, NDArray[np.float32]]
    recipe: Recipe
    most: int
    seed: int
    on_epoch: Callable[[EpochReport], None]


@dataclass(frozen=True)
class Part:
    """A group of variants; attributes as of `Variant`."""

    name: str
    title: str


RECIPE: Final = Part("recipe", "The recipe, part by part")
FEWER: Final = Part("fewer", "Fewer places")
WRONG: Final = Part("wrong", "Errors in the places")
CITIES: Final = Part("cities", "Heads of other areas")


def _as_it_is(learning: Learning, places: Places) -> Places | None:
    del learning
    return places


def _by_own_places(
    variant: "Variant", learning: Learning, folds: Sequence[int]
) -> HeadsByFold | None:
    """Train on the case's places, for each fold without those of its blocks."""
    if learning.case.places is None:
        return None
    places = variant.changed(learning, learning.case.places)
    if places is None:
        return None
    case = replace(learning.case, places=places)
    found: dict[int, Heads] = {}
    for fold in folds:
        heads = _trained(variant, learning, case, fold)
        if heads is None:
            return None
        found[fold] = heads
    return found


def _trained(variant: "Variant", learning: Learning, case: Case, fold: int) -> Heads | None:
    seed = learning.seed + variant.seed
    return trained(
        own(case, fold), variant.recipe(learning.recipe), seed=seed, on_epoch=learning.on_epoch
    )


@dataclass(frozen=True)
class Variant:
    """One thing done differently.

    Attributes:
        name: In JSON.
        title: In tables.
        part: What it belongs to.
        settings: Settings of the recipe that are changed.
        changed: Changes the places heads learn from; None where that cannot be done there.
        heads: Gives the heads of each fold; None where there are too few places.
        seed: Added to the seed of the training.
    """

    name: str
    title: str
    part: Part
    settings: Mapping[str, Value] = field(default_factory=dict)
    changed: Callable[[Learning, Places], Places | None] = _as_it_is
    heads: Callable[["Variant", Learning, Sequence[int]], HeadsByFold | None] = _by_own_places
    seed: int = 0

    def recipe(self, given: Recipe) -> Recipe:
        """The recipe with the variant's settings."""
        return replace(given, **cast("dict[str, Any]", dict(self.settings)))

    def is_the_recipe(self, given: Recipe) -> bool:
        """Whether the recipe has all of the variant's settings anyway."""
        return bool(self.settings) and self.recipe(given).settings == given.settings

    def heads_by_fold(self, learning: Learning, folds: Sequence[int]) -> HeadsByFold | None:
        """The heads of each fold; None where they cannot be had."""
        return self.heads(self, learning, folds)


def kind_vectors(places: Places, encode: Encode) -> dict[str, NDArray[np.float32]]:
    """Vectors of texts that name a kind of place alone, for `Learning.kinds`."""
    kinds = [kind for kind in dict.fromkeys(str(one) for one in places.kind) if kind]
    if not kinds:
        return {}
    vectors = encode([poi_text("", word(kind), "") for kind in kinds])
    return dict(zip(kinds, vectors, strict=True))


def _untrained(variant: Variant, learning: Learning, folds: Sequence[int]) -> HeadsByFold | None:
    """Heads as they are drawn, before they have learned anything."""
    if learning.case.places is None:
        return None
    learned, how = learning.case.places.learned, variant.recipe(learning.recipe)
    shape = HeadShape(
        text_dim=learned.text.shape[1],
        eo_dim=learned.base.shape[1],
        shortcut=cast("Shortcut", how.shortcut),  # its rule allows no other word
        post_mlp=how.has_post_mlp,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(learning.seed)
        heads = Heads(shape).eval()
    return dict.fromkeys(folds, heads)


def _by_others(count: int) -> Callable[[Variant, Learning, Sequence[int]], HeadsByFold | None]:
    """Train on other metropolitan areas alone, those with most places first."""

    def heads(variant: Variant, learning: Learning, folds: Sequence[int]) -> HeadsByFold | None:
        if len(learning.others) < count:
            return None
        learned = elsewhere(learning.others[:count], learning.most, learning.seed)
        how = variant.recipe(learning.recipe)
        found = trained(learned, how, seed=learning.seed, on_epoch=learning.on_epoch)
        return None if found is None else dict.fromkeys(folds, found)

    return heads


def _kinds_alone(learning: Learning, places: Places) -> Places:
    """Texts that name the kind of place and nothing else; where none is known, they stay."""
    learned = places.learned
    rows = {kind: len(learned.text) + row for row, kind in enumerate(learning.kinds)}
    index = [
        rows.get(str(kind), own_text)
        for kind, own_text in zip(places.kind, learned.text_index.tolist(), strict=True)
    ]
    return replace(
        places,
        learned=replace(
            learned,
            text=np.vstack([learned.text, *learning.kinds.values()]),
            text_index=np.array(index, dtype=np.int64),
        ),
    )


def _texts_of(places: Places, donor: NDArray[np.int64]) -> Places:
    """Places that are said to be what other places are.

    Args:
        places: The places.
        donor: Row of the place whose text and kind each takes, int64 `[p]`.
    """
    learned = places.learned
    category = None if learned.category is None else learned.category[donor]
    return replace(
        places,
        learned=replace(learned, text_index=learned.text_index[donor], category=category),
        kind=places.kind[donor],
    )


def _mixed(learning: Learning, places: Places) -> Places:
    return _texts_of(places, np.random.default_rng(learning.seed).permutation(len(places.area)))


def _part(percent: int) -> Callable[[Learning, Places], Places]:
    """Some of the places; a smaller part is contained in every larger one."""

    def changed(learning: Learning, places: Places) -> Places:
        count = len(places.area)
        order = np.random.default_rng(learning.seed).permutation(count)
        chosen = np.zeros(count, dtype=bool)
        chosen[order[: round(percent / 100 * count)]] = True
        return places.part(chosen)

    return changed


def _other_kind(percent: int) -> Callable[[Learning, Places], Places | None]:
    """Some places are said to be what a place of another kind is."""

    def changed(learning: Learning, places: Places) -> Places | None:
        kinds, number = np.unique(places.kind.astype(str), return_inverse=True)
        if len(kinds) < 2:
            return None
        count = len(number)
        rng = np.random.default_rng(learning.seed)
        wrong = rng.permutation(count)[: round(percent / 100 * count)]
        donor = rng.integers(count, size=count)
        while (alike := number[donor] == number).any():
            donor[alike] = rng.integers(count, size=int(alike.sum()))
        taken = np.arange(count)
        taken[wrong] = donor[wrong]
        return _texts_of(places, taken)

    return changed


def _next_area(percent: int) -> Callable[[Learning, Places], Places | None]:
    """Some places are said to lie in an area that borders on theirs."""

    def changed(learning: Learning, places: Places) -> Places | None:
        metro = learning.case.metro
        beside = metro.around.neighbours.tocsr()
        known: NDArray[np.bool_] = np.asarray(np.isfinite(metro.vectors).all(axis=1))
        count = len(places.area)
        rng = np.random.default_rng(learning.seed)
        wrong = rng.permutation(count)[: round(percent / 100 * count)]
        draw = rng.random(count)
        area = places.area.copy()
        for row in wrong.tolist():
            there = beside.indices[beside.indptr[area[row]] : beside.indptr[area[row] + 1]]
            there = np.sort(there[known[there]])
            if len(there):
                area[row] = there[int(draw[row] * len(there))]
        moved = area != places.area
        if not moved.any():
            return None
        learned = places.learned
        return replace(
            places,
            area=area,
            learned=replace(
                learned,
                base=metro.vectors[area],
                wide=metro.around.wide[area],
                lonlat=np.where(moved[:, None], metro.areas.lonlat[area], learned.lonlat),
            ),
        )

    return changed


VARIANTS: Final = (
    Variant(AS_IT_IS, "the recipe as it is", RECIPE),
    Variant("again", "the same, trained with another seed", RECIPE, seed=1),
    Variant("lam-0", "no multi-scale loss: one window", RECIPE, {"lam": 0.0}),
    Variant("lam-0.5", "multi-scale loss for a half", RECIPE, {"lam": 0.5}),
    Variant("lam-0.8", "multi-scale loss for four fifths", RECIPE, {"lam": 0.8}),
    Variant("lam-1", "no texts: multi-scale loss alone", RECIPE, {"lam": 1.0}),
    Variant("plain-shortcut", "no gate: shortcut always open", RECIPE, {"shortcut": "plain"}),
    Variant("no-shortcut", "no shortcut", RECIPE, {"shortcut": "none"}),
    Variant("no-post-mlp", "no post-MLP", RECIPE, {"post_mlp": "no"}),
    Variant("plus", f"varied texts (`{_PLUS}`)", RECIPE, {
        key: recipe_named(_PLUS).settings[key]
        for key in ("batch_size", "category_text", "text_noise")
    }),
    Variant("kinds", "texts name the kind alone", RECIPE, changed=_kinds_alone),
    Variant("mixed", "texts dealt anew at random", RECIPE, changed=_mixed),
    Variant("untrained", "untrained heads", RECIPE, heads=_untrained),
    *(Variant(f"part-{percent}", f"{percent} % of the places", FEWER, changed=_part(percent))
      for percent in FEWER_PERCENT),
    *(Variant(f"other-kind-{percent}", f"{percent} % said to be of another kind", WRONG,
              changed=_other_kind(percent)) for percent in WRONG_PERCENT),
    *(Variant(f"next-area-{percent}", f"{percent} % said to lie in a neighbouring area", WRONG,
              changed=_next_area(percent)) for percent in WRONG_PERCENT),
    *(Variant(f"others-{count}", "one other area, own places unseen" if count == 1 else
              f"{count} other areas, own places unseen", CITIES, heads=_by_others(count))
      for count in OTHER_METROS),
)  # fmt: skip
"""All there are, in the order of the tables."""
