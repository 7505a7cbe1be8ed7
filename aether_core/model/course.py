"""The steps of a training run: batches, optimizer and schedule."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from aether_core.model.heads import Heads
from aether_core.model.losses import aether_loss
from aether_core.model.recipe import Recipe
from aether_core.model.training_set import TrainingSet

_BETAS = (0.9, 0.999)
_LAST_RATE = 0.01  # the cosine ends at this part of the first learning rate


@dataclass(frozen=True)
class Features:
    """The training places' features on the device.

    Attributes:
        base: Base view, float32 `[n, 64]`.
        wide: Wide view, float32 `[n, 64]`.
        text: Distinct text vectors, float32 `[t, text_dim]`.
        text_index: Row of `text` of each place, int64 `[n]`.
    """

    base: Tensor
    wide: Tensor
    text: Tensor
    text_index: Tensor

    @classmethod
    def on(cls, device: torch.device, data: TrainingSet, held: NDArray[np.bool_]) -> "Features":
        """Put the places that are not `held` on a device."""

        def put(values: NDArray[np.float32] | NDArray[np.int64]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(values)).to(device)

        return cls(
            put(data.base[~held].astype(np.float32)),
            put(data.wide[~held].astype(np.float32)),
            put(data.text.astype(np.float32)),
            put(data.text_index[~held].astype(np.int64)),
        )

    def __len__(self) -> int:
        return len(self.base)


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
        self._features = features
        self._recipe = recipe
        self._batch = batch
        self._steps = len(features) // batch
        self._order = torch.Generator().manual_seed(seed)
        self._optimizer = torch.optim.AdamW(
            heads.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            betas=_BETAS,
        )
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self._optimizer,
            T_max=recipe.epochs * self._steps,
            eta_min=recipe.learning_rate * _LAST_RATE,
        )

    @property
    def learning_rate(self) -> float:
        """Rate the next step will use."""
        return float(self._schedule.get_last_lr()[0])

    def run_epoch(self) -> tuple[float, float, float]:
        """One pass; the epoch's mean losses: total, multiscale, cross-modal."""
        self._heads.train()
        device = self._features.base.device
        order = torch.randperm(len(self._features), generator=self._order).to(device)
        total = torch.zeros(3, device=device)
        for step in range(self._steps):
            total += self.run_step(order[step * self._batch : (step + 1) * self._batch])
        mean = (total / self._steps).tolist()
        return mean[0], mean[1], mean[2]

    def run_step(self, rows: Tensor) -> Tensor:
        """One optimizer step on the places `rows` (int64 on the device).

        Returns:
            The losses before the step: total, multiscale, cross-modal; float32 `[3]`.
        """
        features, heads, recipe = self._features, self._heads, self._recipe
        text = features.text.index_select(0, features.text_index.index_select(0, rows))
        loss = aether_loss(
            heads.eo(features.base.index_select(0, rows)),
            heads.eo(features.wide.index_select(0, rows)),
            heads.text(text),
            temperature=recipe.temperature,
            lam=recipe.lam,
        )
        self._optimizer.zero_grad(set_to_none=True)
        loss.total.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step()
        return torch.stack([loss.total, loss.multiscale, loss.cross_modal]).detach()
