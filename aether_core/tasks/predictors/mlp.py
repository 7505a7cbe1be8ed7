"""A small network, or a bare linear map, trained by Adam until the held-out loss stops falling.

This is how the published protocol trains both kinds of predictor: Adam at 1e-3, batches of 128, up
to 300 epochs, a tenth of the training rows held out, stop after 10 epochs without a better loss and
keep the best epoch. Inputs are standardised. Everything runs on the CPU and follows the seed.
"""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from torch.nn import functional

from aether_core.errors import InputError
from aether_core.tasks.predictors.softmax import ABSENT_LOGIT, softmax
from aether_core.tasks.testing.published import (
    BATCH,
    LEARNING_RATE,
    MOST_EPOCHS,
    PATIENCE,
    VALIDATION_PART,
)

_Data = tuple[torch.Tensor, ...]
_Error = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Error of each row: outputs `[n, K]` and what is wanted `[n, K]` to `[n]`."""


@dataclass(frozen=True)
class Network:
    """A fitted network, usable as `Probe`, `SharePredictor` and `NumberPredictor`.

    Attributes:
        mean: Mean of each input over the training rows, float32 `[d]`.
        scale: Standard deviation likewise; 1 for a constant input.
        layers: Weight `[d_in, d_out]` and bias `[d_out]` of each layer in turn, float32.
        absent: True for classes without a training row, bool `[K]`.
        epochs: Epochs trained; the kept one is the best of them.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    layers: tuple[NDArray[np.float32], ...]
    absent: NDArray[np.bool_]
    epochs: int

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logit of each class, float32 `[n, K]`."""
        value = (np.asarray(x, dtype=np.float32) - self.mean) / self.scale
        for number in range(0, len(self.layers), 2):
            if number:
                value = np.maximum(value, 0)
            value = value @ self.layers[number] + self.layers[number + 1]
        value[:, self.absent] = ABSENT_LOGIT
        return np.asarray(value, dtype=np.float32)

    def shares(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Share of each field, float32 `[n, K]`, rows sum to 1."""
        return softmax(self.logits(x))

    def numbers(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """The number itself, float64 `[n]`."""
        return self.logits(x)[:, 0].astype(np.float64)

    def importance(self) -> NDArray[np.float64]:
        """Absolute weights along all paths from each input to the outputs, float64 `[d]`.

        For one hidden layer this is `|W1| |W2|` summed over the outputs (Garson's connection
        weights without the sign).
        """
        through = np.abs(self.layers[0]).astype(np.float64)
        for weight in self.layers[2::2]:
            through = through @ np.abs(weight)
        return np.asarray(through[:, ~self.absent].mean(axis=1))


def fit_adam_probe(
    x: NDArray[np.float32],
    label: NDArray[np.int64],
    weight: NDArray[np.float64] | None,
    *,
    classes: int,
    seed: int,
    hidden: int,
) -> Network:
    """Train a classifier by cross-entropy.

    Arguments as in `predictor.fit_probe`; `hidden` counts units, 0 for a linear map.
    """
    absent = np.bincount(label, minlength=classes) == 0
    wanted = np.eye(classes, dtype=np.float32)[label]
    held = _held_out(len(x), seed, label)
    return _fit(x, wanted, weight, absent, held, _cross_entropy, seed=seed, hidden=hidden)


def fit_adam_shares(
    x: NDArray[np.float32],
    shares: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    *,
    seed: int,
    hidden: int,
) -> Network:
    """Train shares by KL(truth||prediction).

    Arguments as in `predictor.fit_shares`; `hidden` counts units, 0 for a linear map.
    """
    absent = np.zeros(shares.shape[1], dtype=bool)
    held = _held_out(len(x), seed, None)
    wanted = np.asarray(shares, dtype=np.float32)
    return _fit(x, wanted, weight, absent, held, _cross_entropy, seed=seed, hidden=hidden)


def fit_adam_numbers(
    x: NDArray[np.float32],
    number: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    *,
    seed: int,
    hidden: int,
) -> Network:
    """Train a number by the mean squared error of its standardised values.

    Arguments as in `predictor.fit_numbers`; `hidden` counts units, 0 for a linear map.
    """
    mean, scale = float(number.mean()), float(number.std()) or 1.0
    wanted = ((number - mean) / scale).astype(np.float32)[:, None]
    held = _held_out(len(x), seed, None)
    found = _fit(
        x, wanted, weight, np.zeros(1, dtype=bool), held, _squared, seed=seed, hidden=hidden
    )
    # The last layer undoes the standardising.
    *inner, last, bias = found.layers
    layers = (*inner, last * np.float32(scale), bias * np.float32(scale) + np.float32(mean))
    return replace(found, layers=layers)


def _held_out(rows: int, seed: int, label: NDArray[np.int64] | None) -> NDArray[np.bool_]:
    """The tenth that decides when to stop; by class where every class has rows enough for it.

    Raises:
        InputError: There is a single row, which cannot be both trained on and held out.
    """
    if rows < 2:
        raise InputError(
            "training with Adam holds back labels for early stopping, and there is only one label",
            f"{rows} label",
            "give more labels, or use the linear predictor and cross-validation",
            code="too-few-labels-to-hold-out",
        )
    size = max(1, round(VALIDATION_PART * rows))
    if label is not None:
        counts = np.bincount(label)
        counts = counts[counts > 0]
        if counts.min() < 2 or size < len(counts) or rows - size < len(counts):
            label = None
    chosen = train_test_split(np.arange(rows), test_size=size, random_state=seed, stratify=label)[1]
    held = np.zeros(rows, dtype=bool)
    held[chosen] = True
    return held


def _fit(
    x: NDArray[np.float32],
    wanted: NDArray[np.float32],
    weight: NDArray[np.float64] | None,
    absent: NDArray[np.bool_],
    held: NDArray[np.bool_],
    error: _Error,
    *,
    seed: int,
    hidden: int,
) -> Network:
    wide = np.asarray(x, dtype=np.float64)
    mean, deviation = wide.mean(axis=0).astype(np.float32), wide.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1.0).astype(np.float32)
    standard = torch.from_numpy((np.asarray(x, dtype=np.float32) - mean) / scale)
    # Weights of mean 1 keep the step size of the published protocol.
    part = np.ones(len(x)) if weight is None else weight / weight.mean()
    data = (standard, torch.from_numpy(wanted), torch.from_numpy(part.astype(np.float32)))
    train, watch = torch.from_numpy(np.flatnonzero(~held)), torch.from_numpy(np.flatnonzero(held))
    generator = torch.Generator().manual_seed(seed)
    layers, epochs = _train(
        [x.shape[1], *([hidden] if hidden else []), wanted.shape[1]],
        tuple(part[train] for part in data),
        tuple(part[watch] for part in data),
        error,
        generator,
    )
    return Network(mean, scale, tuple(layer.numpy() for layer in layers), absent, epochs)


