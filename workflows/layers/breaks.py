"""How each field of numbers of a layer is cut into classes, by what the field is."""

from functools import singledispatch
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aether_core.charts.breaks import (
    CONFIDENCE,
    PERCENTILES,
    PROBABILITY,
    Breaks,
    change_breaks,
    share_breaks,
    value_breaks,
)
from aether_core.findings import StoredFindings
from aether_core.search.change import ChangeFindings
from aether_core.tasks.kinds.classes import ClassFindings
from aether_core.tasks.kinds.shares import ShareFindings

_PERCENTILE: Final = "percentile"
_CONFIDENCES: Final = frozenset({"confidence", "predicted_confidence"})


def field_breaks(findings: StoredFindings | None, frame: pd.DataFrame, field: str) -> Breaks:
    """The classes of a layer's field, for the screen, reports and QGIS alike.

    Args:
        findings: What was measured while the layer was made; None of a search.
        frame: The layer's values.
        field: A column of numbers.

    Raises:
        InputError: The field holds no value.
    """
    return _cut(findings, frame, field)


@singledispatch
def _cut(findings: StoredFindings | None, frame: pd.DataFrame, field: str) -> Breaks:
    del findings
    return PERCENTILES if field == _PERCENTILE else value_breaks(numbers_of(frame, field))


@_cut.register
def _(findings: ChangeFindings, frame: pd.DataFrame, field: str) -> Breaks:
    values = numbers_of(frame, field)
    if field != "change" or not np.isfinite(values).any():
        return value_breaks(values)
    return change_breaks(values, findings.noise.low, findings.noise.high)


@_cut.register
def _(findings: ClassFindings, frame: pd.DataFrame, field: str) -> Breaks:
    if field in _CONFIDENCES:
        return CONFIDENCE
    if field in {f"p_{name}" for name in findings.outcomes}:
        return PROBABILITY
    return value_breaks(numbers_of(frame, field))


@_cut.register
def _(findings: ShareFindings, frame: pd.DataFrame, field: str) -> Breaks:
    # What was predicted and what was observed are cut alike: going from one to the other shows the
    # difference, not the scale.
    name = field.removesuffix("_observed")
    both = [one for one in (name, f"{name}_observed") if one in frame]
    columns = both if name in findings.outcomes and both else [field]
    return share_breaks(np.concatenate([numbers_of(frame, one) for one in columns]))


def numbers_of(frame: pd.DataFrame, field: str) -> NDArray[np.float32]:
    """A column of numbers, float32 `[n]`; NaN where there is none."""
    values: NDArray[np.float32] = frame[field].to_numpy(dtype=np.float32, na_value=np.nan)
    return values
