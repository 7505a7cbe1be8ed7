"""Two layers of a city held against each other: swipe, difference on the map, who says what."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from aether_core.charts.class_colours import class_colours
from aether_core.charts.words import percent
from aether_core.language import _, figure, mark
from ui.map import ground
from ui.map import map as city_map
from ui.map.coloured import Categories, Shown
from ui.map.ramp import Colour, difference_steps
from ui.maps import layer_map, swipe, views
from ui.maps.layer_names import distinct_names, features_used
from ui.maps.views import LayerView, Look
from ui.shell import state
from ui.shell.text import facts, plain, sentence
from workflows.cities.cities import CitySummary
from workflows.home.store import Store
from workflows.layers.compare import (
    LayerComparison,
    comparable_fields,
    compare_layers,
    holds_classes,
)
from workflows.layers.layers import LayerSummary

_SWIPE, _DIFFERENCE, _TABLE = mark("Swipe"), mark("Difference"), mark("Table")
_SAME: Final[Colour] = (150, 156, 160, 70)
_OTHER: Final[Colour] = (213, 94, 0, 215)
_SHADE: Final = "background-color: rgba(31, 134, 170, {:.2f})"


def show_difference(city: CitySummary, layers: Sequence[LayerSummary]) -> None:
    """Draw the choice of two layers and what differs between them.

    Raises:
        AetherError: A layer is gone, or the two cannot be held against each other.
    """
    usable = [layer for layer in layers if _partners(layers, layer)]
    if not usable:
        st.info(
            _(
                "Nothing to compare yet. You need two layers of the same map cells or areas, "
                "such as "
                "two searches, or land use from two representations."
            ),
            icon=":material/compare:",
        )
        return
    names = _names(layers)
    usable.sort(key=lambda layer: not _of_kind(_partners(layers, layer), layer))
    first, second = st.columns(2, gap="medium")
    with first:
        a = _ask_layer(_("First layer"), usable, names, "a")
        field_a = _ask_field(a, comparable_fields(a), "a", _("Field of the first layer"))
    with second:
        partners = sorted(_partners(layers, a), key=lambda other: other.kind != a.kind)
        b = _ask_layer(_("Second layer"), partners, names, "b")
        field_b = _ask_field(
            b, _alike(a, field_a, b), "b", _("Field of the second layer"), wanted=field_a
        )
    if field_b is None:
        st.info(
            _(
                "The second layer has no field comparable with {field_a}.",
                field_a=plain(str(field_a)),
            )
        )
        return
    found = _compared(state.store(), city.slug, _key(a), str(field_a), _key(b), field_b)
    views = [_SWIPE, _DIFFERENCE] + ([_TABLE] if found.confusion is not None else [])
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        view = st.segmented_control(
            _("Show"), views, default=_SWIPE, required=True, key="difference-view", format_func=_
        )
        _findings(found)
    with picture:
        if view == _SWIPE:
            _draw_swipe(city, found, (names[a.layer], names[b.layer]))
        elif view == _DIFFERENCE:
            _draw_map(city, found)
        elif found.confusion is not None:
            _draw_confusion(found.confusion, _(found.a.units.several))


def _partners(layers: Sequence[LayerSummary], layer: LayerSummary) -> list[LayerSummary]:
    """The other layers over the same kind of unit that have a field of the same kind."""
    return [
        other
        for other in layers
        if other.layer != layer.layer
        and other.unit == layer.unit
        and any(_alike(layer, field, other) for field in comparable_fields(layer))
    ]


def _of_kind(layers: Sequence[LayerSummary], layer: LayerSummary) -> list[LayerSummary]:
    return [other for other in layers if other.kind == layer.kind]


def _alike(a: LayerSummary, field: str | None, b: LayerSummary) -> list[str]:
    """Fields of b that can be held against a field of a: classes to classes, numbers to numbers."""
    wanted = holds_classes(a, field)
    return [name for name in comparable_fields(b) if holds_classes(b, name) == wanted]


def _ask_layer(
    label: str, layers: Sequence[LayerSummary], names: Mapping[str, str], key: str
) -> LayerSummary:
    by_name = {layer.layer: layer for layer in layers}
    shown = st.session_state.get(f"compare-{key}")
    if shown not in by_name:
        # Assigned, not forgotten: the browser would keep showing the old name.
        st.session_state[f"compare-{key}"] = layers[0].layer
        if shown is not None:
            st.info(_("{label}: the previous choice no longer exists.", label=label))
    name = st.selectbox(
        label, list(by_name), format_func=lambda one: names[one], key=f"compare-{key}"
    )
    return by_name[name]


def _names(layers: Sequence[LayerSummary]) -> dict[str, str]:
    """A name a layer that tells it apart, with what its fit saw."""
    seen = {layer.layer: features_used(layer) for layer in layers}
    return {
        slug: _("{name}, by {seen}", name=name, seen=seen[slug]) if seen[slug] else name
        for slug, name in distinct_names(layers).items()
    }


def _ask_field(
    layer: LayerSummary, fields: Sequence[str], key: str, label: str, wanted: str | None = None
) -> str | None:
    units = {str(one["name"]): str(one.get("unit", "")) for one in layer.fields}
    chosen: str | None = st.selectbox(
        label,
        fields,
        index=fields.index(wanted) if wanted in fields else 0,
        format_func=lambda name: f"{name}: {units[name]}" if units.get(name) else name,
        key=f"compare-{key}-field-{layer.layer}-{wanted}",
        label_visibility="collapsed",
    )
    return chosen


def _key(layer: LayerSummary) -> tuple[str, datetime]:
    """A layer made anew under the same name is another layer."""
    return layer.layer, layer.created


@st.cache_data(max_entries=4, show_spinner=mark("Comparing the layers"))
def _compared(
    _store: Store,
    slug: str,
    a: tuple[str, datetime],
    field_a: str,
    b: tuple[str, datetime],
    field_b: str,
) -> LayerComparison:
    return compare_layers(_store, slug, a[0], field_a, b[0], field_b)


def _findings(found: LayerComparison) -> None:
    """How far the two agree, in a few figures."""
    unit = _(found.a.units.several)
    if found.agreement is not None:
        st.metric(
            _("Same class"), percent(found.agreement, 1), help=_("Share of {unit}", unit=unit)
        )
    elif found.correlation is not None:
        st.metric(_("Correlation"), figure(found.correlation, ".2f"), help=_("Pearson's, -1 to 1"))
    lines = {_("{unit} in both", unit=sentence(unit)): figure(len(found.frame), ",")}
    if "difference" in found.frame:
        difference = found.frame["difference"]
        lines[_("Mean difference")] = figure(difference.mean(), "+.3g")
        lines[_("Mean absolute difference")] = figure(difference.abs().mean(), ".3g")
    if found.only_a or found.only_b:
        lines[_("Only in the first")] = figure(found.only_a, ",")
        lines[_("Only in the second")] = figure(found.only_b, ",")
    facts(lines)


def _draw_swipe(city: CitySummary, found: LayerComparison, names: tuple[str, str]) -> None:
    """Both on one map, on either side of a divider."""
    look = Look(dark=state.is_dark(), on_ground=ground.has_shapes(city))
    frame = _with_shapes(city, found)
    pair = pair_of_views(found, look)
    if not found.of_classes and pair[0].field:  # a scale each: that of the layer by itself
        pair = (
            views.in_own_classes(pair[0], found.a, layer_map.values_of(city, found.a), look),
            views.in_own_classes(pair[1], found.b, layer_map.values_of(city, found.b), look),
        )
    swipe.show_swipe(
        city,
        [layer_map.of_view(frame, view) for view in pair],
        names,
        key="swipe",
    )


def _draw_map(city: CitySummary, found: LayerComparison) -> None:
    """Where the two differ."""
    frame = _with_shapes(city, found)
    view = (
        classes_view(frame, _(found.a.units.several)) if found.of_classes else numbers_view(frame)
    )
    city_map.draw_map(
        city,
        key="difference-map",
        alt=_(
            "Map of the difference between {title} and {title2}",
            title=found.a.title,
            title2=found.b.title,
        ),
        layers=[layer_map.of_view(frame, view)],
    )


def _with_shapes(city: CitySummary, found: LayerComparison) -> pd.DataFrame:
    if not found.a.has_shapes:
        return found.frame
    shapes = layer_map.values_of(city, found.a)[["area", "geometry"]]
    return shapes.merge(found.frame, on="area", how="inner")


def pair_of_views(found: LayerComparison, look: Look) -> tuple[LayerView, LayerView]:
    """Both layers in the same colours: one class, or one number of a unit, has one colour.

    Numbers of different units have a scale each.
    """
    a, b = found.frame["a"], found.frame["b"]
    titles = (found.a.title, found.b.title)
    if found.of_classes:
        names = tuple(sorted({*a, *b}))
        colours = class_colours(names)
        unit = _("share of the {several}", several=_(found.a.units.several))
        first, second = (
            LayerView(views.categories(values, names, colours), title, unit)
            for values, title in zip((a, b), titles, strict=True)
        )
        return first, second
    units = unit_of(found.a, found.field_a), unit_of(found.b, found.field_b)
    if units[0] == units[1]:
        return views.same_scale(
            (a.to_numpy(dtype=np.float32), b.to_numpy(dtype=np.float32)),
            (found.field_a, found.field_b),
            titles,
            units[0],
            look,
        )
    first, second = (
        views.numbers(found.frame.rename(columns={column: field}), field, unit, title, look)
        for column, field, unit, title in zip(
            ("a", "b"), (found.field_a, found.field_b), units, titles, strict=True
        )
    )
    return first, second


def unit_of(layer: LayerSummary, field: str) -> str:
    """Unit of a layer's field; its name where it has none."""
    return next((str(one.get("unit", "")) for one in layer.fields if one["name"] == field), field)


