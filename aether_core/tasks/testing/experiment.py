"""Every representation judged on exactly the same folds."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError
from aether_core.progress import Progress, silent
from aether_core.tasks.kinds.kind import Fit, TaskKind
from aether_core.tasks.predictors.predictor import Kind
from aether_core.tasks.testing.folds import Target, district_folds, home_group
from aether_core.tasks.testing.protocols import CROSS_VALIDATION, PROTOCOLS
from aether_core.tasks.testing.splits import BLIND, DISTRICT, OFFERED, SPATIAL


@dataclass(frozen=True, eq=False)
class Round:
    """One repetition: a split, its seed, and the folds everyone shares.

    Attributes:
        fold: Fold each sample is tested in, int64 `[n]`; -1 is trained on and never tested.
    """

    split: str
    seed: int
    fold: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ExperimentSetup:
    """What is to be predicted, from whom it is held out, and how.

    Attributes:
        task: The kind of task.
        target: What its kind says: classes, int64 `[n]`, or numbers such as shares,
            float64 `[n, k]`.
        names: Names of the k classes or fields.
        unit: Label (polygon, point or area) each sample comes from, int64 `[n]`.
        block: Spatial block of each sample, int64 `[n]`.
        weight: Weight of each sample in fit and score, float64 `[n]`; None weighs them alike.
        predictor: `linear` or `mlp`.
        protocol: One of `protocols.PROTOCOLS`.
        folds: Folds of the cross-validation.
        seeds: One repetition each.
        splits: Which of `splits.OFFERED`.
        district: District of each sample, int64 `[n]`, below 0 for none; adds the split `district`
            (leave one out, one seed).
        blind: Adds the split `blind`: the spatial folds of the first seed.
    """

    task: TaskKind
    target: Target
    names: tuple[str, ...]
    unit: NDArray[np.int64]
    block: NDArray[np.int64]
    weight: NDArray[np.float64] | None = None
    predictor: Kind = "linear"
    protocol: str = CROSS_VALIDATION.name
    folds: int = 5
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    splits: tuple[str, ...] = OFFERED
    district: NDArray[np.int64] | None = None
    blind: bool = False

    @cached_property
    def rounds(self) -> tuple[Round, ...]:
        """The folds of every split and seed, dealt once.

        Raises:
            InputError: Fewer labels, blocks or districts than folds.
        """
        dealt = [
            Round(split, seed, self._dealt(split, seed))
            for split in self.splits
            for seed in self.seeds
        ]
        if self.blind:
            fold = self._dealt(SPATIAL.name, self.seeds[0])
            dealt.append(Round(BLIND.name, self.seeds[0], fold))
        if self.district is not None:
            fold = district_folds(home_group(self.unit, self.district))
            dealt.append(Round(DISTRICT.name, self.seeds[0], fold))
        return tuple(dealt)

    @cached_property
    def tested_everywhere(self) -> "ExperimentSetup":
        """The cross-validation that tests every sample once, with the first seed.

        The published protocol tests a fifth of the labels only; uncertainty needs all of them.
        """
        if PROTOCOLS[self.protocol].tests_all:
            return self
        return replace(self, protocol=CROSS_VALIDATION.name, seeds=self.seeds[:1], blind=False)

    def _dealt(self, split: str, seed: int) -> NDArray[np.int64]:
        protocol = PROTOCOLS[self.protocol]
        return protocol.deal(split, self.target, self.unit, self.block, folds=self.folds, seed=seed)


class FoldRepresentation(Protocol):
    """A representation that depends on what is held out."""

    def of_fold(
        self, setup: ExperimentSetup, tested: NDArray[np.bool_], seed: int
    ) -> NDArray[np.float32]:
        """Describe all samples without having seen anything of those that are tested.

        Args:
            setup: What is to be predicted, and how.
            tested: Samples the fold tests, bool `[n]`.
            seed: Seed of the repetition.

        Returns:
            Finite float32 `[n, d]`.
        """


Described = NDArray[np.float32] | FoldRepresentation
"""Finite float32 `[n, d]`, or what gives them fold by fold."""


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Predictions for samples the predictor did not see.

    Attributes:
        split: `random`, `spatial` or `district`.
        seed: The repetition's seed.
        fold: Fold each sample was tested in, int64 `[n]`; -1 was never tested.
        prediction: Probabilities or shares, float32 `[n, k]`; NaN rows where never tested.
    """

    split: str
    seed: int
    fold: NDArray[np.int64]
    prediction: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Experiment:
    """Out-of-fold predictions of several representations on the same folds.

    Attributes:
        setup: What was asked.
        outcomes: By representation, one entry a split and seed, in the same order for all.
    """

    setup: ExperimentSetup
    outcomes: Mapping[str, list[OutOfFold]]

    def of(self, representation: str, split: str) -> list[OutOfFold]:
        """Outcomes of one representation on one split, a seed each."""
        return [part for part in self.outcomes[representation] if part.split == split]