def _first_layers(widths: list[int], generator: torch.Generator) -> list[torch.Tensor]:
    """Weight and bias of each layer, uniform in +-1/sqrt(inputs) as `torch.nn.Linear` begins."""
    return [
        ((torch.rand(shape, generator=generator) * 2 - 1) / inputs**0.5).requires_grad_()
        for inputs, outputs in itertools.pairwise(widths)
        for shape in ((inputs, outputs), (outputs,))
    ]


def _train(
    widths: list[int], train: _Data, watch: _Data, error: _Error, generator: torch.Generator
) -> tuple[list[torch.Tensor], int]:
    """Train until the watched loss has not fallen for a while; the best layers and the epochs."""
    layers = _first_layers(widths, generator)
    optimizer = torch.optim.Adam(layers, lr=LEARNING_RATE, fused=True)
    best, best_loss, best_epoch, epoch = layers, math.inf, 0, 0
    for epoch in range(1, MOST_EPOCHS + 1):
        order = torch.randperm(len(train[0]), generator=generator)
        for batch in zip(*(torch.split(part[order], BATCH) for part in train), strict=True):
            optimizer.zero_grad()
            _loss(error, layers, *batch).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        with torch.no_grad():
            loss = float(_loss(error, layers, *watch))
        if loss < best_loss:
            best_loss, best_epoch = loss, epoch
            best = [layer.detach().clone() for layer in layers]
        elif epoch - best_epoch >= PATIENCE:
            break
    return [layer.detach() for layer in best], epoch


def _loss(
    error: _Error,
    layers: list[torch.Tensor],
    x: torch.Tensor,
    wanted: torch.Tensor,
    weight: torch.Tensor,
) -> torch.Tensor:
    """Weighted mean error.

    Weights have mean 1 over all rows, not within each batch: that would undo them in small ones.
    """
    inner = torch.addmm(layers[1], x, layers[0]).relu() if len(layers) > 2 else x
    return (weight * error(torch.addmm(layers[-1], inner, layers[-2]), wanted)).mean()


def _cross_entropy(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Differs from KL only by the truth's entropy, a constant."""
    return functional.cross_entropy(logits, wanted, reduction="none")


def _squared(found: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    return (found - wanted).square().mean(dim=1)
