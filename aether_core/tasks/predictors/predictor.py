"""The two kinds of predictor, and how each is fitted.

A `Probe` gives a logit for each class, a `SharePredictor` a share for each field, a
`NumberPredictor` a number. All tell how much each input counts, which the area of applicability
weighs distances by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.language import mark
from aether_core.tasks.predictors.linear_probe import fit_linear_probe
from aether_core.tasks.predictors.number_regression import fit_linear_numbers
from aether_core.tasks.predictors.one_thread import one_thread
from aether_core.tasks.predictors.share_regression import fit_linear_shares

Kind = Literal["linear", "mlp"]
Trainer = Literal["default", "adam"]


@dataclass(frozen=True)
class PredictorKind:
    """What sets one kind of predictor apart.

    Attributes:
        title: What pages call it.
        in_reports: The same inside a sentence of a report.
        hidden: Its hidden units.
        convex: Whether its loss has one minimum to find. Where it has none, or the published
            protocol is asked for, Adam trains it.
    """

    title: str
    in_reports: str
    hidden: int
    convex: bool

    def is_solved(self, trainer: Trainer) -> bool:
        """Whether its minimum is found rather than approached."""
        return self.convex and trainer == "default"


PREDICTORS: Mapping[Kind, PredictorKind] = MappingProxyType(
    {
        "linear": PredictorKind(
            mark("Linear probe"), mark("a linear probe"), hidden=0, convex=True
        ),
        "mlp": PredictorKind(
            mark("Small neural network (64)"),
            mark("a small neural network (64 hidden units)"),
            hidden=64,
            convex=False,
        ),
    }
)


class Probe(Protocol):
    """A fitted classifier."""

    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logit of each class, float32 `[n, K]`, for rows float32 `[n, d]`."""
        ...

    def importance(self) -> NDArray[np.float64]:
        """How much each standardised input counts, float64 `[d]`, none negative."""
        ...


class SharePredictor(Protocol):
    """A fitted regression on shares."""

    def shares(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Share of each field, rows sum to 1, float32 `[n, K]`, for rows float32 `[n, d]`."""
        ...

    def importance(self) -> NDArray[np.float64]:
        """How much each standardised input counts, float64 `[d]`, none negative."""
        ...


class NumberPredictor(Protocol):
    """A fitted regression on one number."""

    def numbers(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """The number of each row, float64 `[n]`, for rows float32 `[n, d]`."""
        ...

    def importance(self) -> NDArray[np.float64]:
        """How much each standardised input counts, float64 `[d]`, none negative."""
        ...


def fit_probe(
    kind: Kind,
    x: NDArray[np.float32],
    label: NDArray[np.int64],
    weight: NDArray[np.float64] | None = None,
    *,
    classes: int,
    seed: int,
    trainer: Trainer = "default",
) -> Probe:
    """Fit a classifier on a representation.

    Args:
        kind: `linear` or `mlp` (one hidden layer of 64).
        x: Representation of the samples, finite float32 `[n, d]`.
        label: Class of each, int64 `[n]`, 0 to `classes` - 1.
        weight: Weight of each sample in the loss, float64 `[n]`; None weighs them alike.
        classes: Number of classes; those without a training row get a logit of
            -1e9, so that no probability is left for them.
        seed: Decides initial weights, batches and the part held out to stop early.
        trainer: `adam` trains the linear kind as the published protocol does; the other kind
            always is.

    Raises:
        InputError: Fewer than two classes have a row, or an unknown kind.
    """
    design = _design(kind)
    if len(np.unique(label)) < 2:
        raise InputError(
            "labels of a single class",
            f"{len(label)} labels",
            "give labels of at least 2 classes",
            code="labels-of-one-class",
        )
    if design.is_solved(trainer):
        with one_thread():
            return fit_linear_probe(x, label, weight, classes=classes)
    from aether_core.tasks.predictors.mlp import fit_adam_probe

    return fit_adam_probe(x, label, weight, classes=classes, seed=seed, hidden=design.hidden)


def fit_shares(
    kind: Kind,
    x: NDArray[np.float32],
    shares: NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
    *,
    seed: int,
    trainer: Trainer = "default",
) -> SharePredictor:
    """Fit shares on a representation by the least mean KL(truth||prediction).

    Args:
        kind: `linear` (softmax of a linear map) or `mlp` (softmax of one hidden layer of 64).
        x: Representation of the areas, finite float32 `[n, d]`.
        shares: True shares, rows sum to 1, float64 `[n, k]`.
        weight: Weight of each area in the loss, float64 `[n]`; None weighs them alike.
        seed: Decides initial weights, batches and the part held out to stop early.
        trainer: `adam` trains the linear kind as the published protocol does.

    Raises:
        InputError: An unknown kind, or a single area for training by Adam.
    """
    design = _design(kind)
    if design.is_solved(trainer):
        with one_thread():
            return fit_linear_shares(x, shares, weight)
    from aether_core.tasks.predictors.mlp import fit_adam_shares

    return fit_adam_shares(x, shares, weight, seed=seed, hidden=design.hidden)


def fit_numbers(
    kind: Kind,
    x: NDArray[np.float32],
    number: NDArray[np.float64],
    weight: NDArray[np.float64] | None = None,
    *,
    seed: int,
    trainer: Trainer = "default",
) -> NumberPredictor:
    """Fit a number on a representation by the least mean squared error.

    Args:
        kind: `linear` (ridge regression) or `mlp` (one hidden layer of 64).
        x: Representation of the samples, finite float32 `[n, d]`.
        number: The number of each, on the scale it is fitted on, float64 `[n]`.
        weight: Weight of each sample in the loss, float64 `[n]`; None weighs them alike.
        seed: Decides initial weights, batches and the part held out to stop early.
        trainer: `adam` trains the linear kind as the published protocol does.

    Raises:
        InputError: An unknown kind, or a single sample for training by Adam.
    """
    design = _design(kind)
    if design.is_solved(trainer):
        with one_thread():
            return fit_linear_numbers(x, number, weight)
    from aether_core.tasks.predictors.mlp import fit_adam_numbers

    return fit_adam_numbers(x, number, weight, seed=seed, hidden=design.hidden)


def _design(kind: Kind) -> PredictorKind:
    if kind not in PREDICTORS:
        raise InputError(
            "unknown predictor",
            kind,
            f"use one of {', '.join(PREDICTORS)}",
            code="no-such-predictor",
        )
    return PREDICTORS[kind]
