"""What a batch of places is trained towards."""

import torch
from torch import Tensor, nn

from aether_core.errors import InputError
from aether_core.model.heads.heads import Heads
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.device_features import DeviceFeatures
from aether_core.model.training.losses import AetherLoss, aether_loss
from aether_core.model.training.varied_text import VariedText


class Objective(nn.Module):
    """The loss of one batch under a recipe.

    A module, so that an objective may hold weights of its own, trained beside the heads' and kept
    in a run's checkpoints; they are no part of the model.

    Args:
        features: The places trained on.
        recipe: Its settings.

    Raises:
        InputError: The recipe compares two views and there is one, or it asks for categories and
            they are not known.
    """

    def __init__(self, features: DeviceFeatures, recipe: Recipe) -> None:
        super().__init__()
        if recipe.lam > 0 and features.wide is None:
            raise InputError(
                "the multi-scale loss needs two views, and there is one only",
                f"lam={recipe.lam:g}",
                "set lam=0, or pool the places in two windows",
                code="places-without-second-view",
            )
        self._features = features
        self._recipe = recipe
        self._text = VariedText(features, recipe)

    def forward(
        self,
        heads: Heads,
        rows: Tensor,
        generator: torch.Generator,
    ) -> AetherLoss:
        """Loss of a batch.

        Args:
            heads: The weights being trained.
            rows: Places of the batch, int64 `[b]` on the features' device.
            generator: The only source of chance an objective may use; its state is kept with the
                run, so that a resumed run draws the same numbers.
        """
        features, recipe = self._features, self._recipe
        masked = recipe.masks_same_text
        wide = features.wide if recipe.lam > 0 else None
        return aether_loss(
            heads.eo(features.base.index_select(0, rows)),
            None if wide is None else heads.eo(wide.index_select(0, rows)),
            heads.text(self._text.rows(rows, generator)),
            temperature=recipe.temperature,
            lam=recipe.lam,
            alike=features.text_index.index_select(0, rows) if masked else None,
        )
