"""The form that asks for a comparison: labels or areas, what to compare, how to test it."""

import streamlit as st

from aether_core.language import _
from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.samples.representations import COMPARED, usable_representations
from aether_core.tasks.testing.chosen import BEST
from aether_core.tasks.testing.comparison import spoken_names
from ui.forms import district as district_form
from ui.forms import fit as fit_form
from ui.forms.samples import SAMPLES
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.shell import errors, page, state
from workflows.cities.cities import CitySummary
from workflows.evaluation.comparison_job import COMPARE, Comparison, task_compared
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.numbers import ValueRequest
from workflows.tasks.task import TASKS, MapChoices


def look(city: CitySummary, task: str) -> Panel:
    """The comparisons of a task at work, and those that just ended."""
    return job_panel.look(
        f"compare-{task}", city.slug, [COMPARE], lambda job: task_compared(job.request) == task
    )


def ask_comparison(city: CitySummary, task: str, panel: Panel) -> None:
    """Draw the form of a task, with the jobs behind it."""
    given, settings = st.columns([2, 1], gap="large")
    with given:
        asked = _ask(city, task)
    with settings, st.container(border=True, key="compare-settings"), errors.boxed(state.reachable):
        st.header(_("What to compare"), anchor=False)
        names = _representations(city, task)
        fit = fit_form.ask_fit(city, f"compare-{task}", with_representation=False)
        districts = district_form.ask_districts(task)
        curve = st.checkbox(
            _("Add a learning curve"),
            key=f"{task}-curve",
            help=_("Shows how much more labels would help. Takes about three times as long."),
        )
        blind = st.checkbox(
            _("Train without the tested blocks, too"),
            key=f"{task}-blind",
            disabled=city.model is None,
            help=_(
                "The model has seen the places of the blocks it is tested on. This trains it anew "
                "for each fold without them, as often as there are folds."
            ),
        )
        missing = _missing(task, asked, names)
        if missing:
            st.caption(_("Still needed: {missing}.", missing=missing))
        wanted = None
        if asked is not None and not missing:
            request = TASKS[task].request_for(asked, fit, MapChoices(districts=districts))
            wanted = Comparison(request, names, with_curve=curve, blind=blind)
        if (
            job_panel.button(
                panel, _("Compare"), key="compare-go", icon=":material/balance:", request=wanted
            )
            and wanted is not None
            and asked is not None
        ):
            files = (asked.file, districts.file if districts else None)
            job_panel.start(panel, COMPARE, wanted, files=files)


def _ask(city: CitySummary, task: str) -> LabelRequest | AreaRequest | ValueRequest | None:
    """Labels, areas or numbers, with a look at them."""
    form = SAMPLES[TASK_KINDS[task].samples]
    asked: LabelRequest | AreaRequest | ValueRequest | None = form.ask(city, f"compare-{task}")
    if asked is None:
        st.caption(form.hint)
    return asked


def _representations(city: CitySummary, task: str) -> tuple[str, ...]:
    """Ask for at least two; what needs a model is offered where there is one."""
    offered = usable_representations(with_model=city.model is not None)
    names = spoken_names(city.embedding)
    chosen = st.multiselect(
        _("Representations"),
        [*offered, BEST],
        default=[name for name in offered if name in COMPARED],
        format_func=lambda name: names.get(name, name),
        key=f"{task}-representations",
        help=_(
            "Features used. All are tested on the same folds. Best by inner folds takes, for "
            "each fold, the one that does best on the other folds."
        ),
    )
    if not city.model:
        st.caption(_("Train a model for this city to include AETHER."))
        st.page_link(page.TRAIN, label=_("Train its model"), icon=":material/arrow_forward:")
    return tuple(chosen)


def _missing(task: str, asked: object, names: tuple[str, ...]) -> str:
    wanted = {
        _(SAMPLES[TASK_KINDS[task].samples].missing): asked is not None,
        _("at least two representations"): len(set(names) - {BEST}) > 1,
    }
    return ", ".join(words for words, there in wanted.items() if not there)
