"""Training of the heads on one city's places.

The whole feature set lies on the device; an epoch is a permutation and one `index_select` per view
and batch. Nothing is read back to the host inside an epoch. Equal data, recipe, seed, device and
number of threads give equal weights, also when a run was cut off and went on from a checkpoint.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch

from aether_core.errors import ConflictError, InputError
from aether_core.model.checkpoints.checkpoints import RunCheckpoints, RunState
from aether_core.model.checkpoints.identity import RunIdentity
from aether_core.model.heads.device import choose_device, exact_arithmetic
from aether_core.model.heads.heads import Heads, HeadShape, Shortcut
from aether_core.model.recipes.definition import Recipe
from aether_core.model.training.best_epoch import BestEpoch
from aether_core.model.training.device_features import DeviceFeatures
from aether_core.model.training.device_memory import memory_explained, places_explained
from aether_core.model.training.epoch_report import EpochReport
from aether_core.model.training.held_out import Validation
from aether_core.model.training.retrieval import Retrieval, ValidatedOn
from aether_core.model.training.training_set import TrainingSet
from aether_core.model.training.training_steps import TrainingSteps

__all__ = ["EpochReport", "Trained", "changes_since", "train"]


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about.

    Attributes:
        heads: The kept weights, on the CPU, in evaluation mode.
        history: One report an epoch.
        kept_epoch: The epoch whose weights are kept.
        validation: Retrieval of the kept weights; None when nothing was held out.
        validated_on: Which blocks that is measured on: `apart` from training and from the choice of
            the epoch; `choice` where too few blocks were held out to keep some apart, so that those
            which chose the epoch are reported on; None when nothing was held out.
        device: "cpu" or "cuda".
        seconds: Time training took, all sittings together.
        pois_used: Usable places, trained on or held out.
        held_out: Places held out of training.
        chose_epoch: How many of them chose the epoch.
        resumed_from: Epoch after which the last sitting went on; 0 where there was one only.
    """

    heads: Heads
    history: list[EpochReport]
    kept_epoch: int
    validation: Retrieval | None
    validated_on: ValidatedOn | None
    device: str
    seconds: float
    pois_used: int
    held_out: int
    chose_epoch: int
    resumed_from: int = 0


def _ignore(report: EpochReport) -> None:
    """Report nothing."""


def train(
    data: TrainingSet,
    recipe: Recipe,
    *,
    seed: int,
    device: str = "auto",
    on_epoch: Callable[[EpochReport], None] = _ignore,
    checkpoints: RunCheckpoints | None = None,
    start: Heads | None = None,
    threads: int | None = None,
) -> Trained:
    """Train both heads.

    Source: the published AETHER recipe; holding out blocks and keeping the best epoch are ours.

    Args:
        data: Places; those without data in either view are left out.
        recipe: Settings. With `keep="best"` training stops after `patience` epochs without a better
            result on one half of the held-out blocks, and the weights of the best epoch are kept;
            `validation` is measured on the other half. With `keep="last"` it is measured on all.
        seed: Decides first weights, order of batches and held-out blocks.
        device: "auto", "cpu" or "cuda"; "auto" stays on the device of a checkpoint.
        on_epoch: Called after each epoch; it may raise `CancelledError` to stop.
        checkpoints: Written after each epoch, before `on_epoch`. When it holds a checkpoint at the
            start, training goes on from there, with that run's number of threads, and ends with the
            weights it would have had: on a CPU to the last bit.
        start: Weights to begin with instead of random ones; left as they are.
        threads: How many torch computes with; as many as this process has set by default.

    Raises:
        InputError: Fewer than 64 usable places, a batch size given that is larger than the data or
            than what the device's memory holds, a device that is not there, `keep="best"` with
            nothing held out, weights that are no longer finite, or a checkpoint that is damaged or
            of a run with other data or settings.
        DiskFullError: There is no room for a checkpoint; the one before stays.
        CancelledError: Raised by `on_epoch`.
    """
    state = checkpoints.newest() if checkpoints else None
    identity = _identity(data, recipe, seed, device, state, start, threads)
    if state and (changes := state.identity.changes(identity)):
        raise ConflictError(
            f"the run cannot resume from epoch {state.epoch}, since its inputs have changed",
            f"changed: {', '.join(changes)}",
            "start a new run",
            code="run-input-changed",
        )
    target = torch.device(identity.device)
    with exact_arithmetic(identity.threads):
        run = _Run(data.usable(), recipe, seed, target, start)
        if state:
            run.restore(state)
        with memory_explained(run.steps, target):
            run.run_to_end(identity, on_epoch, checkpoints)
        return run.trained()


def changes_since(
    state: RunState, data: TrainingSet, recipe: Recipe, *, seed: int, device: str
) -> list[str]:
    """What has changed since a run wrote its checkpoint, each in a few plain words.

    Args:
        state: The checkpoint.
        data: As for `train`; likewise the other arguments.

    Returns:
        An empty list when training can go on.

    Raises:
        InputError: The run's device is not there.
    """
    return state.identity.changes(_identity(data, recipe, seed, device, state, None))


def _identity(
    data: TrainingSet,
    recipe: Recipe,
    seed: int,
    device: str,
    state: RunState | None,
    start: Heads | None,
    threads: int | None = None,
) -> RunIdentity:
    """The run as it would be now; one that goes on keeps its threads and, with "auto", device."""
    chosen = choose_device(state.identity.device if state and device == "auto" else device)
    return RunIdentity.of(
        data,
        recipe,
        seed=seed,
        device=chosen.type,
        threads=state.identity.threads if state else threads or torch.get_num_threads(),
        start=start,
    )


