"""Evaluate: was AETHER worth it here, does text find what is there, what is each part worth?"""

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aether_core.errors import NotFoundError
from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.expert import compare_form, comparison, retrieval, studies
from ui.jobs import panel as job_panel
from ui.jobs.links import EVALUATION, from_address, task_titles
from ui.jobs.panel import Panel
from ui.shell import errors, page, state
from workflows.cities.cities import CitySummary
from workflows.evaluation.compare import Evaluation, latest_evaluation, show_evaluation
from workflows.evaluation.retrieval import TASK as RETRIEVAL
from workflows.evaluation.retrieval import RetrievalEvaluation, latest_retrieval, show_retrieval

LAST, NEW = "Last result", "New comparison"


def choose() -> str:
    """The task; it stands in the page's address."""
    by_title = {title: task for task, title in task_titles().items()}
    chosen = st.segmented_control(
        "Task",
        list(by_title),
        default=next(iter(by_title)),
        required=True,
        key="task",
        bind="query-params",
        label_visibility="collapsed",
    )
    return by_title[chosen]


def question(task: str) -> str:
    """What the test of a task answers."""
    if task == RETRIEVAL:
        return "Does a text query find the cells known to match it?"
    kind = TASK_KINDS[task]
    return (
        f"Does AETHER predict {kind.predicts} better than plain AlphaEarth? Test it on your own "
        f"{kind.samples}, with the same folds for all."
    )


def shown(city: CitySummary, task: str, panel: Panel) -> Evaluation | RetrievalEvaluation | None:
    """What was just made or the address names; the newest of the task otherwise."""
    store, slug = state.store(), city.slug
    one, latest = (
        (show_retrieval, latest_retrieval)
        if task == RETRIEVAL
        else (partial(show_evaluation, task=task), partial(latest_evaluation, task=task))
    )
    key = f"{task}-shown-{slug}"
    made = [int(job.result[EVALUATION]) for job in panel.ended]
    linked = from_address(EVALUATION)
    if made or (linked is not None and linked.isdecimal()):
        st.session_state[key] = made[0] if made else int(linked or 0)
        st.session_state[f"{task}-view"] = LAST
    if key in st.session_state:
        try:
            return one(store, slug, st.session_state[key])
        except NotFoundError:
            del st.session_state[key]
    return latest(store, slug)


def is_new(task: str) -> bool:
    """Ask whether to look at the last result or to make a new one."""
    key = f"{task}-view"
    chosen = st.segmented_control(
        "View",
        [LAST, NEW],
        default=None if key in st.session_state else LAST,
        required=True,
        key=key,
        label_visibility="collapsed",
    )
    return chosen == NEW


def draw_task(city: CitySummary, task: str, panel: Panel, bar: DeltaGenerator) -> None:
    """A task that is compared: its last result, or the form that makes one."""
    found = shown(city, task, panel)
    with bar:
        new = found is None or is_new(task)
    if found is None or new:
        st.caption(question(task))
        if task == RETRIEVAL:
            retrieval.form(city, panel)
        else:
            compare_form.draw(city, task, panel)
        return
    job_panel.draw(panel)
    if isinstance(found, Evaluation):
        comparison.draw(city, found)
    else:
        retrieval.draw(found)


def draw() -> None:
    """The page."""
    city = page.with_city("Evaluate")
    if city is None:
        return
    with errors.boxed(state.reachable):
        bar = st.container(horizontal=True, horizontal_alignment="distribute")
        with bar:
            task = choose()
        if task == studies.TASK:
            studies.draw(city)
        else:
            look = retrieval.look if task == RETRIEVAL else partial(compare_form.look, task=task)
            draw_task(city, task, look(city), bar)


page.through_router()
with errors.boxed(state.reachable):
    draw()
