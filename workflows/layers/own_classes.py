"""Colours and classes that somebody chooses for a kept layer, for everybody who looks at it."""

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_numeric_dtype

from aether_core.charts.breaks import Breaks
from aether_core.charts.own_classes import OwnClasses, own_breaks, typed_limits
from aether_core.errors import InputError
from db.cities import cities as city_rows
from db.layers import layers as layer_rows
from workflows.accounts.acting import CHOOSE_COLOURS, allow
from workflows.home.documents import to_document
from workflows.home.store import Store
from workflows.layers.breaks import field_breaks, scale_of
from workflows.layers.layers import LayerSummary, layer_values, show_layer, summarise
from workflows.layers.pictures import main_field


@dataclass(frozen=True)
class FieldClasses:
    """How a field of a layer is coloured.

    Attributes:
        field: The field the choice is kept under.
        own: What somebody chose; nothing where it looks as it was made.
        breaks: Classes as they are drawn.
    """

    field: str
    own: OwnClasses
    breaks: Breaks

    def facts(self) -> dict[str, Any]:
        """The same as JSON values: limits in the field's own numbers."""
        return {"field": self.field, "own": asdict(self.own), **asdict(self.breaks)}


def classes_of_field(layer: LayerSummary, frame: pd.DataFrame, field: str) -> FieldClasses:
    """How a field is coloured, with what was chosen for it.

    Raises:
        InputError: The field holds no value.
    """
    name = scale_of(layer, frame, field).field
    own = layer.own_classes.get(name, OwnClasses())
    return FieldClasses(name, own, field_breaks(layer, frame, field))


def chosen_breaks(layer: LayerSummary, frame: pd.DataFrame, field: str, own: OwnClasses) -> Breaks:
    """The classes a choice would make, for a look before it is kept.

    Raises:
        InputError: The choice cannot be carried out; see `own_breaks`.
    """
    scale = scale_of(layer, frame, field)
    return own_breaks(scale.default, scale.values, own)


def limits_of(layer: LayerSummary, frame: pd.DataFrame, field: str, text: str) -> tuple[float, ...]:
    """Limits that somebody typed in the numbers of the legend, in those of the field.

    Raises:
        InputError: There is none, or one is no number.
    """
    return typed_limits(text, scale_of(layer, frame, field).default)


def choose_classes(
    store: Store, slug: str, layer: str, field: str | None, own: OwnClasses
) -> LayerSummary:
    """Keep the colours and classes of a layer's field; nothing chosen makes it look as it did.

    Args:
        field: A field of numbers; what the layer is about when None.

    Raises:
        NotFoundError: No such city or layer.
        InputError: The layer has no such field of numbers, or the choice cannot be carried out.
    """
    summary = show_layer(store, slug, layer)
    frame = layer_values(store, slug, layer)
    chosen = numeric_field(summary, frame, field)
    name = scale_of(summary, frame, chosen).field
    chosen_breaks(summary, frame, chosen, own)
    with store.session() as session:
        # The lock: of two who choose at once for two fields both are kept.
        city = city_rows.lock_city(session, city_rows.city_by_slug(session, slug).id)
        row = layer_rows.layer_by_slug(session, city.id, layer)
        kept = {**row.own_classes, name: to_document(own)}
        if own.is_default:
            del kept[name]
        allow(session, *CHOOSE_COLOURS, f"{slug}, {layer}")
        layer_rows.change_layer(session, row, own_classes=kept)
        return summarise(session, city, row)


def numeric_field(layer: LayerSummary, frame: pd.DataFrame, field: str | None) -> str:
    """A field of numbers, which alone have classes to be chosen.

    Raises:
        InputError: The layer has no such field, or it holds no numbers.
    """
    numbers = [
        str(one["name"])
        for one in layer.fields
        if one["name"] in frame and is_numeric_dtype(frame[one["name"]].dtype)
    ]
    chosen = field or main_field(layer)
    if chosen in numbers:
        return chosen
    remedy = f"choose from {', '.join(numbers)}" if numbers else "this layer holds no numbers"
    if chosen not in frame:
        raise InputError("the layer has no such field", chosen, remedy, code="no-such-field")
    raise InputError("this field holds no numbers", chosen, remedy, code="field-without-numbers")
