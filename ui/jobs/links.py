"""Where the result of each kind of job is seen, by the kind's name; a kind without says no more.

Maps of tasks are seen on the page of their kind.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import streamlit as st

from aether_core.language import _, mark
from aether_core.search.question.criteria import Criterion, FileSource
from aether_core.tasks.kinds.registry import TASK_KINDS
from ui.shell import page, state
from workflows.cities.job_kinds import ADD_CITY, ADD_PLACES, ADD_YEAR
from workflows.evaluation.comparison_job import COMPARE, task_compared
from workflows.evaluation.retrieval import TASK as RETRIEVAL_TASK
from workflows.evaluation.retrieval_job import RETRIEVAL
from workflows.evaluation.study_kind import STUDY
from workflows.fetch.job_kind import FETCH
from workflows.home.documents import from_document
from workflows.jobs.job import JobSummary
from workflows.layers.file_kinds import ANSWER_FILE, CHANGE_FILE, LAYER_FILE, SEARCH_FILE
from workflows.layers.job_kind import CHANGE
from workflows.layers.package import CITY_PACKAGE
from workflows.reports.job_kind import REPORT
from workflows.search.criteria_file import link_of
from workflows.training.job_kind import TRAIN

LAYER: Final = "layer"
"""In an address: the layer a page is to show."""
EVALUATION: Final = "evaluation"
"""In an address: the comparison or test a page is to show."""


STUDIES_TASK: Final = "studies"


def task_titles() -> dict[str, str]:
    """What the tasks of the Evaluate page are called on it and in its address."""
    return {name: _(kind.title) for name, kind in TASK_KINDS.items()} | {
        RETRIEVAL_TASK: _("Text to map"),
        STUDIES_TASK: _("Studies"),
    }


@dataclass(frozen=True)
class Link:
    """A page that shows a job's result, or the job while there is none.

    Attributes:
        label: What stands on the link to a result.
        page: The page.
        address: What its address says beside the city.
    """

    label: str
    page: str
    address: Mapping[str, str]


def link_to(job: JobSummary) -> Link | None:
    """Where a job or its result is seen; None where no page shows this kind."""
    if job.kind in TASK_KINDS:
        return _map(page.of_task(job.kind))(job)
    found = _LINKS.get(job.kind)
    return None if found is None else found(job)


def from_address(name: str) -> str | None:
    """What the address names for a page to show; told once, so that the visitor can go on."""
    found: str | None = st.query_params.get(name)
    if found is not None:
        del st.query_params[name]
    return found


def _map(target: str) -> Callable[[JobSummary], Link]:
    return lambda job: Link(_("See the map"), target, _kept(job, LAYER))


def _kept(job: JobSummary, name: str) -> dict[str, str]:
    """The number or name of what a job made, once it is there."""
    kept = job.result.get(name)
    return {state.CITY: job.city} | ({} if kept is None else {name: str(kept)})


def _of_city(label: str, target: str, **address: str) -> Callable[[JobSummary], Link]:
    return lambda job: Link(label, target, {state.CITY: job.city} | address)


def _of_layer(label: str) -> Callable[[JobSummary], Link]:
    """What was made of a kept layer, beside the layer."""
    return lambda job: Link(
        label, page.LAYERS, {state.CITY: job.city, LAYER: str(job.request.get("layer", ""))}
    )


def _package(job: JobSummary) -> Link:
    """All layers stand beside any of them, one alone beside its report."""
    layers = job.request.get("layers") or []
    if len(layers) != 1:
        return Link(_("See the file"), page.LAYERS, {state.CITY: job.city})
    return Link(_("See the file"), page.REPORTS, {state.CITY: job.city, LAYER: str(layers[0])})


def _search(job: JobSummary) -> Link:
    """The search whose scores are in a file."""
    at = job.request.get("at")
    asked = _asked(job, {"q": "query", "not": "minus"})
    if at is not None:
        asked = {"at": "{:.6f},{:.6f}".format(*at)}
    return Link(_("See the file"), page.SEARCH, {state.CITY: job.city} | asked)


def _answer(job: JobSummary) -> Link:
    """The question whose answer is in a file, as its address says it.

    An uploaded file is no part of an address, so that what it limited is asked without it.
    """
    names = {"q": "question", "mode": "mode", "ground": "extent", "year": "year"}
    asked = _asked(job, names)
    if "q" not in asked:
        criteria = from_document(list[Criterion], job.request.get("criteria", []))
        in_address = [one for one in criteria if not isinstance(one.source, FileSource)]
        asked |= {"c": link_of(in_address)} if in_address else {}
    return Link(_("See the file"), page.SEARCH, {state.CITY: job.city} | asked)


def _change(job: JobSummary) -> Link:
    """The change that is in a file."""
    names = {"what": "query", "without": "minus", "from": "year_from", "to": "year_to"}
    return Link(_("See the file"), page.CHANGE, {state.CITY: job.city} | _asked(job, names))


def _asked(job: JobSummary, names: Mapping[str, str]) -> dict[str, str]:
    """What a request says, by its names in an address."""
    found = {there: job.request.get(name) for there, name in names.items()}
    return {name: str(value) for name, value in found.items() if value}


def _coming(job: JobSummary, way: str) -> Link:
    """A city that comes, or has come."""
    there = job.state.is_done
    return Link(_("See the city"), page.CITY, {state.CITY: job.city} if there else {"do": way})


_LINKS: Final[Mapping[str, Callable[[JobSummary], Link]]] = {
    CHANGE.name: _map(page.LAYERS),
    LAYER_FILE.name: _of_layer(mark("See the file")),
    SEARCH_FILE.name: _search,
    ANSWER_FILE.name: _answer,
    CHANGE_FILE.name: _change,
    COMPARE.name: lambda job: Link(
        _("See the comparison"),
        page.EVALUATE,
        {"task": task_titles()[task_compared(job.request)], **_kept(job, EVALUATION)},
    ),
    RETRIEVAL.name: lambda job: Link(
        _("See the figures"),
        page.EVALUATE,
        {"task": task_titles()[RETRIEVAL_TASK], **_kept(job, EVALUATION)},
    ),
    STUDY.name: _of_city(mark("See the results"), page.EVALUATE, task=task_titles()[STUDIES_TASK]),
    CITY_PACKAGE.name: _package,
    REPORT.name: _of_layer(mark("See the report")),
    TRAIN.name: _of_city(mark("See the results"), page.TRAIN),
    ADD_CITY.name: lambda job: _coming(job, "files"),
    FETCH.name: lambda job: _coming(job, "fetch"),
    ADD_YEAR.name: _of_city(mark("See the city"), page.CITY),
    ADD_PLACES.name: _of_city(mark("See the city"), page.CITY),
}
