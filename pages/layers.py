"""Layers: what was kept, on the map, with where it came from; two of them side by side."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from aether_core.language import _, mark, moment
from aether_core.tasks.predictors.predictor import PREDICTORS
from aether_core.tasks.samples.representations import REPRESENTATION_KINDS
from aether_core.tasks.testing.protocols import PROTOCOLS
from ui.jobs.links import LAYER
from ui.maps import difference, gone, layer_map, take_away
from ui.maps.layer_names import distinct_names, features_used
from ui.shell import errors, notice, page, rights, state
from ui.shell.text import facts, plain
from workflows.accounts.acting import REMOVE_MAP, RENAME_MAP
from workflows.cities.cities import CitySummary
from workflows.layers.kinds import layer_kind
from workflows.layers.layers import (
    MAX_TITLE,
    LayerSummary,
    list_layers,
    remove_layer,
    rename_layer,
)

MOST_BELOW = 4
WITH = "with"
MAP, COMPARE = mark("One layer"), mark("Compare two")
ASKED = {
    "query": mark("Asked"),
    "question": mark("Asked"),
    "minus": mark("But not"),
    "at": mark("Example point"),
    "from": mark("From"),
    "to": mark("To"),
    "labels": mark("Known examples"),
    "areas": mark("Areas"),
    "representation": mark("Data used"),
    "predictor": mark("Method"),
    "protocol": mark("Test"),
}
TOLD_BY_TITLE: Mapping[str, Callable[[Any], str]] = {
    "predictor": lambda name: PREDICTORS[name].title,
    "protocol": lambda name: PROTOCOLS[name].title,
}
"""What was asked for by a name that stands for a title."""


def choose(layers: list[LayerSummary]) -> LayerSummary:
    """The list of layers; one is always chosen."""
    by_name = {layer.layer: layer for layer in layers}
    names = distinct_names(layers)
    linked = st.query_params.get(LAYER)
    if linked in by_name:
        st.session_state["layer"] = linked
    else:
        gone.note(LAYER, [linked or ""], by_name)
        if st.session_state.get("layer") not in by_name:
            st.session_state["layer"] = layers[0].layer
    name = st.radio(
        _("Saved layers"),
        list(by_name),
        format_func=lambda slug: plain(names[slug]),
        captions=[
            " · ".join(
                [
                    *kind_and_features(layer),
                    moment(layer.created),
                    layer.units.counted(layer.features),
                ]
            )
            for layer in layers
        ],
        key="layer",
        on_change=chosen_by_hand,
    )
    into_address()
    return by_name[name]


def chosen_by_hand() -> None:
    """Another layer was chosen than the link asked for."""
    gone.forget(LAYER)
    into_address()


def into_address() -> None:
    """Let the page's address name the layer that is looked at."""
    st.query_params[LAYER] = st.session_state["layer"]


def kind_and_features(layer: LayerSummary) -> list[str]:
    """What kind of layer it is, and what the fit saw where there was one."""
    return [_(layer_kind(layer.kind).noun), *filter(None, [features_used(layer)])]


def draw_lineage(layer: LayerSummary) -> None:
    """Where the layer came from, enough to make it again."""
    asked = {
        _(label): _(TOLD_BY_TITLE[name](value)) if name in TOLD_BY_TITLE else value
        for name, label in ASKED.items()
        if (value := layer.parameters.get(name)) is not None
    }
    if (used := _("Data used")) in asked:
        asked[used] = features_used(layer)
    needs_model = REPRESENTATION_KINDS[layer.parameters.get("representation", "aether")].needs_model
    facts(
        {
            _("Kind"): _(layer_kind(layer.kind).noun),
            **asked,
            _("Model"): layer.model
            or (_("its model was removed") if needs_model else _("none needed")),
            _("Satellite data"): layer.years + (_(", made up (demo)") if layer.simulated else ""),
            _("In PostGIS"): layer.view,
        }
    )


