"""Applying trained heads to any number of vectors."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from aether_core.errors import InputError
from aether_core.model.heads import JOINT_DIM, Heads

_BATCH = 65_536


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
    return _encode(heads.eo, vectors, heads.eo_dim, "embedding")


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
    return _encode(heads.text, vectors, heads.text_dim, "text")


def _encode(
    head: nn.Module, vectors: NDArray[np.float32], dim: int, kind: str
) -> NDArray[np.float32]:
    if vectors.ndim != 2 or vectors.shape[1] != dim or vectors.dtype.kind != "f":
        raise InputError(
            f"{kind} vectors of the wrong shape or type",
            f"{vectors.dtype} {list(vectors.shape)}",
            f"give float32 [n, {dim}]",
        )
    device = next(head.parameters()).device
    out = np.full((len(vectors), JOINT_DIM), np.nan, dtype=np.float32)
    head.eval()
    with torch.no_grad():
        for start in range(0, len(vectors), _BATCH):
            rows = np.asarray(vectors[start : start + _BATCH], dtype=np.float32)
            usable = np.isfinite(rows).all(axis=1)
            if usable.any():
                joint = head(torch.from_numpy(rows[usable]).to(device))
                out[start : start + _BATCH][usable] = joint.cpu().numpy()
    return out
