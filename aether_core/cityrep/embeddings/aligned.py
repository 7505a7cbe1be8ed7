"""Vectors of a task's samples, before and after they are checked and brought to length 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aether_core.errors import InputError

_NO_LENGTH = 1e-8
"""A shorter vector counts as none, as in the published evaluator."""
_LEAST_NORM = 1e-6


class CoversNothingError(InputError):
    """No sample of a task has a vector."""

    code = "cityrep-embedding-covers-nothing"


@dataclass(frozen=True)
class Found:
    """The vectors of samples as a file has them.

    Attributes:
        vectors: Float32 `[n, d]`; a row is NaN throughout where there is none.
        notes: What is to be known of them, in sentences.
    """

    vectors: NDArray[np.float32]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Aligned:
    """What the head is fitted on.

    Attributes:
        x: Float32 `[n, d]`: rows of length 1, and of 0 throughout where a sample has no vector, as
            the published evaluator has it.
        without: How many samples have none.
        notes: What is to be known of the vectors, in sentences.
    """

    x: NDArray[np.float32]
    without: int
    notes: tuple[str, ...] = ()


def aligned(found: Found, ids: NDArray[np.object_], what: str) -> Aligned:
    """Check vectors and bring them to length 1.

    Args:
        found: Of the samples, n.
        ids: Object `[n]` of str.
        what: Model and task, for messages.

    Raises:
        InputError: A vector is infinite or has gaps.
        CoversNothingError: No sample has one.
    """
    given = found.vectors
    damaged = np.isinf(given).any(axis=1) | (
        np.isnan(given).any(axis=1) & ~np.isnan(given).all(axis=1)
    )
    if damaged.any():
        raise InputError(
            f"{damaged.sum():,} vectors have numbers that are missing or infinite",
            f"{what}: {', '.join(ids[damaged][:3].tolist())}",
            "export the embedding again",
            code="cityrep-embedding-not-finite",
        )
    # A fresh array either way: what an embedding has is not changed.
    x = np.nan_to_num(given, nan=0.0).astype(np.float32)
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    without = int((norms <= _NO_LENGTH).sum())
    if without == len(x):
        raise CoversNothingError(
            "no sample of the task has a vector in the embedding",
            what,
            "use the embedding of this city and task",
        )
    x /= np.clip(norms, _LEAST_NORM, None)
    return Aligned(x, without, found.notes)
