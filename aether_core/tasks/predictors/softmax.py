"""From logits to probabilities, and the logit of a class that was never seen."""

import numpy as np
from numpy.typing import NDArray
from scipy import special

ABSENT_LOGIT = -1e9
"""Logit of a class that no training row has: finite, and no probability left after softmax."""


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    """Probabilities of logits `[n, K]`: float32 `[n, K]`, rows sum to 1."""
    wide = np.asarray(logits, dtype=np.float64)
    return np.asarray(special.softmax(wide, axis=1), dtype=np.float32)
