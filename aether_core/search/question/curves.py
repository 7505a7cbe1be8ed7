"""How far a place fulfils a criterion, from 0 to 1: by distance, or by likeness.

The fall between "holds" and "does not" is half a cosine wave, the sigmoidal membership of fuzzy
criteria in GIS (Eastman, IDRISI Guide to GIS and Image Processing, module FUZZY; Jiang and Eastman
2000, Int. J. of GIS 14(2): 173-184). A sharp step would call 299 m good and 301 m useless, although
the distance is known to a cell's width only; a straight line has two kinks that no fact explains.
"""

import numpy as np
from numpy.typing import NDArray

STATED_FALL = 0.25
"""Part of a distance over which a criterion stops to hold where the user said the distance."""
UNSTATED_NEAR_FALL = 1.0
"""The same of "near" without a distance: at twice the assumed distance it does not hold at all."""
UNSTATED_FAR_FALL = 0.5
"""The same of "away from" without a distance: at half of it it does not hold at all."""


def within(metres: NDArray[np.float64], limit_m: float, fall: float) -> NDArray[np.float32]:
    """How far "within" holds: 1 up to the limit, 0 from `limit_m * (1 + fall)` on.

    Args:
        metres: Distances, float64 `[m]`; NaN stays NaN.
        limit_m: The limit, above 0.
        fall: Part of the limit over which it falls, above 0.

    Returns:
        Float32 `[m]` in 0 to 1.
    """
    return _falling((metres - limit_m) / (limit_m * fall))


def beyond(metres: NDArray[np.float64], limit_m: float, fall: float) -> NDArray[np.float32]:
    """How far "at least so far" holds: 1 from the limit on, 0 up to `limit_m * (1 - fall)`.

    Args:
        metres: Distances, float64 `[m]`; NaN stays NaN.
        limit_m: The limit, above 0.
        fall: Part of the limit over which it falls, above 0 and at most 1.

    Returns:
        Float32 `[m]` in 0 to 1.
    """
    return _falling((limit_m - metres) / (limit_m * fall))


def _falling(part: NDArray[np.float64]) -> NDArray[np.float32]:
    """1 below 0, 0 above 1, half a cosine wave between."""
    return np.asarray(0.5 * (1 + np.cos(np.pi * np.clip(part, 0.0, 1.0))), dtype=np.float32)
