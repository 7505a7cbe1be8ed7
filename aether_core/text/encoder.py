"""What turns sentences into vectors."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from aether_core.errors import AetherError
from aether_core.language import mark
from aether_core.progress import Progress, silent

FloatArray = npt.NDArray[np.float32]

STAGE = mark("encoding text")
"""What encoders call their work when they report progress."""


class TextEncoder(Protocol):
    """Encodes sentences; the same sentence always gives the same vector.

    Attributes:
        name: Name of the encoder: which weights. A model remembers it, and refuses another.
        kept_as: Name its vectors are stored under: the weights, and what else decides the numbers
            on this machine. Vectors kept under different names are never mixed.
        dim: Length of a vector.
    """

    @property
    def name(self) -> str:
        """Name of the encoder."""

    @property
    def kept_as(self) -> str:
        """Name its vectors are stored under."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> FloatArray:
        """Return float32 `[len(texts), dim]`, unit rows in the order of the texts.

        Args:
            texts: Sentences; a repeated one is encoded once.
            progress: Called after each batch with the number of distinct sentences done; raising
                `CancelledError` there stops the work.
        """


def text_hash(text: str) -> str:
    """Return the SHA-256 of a sentence in UTF-8 as 64 hexadecimal digits: its key in the store."""
    return hashlib.sha256(text.encode()).hexdigest()


def each_once(texts: Sequence[str], encode: Callable[[list[str]], FloatArray]) -> FloatArray:
    """Encode each distinct sentence once.

    Args:
        texts: Sentences, repeated or not.
        encode: Gives float32 `[n, dim]` for n distinct sentences.

    Returns:
        float32 `[len(texts), dim]` in the order of `texts`.
    """
    row = {text: at for at, text in enumerate(dict.fromkeys(texts))}
    vectors = encode(list(row))
    if len(row) == len(texts):
        return vectors
    return vectors[[row[text] for text in texts]]


def unit_rows(vectors: FloatArray, encoder: str) -> FloatArray:
    """Scale rows to unit length.

    Args:
        vectors: `[n, dim]`.
        encoder: Whose vectors they are, for the message.

    Raises:
        AetherError: A row holds NaN or infinity, or is all zero: it has no direction.
    """
    wide = vectors.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    if not (np.isfinite(length) & (length > 0)).all():
        raise AetherError(
            f"the text encoder {encoder} returned a vector that is zero, NaN or "
            "infinite; check its weights or server, or use another encoder",
            code="encoder-vector-unusable",
        )
    scaled: FloatArray = (wide / length).astype(np.float32)
    return scaled
