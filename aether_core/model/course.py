"""The steps of a training run: batches, optimizer and schedule."""

import torch
from torch import Tensor

from aether_core.model.batches import Batches
from aether_core.model.features import Features
from aether_core.model.heads import Heads
from aether_core.model.objective import Objective
from aether_core.model.recipe import Recipe

_BETAS = (0.9, 0.999)
_LAST_RATE = 0.01  # the cosine ends at this part of the first learning rate


class Course:
    """Optimizer, schedule and batches of a run.

    Source: the published recipe (AdamW, cosine to 1 % stepped per batch, last partial batch
    dropped).

    Args:
        heads: Weights to train, on the features' device.
        features: Training places.
        recipe: Settings.
        batch: Places in a batch, at most as many as there are.
        seed: Decides the order of the places.
    """

    def __init__(
        self, heads: Heads, features: Features, recipe: Recipe, batch: int, seed: int
    ) -> None:
        self._heads = heads
        self._device = features.base.device
        self._batches = Batches(features, batch)
        self._objective = Objective(features, recipe).to(self._device)
        self._generator = torch.Generator().manual_seed(seed)
        self._optimizer = torch.optim.AdamW(
            [*heads.parameters(), *self._objective.parameters()],
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            betas=_BETAS,
        )
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self._optimizer,
            T_max=recipe.epochs * self._batches.steps,
            eta_min=recipe.learning_rate * _LAST_RATE,
        )

    @property
    def learning_rate(self) -> float:
        """Rate the next step will use."""
        return float(self._schedule.get_last_lr()[0])

    def run_epoch(self) -> tuple[float, float, float]:
        """One pass; the epoch's mean losses: total, multiscale, cross-modal."""
        self._heads.train()
        rows = self._batches.epoch(self._generator).to(self._device)
        total = torch.zeros(3, device=self._device)
        for batch in rows:
            total += self.run_step(batch)
        mean = (total / len(rows)).tolist()
        return mean[0], mean[1], mean[2]

    def run_step(self, rows: Tensor) -> Tensor:
        """One optimizer step on the places `rows` (int64 on the device).

        Returns:
            The losses before the step: total, multiscale, cross-modal; float32 `[3]`.
        """
        loss = self._objective(self._heads, rows, self._generator)
        self._optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        self._optimizer.step()
        self._schedule.step()
        return torch.stack([loss.total, loss.multiscale, loss.cross_modal]).detach()
