"""How a predictor is tested: by cross-validation, or as the paper does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from aether_core.language import mark
from aether_core.tasks.predictors.predictor import Trainer
from aether_core.tasks.testing.folds import Target, make_folds
from aether_core.tasks.testing.published import PUBLISHED_SEEDS, published_split


@dataclass(frozen=True)
class TestProtocol:
    """One way to test.

    Attributes:
        name: In the store, in commands and JSON.
        title: What pages call it.
        deal: Gives the fold each sample is tested in, int64 `[n]`, -1 where it is trained on and
            never tested. Takes what `folds.make_folds` takes, and refuses what that refuses.
        trainer: How predictors are trained.
        own_seeds: The seeds it always takes; None where the user chooses.
        tests_all: Whether every sample is tested once a seed.
        pools_disks: Whether labelled points are pooled over the paper's disk of 100 m.
    """

    __test__ = False
    name: str
    title: str
    deal: Callable[..., NDArray[np.int64]]
    trainer: Trainer = "default"
    own_seeds: tuple[int, ...] | None = None
    tests_all: bool = True
    pools_disks: bool = False


def _a_fifth(
    split: str, target: Target, *of: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.int64]:
    """One fold of a fifth, however many folds are asked for."""
    del folds
    return published_split(split, target, *of, seed=seed)


CROSS_VALIDATION: Final = TestProtocol("cross-validation", mark("Cross-validation"), make_folds)
_PUBLISHED: Final = TestProtocol(
    "published",
    mark("As published (80/20 split, five seeds)"),
    _a_fifth,
    trainer="adam",
    own_seeds=PUBLISHED_SEEDS,
    tests_all=False,
    pools_disks=True,
)
PROTOCOLS: Final[Mapping[str, TestProtocol]] = MappingProxyType(
    {protocol.name: protocol for protocol in (CROSS_VALIDATION, _PUBLISHED)}
)
"""By name, in the order they are offered."""
