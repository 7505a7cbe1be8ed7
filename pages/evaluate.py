"""Evaluate: was AETHER worth it here, does text find what is there, what is each part worth?"""

from functools import partial

import streamlit as st

from ui import compare_form, comparison, errors, page, retrieval, state, studies
from workflows.cities import CitySummary
from workflows.evaluate import Evaluation, latest_evaluation
from workflows.retrieval import RetrievalEvaluation, latest_retrieval

TASKS = {
    "Land use": compare_form.LAND_USE,
    "Socioeconomic": compare_form.SOCIOECONOMIC,
    "Text to map": retrieval.TASK,
    "Studies": studies.TASK,
}
QUESTIONS = {
    compare_form.LAND_USE: "Does AETHER tell land use apart better than plain AlphaEarth? "
    "Your own labels decide, on the same folds for all.",
    compare_form.SOCIOECONOMIC: "Does AETHER predict shares of areas better than plain AlphaEarth? "
    "Your own figures decide, on the same folds for all.",
    retrieval.TASK: "Does a query in words find the cells that are known to answer it?",
}
LAST, NEW = "Last result", "New comparison"
MADE = "comparison-made"


def choose() -> str:
    """The task; it stands in the page's address."""
    chosen = st.segmented_control(
        "Task",
        list(TASKS),
        default="Land use",
        required=True,
        key="task",
        bind="query-params",
        label_visibility="collapsed",
    )
    return TASKS[chosen]


def last(city: CitySummary, task: str) -> Evaluation | RetrievalEvaluation | None:
    """The newest comparison of a task; studies keep their own."""
    if task == studies.TASK:
        return None
    if task == retrieval.TASK:
        return latest_retrieval(state.store(), city.slug)
    return latest_evaluation(state.store(), city.slug, task)


def is_new(task: str) -> bool:
    """Ask whether to look at the last result or to make a new one."""
    key = f"{task}-view"
    if st.session_state.pop(MADE, False):
        st.session_state[key] = LAST
    chosen = st.segmented_control(
        "View",
        [LAST, NEW],
        default=None if key in st.session_state else LAST,
        required=True,
        key=key,
        label_visibility="collapsed",
    )
    return chosen == NEW


def draw_form(city: CitySummary, task: str) -> None:
    """The form of a task; what it makes is shown in the next run."""
    st.caption(QUESTIONS[task])
    form = retrieval.form if task == retrieval.TASK else partial(compare_form.draw, task=task)
    if form(city):
        st.session_state[MADE] = True
        st.rerun()


def draw() -> None:
    """The page."""
    city = page.with_city("Evaluate")
    if city is None:
        return
    with errors.boxed(state.reachable):
        with st.container(horizontal=True, horizontal_alignment="distribute"):
            task = choose()
            found = last(city, task)
            new = task != studies.TASK and (found is None or is_new(task))
        if task == studies.TASK:
            studies.draw(city)
        elif found is None or new:
            draw_form(city, task)
        elif isinstance(found, Evaluation):
            comparison.draw(city, found)
        else:
            retrieval.draw(found)


page.through_router()
with errors.boxed(state.reachable):
    draw()
