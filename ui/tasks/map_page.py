"""The page of a kind of task: samples in, a map out that says how far to trust it."""

from dataclasses import replace
from typing import Any, Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.tasks.findings import Findings
from aether_core.tasks.kinds.kind import TaskKind
from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.forms import district as district_form
from ui.forms import fit as fit_form
from ui.forms.samples import SAMPLES
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.maps import fit_page, layer_map, trust
from ui.maps.task_page import TASK_PAGES, TaskPage
from ui.shell import errors, page, state
from workflows.cities.cities import CitySummary
from workflows.layers.layers import MAX_TITLE, LayerSummary, list_layers
from workflows.tasks.job_kinds import map_job
from workflows.tasks.task import TASKS

_KEPT_FREE: Final = 20
"""Characters that the title of a second layer, of areas, ends in at most."""
AREAS, CELLS = mark("Areas"), mark("Cells")
_WITH_FIGURES, _ALL_AREAS = mark("Areas with figures"), mark("All areas")


def show(task: str) -> None:
    """Draw the page of a kind of task: its maps, or the form that makes one."""
    kind, shown = TASK_KINDS[task], TASK_PAGES.get(task, TaskPage())
    key = shown.key or task
    city = page.with_city(_(kind.title))
    if city is None:
        return
    panel = job_panel.look(key, city.slug, [map_job(task)])
    layers = fit_page.layers_of(city, kind.layers[0].name)
    fit_page.show_next(key, panel, layers)
    if fit_page.is_new(key, layers):
        _show_form(city, panel, kind, shown, key)
    else:
        job_panel.show_jobs(panel)
        _show_map(city, layers, shown, key)


def _show_form(
    city: CitySummary, panel: Panel, kind: TaskKind, shown: TaskPage[Any], key: str
) -> None:
    """Samples on the left, settings and the button on the right."""
    form = SAMPLES[kind.samples]
    given, settings = st.columns([2, 1], gap="large")
    with given:
        samples = form.ask(city, key)
    with settings, st.container(border=True, key=f"{key}-settings"), errors.boxed(state.reachable):
        st.header(_("Map"), anchor=False)
        title = st.text_input(
            _("Title"),
            key=f"{key}-title",
            placeholder=_("default: from the name of the {samples}", samples=_(kind.samples)),
            max_chars=MAX_TITLE - (_KEPT_FREE if len(kind.layers) > 1 else 0),
        )
        go_place = st.container()
        fit = fit_form.ask_fit(city, key, with_representation=True)
        choices = form.choices(city, fit.representation, key)
        districts = district_form.ask_districts(key)
        if shown.note:
            st.caption(_(shown.note))
        with go_place:
            if samples is None:
                st.caption(_(form.first) or _("Still needed: {missing}.", missing=_(form.missing)))
            asked = None
            if samples is not None:
                named = title.strip() or None
                asked = TASKS[kind.name].request_for(
                    samples, fit, replace(choices, title=named, districts=districts)
                )
            go = job_panel.button(
                panel,
                _("Make the map"),
                key=f"{key}-go",
                icon=f":material/{kind.symbol}:",
                request=asked,
            )
            if go and asked is not None:
                files = (samples.file, districts.file if districts else None)
                job_panel.start(panel, map_job(kind.name), asked, files=files)


def _show_map(
    city: CitySummary, layers: list[LayerSummary], shown: TaskPage[Any], key: str
) -> None:
    """The map with what is known of it."""
    picture, panel = st.columns([3, 1], gap="medium")
    with panel:
        layer = fit_page.choose(key, layers)
        by_area = _areas_of(city, layer)
        drawn = by_area if by_area is not None and _by_area(city, key) else layer
        found = layer.measured(Findings)
        fit_page.score(layer, shown.headline(found))
        shown.figures(found)
        fit_page.panel(layer)
        fit_page.take_with(city, drawn, key)
    with picture, errors.boxed(state.reachable):
        layer_map.draw_layer(city, drawn, key)
        if said := shown.caption(found):
            st.caption(said)
    with errors.boxed(state.reachable):
        trust.show_trust(city, layer, layer_map.values_of(city, by_area or layer), key)


def _areas_of(city: CitySummary, layer: LayerSummary) -> LayerSummary | None:
    """The areas' layer that was made together with a layer of cells."""
    layers = list_layers(state.store(), city.slug)
    return next((one for one in layers if one.cells_layer == layer.number), None)


def _by_area(city: CitySummary, key: str) -> bool:
    """Ask whether areas or cells are drawn; of a city of areas, those with figures or all."""
    given, every = (_WITH_FIGURES, _ALL_AREAS) if city.unit.of_embedding else (AREAS, CELLS)
    chosen = st.segmented_control(
        _("Show"), [given, every], default=given, required=True, key=f"{key}-unit", format_func=_
    )
    return chosen == given
