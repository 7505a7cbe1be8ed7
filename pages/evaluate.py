"""Evaluate: was AETHER worth it here, does text find what is there, what is each part worth?"""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aether_core.language import _
from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.expert import studies
from ui.expert.kept_tests import ComparisonsOf, QueryTest
from ui.jobs.links import task_titles
from ui.shell import errors, page, state
from workflows.cities.cities import CitySummary


def shown_by_task() -> dict[str, Callable[[CitySummary, DeltaGenerator], None]]:
    """What draws each task of the page."""
    return {
        **{task: ComparisonsOf(task).show for task in TASK_KINDS},
        QueryTest.task: QueryTest().show,
        studies.TASK: lambda city, _bar: studies.show_studies(city),
    }


def choose() -> str:
    """The task; it stands in the page's address."""
    by_title = {title: task for task, title in task_titles().items()}
    chosen = st.segmented_control(
        _("Task"),
        list(by_title),
        default=next(iter(by_title)),
        required=True,
        key="task",
        bind="query-params",
        label_visibility="collapsed",
    )
    return by_title[chosen]


def draw() -> None:
    """The page."""
    city = page.with_city(_("Evaluate"))
    if city is None:
        return
    with errors.boxed(state.reachable):
        bar = st.container(horizontal=True, horizontal_alignment="distribute")
        with bar:
            task = choose()
        shown_by_task()[task](city, bar)


page.through_router()
with errors.boxed(state.reachable):
    draw()
