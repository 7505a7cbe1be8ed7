"""What turns sentences into vectors."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from aether_core.progress import Progress, silent


class TextEncoder(Protocol):
    """Encodes sentences; the same sentence always gives the same vector.

    Attributes:
        name: Name of the encoder; vectors of different encoders are never mixed.
        dim: Length of a vector.
    """

    @property
    def name(self) -> str:
        """Name of the encoder."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    def encode(self, texts: Sequence[str], progress: Progress = silent) -> npt.NDArray[np.float32]:
        """Return float32 `[len(texts), dim]`, unit rows in the order of the texts."""


def text_hash(text: str) -> str:
    """Return the SHA-256 of a sentence in UTF-8 as 64 hexadecimal digits: its key in the store."""
    return hashlib.sha256(text.encode()).hexdigest()
