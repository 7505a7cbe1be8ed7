"""What differs from one kind of task to another."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from aether_core.findings import LayerKind
from aether_core.tasks.kinds.metrics import Metric
from aether_core.tasks.predictors.predictor import Kind, Trainer

Target = NDArray[Any]
"""Classes int64 `[n]`, shares or other numbers float64 `[n, k]`: what its kind of task predicts."""


@dataclass(frozen=True)
class Fit:
    """How a predictor is fitted.

    Attributes:
        predictor: `linear` or `mlp`.
        trainer: `adam` trains as the published protocol does.
        seed: Seed of the predictor.
        names: Names of the k classes or fields.
    """

    predictor: Kind
    trainer: Trainer
    seed: int
    names: tuple[str, ...]


class TaskKind(ABC):
    """One kind of task; each has one instance, which its file adds to `registry.TASK_KINDS`.

    Attributes:
        name: In the store and in JSON.
        command: The command that makes its map; called as the kind is where None.
        title: What pages call it.
        predicts: What it predicts, as inside a sentence.
        symbol: Name of its icon among Google's Material symbols.
        about: What making its map does: a sentence, and what follows it. Its command's help.
        samples: What it is fitted on: `labels` of places, `areas` with parts of a whole, or
            `samples` with a number each.
        outcomes: What the names of a target's columns or classes are called.
        metrics: What it is judged by; the first stands for it.
        error: What the error of a group of samples is, with its unit.
        layers: The kinds of layer its maps are kept as, that of cells first.
    """

    name: ClassVar[str]
    command: ClassVar[str | None] = None
    title: ClassVar[str]
    predicts: ClassVar[str]
    symbol: ClassVar[str] = "map"
    about: ClassVar[str]
    samples: ClassVar[Literal["labels", "areas", "samples"]]
    outcomes: ClassVar[str]
    metrics: ClassVar[tuple[Metric, ...]]
    error: ClassVar[str]
    layers: ClassVar[tuple[LayerKind, ...]]

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Names of its metrics."""
        return tuple(metric.name for metric in self.metrics)

    @property
    def main_metric(self) -> Metric:
        """The metric that stands for the task."""
        return self.metrics[0]

    @abstractmethod
    def check(self, target: Target, names: Sequence[str]) -> None:
        """Refuse a target that nothing can be learnt from.

        Args:
            target: The target of all samples.
            names: Names of the classes or fields.

        Raises:
            InputError: It holds one class, or one number, only.
        """

    @abstractmethod
    def check_fold(self, target: Target, names: Sequence[str], fold: int) -> None:
        """Refuse what a fold leaves to train on where nothing can be learnt from it.

        Args:
            target: The target of the samples outside the fold.
            names: Names of the classes or fields.
            fold: The fold's number, from 0.

        Raises:
            InputError: It holds one class only.
        """

    def units(
        self,
        unit: NDArray[np.int64],
        target: Target,
        block: NDArray[np.int64],
        folds: int,
    ) -> NDArray[np.int64]:
        """What stays on one side of a split: the label or area each sample comes from.

        Args:
            unit: Label or area of each sample, int64 `[n]`.
            target: Target of each sample.
            block: Spatial block of each sample, int64 `[n]`.
            folds: Number of folds.

        Returns:
            Int64 `[n]`.
        """
        del target, block, folds
        return unit

    def apart(self, target: Target) -> Target:
        """What differences between samples are measured on, for the variogram.

        Args:
            target: The target of all samples.

        Returns:
            Classes int64 `[n]` or numbers float64 `[n, k]`.
        """
        return target

    @abstractmethod
    def fewest_labels(self, names: Sequence[str]) -> int:
        """The smallest number of labels a learning curve begins with."""

    @abstractmethod
    def strata(self, target: Target) -> NDArray[np.int64]:
        """The stratum of each row, int64 `[n]`: each is spread evenly over a training order."""

    @abstractmethod
    def fit_and_predict(
        self,
        x: NDArray[np.float32],
        target: Target,
        weight: NDArray[np.float64] | None,
        to_predict: NDArray[np.float32],
        fit: Fit,
    ) -> NDArray[np.float32]:
        """Fit on samples and predict others.

        Args:
            x: Representation of the samples, finite float32 `[n, d]`.
            target: Their target.
            weight: Their weights, float64 `[n]`; None weighs them alike.
            to_predict: Representation of what to predict, float32 `[m, d]`.
            fit: How.

        Returns:
            Probabilities, shares or numbers, float32 `[m, k]`.

        Raises:
            InputError: The samples are of one class.
        """

    @abstractmethod
    def resampled(
        self,
        target: Target,
        prediction: NDArray[np.float32],
        weight: NDArray[np.float64],
        cluster: NDArray[np.int64],
        drawn: NDArray[np.float32],
    ) -> dict[str, NDArray[np.float64]]:
        """Every metric in every resample of the clusters.

        Args:
            target: Truth of each sample.
            prediction: Probabilities, shares or numbers, float32 `[n, k]`.
            weight: Weight of each sample, float64 `[n]`.
            cluster: Cluster of each sample, int64 `[n]`.
            drawn: How often each cluster is drawn, float32 `[B + 1, clusters]`.

        Returns:
            Metric to float64 `[B + 1]`; NaN where a resample holds nothing.
        """
