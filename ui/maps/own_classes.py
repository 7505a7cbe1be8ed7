"""A kept map's own colours and classes: chosen, looked at, and kept for everybody who opens it."""

from dataclasses import replace
from html import escape
from typing import Final

import pandas as pd
import streamlit as st

from aether_core.charts.breaks import Breaks
from aether_core.charts.own_classes import (
    CUTS,
    LEAST_CLASSES,
    MOST_CLASSES,
    OwnClasses,
    limits_text,
)
from aether_core.charts.palette import DEFAULT_RAMP, MIDDLE_RAMP, RAMPS
from aether_core.language import _, mark
from ui.map.ramp import css, steps_of
from ui.maps.views import LayerView
from ui.shell import errors, rights, state
from workflows.accounts.acting import CHOOSE_COLOURS
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary
from workflows.layers.own_classes import (
    choose_classes,
    chosen_breaks,
    classes_of_field,
    limits_of,
)

_AS_MADE, _TYPED = "as-made", "typed"
_WAYS: Final = {
    _AS_MADE: (mark("As the map was made"), mark("The classes that suit what was measured.")),
    **{name: (cut.title, cut.about) for name, cut in CUTS.items()},
    _TYPED: (mark("Own limits"), mark("Where one class ends and the next begins, written by you.")),
}


def choose(city: CitySummary, layer: LayerSummary, frame: pd.DataFrame, view: LayerView) -> None:
    """A button that opens colours and classes of the field that is seen.

    Args:
        city: The city.
        layer: The layer.
        frame: Its values.
        view: What is coloured; has a field.
    """
    # A name of its own for each choice: once one is kept, the next one's is closed.
    name = f"classes-{layer.layer}-{view.field}-{layer.changed.timestamp():.0f}"
    opened = st.popover(
        _("Colours"),
        icon=":material/palette:",
        key=name,
        on_change="rerun",
        **rights.needing(CHOOSE_COLOURS.role),
    )
    if not opened.open:
        return
    with opened, errors.boxed(state.reachable):
        _form(city, layer, frame, view.field, name)


def _form(
    city: CitySummary, layer: LayerSummary, frame: pd.DataFrame, field: str, name: str
) -> None:
    now = classes_of_field(layer, frame, field)
    ramp = st.selectbox(
        _("Colours"),
        list(RAMPS),
        index=list(RAMPS).index(now.own.ramp or _usual_ramp(now.breaks)),
        format_func=lambda one: _(RAMPS[one].title),
        key=f"{name}-ramp",
    )
    way = st.selectbox(
        _("Classes"),
        list(_WAYS),
        index=list(_WAYS).index(_way(now.own)),
        format_func=lambda one: _(_WAYS[one][0]),
        key=f"{name}-way",
    )
    st.caption(_(_WAYS[way][1]))
    count, text = None, ""
    if way in CUTS:
        count = st.slider(
            _("How many"),
            LEAST_CLASSES,
            MOST_CLASSES,
            now.own.classes or min(max(len(now.breaks.names), LEAST_CLASSES), MOST_CLASSES),
            key=f"{name}-count",
        )
    elif way == _TYPED:
        unit = now.breaks.unit.strip()
        text = st.text_input(
            _("Limits, in {unit}", unit=unit) if unit else _("Limits"),
            limits_text(now.breaks),
            key=f"{name}-limits",
            placeholder=_("such as 10, 20, 50"),
        )
    # A choice that cannot be carried out is said here and offers nothing to keep.
    with errors.boxed(state.reachable):
        limits = limits_of(layer, frame, field, text) if way == _TYPED else ()
        usual = _usual_ramp(classes_of_field(replace(layer, own_classes={}), frame, field).breaks)
        own = OwnClasses(
            None if ramp == usual else ramp, way if way in CUTS else None, count, limits
        )
        _preview(chosen_breaks(layer, frame, field, own))
        if st.button(_("Apply"), type="primary", key=f"{name}-apply", width="stretch"):
            choose_classes(state.store(), city.slug, layer.layer, field, own)
            st.rerun()
    if not now.own.is_default and st.button(
        _("Reset to the map's own"),
        key=f"{name}-reset",
        width="stretch",
    ):
        with errors.boxed(state.reachable):
            choose_classes(state.store(), city.slug, layer.layer, field, OwnClasses())
            st.rerun()
    st.caption(_("Kept with the map: everybody who opens it, reports and exports show the same."))


def _usual_ramp(breaks: Breaks) -> str:
    """The ramp of classes for which nobody chose one."""
    return MIDDLE_RAMP if breaks.about_middle else DEFAULT_RAMP


def _way(own: OwnClasses) -> str:
    if own.limits:
        return _TYPED
    return own.cut or _AS_MADE


def _preview(breaks: Breaks) -> None:
    """The classes as they will be, lowest first."""
    steps = steps_of(breaks, dark=state.is_dark())
    rows = "".join(
        f'<li><i style="background:{css(colour)}"></i>{escape(name)}</li>'
        for colour, name in zip(steps.colours, breaks.names, strict=True)
    )
    st.html(f'<ol class="classes" aria-label="Classes as they will be">{rows}</ol>')
