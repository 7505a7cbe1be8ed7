"""The form that asks for a comparison: labels or areas, what to compare, how to test it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from aether_core.tasks.kinds.registry import TASK_KINDS
from aether_core.tasks.samples.representations import usable_representations
from aether_core.tasks.testing.comparison import representation_names
from ui.forms import area as area_form
from ui.forms import district as district_form
from ui.forms import fit as fit_form
from ui.forms import label as label_form
from ui.jobs import panel as job_panel
from ui.jobs.panel import Panel
from ui.shell import errors, page, state
from workflows.cities.cities import CitySummary
from workflows.evaluation.comparison_job import COMPARE, Comparison, task_compared
from workflows.tasks.areas import AreaRequest
from workflows.tasks.labels import LabelRequest
from workflows.tasks.task import TASKS


@dataclass(frozen=True)
class _SampleForm:
    """How the samples of a kind of task are asked for.

    Attributes:
        draw: Draws the form; None while something is missing.
        missing: What is missing then.
        hint: What to bring.
    """

    draw: Callable[[CitySummary, str], Any]
    missing: str
    hint: str


_SAMPLES: Final[Mapping[str, _SampleForm]] = {
    "labels": _SampleForm(
        label_form.draw,
        "labels",
        "Upload points or polygons with known classes: start with a few dozen per class, spread "
        "over the city so that they can be tested on spatial blocks.",
    ),
    "areas": _SampleForm(
        area_form.draw,
        "areas with at least two fields",
        "Upload areas with shares or counts: start with a few dozen, spread over the city so that "
        "they can be tested on spatial blocks.",
    ),
}
"""By what a kind of task is fitted on."""


def look(city: CitySummary, task: str) -> Panel:
    """The comparisons of a task at work, and those that just ended."""
    return job_panel.look(
        f"compare-{task}", city.slug, [COMPARE], lambda job: task_compared(job.request) == task
    )


def draw(city: CitySummary, task: str, panel: Panel) -> None:
    """Draw the form of a task, with the jobs behind it."""
    given, settings = st.columns([2, 1], gap="large")
    with given:
        asked = _ask(city, task)
    with settings, st.container(border=True, key="compare-settings"), errors.boxed(state.reachable):
        st.subheader("What to compare", anchor=False)
        names = _representations(city, task)
        fit = fit_form.draw(city, f"compare-{task}", with_representation=False)
        districts = district_form.draw(task)
        curve = st.checkbox(
            "Add a learning curve",
            key=f"{task}-curve",
            help="Shows how much more labels would help. Takes about three times as long.",
        )
        missing = _missing(task, asked, names)
        if missing:
            st.caption(f"Still needed: {missing}.")
        wanted = None
        if asked is not None and not missing:
            request = TASKS[task].request_for(asked, fit, districts=districts)
            wanted = Comparison(request, names, with_curve=curve)
        if (
            job_panel.button(
                panel, "Compare", key="compare-go", icon=":material/balance:", request=wanted
            )
            and wanted is not None
            and asked is not None
        ):
            files = (asked.file, districts.file if districts else None)
            job_panel.start(panel, COMPARE, wanted, files=files)


def _ask(city: CitySummary, task: str) -> LabelRequest | AreaRequest | None:
    """Labels or areas, with a look at them."""
    form = _SAMPLES[TASK_KINDS[task].samples]
    asked: LabelRequest | AreaRequest | None = form.draw(city, f"compare-{task}")
    if asked is None:
        st.caption(form.hint)
    return asked


def _representations(city: CitySummary, task: str) -> tuple[str, ...]:
    """Ask for at least two; what needs a model is offered where there is one."""
    offered = usable_representations(with_model=city.model is not None)
    names = representation_names(city.embedding)
    chosen = st.multiselect(
        "Representations",
        offered,
        default=offered,
        format_func=lambda name: names.get(name, name),
        key=f"{task}-representations",
        help="Features used. All are tested on the same folds.",
    )
    if not city.model:
        st.caption("Train a model for this city to include AETHER.")
        st.page_link(page.TRAIN, label="Train its model", icon=":material/arrow_forward:")
    return tuple(chosen)


def _missing(task: str, asked: object, names: tuple[str, ...]) -> str:
    wanted = {
        _SAMPLES[TASK_KINDS[task].samples].missing: asked is not None,
        "at least two representations": len(names) > 1,
    }
    return ", ".join(words for words, there in wanted.items() if not there)
