"""How other programs show a layer: the classes and colours of the screen, as QML and as SLD."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypedDict

import pandas as pd

from aether_core.charts.breaks import Breaks
from aether_core.charts.class_colours import class_colours
from aether_core.export.qml import qml_classes, qml_graduated
from aether_core.export.sld import sld_classes, sld_graduated
from workflows.layers.breaks import field_breaks
from workflows.layers.layers import LayerSummary
from workflows.layers.pictures import class_names, main_field, trusted_field

_SAME: Final[Mapping[str, str]] = MappingProxyType({})
_ROUNDING: Final = 1e-6  # of a float32: databases and files write it with other digits


class _Shared(TypedDict):
    trusted: str | None
    opacity: float


@dataclass(frozen=True)
class LayerStyle:
    """How a layer is shown.

    Attributes:
        field: What is coloured.
        breaks: Classes of numbers; None where the field names classes.
        classes: `{value, name, colour}` of each class; empty where the field holds numbers.
        trusted: The field that says what may be believed; None where there is none.
        on_ground: Whether streets and parks lie below, which low classes then let through.
    """

    field: str
    breaks: Breaks | None
    classes: tuple[Mapping[str, object], ...]
    trusted: str | None
    on_ground: bool = False

    def qml(self, opacity: float = 1.0) -> str:
        """The style as QGIS takes it; what is not to be trusted is grey."""
        shared: _Shared = {"trusted": self.trusted, "opacity": opacity}
        if self.breaks is None:
            return qml_classes(self.field, self.classes, **shared)
        breaks, edges = self.breaks, _wide_open(self.breaks.edges)
        return qml_graduated(
            self.field,
            edges,
            breaks.colours,
            names=breaks.names,
            strengths=breaks.strengths(on_ground=self.on_ground),
            **shared,
        )

    def sld(self, layer: str) -> str:
        """The style as GeoServer and others take it.

        Args:
            layer: What the layer is called in the file.
        """
        if self.breaks is None:
            return sld_classes(layer, self.field, self.classes, trusted=self.trusted)
        breaks, edges = self.breaks, _wide_open(self.breaks.edges)
        return sld_graduated(
            layer,
            self.field,
            edges,
            breaks.colours,
            breaks.names,
            strengths=breaks.strengths(on_ground=self.on_ground),
            trusted=self.trusted,
        )


def style_of(
    summary: LayerSummary,
    values: pd.DataFrame,
    field: str | None = None,
    called: Mapping[str, str] = _SAME,
    on_ground: bool = False,
) -> LayerStyle:
    """How a layer is shown, coloured by what it is about.

    Args:
        values: The layer's values.
        field: Field to colour instead.
        called: What fields are called in the file the style is for, where that is not their name.
        on_ground: Whether the city's ground lies below.

    Raises:
        InputError: The field holds no value.
    """
    chosen = field or main_field(summary)
    trusted = trusted_field(values.columns)
    column = values[chosen]
    numeric = pd.api.types.is_numeric_dtype(column.dtype)
    return LayerStyle(
        field=called.get(chosen, chosen),
        breaks=field_breaks(summary, values, chosen) if numeric else None,
        classes=() if numeric else tuple(classes_of(summary, column.tolist())),
        trusted=None if trusted is None else called.get(trusted, trusted),
        on_ground=on_ground,
    )


def layer_style(summary: LayerSummary, values: pd.DataFrame, field: str | None = None) -> str:
    """The QML of a layer; see `style_of`."""
    return style_of(summary, values, field).qml()


def classes_of(summary: LayerSummary, values: Sequence[object] = ()) -> list[dict[str, object]]:
    """`{value, name, colour}` of each class of a layer, numbered from 1."""
    names = class_names(summary, values)
    return [
        {"value": at, "name": name, "colour": colour}
        for at, (name, colour) in enumerate(zip(names, class_colours(names), strict=True), start=1)
    ]


def _wide_open(edges: Sequence[float]) -> tuple[float, ...]:
    """Limits whose ends keep the least and the largest value however they are rounded."""
    slack = _ROUNDING * max(abs(edges[0]), abs(edges[-1]), edges[-1] - edges[0])
    return (edges[0] - slack, *edges[1:-1], edges[-1] + slack)
