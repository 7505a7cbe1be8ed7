"""The steps of a training run: batches, optimizer, schedule and the mean of the weights."""

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from aether_core.model.checkpoints.checkpoints import RunState
from aether_core.model.heads.heads import Heads
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.batches import Batches
from aether_core.model.training.device_features import DeviceFeatures
from aether_core.model.training.objective import Objective

_BETAS = (0.9, 0.999)
_LAST_RATE = 0.01  # the cosine ends at this part of the first learning rate


class TrainingSteps:
    """Optimizer, schedule and batches of a run.

    Source: the published recipe (AdamW, cosine to 1 % stepped per batch, last partial batch
    dropped); the running mean of the weights is ours and off in it.

    Args:
        heads: Weights to train, on the features' device.
        features: Training places.
        recipe: Settings.
        batch: Places in a batch, at most as many as there are.
        seed: Decides the order of the places.

    Attributes:
        batch: Places in a batch.
    """

    def __init__(
        self, heads: Heads, features: DeviceFeatures, recipe: Recipe, batch: int, seed: int
    ) -> None:
        self.batch = batch
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
            fused=True,
        )
        self._schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
            self._optimizer,
            T_max=recipe.epochs * self._batches.steps,
            eta_min=recipe.learning_rate * _LAST_RATE,
        )
        self._decay = recipe.average
        self._average = copy.deepcopy(heads).requires_grad_(False) if recipe.average else None

    @property
    def learning_rate(self) -> float:
        """Rate the next step will use."""
        return float(self._schedule.get_last_lr()[0])

    @property
    def kept(self) -> Heads:
        """The weights to be checked and kept: the running mean where the recipe asks for one."""
        return self._heads if self._average is None else self._average

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
        losses = self.run_backward(rows)
        self._optimizer.step()
        self._schedule.step()
        self._move_average()
        return losses

    def run_backward(self, rows: Tensor) -> Tensor:
        """Gradients of a batch without the optimizer's step: all that needs much memory.

        Returns:
            As `run_step`.
        """
        loss = self._objective(self._heads, rows, self._generator)
        self._optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        return torch.stack([loss.total, loss.multiscale, loss.cross_modal]).detach()

    @torch.no_grad()
    def _move_average(self) -> None:
        """Move the mean towards the present weights, faster in the first steps.

        Source: the decay `min(d, (1 + t) / (10 + t))` of TensorFlow's ExponentialMovingAverage, so
        that the first random weights do not stay in the mean of a small city.
        """
        if self._average is None:
            return
        steps = self._schedule.last_epoch
        decay = min(self._decay, (1 + steps) / (10 + steps))
        torch._foreach_lerp_(
            list(self._average.parameters()), list(self._heads.parameters()), 1 - decay
        )

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor that decides the steps to come, by dotted names."""
        found = {"generator": self._generator.get_state()}
        for number, moments in self._optimizer.state_dict()["state"].items():
            for name, value in moments.items():
                found[f"optimizer.{number}.{name}"] = value
        modules = {"heads": self._heads, "objective": self._objective, "average": self._average}
        for prefix, module in modules.items():
            for key, value in ({} if module is None else module.state_dict()).items():
                found[f"{prefix}.{key}"] = value
        return found

    def facts(self) -> dict[str, Any]:
        """The schedule as plain JSON values."""
        return {"schedule": self._schedule.state_dict()}

    def restore(self, state: RunState) -> None:
        """Go on from a checkpoint of a training made with the same arguments."""
        self._generator.set_state(state.tensors["generator"])
        self._heads.load_state_dict(state.part("heads"))
        self._objective.load_state_dict(state.part("objective"))
        if self._average is not None:
            self._average.load_state_dict(state.part("average"))
        self._schedule.load_state_dict(state.facts["schedule"])
        optimizer = self._optimizer.state_dict()
        optimizer["state"] = _by_parameter(state.part("optimizer"))
        for group, rate in zip(
            optimizer["param_groups"], self._schedule.get_last_lr(), strict=True
        ):
            group["lr"] = rate
        self._optimizer.load_state_dict(optimizer)


def _by_parameter(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """`{"3.exp_avg": ...}` as the optimizer wants it: `{3: {"exp_avg": ...}}`."""
    found: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, name = key.split(".", maxsplit=1)
        found.setdefault(int(number), {})[name] = value
    return found
