"""The tests of the Evaluate page whose last result is kept: comparisons, and text to map."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from aether_core.errors import NotFoundError
from aether_core.language import _, mark
from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.expert import compare_form, comparison, retrieval
from ui.jobs import panel as job_panel
from ui.jobs.links import EVALUATION, from_address
from ui.jobs.panel import Panel
from ui.shell import state
from workflows.cities.cities import CitySummary
from workflows.evaluation.compare import Evaluation, latest_evaluation, show_evaluation
from workflows.evaluation.retrieval import TASK as RETRIEVAL
from workflows.evaluation.retrieval import RetrievalEvaluation, latest_retrieval, show_retrieval
from workflows.home.store import Store

LAST, NEW = mark("Last result"), mark("New comparison")

E = TypeVar("E")


class KeptTest(ABC, Generic[E]):
    """One test: what it asks, its form, and its result `E`.

    Attributes:
        task: Its name in the store and in addresses.
    """

    task: str

    @abstractmethod
    def question(self) -> str:
        """What it answers."""

    @abstractmethod
    def look(self, city: CitySummary) -> Panel:
        """Its jobs at work, and those that just ended."""

    @abstractmethod
    def one(self, store: Store, slug: str, evaluation: int) -> E:
        """A result by its number.

        Raises:
            NotFoundError: The city has none of this test by that number.
        """

    @abstractmethod
    def latest(self, store: Store, slug: str) -> E | None:
        """The newest result."""

    @abstractmethod
    def form(self, city: CitySummary, panel: Panel) -> None:
        """Draw the form that starts it."""

    @abstractmethod
    def result(self, city: CitySummary, found: E) -> None:
        """Draw a result."""

    def show(self, city: CitySummary, bar: DeltaGenerator) -> None:
        """Draw its last result, or the form that makes one.

        Args:
            city: The city.
            bar: Where to ask which of them.
        """
        panel = self.look(city)
        found = self._chosen(city, panel)
        with bar:
            new = found is None or self._is_new()
        if found is None or new:
            st.caption(self.question())
            self.form(city, panel)
        else:
            job_panel.show_jobs(panel)
            self.result(city, found)

    def _chosen(self, city: CitySummary, panel: Panel) -> E | None:
        """What was just made or the address names; the newest otherwise."""
        store, slug = state.store(), city.slug
        key = f"{self.task}-shown-{slug}"
        made = [int(job.result[EVALUATION]) for job in panel.ended]
        linked = from_address(EVALUATION)
        if made or (linked is not None and linked.isdecimal()):
            st.session_state[key] = made[0] if made else int(linked or 0)
            st.session_state[f"{self.task}-view"] = LAST
        if key in st.session_state:
            try:
                return self.one(store, slug, st.session_state[key])
            except NotFoundError:
                del st.session_state[key]
        return self.latest(store, slug)

    def _is_new(self) -> bool:
        """Ask whether to look at the last result or to make a new one."""
        key = f"{self.task}-view"
        chosen = st.segmented_control(
            _("View"),
            [LAST, NEW],
            default=None if key in st.session_state else LAST,
            required=True,
            key=key,
            label_visibility="collapsed",
            format_func=_,
        )
        return chosen == NEW


class ComparisonsOf(KeptTest[Evaluation]):
    """Representations compared on the samples of one kind of task."""

    def __init__(self, task: str) -> None:
        """The test of the kind of task of that name."""
        self.task = task

    def question(self) -> str:
        """Whether AETHER is worth it."""
        kind = TASK_KINDS[self.task]
        return _(
            "Does AETHER predict {predicts} better than plain AlphaEarth? Test it on your "
            "own {samples}, with the same folds for all.",
            predicts=_(kind.predicts),
            samples=_(kind.samples),
        )

    def look(self, city: CitySummary) -> Panel:
        """Its comparisons."""
        return compare_form.look(city, task=self.task)

    def one(self, store: Store, slug: str, evaluation: int) -> Evaluation:
        """A comparison by its number."""
        return show_evaluation(store, slug, evaluation, task=self.task)

    def latest(self, store: Store, slug: str) -> Evaluation | None:
        """The newest comparison."""
        return latest_evaluation(store, slug, task=self.task)

    def form(self, city: CitySummary, panel: Panel) -> None:
        """Samples, and what is compared on them."""
        compare_form.ask_comparison(city, self.task, panel)

    def result(self, city: CitySummary, found: Evaluation) -> None:
        """In words first, then the figures."""
        comparison.show_comparison(city, found)


class QueryTest(KeptTest[RetrievalEvaluation]):
    """Queries tested against labels."""

    task = RETRIEVAL

    def question(self) -> str:
        """Whether text finds what is there."""
        return _("Does a text query find the cells known to match it?")

    def look(self, city: CitySummary) -> Panel:
        """Its tests."""
        return retrieval.look(city)

    def one(self, store: Store, slug: str, evaluation: int) -> RetrievalEvaluation:
        """Figures by their number."""
        return show_retrieval(store, slug, evaluation)

    def latest(self, store: Store, slug: str) -> RetrievalEvaluation | None:
        """The newest figures."""
        return latest_retrieval(store, slug)

    def form(self, city: CitySummary, panel: Panel) -> None:
        """Queries, and the labels that answer them."""
        retrieval.form(city, panel)

    def result(self, city: CitySummary, found: RetrievalEvaluation) -> None:
        """A chart of one measure, the table of all."""
        del city
        retrieval.show_query_test(found)