def usable_rows(representations: Mapping[str, NDArray[np.float32]]) -> NDArray[np.bool_]:
    """True where every representation has a value, bool `[n]`: only those may be compared."""
    finite = [np.isfinite(x).all(axis=1) for x in representations.values()]
    return np.asarray(np.logical_and.reduce(finite))


def run_experiment(
    setup: ExperimentSetup,
    representations: Mapping[str, Described],
    progress: Progress = silent,
    *,
    blind: Mapping[str, Described] = MappingProxyType({}),
) -> Experiment:
    """Predict every sample out of fold, from every representation, on one set of folds.

    Args:
        setup: What is to be predicted and how.
        representations: By name, in the samples' order.
        progress: Told after each repetition of each representation.
        blind: What takes the place of a representation on the split `blind`, by the same name.

    Raises:
        InputError: Folds cannot be made, labels are of one class, or a representation does not fit
            the samples.
    """
    check_setup(setup, representations)
    rounds = setup.rounds
    total = len(rounds) * len(representations)
    outcomes: dict[str, list[OutOfFold]] = {}
    for name, x in representations.items():
        outcomes[name] = []
        for part in rounds:
            progress(f"comparing on held-out labels: {name}", _made(outcomes), total)
            seen = blind.get(name, x) if part.split == BLIND.name else x
            prediction = out_of_fold(seen, setup, part.fold, part.seed)
            outcomes[name].append(OutOfFold(part.split, part.seed, part.fold, prediction))
    progress("comparing on held-out labels", total, total)
    return Experiment(setup, outcomes)


def out_of_fold(
    x: Described, setup: ExperimentSetup, fold: NDArray[np.int64], seed: int
) -> NDArray[np.float32]:
    """Predict each fold from the samples of the others.

    Args:
        x: Representation of the samples.
        setup: What is to be predicted and how.
        fold: Fold of each sample, int64 `[n]`; samples below 0 are trained on, never tested.
        seed: Seed of the predictors.

    Returns:
        Probabilities or shares, float32 `[n, k]`; NaN rows where never tested. The logarithm of the
        probabilities serves as logits.

    Raises:
        InputError: A fold leaves one class only to train on.
    """
    prediction = np.full((len(fold), len(setup.names)), np.nan, dtype=np.float32)
    for number in np.unique(fold[fold >= 0]):
        tested = fold == number
        setup.task.check_fold(setup.target[~tested], setup.names, int(number))
        rows = x if isinstance(x, np.ndarray) else x.of_fold(setup, tested, seed)
        prediction[tested] = fit_and_predict(setup, rows, ~tested, rows[tested], seed)
    return prediction


def fit_and_predict(
    setup: ExperimentSetup,
    x: NDArray[np.float32],
    trained: NDArray[np.bool_],
    to_predict: NDArray[np.float32],
    seed: int,
) -> NDArray[np.float32]:
    """Fit on some samples and predict others.

    Args:
        setup: What is to be predicted and how.
        x: Representation of all samples, float32 `[n, d]`.
        trained: Samples to fit on, bool `[n]`.
        to_predict: Representation of what to predict, float32 `[m, d]`.
        seed: Seed of the predictor.

    Returns:
        Probabilities or shares, float32 `[m, k]`.

    Raises:
        InputError: The samples to fit on are of one class.
    """
    weight = None if setup.weight is None else setup.weight[trained]
    target = setup.target[trained]
    fit = Fit(setup.predictor, PROTOCOLS[setup.protocol].trainer, seed, setup.names)
    return setup.task.fit_and_predict(x[trained], target, weight, to_predict, fit)


def check_setup(setup: ExperimentSetup, representations: Mapping[str, Described]) -> None:
    """Refuse what no comparison can be made of.

    Raises:
        InputError: Labels of one class only, no seed or representation, or a representation with
            other rows than the samples or without a value for some of them.
    """
    setup.task.check(setup.target, setup.names)
    if not setup.seeds or not representations:
        raise InputError(
            "nothing to compare",
            f"{len(setup.seeds)} seeds, {len(representations)} representations",
            "use at least one of each",
            code="nothing-to-compare",
        )
    known = {name: x for name, x in representations.items() if isinstance(x, np.ndarray)}
    for name, x in known.items():
        if len(x) != len(setup.target):
            raise InputError(
                f"representation {name} does not fit the samples",
                f"{len(x)} rows, {len(setup.target)} samples",
                "give one row per sample",
                code="representation-wrong-row-count",
            )
    missing = int((~usable_rows(known)).sum()) if known else 0
    if missing:
        raise InputError(
            "samples without data cannot be compared",
            f"{missing} samples",
            "remove them first",
            code="samples-without-data",
        )


def _made(outcomes: Mapping[str, list[OutOfFold]]) -> int:
    return sum(len(parts) for parts in outcomes.values())
