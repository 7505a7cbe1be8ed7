"""Applying trained heads to any number of vectors."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aether_core.errors import InputError
from aether_core.model.heads.heads import JOINT_DIM, Heads

_BATCH = 8192
"""Rows at once: what the first layers make of them stays in the processor's cache."""


def encode_eo(heads: Heads, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map embedding vectors to the joint space.

    Args:
        heads: A trained model.
        vectors: Unit rows, float32 `[n, eo_dim]`; a row with NaN means "no data".

    Returns:
        Unit rows, float32 `[n, 128]`; rows without data are NaN.

    Raises:
        InputError: Not an array of shape `[n, eo_dim]`.
    """
    return _whole(len(vectors), eo_batches(heads, vectors))


def encode_text(heads: Heads, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Map text vectors to the joint space.

    Args:
        heads: A trained model.
        vectors: Unit rows of the encoder the model was trained with, float32 `[n, text_dim]`; a row
            with NaN means "no text".

    Returns:
        Unit rows, float32 `[n, 128]`; rows without text are NaN.

    Raises:
        InputError: Not an array of shape `[n, text_dim]`.
    """
    return _whole(len(vectors), text_batches(heads, vectors))


def eo_batches(heads: Heads, vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """What `encode_eo` returns, some rows at a time: `vectors` may be larger than the memory.

    Raises:
        InputError: Not an array of shape `[n, eo_dim]`; raised at once.
    """
    _check(vectors, heads.eo_dim, "embedding")
    return _batches(heads.eo, vectors)


def text_batches(heads: Heads, vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """What `encode_text` returns, some rows at a time: `vectors` may be larger than the memory.

    Raises:
        InputError: Not an array of shape `[n, text_dim]`; raised at once.
    """
    _check(vectors, heads.text_dim, "text")
    return _batches(heads.text, vectors)


def _check(vectors: NDArray[np.float32], dim: int, kind: str) -> None:
    if vectors.ndim != 2 or vectors.shape[1] != dim or vectors.dtype.kind != "f":
        raise InputError(
            f"{kind} vectors of the wrong shape or type",
            f"{vectors.dtype} {list(vectors.shape)}",
            f"give float32 [n, {dim}]",
            code="vectors-wrong-shape",
        )


def _whole(rows: int, batches: Iterator[NDArray[np.float32]]) -> NDArray[np.float32]:
    out = np.empty((rows, JOINT_DIM), dtype=np.float32)
    done = 0
    for batch in batches:
        out[done : done + len(batch)] = batch
        done += len(batch)
    return out


def _batches(head: nn.Module, vectors: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    device = next(head.parameters()).device
    head.eval()
    for start in range(0, len(vectors), _BATCH):
        with np.errstate(over="ignore"):  # what float32 cannot hold counts as no data
            rows = np.array(vectors[start : start + _BATCH], dtype=np.float32)
        usable = np.isfinite(rows).all(axis=1)
        rows[~usable] = 0.0
        with torch.no_grad():
            joint = head(torch.from_numpy(rows).to(device)).cpu().numpy()
        joint[~usable] = np.nan
        yield joint
