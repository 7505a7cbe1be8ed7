"""Training of the heads on one city's places.

The whole feature set lies on the device; an epoch is a permutation and one `index_select` per view
and batch. Nothing is read back to the host inside an epoch. Equal data, recipe, seed, device and
number of threads give equal weights.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.model.course import Course
from aether_core.model.device import choose_device
from aether_core.model.features import Features
from aether_core.model.heads import Heads, HeadShape
from aether_core.model.held_out import BestEpoch, HeldOut
from aether_core.model.recipe import Recipe
from aether_core.model.retrieval import Retrieval
from aether_core.model.training_set import TrainingSet
from aether_core.tasks.splits import held_out_blocks


@dataclass(frozen=True)
class EpochReport:
    """What one epoch did.

    Attributes:
        epoch: Number of the epoch, from 1.
        epochs: Epochs there will be at most.
        loss: Mean training loss over the epoch's batches, taken before each step.
        loss_multiscale: Likewise of the multiscale part.
        loss_cross_modal: Likewise of the cross-modal part.
        learning_rate: Rate after the epoch's last step.
        validation: Retrieval on the held-out blocks; None when nothing is held out.
        validation_loss: The training objective on the held-out blocks, all of the compared places
            as one batch: what `keep="best"` goes by. None when nothing is held out.
        seconds: Time since training began.
        seconds_left: Time the epochs still to come would take at most.
    """

    epoch: int
    epochs: int
    loss: float
    loss_multiscale: float
    loss_cross_modal: float
    learning_rate: float
    validation: Retrieval | None
    validation_loss: float | None
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about.

    Attributes:
        heads: The kept weights, on the CPU, in evaluation mode.
        history: One report an epoch.
        kept_epoch: The epoch whose weights are kept.
        validation: Retrieval of the kept weights; None when nothing was held out.
        device: "cpu" or "cuda".
        seconds: Time training took.
        pois_used: Usable places, trained on or held out.
        held_out: Places held out of training.
    """

    heads: Heads
    history: list[EpochReport]
    kept_epoch: int
    validation: Retrieval | None
    device: str
    seconds: float
    pois_used: int
    held_out: int


def _ignore(report: EpochReport) -> None:
    """Report nothing."""


def train(
    data: TrainingSet,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "auto",
    on_epoch: Callable[[EpochReport], None] = _ignore,
) -> Trained:
    """Train both heads.

    Source: the published AETHER recipe; holding out blocks and keeping the best epoch are ours.

    Args:
        data: Places; those without data in either view are left out.
        recipe: Settings. With `keep="best"` training stops after `patience` epochs without a better
            result on the held-out blocks, and the weights of the best epoch are kept.
        seed: Decides first weights, order of batches and held-out blocks.
        device: "auto", "cpu" or "cuda".
        on_epoch: Called after each epoch; it may raise `CancelledError` to stop.

    Raises:
        InputError: Fewer than 64 usable places, a batch size given that is larger than the data, a
            device that is not there, `keep="best"` with nothing held out, or weights that are no
            longer finite.
        CancelledError: Raised by `on_epoch`.
    """
    target = choose_device(device)
    usable = data.usable()
    held = _held_out(usable, recipe, seed)
    batch = _batch_size(recipe, int((~held).sum()))
    heads = _new_heads(usable, seed).to(target)
    features = Features.on(target, usable, held)
    check = HeldOut(usable, held, recipe, seed) if held.any() else None
    course = Course(heads, features, recipe, batch, seed)
    best = BestEpoch(heads)
    began = time.perf_counter()
    history = _run_epochs(heads, recipe, course, check, best, on_epoch)
    if best.epoch:
        best.restore()
    kept = best.epoch or len(history)
    return Trained(
        heads=heads.cpu().eval(),
        history=history,
        kept_epoch=kept,
        validation=history[kept - 1].validation,
        device=target.type,
        seconds=time.perf_counter() - began,
        pois_used=len(usable),
        held_out=int(held.sum()),
    )


def _run_epochs(
    heads: Heads,
    recipe: Recipe,
    course: Course,
    check: HeldOut | None,
    best: BestEpoch,
    on_epoch: Callable[[EpochReport], None],
) -> list[EpochReport]:
    """Run epochs until they are done or, with `keep="best"`, patience is at its end."""
    began = time.perf_counter()
    history: list[EpochReport] = []
    for epoch in range(1, recipe.epochs + 1):
        losses = course.run_epoch()
        _refuse_diverged(heads, recipe, epoch)
        validation, validation_loss = check.measure(heads) if check else (None, None)
        seconds = time.perf_counter() - began
        report = EpochReport(
            epoch=epoch,
            epochs=recipe.epochs,
            loss=losses[0],
            loss_multiscale=losses[1],
            loss_cross_modal=losses[2],
            learning_rate=course.learning_rate,
            validation=validation,
            validation_loss=validation_loss,
            seconds=seconds,
            seconds_left=seconds / epoch * (recipe.epochs - epoch),
        )
        history.append(report)
        on_epoch(report)
        if recipe.keep == "best" and validation_loss is not None:
            best.offer(epoch, validation_loss)
            if epoch - best.epoch >= recipe.patience:
                break
    return history


def _held_out(data: TrainingSet, recipe: Recipe, seed: int) -> NDArray[np.bool_]:
    if recipe.holdout == 0:
        if recipe.keep == "best":
            raise InputError(
                "the best epoch cannot be told with nothing held out", "holdout=0", "add keep=last"
            )
        return np.zeros(len(data), dtype=bool)
    return held_out_blocks(data.lonlat, fraction=recipe.holdout, seed=seed, block_m=recipe.block_m)


def _batch_size(recipe: Recipe, places: int) -> int:
    """The recipe's batch, shrunk to a small city unless the user asked for that very size."""
    if recipe.batch_size > places and "batch_size" in recipe.explicit:
        raise InputError(
            "batch_size is larger than the data",
            recipe.batch_size,
            f"give at most {places}, the number of places to train on",
        )
    return min(recipe.batch_size, places)


def _new_heads(data: TrainingSet, seed: int) -> Heads:
    """Heads with first weights drawn from the seed, leaving the global generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Heads(HeadShape(text_dim=data.text.shape[1], eo_dim=data.base.shape[1]))


def _refuse_diverged(heads: Heads, recipe: Recipe, epoch: int) -> None:
    if not all(bool(torch.isfinite(weights).all()) for weights in heads.parameters()):
        raise InputError(
            f"training diverged in epoch {epoch}",
            f"learning_rate={recipe.learning_rate:g} temperature={recipe.temperature:g}",
            "lower the learning rate or raise the temperature",
        )
