"""Parts of the page of a kind of task: maps or a new one, the layer picked, its panel."""

from collections.abc import Sequence

import streamlit as st

from aether_core.language import _, figure, mark, moment
from aether_core.tasks.findings import Findings
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.testing.comparison import spoken_names
from aether_core.tasks.testing.splits import RANDOM, SPLITS
from ui.jobs.links import LAYER, from_address
from ui.jobs.panel import Panel
from ui.maps import gone, take_away
from ui.maps.layer_names import distinct_names
from ui.maps.task_page import Headline
from ui.shell import notice, page, state
from ui.shell.text import facts, sentence
from workflows.cities.cities import CitySummary
from workflows.layers.layers import LayerSummary, list_layers

MAPS, NEW = mark("Maps"), mark("New map")
_NAMED = 6
"""More classes or fields than this are counted."""


def layers_of(city: CitySummary, kind: str) -> list[LayerSummary]:
    """A city's layers of a kind, newest first."""
    return [one for one in list_layers(state.store(), city.slug) if one.kind == kind]


def is_new(key: str, layers: Sequence[LayerSummary]) -> bool:
    """Ask whether to look at a map or to make one; without any map, one is made."""
    if not layers:
        return True
    name = f"{key}-view"
    if f"{key}-next" in st.session_state:
        st.session_state[name] = st.session_state.pop(f"{key}-next")
    chosen = st.segmented_control(
        _("What to do"),
        [MAPS, NEW],
        default=None if name in st.session_state else MAPS,
        required=True,
        key=name,
        label_visibility="collapsed",
        format_func=_,
    )
    return chosen == NEW


def show_next(key: str, panel: Panel, layers: Sequence[LayerSummary]) -> None:
    """Turn to the map that was just made, or that the address names; say where that is gone."""
    made = [str(job.result[LAYER]) for job in panel.ended]
    if made:
        notice.say(_("The map was saved as a layer."))
    linked = from_address(LAYER)
    there = {layer.layer for layer in layers}
    wanted = next((one for one in [*made, linked] if one in there), None)
    if wanted is not None:
        st.session_state[f"{key}-next"] = MAPS
        st.session_state[f"{key}-layer"] = wanted
    gone.note(key, [linked or ""], there)
    gone.say(key, _("This is another one.") if layers else _("No map of this kind is saved."))


def choose(key: str, layers: Sequence[LayerSummary]) -> LayerSummary:
    """Pick one of the layers; the newest on arrival."""
    by_name = {layer.layer: layer for layer in layers}
    name = f"{key}-layer"
    shown = st.session_state.get(name)
    if shown not in by_name:
        st.session_state[name] = layers[0].layer
        if shown is not None:
            st.warning(_("The previous map was removed. This is the newest one."))
    named = distinct_names(layers)
    chosen = st.selectbox(
        _("Map"),
        list(by_name),
        key=name,
        format_func=lambda slug: named[slug],
        on_change=lambda: gone.forget(key),
    )
    return by_name[chosen]


def score(layer: LayerSummary, headline: Headline) -> None:
    """One measure as the map earned it: spatial blocks large, random folds beside."""
    test = layer.measured(Findings).test
    split = SPLITS[test.hardest]
    figures = test.accuracy[split.name][headline.metric]
    said = headline.write(figures.mean)
    words = _(
        "95 % interval {write} to {write2}",
        write=headline.write(figures.lo),
        write2=headline.write(figures.hi),
    )
    other = test.accuracy.get(RANDOM.name) if split is not RANDOM else None
    if other:
        mean = headline.write(other[headline.metric].mean)
        words += f"; {RANDOM.where} {headline.known} {mean}"
    with st.container(gap="xxsmall"):
        st.metric(f"{headline.label}, {split.where} {headline.known}", said, help=headline.about)
        st.caption(words)


def panel(layer: LayerSummary) -> None:
    """What the map was made from."""
    found, asked = layer.measured(Findings), layer.parameters
    kind = TASK_KINDS[found.task]
    used, what = sentence(_(kind.samples)), sentence(_(kind.outcomes))
    source = asked.get(kind.samples, _("unknown"))
    dropped = sum(found.dropped.values())
    name = str(asked.get("representation", ""))
    data = spoken_names(layer.embedding).get(name, name)
    chosen = _(", chosen by inner folds") if asked.get("chosen_from") else ""
    facts(
        {
            _("Based on"): source,
            _("{samples} used", samples=used): figure(found.used, ",")
            + (_(", {dropped:,} left out", dropped=dropped) if dropped else ""),
            what: f"{len(found.outcomes)} {_(kind.outcomes)}"
            if len(found.outcomes) > _NAMED
            else ", ".join(found.outcomes),
            _("Data used"): f"{data}{chosen}",
            _("Model"): layer.model or _("none needed"),
            sentence(_(layer.units.several)): figure(layer.features, ","),
            _("Created"): moment(layer.created),
            _("In PostGIS"): layer.view,
        }
    )


def take_with(city: CitySummary, layer: LayerSummary, key: str) -> None:
    """Download, report, QGIS: beside each other under the panel."""
    with st.popover(_("Download"), icon=":material/download:", width="stretch"):
        st.caption(_("All values of the layer, with geometry, provenance and credits."))
        take_away.files(city, layer, key)
    take_away.report(city, layer)
    take_away.qgis(city, layer)
    st.page_link(
        page.DISTRICTS, label=_("Figures of districts"), query_params={state.CITY: city.slug}
    )