class _Run:
    """One run: its steps, what it is checked on, and what it has done so far."""

    def __init__(
        self,
        data: TrainingSet,
        recipe: Recipe,
        seed: int,
        device: torch.device,
        start: Heads | None,
    ) -> None:
        validation = Validation(data, recipe, seed)
        held = validation.held
        batch = _batch_size(recipe, int((~held).sum()))
        heads = _first_heads(data, recipe, seed, start).to(device)
        with places_explained(len(data)):
            features = DeviceFeatures.on(device, data, held)
        self.steps = TrainingSteps(heads, features, recipe, batch, seed)
        self._validation = validation
        self._recipe = recipe
        self._device = device
        self._places = len(data)
        self._best = BestEpoch()
        self._history: list[EpochReport] = []
        self._resumed_from = 0
        self._began = time.perf_counter()

    def restore(self, state: RunState) -> None:
        """Go on from a checkpoint."""
        self.steps.restore(state)
        self._history = list(state.history)
        self._resumed_from = state.epoch
        self._began = time.perf_counter() - state.history[-1].seconds
        if state.facts["best"] is not None:
            best = state.facts["best"]
            on_device = {key: w.to(self._device) for key, w in state.part("best").items()}
            self._best.take(best["epoch"], best["loss"], on_device)

    def run_to_end(
        self,
        identity: RunIdentity,
        on_epoch: Callable[[EpochReport], None],
        checkpoints: RunCheckpoints | None,
    ) -> None:
        """Run epochs until they are done or, with `keep="best"`, patience is at its end."""
        while not self._is_over():
            report = self._run_epoch()
            self._history.append(report)
            if self._recipe.keeps_best and report.validation_loss is not None:
                self._best.offer(report.epoch, report.validation_loss, self.steps.kept)
            if checkpoints:
                checkpoints.save(self._state(identity))
            on_epoch(report)

    def trained(self) -> Trained:
        """The outcome."""
        heads = self.steps.kept
        if self._best.epoch:
            heads.load_state_dict(self._best.weights)
        kept = self._best.epoch or len(self._history)
        return Trained(
            heads=heads.cpu().eval().requires_grad_(True),
            history=self._history,
            kept_epoch=kept,
            validation=self._history[kept - 1].validation,
            validated_on=self._validation.validated_on,
            device=self._device.type,
            seconds=time.perf_counter() - self._began,
            pois_used=self._places,
            held_out=int(self._validation.held.sum()),
            chose_epoch=self._validation.choosing,
            resumed_from=self._resumed_from,
        )

    def _is_over(self) -> bool:
        epoch = len(self._history)
        patient = not self._best.epoch or epoch - self._best.epoch < self._recipe.patience
        return epoch >= self._recipe.epochs or not patient

    def _run_epoch(self) -> EpochReport:
        epoch, epochs = len(self._history) + 1, self._recipe.epochs
        losses = self.steps.run_epoch()
        heads = self.steps.kept
        _refuse_diverged(heads, self._recipe, epoch)
        validation, validation_loss = self._validation.measure(heads)
        seconds = time.perf_counter() - self._began
        return EpochReport(
            epoch=epoch,
            epochs=epochs,
            loss=losses[0],
            loss_multiscale=losses[1],
            loss_cross_modal=losses[2],
            learning_rate=self.steps.learning_rate,
            validation=validation,
            validation_loss=validation_loss,
            seconds=seconds,
            seconds_left=seconds / epoch * (epochs - epoch),
            resumed_from=self._resumed_from,
        )

    def _state(self, identity: RunIdentity) -> RunState:
        best = self._best
        facts = {"best": {"epoch": best.epoch, "loss": best.loss} if best.epoch else None}
        tensors = {f"best.{key}": value for key, value in best.weights.items()}
        return RunState(
            identity,
            self._history,
            tensors | self.steps.tensors(),
            facts | self.steps.facts(),
        )


def _batch_size(recipe: Recipe, places: int) -> int:
    """The recipe's batch, shrunk to a small city unless the user asked for that very size."""
    if recipe.batch_size > places and "batch_size" in recipe.explicit:
        raise InputError(
            "batch_size is larger than the data",
            recipe.batch_size,
            f"give at most {places}, the number of places to train on",
            code="batch-size-too-large",
        )
    return min(recipe.batch_size, places)


def _first_heads(data: TrainingSet, recipe: Recipe, seed: int, start: Heads | None) -> Heads:
    """Heads as the recipe wants them, with the weights given or drawn from the seed.

    The global generator is left as it was.
    """
    shape = HeadShape(
        text_dim=data.text.shape[1],
        eo_dim=data.base.shape[1],
        shortcut=cast("Shortcut", recipe.shortcut),  # its rule allows no other word
        post_mlp=recipe.has_post_mlp,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        heads = Heads(shape)
    if start is not None:
        if start.shape != shape:
            raise InputError(
                "the initial weights have the wrong shape",
                f"{start.shape}",
                f"give weights of {shape}",
                code="start-weights-other-shape",
            )
        heads.load_state_dict(start.state_dict())
    return heads


def _refuse_diverged(heads: Heads, recipe: Recipe, epoch: int) -> None:
    finite = torch.stack([torch.isfinite(weights).all() for weights in heads.parameters()])
    if not bool(finite.all()):
        raise InputError(
            f"training diverged in epoch {epoch}",
            f"learning_rate={recipe.learning_rate:g} temperature={recipe.temperature:g}",
            "lower the learning rate or raise the temperature",
            code="training-diverged",
        )
