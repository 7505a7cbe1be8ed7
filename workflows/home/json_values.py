"""What was found as JSON: in the store, on a command's output, and in answers of the API."""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
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


def json_text(document: object) -> str:
    """The one JSON text of what a verb tells, for commands and the API alike.

    Raises:
        TypeError: It holds what JSON has no form for: a mistake of the caller.
        ValueError: It holds a number that is none: likewise.
    """
    return json.dumps(document, default=_plain, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
