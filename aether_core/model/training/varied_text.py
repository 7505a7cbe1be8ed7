"""Varied texts: a model is to learn what places are rather than what they are called.

A text names a place's category and the place itself. Most names say nothing of the surroundings,
and a city has few enough places for the heads to learn each of them by heart.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from aether_core.errors import InputError
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.device_features import DeviceFeatures


def with_noise(rows: Tensor, length: float, generator: torch.Generator) -> Tensor:
    """Add normal noise, the same in all directions, and bring the rows back to unit length.

    It drowns small differences between rows and leaves large ones: for a linear layer it is ridge
    regression (Bishop 1995, "Training with noise is equivalent to Tikhonov regularization").

    Args:
        rows: Unit rows, float32 `[n, d]`.
        length: Root mean square length of the noise; 0 draws nothing.
        generator: On the CPU, so that every device draws the same.
    """
    if not length:
        return rows
    noise = torch.randn(rows.shape, generator=generator).to(rows.device)
    return functional.normalize(rows + length / math.sqrt(rows.shape[1]) * noise, dim=-1)


class VariedText:
    """Text vectors of a batch, as they are or varied as the recipe says.

    With `category_text` a place's text gives way, by that chance, to the mean text of its category
    among the training places, in which the names cancel out; with `text_noise` noise is added.

    Args:
        features: The places trained on.
        recipe: Its settings.

    Raises:
        InputError: Texts of categories are asked for and categories are not known.
    """

    def __init__(self, features: DeviceFeatures, recipe: Recipe) -> None:
        self._features = features
        self._chance = recipe.category_text
        self._noise = recipe.text_noise
        self._typical = _typical_texts(features) if recipe.category_text else None

    def rows(self, places: Tensor, generator: torch.Generator) -> Tensor:
        """Text vectors of some places, float32 `[b, text_dim]`; unit rows.

        Args:
            places: Int64 `[b]` on the features' device.
            generator: On the CPU; what is drawn is the same on every device.
        """
        features = self._features
        text = features.text.index_select(0, features.text_index.index_select(0, places))
        if self._typical is not None and features.category is not None:
            category = features.category.index_select(0, places)
            drawn = torch.rand(len(places), generator=generator).to(text.device) < self._chance
            typical = self._typical.index_select(0, category.clamp(min=0))
            text = torch.where((drawn & (category >= 0))[:, None], typical, text)
        return with_noise(text, self._noise, generator)


def _typical_texts(features: DeviceFeatures) -> Tensor:
    """Mean text of each category, unit rows float32 `[c, text_dim]`; every place counts once."""
    if features.category is None:
        raise InputError(
            "the recipe needs place categories, but there are none",
            "category_text above 0",
            "set category_text=0, or add places with categories",
            code="categories-unknown",
        )
    there = features.category >= 0
    category = features.category[there]
    count = int(category.max()) + 1 if len(category) else 1
    total = torch.zeros(count, features.text.shape[1], device=features.text.device)
    total.index_add_(0, category, features.text[features.text_index[there]])
    return functional.normalize(total, dim=-1)
