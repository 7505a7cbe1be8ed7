"""Which places go into which batch."""

import torch
from torch import Tensor

from aether_core.model.training.device_features import DeviceFeatures


class Batches:
    """Batches of an epoch: a random order of the places, the last partial batch dropped.

    Source: the published recipe.

    Args:
        features: The places trained on.
        batch: Places in a batch, at most as many as there are.
    """

    def __init__(self, features: DeviceFeatures, batch: int) -> None:
        self._places = len(features)
        self._batch = batch

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return self._places // self._batch

    def epoch(self, generator: torch.Generator) -> Tensor:
        """Rows of every batch of one epoch, int64 `[steps, batch]` on the CPU."""
        order = torch.randperm(self._places, generator=generator)
        return order[: self.steps * self._batch].view(self.steps, self._batch)
