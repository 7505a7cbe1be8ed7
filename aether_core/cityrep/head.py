"""The published head: one hidden layer of 1,024, Adam, stopped early on the validation samples.

Random numbers are drawn where the published evaluator draws them (weights, the loaders' seeds, the
order of batches), so that on a CPU the same embedding gives the same figures, not close ones.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import DataLoader, Dataset

from aether_core.cityrep.protocols import BATCH, HIDDEN, LEARNING_RATE, MOST_EPOCHS, PATIENCE
from aether_core.cityrep.splits import Fold
from aether_core.errors import AetherError
from aether_core.progress import Progress, silent

_Batch = tuple[torch.Tensor, torch.Tensor]
_Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
_BETTER = 1e-8


@dataclass(frozen=True, eq=False)
class Fitted:
    """A head that was fitted on a fold.

    Attributes:
        outputs: For the fold's test samples, float32 `[t, outputs]`, in the order of `fold.test`.
        validation_loss: Of the epoch that was kept; None without validation samples.
    """

    outputs: NDArray[np.float32]
    validation_loss: float | None


class _Rows(Dataset[_Batch]):
    """Rows that a loader takes a batch at a time: one by one they take longer than the fit."""

    def __init__(self, x: NDArray[np.float32], target: NDArray[Any]) -> None:
        self._x, self._target = torch.from_numpy(x), torch.from_numpy(target)

    def __len__(self) -> int:
        return len(self._x)

    def __getitems__(self, rows: Sequence[int]) -> _Batch:
        taken = torch.as_tensor(rows)
        return self._x[taken], self._target[taken]


def _whole(batch: Any) -> Any:  # noqa: ANN401 - as it came
    return batch


def _loader(x: NDArray[np.float32], target: NDArray[Any], *, shuffle: bool) -> DataLoader[_Batch]:
    return DataLoader(_Rows(x, target), batch_size=BATCH, shuffle=shuffle, collate_fn=_whole)


def fit_and_predict(
    x: NDArray[np.float32],
    target: NDArray[Any],
    fold: Fold,
    *,
    loss_of: _Loss,
    outputs: int,
    device: torch.device,
    progress: Progress = silent,
) -> Fitted:
    """Fit the head on a fold's training samples and apply it to its test samples.

    Args:
        x: Vectors of all samples, float32 `[n, d]`; taken as they are.
        target: As `TaskSamples.target`.
        fold: Which samples are for what; without validation samples all epochs are trained.
        loss_of: Of a batch: the outputs, and the target.
        outputs: How many numbers the head gives.
        device: Where it is fitted.
        progress: Told epoch by epoch.

    Raises:
        AetherError: The loss is no number any more.
    """
    torch.manual_seed(fold.seed)
    head = nn.Sequential(nn.Linear(x.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, outputs)).to(
        device
    )
    optimizer = torch.optim.Adam(head.parameters(), lr=LEARNING_RATE)
    train = _loader(x[fold.train], target[fold.train], shuffle=True)
    watch = _loader(x[fold.val], target[fold.val], shuffle=False) if len(fold.val) else None
    best, best_loss, waited = None, math.inf, 0
    for epoch in range(MOST_EPOCHS):
        progress("fitting the head", epoch, MOST_EPOCHS)
        head.train()
        for given, wanted in train:
            loss = loss_of(head(given.to(device)), wanted.to(device))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if watch is None:
            continue
        watched = _mean_loss(head, watch, loss_of, device)
        if not math.isfinite(watched):
            raise AetherError(
                "the head's loss is no number any more; the vectors or labels are too large",
                code="cityrep-loss-not-finite",
            )
        if watched + _BETTER < best_loss:
            best, best_loss, waited = copy.deepcopy(head.state_dict()), watched, 0
        else:
            waited += 1
            if waited == PATIENCE:
                break
    if best is not None:
        head.load_state_dict(best)
    head.eval()
    with torch.no_grad():
        parts = [
            head(part.to(device)).cpu()
            for part in torch.split(torch.from_numpy(x[fold.test]), BATCH)
        ]
    outputs_of_test = np.asarray(torch.cat(parts).numpy(), dtype=np.float32)
    return Fitted(outputs_of_test, None if watch is None else best_loss)


def _mean_loss(
    head: nn.Module, watch: DataLoader[_Batch], loss_of: _Loss, device: torch.device
) -> float:
    """Mean over the batches, a short last one counting as much as the others."""
    head.eval()
    with torch.no_grad():
        losses = [float(loss_of(head(x.to(device)), y.to(device))) for x, y in watch]
    return sum(losses) / len(losses)
