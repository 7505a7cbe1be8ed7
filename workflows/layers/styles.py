"""How QGIS shows a layer: the colours of the app, as QML."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from aether_core.charts.class_colours import class_colours
from aether_core.export.qml import qml_classes, qml_graduated
from workflows.layers.layers import LayerSummary
from workflows.layers.pictures import class_names, main_field, trusted_field
from workflows.layers.value_steps import layer_steps


def layer_style(summary: LayerSummary, values: pd.DataFrame, field: str | None = None) -> str:
    """The QML of a layer, coloured by what it is about; what is not to be trusted is grey.

    Args:
        values: The layer's values.
        field: Field to colour instead.
    """
    chosen = field or main_field(summary)
    trusted = trusted_field(values.columns)
    column = values[chosen]
    if pd.api.types.is_numeric_dtype(column.dtype):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        steps = layer_steps(numbers, chosen, summary.findings)
        unit = next(str(one.get("unit", "")) for one in summary.fields if one["name"] == chosen)
        return qml_graduated(chosen, steps.edges, steps.colours, unit=unit, trusted=trusted)
    return qml_classes(chosen, classes_of(summary, column.tolist()), trusted=trusted)


def classes_of(summary: LayerSummary, values: Sequence[object] = ()) -> list[dict[str, object]]:
    """`{value, name, colour}` of each class of a layer, numbered from 1."""
    names = class_names(summary, values)
    return [
        {"value": at, "name": name, "colour": colour}
        for at, (name, colour) in enumerate(zip(names, class_colours(names), strict=True), start=1)
    ]
