"""Classes: one of k for each sample, such as a land use."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.tasks.kinds.kind import Fit, Target, TaskKind
from aether_core.tasks.kinds.metrics import CLASS_METRICS, scores_of_confusion
from aether_core.tasks.predictors.predictor import fit_probe
from aether_core.tasks.predictors.softmax import softmax


class ClassesKind(TaskKind):
    """Targets are classes, int64 `[n]`; predictions are probabilities."""

    name = "landuse"
    samples = "labels"
    outcomes = "classes"
    metrics = CLASS_METRICS

    def check(self, target: Target) -> None:
        """Refuse labels of a single class."""
        if len(np.unique(target)) < 2:
            raise InputError(
                "labels of a single class",
                f"{len(target)} labels",
                "give labels of at least 2 classes",
                code="labels-of-one-class",
            )

    def check_fold(self, target: Target, names: Sequence[str], fold: int) -> None:
        """Refuse a fold that leaves a single class."""
        left = np.unique(target)
        if len(left) < 2:
            only = ", ".join(names[int(label)] for label in left) or "none"
            raise InputError(
                "a fold leaves only one class to train on",
                f"only {only}, fold {fold + 1}",
                "give labels of the other classes from more places, or merge classes",
                code="fold-of-one-class",
            )

    def fewest_labels(self, names: Sequence[str]) -> int:
        """One of each class."""
        return max(2, len(names))

    def strata(self, target: Target) -> NDArray[np.int64]:
        """The classes."""
        return np.asarray(target, dtype=np.int64)

    def fit_and_predict(
        self,
        x: NDArray[np.float32],
        target: Target,
        weight: NDArray[np.float64] | None,
        asked: NDArray[np.float32],
        fit: Fit,
    ) -> NDArray[np.float32]:
        """Probabilities of each class."""
        probe = fit_probe(
            fit.predictor, x, target.astype(np.int64), weight,
            classes=len(fit.names), seed=fit.seed, trainer=fit.trainer,
        )  # fmt: skip
        return softmax(probe.logits(asked))

    def resampled(
        self,
        target: Target,
        prediction: NDArray[np.float32],
        weight: NDArray[np.float64],
        cluster: NDArray[np.int64],
        drawn: NDArray[np.float32],
    ) -> dict[str, NDArray[np.float64]]:
        """Scores of weighted sums of each cluster's confusion table."""
        k, clusters = prediction.shape[1], drawn.shape[1]
        pair = target.astype(np.int64) * k + prediction.argmax(axis=1)
        tables = np.bincount(cluster * k * k + pair, weights=weight, minlength=clusters * k * k)
        summed = drawn @ tables.reshape(clusters, k * k).astype(np.float32)
        return scores_of_confusion(summed.reshape(-1, k, k).astype(np.float64))


CLASSES = ClassesKind()
