"""How a predictor is tested: by cross-validation, or as the paper does it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from aether_core.tasks.predictors.predictor import Trainer
from aether_core.tasks.testing.folds import Target, make_folds
from aether_core.tasks.testing.published import PUBLISHED_SEEDS, published_split


class TestProtocol(ABC):
    """One way to test.

    Attributes:
        name: In the store, in commands and JSON.
        title: What pages call it.
        trainer: How predictors are trained.
        own_seeds: The seeds it always takes; None where the user chooses.
        tests_all: Whether every sample is tested once a seed.
        pools_disks: Whether labelled points are pooled over the paper's disk of 100 m.
    """

    __test__ = False
    name: ClassVar[str]
    title: ClassVar[str]
    trainer: ClassVar[Trainer] = "default"
    own_seeds: ClassVar[tuple[int, ...] | None] = None
    tests_all: ClassVar[bool] = True
    pools_disks: ClassVar[bool] = False

    @abstractmethod
    def deal(
        self,
        split: str,
        target: Target,
        unit: NDArray[np.int64],
        block: NDArray[np.int64],
        *,
        folds: int,
        seed: int,
    ) -> NDArray[np.int64]:
        """The fold each sample is tested in, int64 `[n]`; -1 is trained on and never tested.

        Arguments as in `folds.make_folds`.

        Raises:
            InputError: Fewer labels or blocks than folds.
        """


class CrossValidation(TestProtocol):
    """Every sample is tested once a seed."""

    name = "cross-validation"
    title = "Cross-validation"

    def deal(
        self,
        split: str,
        target: Target,
        unit: NDArray[np.int64],
        block: NDArray[np.int64],
        *,
        folds: int,
        seed: int,
    ) -> NDArray[np.int64]:
        """All folds."""
        return make_folds(split, target, unit, block, folds=folds, seed=seed)


class Published(TestProtocol):
    """A fifth is tested, with the paper's seeds and training."""

    name = "published"
    title = "As published (80/20 split, five seeds)"
    trainer = "adam"
    own_seeds = PUBLISHED_SEEDS
    tests_all = False
    pools_disks = True

    def deal(
        self,
        split: str,
        target: Target,
        unit: NDArray[np.int64],
        block: NDArray[np.int64],
        *,
        folds: int,
        seed: int,
    ) -> NDArray[np.int64]:
        """One fold of a fifth."""
        del folds
        return published_split(split, target, unit, block, seed=seed)


CROSS_VALIDATION: Final = CrossValidation()
PROTOCOLS: Final[Mapping[str, TestProtocol]] = MappingProxyType(
    {protocol.name: protocol for protocol in (CROSS_VALIDATION, Published())}
)
"""By name, in the order they are offered."""
