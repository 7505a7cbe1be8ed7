"""What a batch of places is trained towards."""

import torch
from torch import Tensor, nn

from aether_core.model.features import Features
from aether_core.model.heads import Heads
from aether_core.model.losses import AetherLoss, aether_loss
from aether_core.model.recipe import Recipe


class Objective(nn.Module):
    """The loss of one batch under a recipe.

    A module, so that an objective may hold weights of its own, trained beside the heads' and kept
    in a run's checkpoints; they are no part of the model.

    Args:
        features: The places trained on.
        recipe: Its settings.
    """

    def __init__(self, features: Features, recipe: Recipe) -> None:
        super().__init__()
        self._features = features
        self._recipe = recipe

    def forward(
        self,
        heads: Heads,
        rows: Tensor,
        generator: torch.Generator,  # noqa: ARG002 - for objectives that draw at random
    ) -> AetherLoss:
        """Loss of a batch.

        Args:
            heads: The weights being trained.
            rows: Places of the batch, int64 `[b]` on the features' device.
            generator: The only source of chance an objective may use; its state is kept with the
                run, so that a resumed run draws the same numbers.
        """
        features, recipe = self._features, self._recipe
        text = features.text.index_select(0, features.text_index.index_select(0, rows))
        return aether_loss(
            heads.eo(features.base.index_select(0, rows)),
            heads.eo(features.wide.index_select(0, rows)),
            heads.text(text),
            temperature=recipe.temperature,
            lam=recipe.lam,
        )