def classes_view(frame: pd.DataFrame, several: str) -> LayerView:
    """Where two layers name another class.

    Args:
        frame: `a`, `b` (classes) and `same` (bool).
        several: What rows are called, such as `map cells`.
    """
    same = frame["same"].to_numpy(dtype=bool)
    pairs = list(zip(frame["a"], frame["b"], same, strict=True))
    shown = Shown(
        values=(~same).astype(np.float32),
        steps=Categories((_("same class"), _("different class")), (_SAME, _OTHER)),
        label="class",
        titles=[a if equal else f"{a} → {b}" for a, b, equal in pairs],
        notes=[
            _("both layers") if equal else _("first layer → second layer") for *__, equal in pairs
        ],
        note=_("most frequent"),
    )
    return LayerView(
        shown, _("Second layer against first"), _("share of the {several}", several=several)
    )


def numbers_view(frame: pd.DataFrame) -> LayerView:
    """How much more the second layer has than the first.

    Args:
        frame: `a`, `b` and `difference`, b less a.
    """
    difference = frame["difference"].to_numpy(dtype=np.float32)
    shown = Shown(
        values=difference,
        steps=difference_steps(difference),
        label="difference",
        titles=[figure(value, "+.3g") for value in difference],
        notes=[f"{a:.3g} → {b:.3g}" for a, b in zip(frame["a"], frame["b"], strict=True)],
    )
    return LayerView(shown, _("Difference"), _("second minus first layer"))


def _draw_confusion(confusion: pd.DataFrame, several: str) -> None:
    """Cells by class of the first layer (rows) and of the second (columns), shaded by row."""
    table = confusion.rename_axis(_("first ↓  second →"))
    share = table.div(table.sum(axis=1), axis=0)
    shaded = table.style.format("{:,}").apply(
        lambda _frame: share.map(lambda part: _SHADE.format(0.75 * part)), axis=None
    )
    st.dataframe(shaded, key="confusion-table", height="content")
    st.caption(
        _(
            "{several} by class in the first layer (rows) and the second (columns). Darker "
            "blue means a larger share of the row; agreement lies on the diagonal.",
            several=several.capitalize(),
        )
    )
