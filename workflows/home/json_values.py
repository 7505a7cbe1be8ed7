"""Findings as JSON can hold them: numbers that are none become null, arrays become lists."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def json_values(value: object) -> Any:  # noqa: ANN401 - JSON is any of several types
    """The value with plain Python numbers, lists and texts; NaN and infinity are None."""
    if isinstance(value, Mapping):
        return {str(key): json_values(inner) for key, inner in value.items()}
    if isinstance(value, np.ndarray):
        return json_values(value.tolist())
    if isinstance(value, list | tuple):
        return [json_values(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
