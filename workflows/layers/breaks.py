"""How each field of numbers of a layer is cut into classes, by what the field is."""

from dataclasses import dataclass
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
from aether_core.charts.own_classes import own_breaks
from aether_core.findings import StoredFindings
from aether_core.search.change import ChangeFindings
from aether_core.tasks.kinds.classes import ClassFindings
from aether_core.tasks.kinds.shares import ShareFindings
from workflows.layers.layers import LayerSummary

_PERCENTILE: Final = "percentile"
_CONFIDENCES: Final = ("confidence", "predicted_confidence")


@dataclass(frozen=True)
class Scale:
    """How a field is cut into classes.

    Attributes:
        field: The field whose chosen classes count: several may share one scale.
        values: All numbers on that scale, float32 `[n]`.
        default: Its classes where nobody chose others.
    """

    field: str
    values: NDArray[np.float32]
    default: Breaks


def field_breaks(layer: LayerSummary, frame: pd.DataFrame, field: str) -> Breaks:
    """The classes of a layer's field, for the screen, reports and QGIS alike.

    Args:
        layer: The layer, with the classes somebody chose for it.
        frame: The layer's values.
        field: A column of numbers.

    Raises:
        InputError: The field holds no value.
    """
    scale = scale_of(layer, frame, field)
    own = layer.own_classes.get(scale.field)
    return scale.default if own is None else own_breaks(scale.default, scale.values, own)


def scale_of(layer: LayerSummary, frame: pd.DataFrame, field: str) -> Scale:
    """How a field is cut into classes where nobody chose others, and by which numbers.

    Raises:
        InputError: The field holds no value.
    """
    return _cut(layer.findings, frame, field)


@singledispatch
def _cut(findings: StoredFindings | None, frame: pd.DataFrame, field: str) -> Scale:
    del findings
    values = numbers_of(frame, field)
    return Scale(field, values, PERCENTILES if field == _PERCENTILE else value_breaks(values))


@_cut.register
def _(findings: ChangeFindings, frame: pd.DataFrame, field: str) -> Scale:
    values = numbers_of(frame, field)
    if field != "change" or not np.isfinite(values).any():
        return Scale(field, values, value_breaks(values))
    return Scale(field, values, change_breaks(values, findings.noise.low, findings.noise.high))


@_cut.register
def _(findings: ClassFindings, frame: pd.DataFrame, field: str) -> Scale:
    if field in _CONFIDENCES:
        # What was observed is sure; of such cells a map of predictions shows the other column.
        there = [name for name in _CONFIDENCES if name in frame]
        values = np.concatenate([numbers_of(frame, name) for name in there])
        return Scale(_CONFIDENCES[0], values, CONFIDENCE)
    values = numbers_of(frame, field)
    of_one_class = field in {f"p_{name}" for name in findings.outcomes}
    return Scale(field, values, PROBABILITY if of_one_class else value_breaks(values))


@_cut.register
def _(findings: ShareFindings, frame: pd.DataFrame, field: str) -> Scale:
    # What was predicted and what was observed are cut alike: going from one to the other shows the
    # difference, not the scale.
    name = field.removesuffix("_observed")
    both = [one for one in (name, f"{name}_observed") if one in frame]
    shared = bool(both) and name in findings.outcomes
    columns = both if shared else [field]
    values = np.concatenate([numbers_of(frame, one) for one in columns])
    return Scale(name if shared else field, values, share_breaks(values))


def numbers_of(frame: pd.DataFrame, field: str) -> NDArray[np.float32]:
    """A column of numbers, float32 `[n]`; NaN where there is none."""
    values: NDArray[np.float32] = frame[field].to_numpy(dtype=np.float32, na_value=np.nan)
    return values