def draw_removal(city: CitySummary, layer: LayerSummary) -> None:
    """Remove the layer after a second word."""
    # A popover of its own for each layer: after a removal the next one's is closed.
    with st.popover(
        _("Remove"),
        icon=":material/delete:",
        width="stretch",
        key=f"removal-{layer.layer}",
        **rights.needing(REMOVE_MAP.role),
    ):
        st.write(_("Remove **{title}** permanently?", title=plain(layer.title)))
        refusal = st.container()
        if st.button(_("Remove this layer"), type="primary", key=f"remove-{layer.layer}"):
            with refusal, errors.boxed(state.reachable):
                remove_layer(state.store(), city.slug, layer.layer)
                notice.say(_("The layer was removed."))
                st.rerun()


def draw_one(city: CitySummary, layers: list[LayerSummary]) -> None:
    """One layer: its map, where it came from, and what can be done with it."""
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        with st.container(height=260, border=False) if len(layers) > 4 else st.container():
            chosen = choose(layers)
        gone.say(LAYER, _("This is another one."))  # below a long list that scrolls, not within it
        below = show_with(layers, chosen)
        st.header(_("Download"), anchor=False)
        take_away.files(city, chosen, "layer")
        left, right = st.columns(2, gap="small")
        with left:
            take_away.report(city, chosen)
        with right:
            take_away.qgis(city, chosen)
        draw_renaming(city, chosen)
        draw_removal(city, chosen)
        st.page_link(
            page.DISTRICTS, label=_("Figures of districts"), query_params={state.CITY: city.slug}
        )
        st.header(_("Provenance"), anchor=False)
        draw_lineage(chosen)
    with picture, errors.boxed(state.reachable):
        names = distinct_names(layers)
        layer_map.draw_layer(city, chosen, "layer", {names[one.layer]: one for one in below})


def show_with(layers: list[LayerSummary], chosen: LayerSummary) -> list[LayerSummary]:
    """Ask which other layers lie under the one that is looked at; they stand in the address."""
    by_name = {layer.layer: layer for layer in layers if layer.layer != chosen.layer}
    if not by_name:
        return []
    names = distinct_names(layers)
    linked = st.query_params.get(WITH, "").split(",")
    if WITH not in st.session_state:
        gone.note(WITH, linked, [*by_name, chosen.layer])
    kept = st.session_state.get(WITH, linked)
    st.session_state[WITH] = [name for name in kept if name in by_name][:MOST_BELOW]
    asked = st.multiselect(
        _("Show with it"),
        list(by_name),
        key=WITH,
        format_func=lambda slug: names[slug],
        max_selections=MOST_BELOW,
        placeholder=_("other layers, under this one"),
        on_change=lambda: gone.forget(WITH),
    )
    gone.say(WITH, _("It is left out."))
    if asked:
        st.query_params[WITH] = ",".join(asked)
    else:
        st.query_params.pop(WITH, None)
    return [by_name[name] for name in asked]


def draw_renaming(city: CitySummary, layer: LayerSummary) -> None:
    """Give the layer another title."""
    with st.popover(
        _("Rename"),
        icon=":material/edit:",
        width="stretch",
        key=f"renaming-{layer.layer}",
        **rights.needing(RENAME_MAP.role),
    ):
        title = st.text_input(
            _("Title"), layer.title, key=f"title-{layer.layer}", max_chars=MAX_TITLE
        )
        if st.button(_("Rename this layer"), type="primary", key=f"rename-{layer.layer}"):
            with errors.boxed(state.reachable):
                rename_layer(state.store(), city.slug, layer.layer, title)
                st.rerun()


def draw() -> None:
    """The page."""
    city = page.with_city(_("Maps"))
    if city is None:
        return
    layers = list_layers(state.store(), city.slug)
    if not layers:
        page.empty(
            _("No saved maps yet"),
            _(
                "Ask the city something and save the answer, or choose above what to map. Saved "
                "maps are kept here: to look at, compare, report on and download."
            ),
            page.SEARCH,
            _("Ask this city"),
        )
        return
    view = st.segmented_control(
        _("View"),
        [MAP, COMPARE],
        default=None if "layers-view" in st.session_state else MAP,
        required=True,
        key="layers-view",
        label_visibility="collapsed",
        format_func=_,
    )
    if view == MAP:
        draw_one(city, layers)
    else:
        with errors.boxed(state.reachable):
            difference.show_difference(city, layers)


page.through_router()
with errors.boxed(state.reachable):
    draw()
