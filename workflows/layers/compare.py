"""Two layers of a city held against each other: differences, and who says what."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from aether_core.errors import InputError
from workflows.home.store import Store
from workflows.layers.layers import LayerSummary, layer_values, show_layer


@dataclass(frozen=True)
class LayerComparison:
    """Two fields of two layers over the cells or areas both have.

    Attributes:
        frame: `cell` or `area`, `a`, `b`, and `difference` (b minus a) or `same` (bool).
        confusion: Cells by class of a (rows) and b (columns); None for numbers.
        agreement: Share of cells with the same class; None for numbers.
        correlation: Of the two numbers over all cells; None for classes.
        only_a: Cells that only a has.
        only_b: Cells that only b has.
    """

    a: LayerSummary
    b: LayerSummary
    field_a: str
    field_b: str
    frame: pd.DataFrame
    confusion: pd.DataFrame | None
    agreement: float | None
    correlation: float | None
    only_a: int
    only_b: int

    @property
    def of_classes(self) -> bool:
        """Whether classes were compared, not numbers."""
        return self.confusion is not None


def comparable_fields(layer: LayerSummary) -> list[str]:
    """Fields of a layer that can be compared: classes and numbers."""
    return [field["name"] for field in layer.fields if field["type"] in {"text", "float", "int"}]


def compare_layers(
    store: Store, slug: str, a: str, field_a: str, b: str, field_b: str
) -> LayerComparison:
    """Hold a field of one layer against a field of another.

    Raises:
        NotFoundError: No such city or layer.
        InputError: A field is not there, one is a class and the other a number, one layer is of
            cells and the other of areas, or they share none.
    """
    first, second = show_layer(store, slug, a), show_layer(store, slug, b)
    if first.unit != second.unit:
        raise InputError(
            "a cell layer cannot be compared with an area layer",
            f"{a}, {b}",
            "choose two cell layers or two area layers",
            code="layers-of-different-units",
        )
    _check_comparable(first, field_a)
    _check_comparable(second, field_b)
    classes = holds_classes(first, field_a)
    if classes != holds_classes(second, field_b):
        raise InputError(
            "class fields cannot be compared with number fields",
            f"{field_a}, {field_b}",
            "choose two class fields or two number fields",
            code="classes-against-numbers",
        )
    left = layer_values(store, slug, a)[[first.unit, field_a]]
    right = layer_values(store, slug, b)[[second.unit, field_b]]
    left.columns, right.columns = [first.unit, "a"], [first.unit, "b"]
    both = left.merge(right, on=first.unit, how="inner").dropna().reset_index(drop=True)
    if both.empty:
        raise InputError(
            "the layers do not overlap",
            f"{a}, {b}",
            "choose two that overlap",
            code="layers-share-no-place",
        )
    if classes:
        both["same"] = both["a"].to_numpy() == both["b"].to_numpy()
    else:
        both["difference"] = both["b"] - both["a"]
    return LayerComparison(
        a=first,
        b=second,
        field_a=field_a,
        field_b=field_b,
        frame=both,
        confusion=pd.crosstab(both["a"], both["b"]) if classes else None,
        agreement=float(both["same"].mean()) if classes else None,
        correlation=None if classes else _correlation(both),
        only_a=len(left) - len(both),
        only_b=len(right) - len(both),
    )


def holds_classes(layer: LayerSummary, name: str | None) -> bool:
    """Whether a field of a layer holds classes; the others that can be compared hold numbers."""
    return any(field["name"] == name and field["type"] == "text" for field in layer.fields)


def _check_comparable(layer: LayerSummary, name: str) -> None:
    known = any(field["name"] == name for field in layer.fields)
    if name not in comparable_fields(layer):
        raise InputError(
            f"the layer {layer.layer} has no field to compare",
            name,
            f"choose from {', '.join(comparable_fields(layer))}",
            code="field-not-comparable" if known else "no-such-field",
        )


def _correlation(both: pd.DataFrame) -> float | None:
    if both["a"].std() == 0 or both["b"].std() == 0:
        return None
    return float(np.corrcoef(both["a"], both["b"])[0, 1])
